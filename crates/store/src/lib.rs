//! The Nix store: the paths of fixed outputs, and where a store's files lie on this machine.

pub mod path;
pub mod place;
