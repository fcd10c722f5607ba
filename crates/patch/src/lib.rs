//! Turns decisions into edits of a source's files, and edits into patch files.

pub mod crates;
pub mod edits;
pub mod feature;
pub mod file;
pub mod line;
pub mod rewrite;
pub mod rust;
