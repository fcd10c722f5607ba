//! The attribute `patches`: the generated patch files with filled placeholders.

use std::collections::{BTreeMap, BTreeSet};

use nix::Formals;
use nix::{Binding, Expr, WriteError};
use patch::edits::Edits;
use patch::file::Patch;
use patch::rewrite::{Fill, Part};

/// Returns the list's elements, in order.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn patches(
    source: &str,
    edits: &Edits,
    patches: &[Patch],
    names: &BTreeMap<String, String>,
    formals: &mut Formals,
) -> Result<Vec<Expr>, WriteError> {
    let mut list = Vec::new();
    for patch in patches {
        let path = Expr::Path(format!("../patches/{source}/{}", patch.name));
        let placeholders = placeholders(&patch.bytes);
        if placeholders.is_empty() {
            list.push(path);
            continue;
        }
        let mut inherited = Vec::new();
        let mut bindings = Vec::new();
        for placeholder in placeholders {
            let value = match edits.placeholders.get(&placeholder) {
                Some(Fill::Attr(attr, part)) => output(attr, *part, formals)?,
                Some(Fill::Source(other)) => {
                    let attr = names.get(other).unwrap_or(other);
                    formals.dotted(attr)?
                }
                Some(Fill::Link | Fill::Own) | None => Expr::Null,
            };
            match value {
                Expr::Variable(name) if name.as_str() == placeholder => inherited.push(name),
                value => bindings.push(Binding::attr(placeholder, value)),
            }
        }
        if !inherited.is_empty() {
            bindings.insert(0, Binding::Inherit(inherited));
        }
        list.push(formals.call("replaceVars", [path, Expr::Set(bindings)])?);
    }
    Ok(list)
}

/// Returns the output of an attribute that contains a target.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn output(attr: &str, part: Part, formals: &mut Formals) -> Result<Expr, WriteError> {
    let value = formals.dotted(attr)?;
    // The shims have one output.
    if attr.ends_with("-shim") {
        return Ok(value);
    }
    match part {
        Part::Bin => formals.call("lib.getBin", [value]),
        Part::Lib => formals.call("lib.getLib", [value]),
        Part::Whole => Ok(value),
    }
}

/// Finds every text that `replaceVars` would take for a placeholder, overlapping matches included.
fn placeholders(text: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for at in memchr::memchr_iter(b'@', text) {
        let rest = &text[at + 1..];
        let length = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || b"_'-".contains(byte)));
        let Some(length) = length.filter(|length| rest[*length] == b'@') else {
            continue;
        };
        let name = String::from_utf8_lossy(&rest[..length]);
        if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            found.insert(name.into_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_of_the_text_is_found() {
        let text = b"+ @lvm2@/bin/lvs me@example.org @PACKAGE@VERSION@ @1@ @a b@ @-x@ @pve@///\n";
        let found: Vec<String> = placeholders(text).into_iter().collect();
        assert_eq!(found, ["PACKAGE", "VERSION", "lvm2", "pve"]);
    }

    #[test]
    fn the_output_follows_the_target() {
        let mut formals = Formals::default();
        let mut text = |part| nix::write(&output("lvm2", part, &mut formals).unwrap());
        assert_eq!(text(Part::Bin).unwrap(), "lib.getBin lvm2\n");
        assert_eq!(text(Part::Lib).unwrap(), "lib.getLib lvm2\n");
        assert_eq!(text(Part::Whole).unwrap(), "lvm2\n");
    }
}
