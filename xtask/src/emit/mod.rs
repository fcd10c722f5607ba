//! Decisions to patches, Nix and overlay; the only room that writes to disk, atomically and the same bytes each time.

pub mod edits;
pub mod feature;
pub mod nix;
pub mod output;
pub mod patch;
pub mod proofs;
pub mod release;
pub mod rewrite;
