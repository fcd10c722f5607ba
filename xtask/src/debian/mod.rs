//! `debian/`: packages, dependencies, installed files, units, directories, users, quilt series.

pub mod changelog;
pub mod control;
pub mod copyright;
pub mod install;
pub mod series;
pub mod shell;
pub mod tree_path;
