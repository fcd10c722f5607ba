//! Parsers of languages and formats that know nothing of Proxmox or Debian.

mod grammar;
pub mod make;
pub mod shell;
pub mod unit;

pub use grammar::{Grammar, children, parse};
