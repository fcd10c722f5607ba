//! The commands: one file each, with its arguments and the call that they make.

pub mod audit;
pub mod check;
pub mod completions;
pub mod drift;
pub mod explain;
pub mod graph;
pub mod join;
pub mod lock;
pub mod man;
pub mod plugin;
pub mod prefetch;
pub mod proposals;
pub mod regen;
pub mod scan;
