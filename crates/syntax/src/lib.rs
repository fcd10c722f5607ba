//! Parsers of languages and formats. They know nothing of Proxmox or Debian.

mod grammar;
pub mod unit;

pub use grammar::{Grammar, parse};
