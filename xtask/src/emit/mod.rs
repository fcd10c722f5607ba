//! Decisions to patches, Nix expressions and the overlay.

pub mod nix;
