//! A pin as the expression that fetches it.

use super::formals::Formals;
use super::nix::{Binding, Expr, WriteError};
use crate::release::Pin;

/// The formal argument that a source without a known hash takes.
pub const HASH_ARGUMENT: &str = "sourceHash";

/// Whether the pin's hash is not known, so that whoever builds it has to give it.
pub fn lacks_hash(pin: &Pin) -> bool {
    pin.path.is_none() && pin.nar_hash.is_none()
}

/// The source's tree: a directory of this repository, or `fetchgit`. Where the hash is not known, it is the
/// argument `sourceHash`, which a build without it fails on, naming the right one.
///
/// # Errors
/// Text that Nix cannot hold.
pub fn source(pin: &Pin, formals: &mut Formals) -> Result<Expr, WriteError> {
    if let Some(path) = &pin.path {
        return Ok(Expr::Path(format!("../../../{path}")));
    }
    let text = |text: &Option<String>| Expr::string(text.clone().unwrap_or_default());
    let hash = if pin.nar_hash.is_some() {
        text(&pin.nar_hash)
    } else {
        formals.variable("lib")?;
        formals.optional(HASH_ARGUMENT, Expr::dotted("lib.fakeHash")?)?
    };
    let mut bindings = vec![
        Binding::attr("url", text(&pin.url)),
        Binding::attr("rev", text(&pin.rev)),
        Binding::attr("hash", hash),
    ];
    if pin.submodules {
        bindings.push(Binding::attr("fetchSubmodules", Expr::Bool(true)));
    }
    formals.call("fetchgit", [Expr::Set(bindings)])
}
