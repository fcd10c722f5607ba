//! The commands. Each has one file with its arguments and its call.

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
