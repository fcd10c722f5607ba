//! Determines the site of a node in the program's structure from its ancestors.

use super::tree::{Id, K, Tree};
use crate::Site;

/// Functions that pass a value on: an argument of `join` still reaches the variable.
const TRANSPARENT: &[&[u8]] = &[
    b"join", b"sprintf", b"push", b"unshift", b"sort", b"reverse", b"lc", b"uc", b"bless",
];

/// Returns the site of the literal, comment or heredoc token `id`.
pub fn site(tree: &Tree<'_>, id: Id) -> Site {
    let mut site = Site {
        call: operator(tree, id),
        ..Site::default()
    };
    // Beyond a block or sub, calls and assignments receive the code's value rather than the
    // literal's.
    let (mut in_expression, mut to_target) = (true, true);
    let mut child = id;
    for up in tree.ancestors(id) {
        if in_expression && to_target && site.target.is_none() {
            site.target = target_at(tree, up, child);
        }
        match tree.kind(up) {
            K::Subroutine | K::AnonSub => {
                in_expression = false;
                site.sub = sub_name(tree, up);
                if site.sub.is_some() {
                    break;
                }
            }
            K::Block => {
                in_expression &= tree.parent(up).is_some_and(|above| {
                    tree.kind(above) == K::Map || is_program_block(tree, above)
                });
            }
            _ if in_expression => {
                if let Some(name) = call_name(tree, up).filter(|_| !is_callee(tree, up, child)) {
                    to_target &= TRANSPARENT.contains(&name.as_bytes());
                    if site.call.is_none() {
                        site.argument = argument_index(tree, child, id);
                        site.call = Some(name);
                    }
                }
            }
            _ => {}
        }
        child = up;
    }
    site
}

/// Returns the variable, key or constant that receives the value of `id`.
pub fn target(tree: &Tree<'_>, id: Id) -> Option<String> {
    let mut child = id;
    for up in tree.ancestors(id) {
        if let Some(name) = target_at(tree, up, child) {
            return Some(name);
        }
        match tree.kind(up) {
            K::Block | K::AnonSub | K::Subroutine | K::Statement => return None,
            _ if call_name(tree, up)
                .is_some_and(|name| !TRANSPARENT.contains(&name.as_bytes())) =>
            {
                return None;
            }
            _ => child = up,
        }
    }
    None
}

/// Returns the name of the called function or method, without receiver and sigils.
pub fn call_name(tree: &Tree<'_>, call: Id) -> Option<String> {
    let name = match tree.kind(call) {
        K::Call => tree.text(tree.child(call, K::Function)?),
        K::MethodCall => tree.text(tree.child(call, K::Method)?),
        K::CodeCall => return plain_name(tree, tree.children(call).next()?),
        K::UnaryCall => {
            let text = tree.text(call);
            let length = text
                .iter()
                .take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'))
                .count();
            text.get(..length.max(1))?
        }
        K::Require => b"require",
        K::Use => {
            return Some(format!(
                "use {}",
                String::from_utf8_lossy(tree.text(tree.child(call, K::Package)?))
            ));
        }
        K::Eval => b"eval",
        K::Glob => b"glob",
        _ => return None,
    };
    let name = String::from_utf8_lossy(name);
    Some(
        name.trim_start_matches(['&', '$', '{'])
            .trim_end_matches('}')
            .to_owned(),
    )
}

/// Returns the arguments of a call, with lists and parentheses opened and comments removed.
pub fn arguments(tree: &Tree<'_>, call: Id) -> Vec<Id> {
    let callee = tree.children(call).next();
    let mut found = Vec::new();
    for child in tree.children(call) {
        match tree.kind(child) {
            K::Function | K::Method | K::IndirectObject | K::Comment => {}
            _ if matches!(tree.kind(call), K::MethodCall | K::CodeCall)
                && Some(child) == callee => {}
            _ => elements(tree, child, &mut found),
        }
    }
    found
}

/// Adds the elements of a list, with or without parentheses. Anything else is its own element.
pub fn elements(tree: &Tree<'_>, id: Id, found: &mut Vec<Id>) {
    let mut open = vec![id];
    while let Some(next) = open.pop() {
        match tree.kind(next) {
            K::List | K::Parenthesized => {
                let below = open.len();
                open.extend(tree.children(next));
                open.get_mut(below..).unwrap_or_default().reverse();
            }
            K::Comment => {}
            _ => found.push(next),
        }
    }
}

