//! The program on a node. It reports the build of each daemon, pending restarts, and the state of
//! the cluster's file system and the declared network. It performs pending restarts one after the
//! other, and switches or reboots a cluster's nodes one after the other.
//!
//! The node's declaration is `/etc/pve-nix/node.json`, which the NixOS modules write
//! ([`node::Node`]). The actual state comes from systemd, `/proc`, `/sys` and the files of pmxcfs,
//! through [`machine::Machine`].

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
