//! The Nix store: the paths of fixed outputs, and the place of a store's files on this machine.

pub mod path;
pub mod place;
