//! The command line of pve-nix, a compiler from Proxmox VE's sources to Nix. [`cli`] parses the
//! arguments, and each module of [`command`] combines the crates for one command.

pub mod arguments;
pub mod cli;
pub mod command;
pub mod outcome;
pub mod project;
pub mod terminal;
