//! Facts about macros by name: the position of their format string, and whether an expression may
//! replace a literal.

use syn::parse::{Parse, ParseStream};
use syn::{Expr, Ident, Token};

/// A macro with a format string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Formatting {
    /// The index of the format string among the unnamed arguments, from 0.
    pub at: usize,
    /// Whether it takes any expression in place of a literal, and the format string through
    /// `concat!`.
    pub expressions: bool,
    /// Whether it takes a single argument that is not a literal as a value, so that doubled braces
    /// stay.
    pub value: bool,
}

/// Returns the facts about macros with a format string: std's, anyhow's, those of log and tracing,
/// and Proxmox's own.
///
/// The macros of log and tracing have the same names, and tracing's read tokens, so no expression
/// is safe in them.
pub fn formatting(name: &str) -> Option<Formatting> {
    let (at, expressions, value) = match name {
        "format" | "format_args" | "print" | "println" | "eprint" | "eprintln" | "panic"
        | "unreachable" | "todo" | "unimplemented" => (0, true, false),
        "write" | "writeln" | "assert" | "debug_assert" => (1, true, false),
        "assert_eq" | "assert_ne" | "debug_assert_eq" | "debug_assert_ne" => (2, true, false),
        "bail" | "anyhow" | "format_err" => (0, true, true),
        "ensure" => (1, true, true),
        "error" | "warn" | "info" | "debug" | "trace" | "io_bail" | "io_format_err" => {
            (0, false, false)
        }
        "log" | "event" | "http_bail" | "http_err" | "param_bail" | "task_log" | "task_warn"
        | "task_error" => (1, false, false),
        _ => return None,
    };
    Some(Formatting {
        at,
        expressions,
        value,
    })
}

/// Whether a macro of std without a format string takes any expression in place of a literal.
pub fn takes_expressions(name: &str) -> bool {
    matches!(
        name,
        "vec" | "dbg" | "concat" | "include_str" | "include_bytes"
    )
}

/// An argument of a function-like macro.
pub struct Argument {
    /// `name = value`, `target: value`.
    pub name: Option<Ident>,
    /// The value.
    pub value: Expr,
}

/// The arguments of a function-like macro.
pub struct Arguments(pub Vec<Argument>);

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut arguments = Vec::new();
        while !input.is_empty() {
            arguments.push(input.parse()?);
            if input.is_empty() {
                break;
            }
            // `vec![0; 5]`.
            if input.peek(Token![;]) {
                input.parse::<Token![;]>()?;
            } else {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(arguments))
    }
}

impl Parse for Argument {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let colon = input.peek2(Token![:]) && !input.peek2(Token![::]);
        let equals = input.peek2(Token![=]) && !input.peek2(Token![==]) && !input.peek2(Token![=>]);
        let mut name = None;
        if input.peek(Ident) && (colon || equals) {
            name = Some(input.parse()?);
            if colon {
                input.parse::<Token![:]>()?;
            } else {
                input.parse::<Token![=]>()?;
            }
        }
        // The sigils of tracing: by Debug, by Display.
        if input.peek(Token![?]) {
            input.parse::<Token![?]>()?;
        } else if input.peek(Token![%]) {
            input.parse::<Token![%]>()?;
        }
        let value = input.parse()?;
        Ok(Self { name, value })
    }
}
