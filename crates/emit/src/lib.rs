//! Writes the output of a release: patches, Nix expressions, data for the overlay.

pub mod inputs;
pub mod installed;
pub mod joined;
pub mod kept;
pub mod meta;
pub mod names;
pub mod needs;
pub mod object;
pub mod ordinary;
pub mod over;
pub mod package;
pub mod patched;
pub mod pin;
pub mod plugin;
pub mod program;
mod regenerated;
pub mod release;

pub use regenerated::{RegenCounts, Regenerated};
