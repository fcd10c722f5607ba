//! pve-nix: a compiler from Proxmox VE's sources to Nix.
//!
//! Data flows one way through the rooms: [`release`] pins and reads sources, [`debian`] reads their
//! packaging, [`scan`] finds the occurrences, [`decide`] decides each by a rule, [`graph`] says what
//! is built from what, [`emit`] writes, [`store`] puts sources into the Nix store, [`audit`] reads what was built of it,
//! [`check`] tries that, [`report`] tells; [`run`] joins them for each command. [`problem`] holds what can go wrong,
//! [`cache`] what is kept between runs.

pub mod analyse;
pub mod audit;
pub mod cache;
pub mod cargo;
pub mod check;
pub mod cli;
pub mod debian;
pub mod decide;
pub mod drift;
pub mod elf;
pub mod emit;
pub mod explain;
pub mod graph;
pub mod output;
pub mod prefetch;
pub mod problem;
pub mod release;
pub mod report;
pub mod run;
pub mod scan;
pub mod store;
pub mod syntax;
