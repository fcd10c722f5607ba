//! Parsers of languages and formats. They know nothing of Proxmox or Debian.

mod grammar;
pub mod make;
pub mod shell;
pub mod unit;

pub use grammar::{Grammar, children, parse};