/// Returns the name of a variable, element or key, without sigils and braces.
pub fn plain_name(tree: &Tree<'_>, mut id: Id) -> Option<String> {
    while matches!(tree.kind(id), K::Localization | K::Refgen) {
        id = tree.children(id).next()?;
    }
    match tree.kind(id) {
        K::HashElement => {
            let key = tree.children(id).last()?;
            Some(unquoted(tree, key))
        }
        K::Declaration => {
            let mut variables = tree.children(id).filter(|child| is_variable(tree, *child));
            let only = variables.next()?;
            if variables.next().is_some() {
                None
            } else {
                plain_name(tree, only)
            }
        }
        K::Array | K::ArrayDeref
            if tree
                .below(id)
                .any(|below| tree.kind(below) == K::HashElement) =>
        {
            let element = tree
                .below(id)
                .find(|below| tree.kind(*below) == K::HashElement)?;
            plain_name(tree, element)
        }
        K::Scalar | K::Array | K::Hash | K::ArrayDeref | K::ArrayElement => {
            let text = String::from_utf8_lossy(tree.text(id));
            let name = text.trim_start_matches(['$', '@', '%', '{', ' ']);
            let length = name
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
                .unwrap_or(name.len());
            name.get(..length)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
        }
        _ => None,
    }
}

pub fn is_variable(tree: &Tree<'_>, id: Id) -> bool {
    matches!(tree.kind(id), K::Scalar | K::Array | K::Hash)
}

/// Returns a key's text without quotes.
pub fn unquoted(tree: &Tree<'_>, id: Id) -> String {
    let text = match tree.kind(id) {
        K::Literal | K::Interpolated => tree
            .child(id, K::StringContent)
            .map_or(&b""[..], |content| tree.text(content)),
        _ => tree.text(id),
    };
    String::from_utf8_lossy(text).into_owned()
}

/// Whether the node is `{ 'program' }` in `exec { 'program' } @words`.
fn is_program_block(tree: &Tree<'_>, id: Id) -> bool {
    tree.kind(id) == K::IndirectObject
}

fn operator(tree: &Tree<'_>, id: Id) -> Option<String> {
    let name = match tree.kind(id) {
        K::Match => "m",
        K::Substitution => "s",
        K::QuotedRegexp => "qr",
        K::Command => "qx",
        _ => return None,
    };
    Some(name.to_owned())
}

fn is_callee(tree: &Tree<'_>, call: Id, child: Id) -> bool {
    match tree.kind(call) {
        K::Call => tree.kind(child) == K::Function,
        K::MethodCall | K::CodeCall => tree.children(call).next() == Some(child),
        _ => false,
    }
}

/// Returns the index of the argument that contains `id`. `child` is the part of the call that
/// contains it.
fn argument_index(tree: &Tree<'_>, child: Id, id: Id) -> Option<u32> {
    if tree.kind(child) == K::IndirectObject {
        return None;
    }
    let mut within = child;
    loop {
        let holds = |part: &Id| *part <= id && tree.below(*part).end > id;
        match tree.kind(within) {
            K::Parenthesized => within = tree.children(within).find(holds)?,
            K::List => {
                let before = tree
                    .children(within)
                    .take_while(|part| !holds(part))
                    .filter(|part| tree.kind(*part) != K::Comment);
                return u32::try_from(before.count()).ok();
            }
            _ => return Some(0),
        }
    }
}

fn target_at(tree: &Tree<'_>, up: Id, child: Id) -> Option<String> {
    match tree.kind(up) {
        K::List | K::AnonHash | K::Parenthesized => {
            tree.pair_key(child).map(|key| unquoted(tree, key))
        }
        K::Assignment => {
            let left = tree.children(up).next().filter(|left| *left != child)?;
            plain_name(tree, left)
        }
        K::Call
            if tree
                .child(up, K::Function)
                .is_some_and(|name| matches!(tree.text(name), b"push" | b"unshift")) =>
        {
            let array = arguments(tree, up).into_iter().next()?;
            plain_name(tree, array)
        }
        _ => None,
    }
}

fn sub_name(tree: &Tree<'_>, sub: Id) -> Option<String> {
    if tree.kind(sub) == K::Subroutine {
        return tree
            .child(sub, K::Bareword)
            .map(|name| unquoted(tree, name));
    }
    let parent = tree.parent(sub)?;
    match tree.kind(parent) {
        K::Assignment => plain_name(tree, tree.children(parent).next()?),
        K::List
            if tree
                .pair_key(sub)
                .is_some_and(|key| tree.text(key) == b"code") =>
        {
            let name = tree.children(parent).find(|value| {
                tree.pair_key(*value)
                    .is_some_and(|key| tree.text(key) == b"name")
            })?;
            Some(unquoted(tree, name))
        }
        _ => None,
    }
}
