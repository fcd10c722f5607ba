//! A writer of Nix expressions. It writes each [`Expr`] as Nix text that evaluates to the same
//! value.
//!
//! All escaping and quoting happens in this crate. nixfmt decides the layout (RFC 166), by way of
//! the `nixfmt_rs` crate, which also rejects text that is not Nix.

mod expr;
mod formals;
mod strings;
#[cfg(test)]
mod tests;
mod write;

pub use expr::{Binding, Expr, Formal, Name, Operator, Part, WriteError};
pub use formals::Formals;
pub use write::write;
