//! The program on a node: which build each of its daemons runs from, which of them wait for a restart, whether the cluster's
//! file system and the declared network are as they should be; the restart of those that wait, one after the other; and the switch
//! and reboot of a cluster's nodes, one after the other.
//!
//! What a node is declared to be stands in `/etc/pve-nix/node.json`, which the NixOS modules write ([`node::Node`]). What it is
//! comes from systemd, `/proc`, `/sys` and the files of pmxcfs, behind [`machine::Machine`].

pub mod cluster;
pub mod disk;
pub mod ha;
pub mod lock;
pub mod machine;
pub mod members;
pub mod network;
pub mod node;
pub mod restarts;
pub mod roll;
pub mod status;
pub mod switch;
pub mod text;
pub mod unlock;
