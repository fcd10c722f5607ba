//! Pinned sources and crates into the Nix store, under the paths that the generated expressions give them.
//!
//! A fixed output's path depends on its name and its hash and on nothing else, so that what is there under it need not
//! be fetched: the same expressions that a consumer evaluates build without a network. And where a built store's files lie.

pub mod archives;
mod causes;
mod mirrors;
pub mod nix;
pub mod outside;
pub mod path;
pub mod place;
pub mod prefetch;

pub use prefetch::{Prefetch, prefetch};
