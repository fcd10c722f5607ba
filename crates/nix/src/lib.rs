//! A writer of Nix expressions: every value an [`Expr`] can hold comes out as Nix that evaluates to that value.
//!
//! Escaping and quoting happen here and nowhere else; layout (RFC 166) is nixfmt's own, by the
//! `nixfmt_rs` crate, which also refuses text that is not Nix.

mod expr;
mod formals;
mod strings;
#[cfg(test)]
mod tests;
mod write;

pub use expr::{Binding, Expr, Formal, Name, Operator, Part, WriteError};
pub use formals::Formals;
pub use write::write;
