//! Handles macro calls, whose arguments are parsed as the macro takes them.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::Parser as _;
use syn::visit::Visit as _;
use syn::{Block, Expr, Lit, Macro};

use super::MANIFEST_DIR;
use super::macros::{self, Arguments, Formatting};
use super::walk::{Place, Use, Walk, literal};
use crate::collect::continues;

/// The deepest nesting of macros to parse. Each level is parsed once more, so deeper ones are read
/// as tokens.
const MACROS_WITHIN: u32 = 16;

/// Macros.
impl<'ast> Walk<'_> {
    pub(super) fn item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let Some(name) = &item.ident else {
            return self.visit_macro(&item.mac);
        };
        // `macro_rules!`: the meaning of a body depends on where it is used.
        self.with_place(Place::Literal, |walk| {
            walk.with_target(Some(name.unraw().to_string()), |walk| {
                walk.tokens(item.mac.tokens.clone(), None, None);
            });
        });
    }

    pub(super) fn macro_call(&mut self, call: &'ast Macro) {
        let Some(name) = call
            .path
            .segments
            .last()
            .map(|last| last.ident.unraw().to_string())
        else {
            return;
        };
        if matches!(name.as_str(), "include" | "include_str" | "include_bytes")
            && self.inclusion(&name, &call.tokens)
        {
            return;
        }
        let formatting = macros::formatting(&name);
        let safe =
            formatting.map_or_else(|| macros::takes_expressions(&name), |one| one.expressions);
        let place = if safe {
            Place::Expression
        } else {
            Place::Literal
        };
        let shown = format!("{name}!");
        self.macros += 1;
        self.with_place(place, |walk| {
            if name == "cfg_if" {
                walk.tokens(call.tokens.clone(), None, None);
            } else {
                walk.macro_body(&shown, &call.tokens, formatting);
            }
        });
        self.macros -= 1;
    }

    /// Walks a macro's body as expressions, as statements or as tokens, whichever parses first.
    fn macro_body(&mut self, name: &str, tokens: &TokenStream, formatting: Option<Formatting>) {
        if self.macros <= MACROS_WITHIN {
            if let Ok(Arguments(arguments)) = syn::parse2(tokens.clone()) {
                return self.macro_arguments(name, &arguments, formatting);
            }
            if let Ok(statements) = Block::parse_within.parse2(tokens.clone()) {
                for statement in &statements {
                    self.visit_stmt(statement);
                }
                return;
            }
        }
        self.tokens(tokens.clone(), Some(name), formatting);
    }

    fn macro_arguments(
        &mut self,
        name: &str,
        arguments: &[macros::Argument],
        formatting: Option<Formatting>,
    ) {
        let mut unnamed = 0;
        for (number, argument) in arguments.iter().enumerate() {
            let is_format =
                argument.name.is_none() && formatting.is_some_and(|one| one.at == unnamed);
            unnamed += usize::from(argument.name.is_none());
            let target = argument.name.as_ref().map(|name| name.unraw().to_string());
            let lit = literal(&argument.value);
            self.as_argument(Some(name), number, |walk| {
                walk.with_target(target, |walk| match (lit, formatting) {
                    (Some(lit), Some(one)) if is_format => {
                        let value = one.value && number + 1 == arguments.len();
                        walk.with_place(Place::Format { value }, |walk| {
                            walk.see(lit.span(), Use::Format, false, false);
                        });
                    }
                    (Some(lit), None) if name == "concat!" => {
                        let (after, before) = walk.neighbours(arguments, number);
                        walk.with_place(Place::Concat, |walk| {
                            walk.see(lit.span(), Use::Value, after, before);
                        });
                    }
                    _ => walk.visit_expr(&argument.value),
                });
            });
        }
    }

    /// Whether the argument of `concat!` before this one, and the one after it, continue its text.
    fn neighbours(&self, arguments: &[macros::Argument], number: usize) -> (bool, bool) {
        let joins = |other: Option<&macros::Argument>, last: bool| {
            other.is_some_and(|other| match literal(&other.value) {
                Some(lit) => {
                    let text = self.content(lit.span()).unwrap_or_default();
                    let byte = if last { text.last() } else { text.first() };
                    byte.is_some_and(|byte| continues(*byte))
                }
                None => true,
            })
        };
        let before = number
            .checked_sub(1)
            .and_then(|number| arguments.get(number));
        (joins(before, true), joins(arguments.get(number + 1), false))
    }

    /// Handles `include!("x")` and the like. Returns whether it names a file of the source, which
    /// is not a path of the system.
    fn inclusion(&mut self, name: &str, tokens: &TokenStream) -> bool {
        let Ok(Arguments(arguments)) = syn::parse2(tokens.clone()) else {
            return false;
        };
        let [argument] = arguments.as_slice() else {
            return false;
        };
        let path = match &argument.value {
            Expr::Lit(syn::ExprLit {
                lit: Lit::Str(path),
                ..
            }) => path.value(),
            Expr::Macro(inner) if inner.mac.path.is_ident("concat") => {
                match below_manifest(&inner.mac.tokens) {
                    Some(path) => format!("{MANIFEST_DIR}{path}"),
                    None => return false,
                }
            }
            _ => return false,
        };
        if path.starts_with('/') {
            return false;
        }
        if name == "include" {
            self.module(String::new(), Some(path), true);
        } else {
            self.found.embeds.push(path);
        }
        true
    }
}

/// Returns the path in `env!("CARGO_MANIFEST_DIR"), "/path"`.
fn below_manifest(tokens: &TokenStream) -> Option<String> {
    let Arguments(arguments) = syn::parse2(tokens.clone()).ok()?;
    let [first, rest @ ..] = arguments.as_slice() else {
        return None;
    };
    let Expr::Macro(variable) = &first.value else {
        return None;
    };
    let name: syn::LitStr = syn::parse2(variable.mac.tokens.clone()).ok()?;
    if !variable.mac.path.is_ident("env") || name.value() != "CARGO_MANIFEST_DIR" {
        return None;
    }
    let mut path = String::new();
    for argument in rest {
        match literal(&argument.value)? {
            Lit::Str(part) => path.push_str(&part.value()),
            _ => return None,
        }
    }
    Some(path)
}
