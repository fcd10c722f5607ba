//! Disks that unlock themselves, with Clevis and the Tang servers of the other nodes.
//!
//! The modules declare devices with a policy each ([`declared`]); [`explain`] says what follows from it. [`agent`] answers the
//! questions for passphrases while a node boots. A binding is what [`clevis`] made of a key and a policy; [`vault`] is where a device
//! keeps it. [`check`], [`bind`] and [`rotate`] are what an administrator does, by the words of [`command`].

pub mod agent;
pub mod bind;
pub mod check;
pub mod clevis;
pub mod command;
pub mod declared;
pub mod explain;
pub mod jwe;
pub mod keys;
pub mod policy;
pub mod programs;
pub mod rotate;
pub mod secret;
pub mod vault;
