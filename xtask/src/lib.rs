//! The command line of pve-nix, a compiler from Proxmox VE's sources to Nix: [`cli`] reads arguments, [`run`] joins the
//! crates for each command.

pub mod cli;
pub mod run;
