//! Chooses the form of a string and escapes its text.

use crate::{Part, WriteError};

pub(super) fn refuse_nul(text: &str) -> Result<(), WriteError> {
    if text.contains('\0') {
        Err(WriteError::Nul(text.replace('\0', "\u{fffd}")))
    } else {
        Ok(())
    }
}

/// Merges neighbouring texts, so that escaping sees the character after a `$` or `'`.
pub(super) fn joined(parts: &[Part]) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (_, Part::Text(text)) if text.is_empty() => {}
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(text),
            _ => joined.push(part.clone()),
        }
    }
    joined
}

/// Whether the string consists of several whole lines that an indented string reproduces unchanged.
/// Nix strips the indentation that all lines share and has no escape for a run of quotes; such text
/// is quoted instead.
pub(super) fn is_block(parts: &[Part]) -> bool {
    let texts = || {
        parts.iter().filter_map(|part| {
            if let Part::Text(text) = part {
                Some(text.as_str())
            } else {
                None
            }
        })
    };
    let whole: String = parts
        .iter()
        .map(|part| {
            if let Part::Text(text) = part {
                text.as_str()
            } else {
                "${}"
            }
        })
        .collect();
    let odd = |c: char| c.is_control() && c != '\n';
    whole.ends_with('\n')
        && whole.matches('\n').count() > 1
        && !whole.starts_with('\n')
        && !texts().any(|text| {
            text.contains("''") || text.contains("'$") || text.ends_with('\'') || text.contains(odd)
        })
        && whole
            .lines()
            .any(|line| !line.is_empty() && !line.starts_with(' '))
        && !whole.lines().any(|line| line.ends_with(' '))
}

/// Escapes text between double quotes. A trailing `$` is escaped if an interpolation follows.
pub(super) fn escape_quoted(text: &str, followed: bool, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if opens(chars.peek(), followed) => out.push_str("\\$"),
            _ => out.push(c),
        }
    }
}

/// Escapes the text of an indented string that [`is_block`] allows.
pub(super) fn escape_indented(text: &str, followed: bool, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '$' if opens(chars.peek(), followed) => out.push_str("''$"),
            _ => out.push(c),
        }
    }
}

/// Whether a `$` before `next` could open an interpolation.
pub(super) fn opens(next: Option<&char>, followed: bool) -> bool {
    next.map_or(followed, |next| *next == '{')
}
