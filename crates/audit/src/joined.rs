//! Paths that a file puts together, and directories that it reads: what stands in no one literal.

use std::borrow::Cow;

use super::file::Looker;
use super::store::Store;
use scan::perl::joined::{self, Joined, Part};

/// Holds the paths that Perl code puts together against what is there.
pub(super) fn look(looker: &mut Looker, bytes: &[u8]) {
    // What does not parse is told by whoever scans it.
    let Ok(found) = joined::paths(bytes, looker.context.store.prefix()) else {
        return;
    };
    for path in found.into_iter().map(first_word) {
        if let Some(missing) = missing(&looker.context.store, &path) {
            looker.absent(&missing.base, &missing.rest, missing.cause, path.line);
        }
    }
}

/// A path is the first word of a command that is put together.
fn first_word(mut path: Joined) -> Joined {
    let is_end = |letter: char| letter.is_whitespace() || "\"'`;|&<>()".contains(letter);
    for at in 0..path.parts.len() {
        if let Part::Text(text) = &mut path.parts[at]
            && let Some(end) = text.find(is_end)
        {
            text.truncate(end);
            path.parts.truncate(at + 1);
            if end == 0 {
                path.parts.pop();
            }
            break;
        }
    }
    path
}

/// What a path does not lead to.
struct Missing {
    /// The store path's name.
    base: String,
    /// What would have to be in it.
    rest: String,
    cause: String,
}

fn missing(store: &Store, path: &Joined) -> Option<Missing> {
    let Some(Part::Text(head)) = path.parts.first() else {
        return None;
    };
    let text = head.strip_prefix(store.prefix())?;
    let (base, rest) = text.split_once('/').unwrap_or((text, ""));
    // A store path that is not there is told by its name alone.
    if !store.exists(base) || path.is_asked {
        return None;
    }
    let is_whole = path.parts.len() == 1;
    let prefix = store.prefix();
    let rest = collapsed(rest);
    let told = |rest: &str, cause: String| {
        Some(Missing {
            base: base.to_owned(),
            rest: rest.to_owned(),
            cause,
        })
    };
    if is_whole {
        let rest = rest.trim_end_matches('/');
        if !rest.is_empty() && !store.exists(&format!("{base}/{rest}")) {
            return told(
                rest,
                format!("`{prefix}{base}` has no `{rest}`, as it is put together here"),
            );
        }
        if path.is_listed && store.is_empty(base, rest) {
            return told(
                rest,
                format!("`{prefix}{base}/{rest}` is read here, and nothing is in it"),
            );
        }
        return None;
    }
    // Of names that begin so, one must be there; what more holes stand for may be anything.
    let (directory, begins) = rest.rsplit_once('/').unwrap_or(("", rest.as_ref()));
    let follows = match path.parts.get(1..) {
        Some([Part::Hole, Part::Text(follows)]) => follows.as_str(),
        _ => "",
    };
    let (ends, below) = follows.split_once('/').unwrap_or((follows, ""));
    let within = format!("{base}/{directory}");
    if !directory.is_empty() && !store.exists(&within) {
        let cause = format!("`{prefix}{base}` has no `{directory}`, as it is put together here");
        return told(directory, cause);
    }
    // What stands for a hole may be a path itself: then it leads into a directory of a name that begins so.
    let fits = |name: &String| {
        name.starts_with(begins)
            && (store.is_directory(&format!("{within}/{name}")) && below.is_empty()
                || name.ends_with(ends)
                    && (below.is_empty() || store.exists(&format!("{within}/{name}/{below}"))))
    };
    if store.names(base, directory).iter().any(fits) {
        return None;
    }
    let rest = format!("{directory}/{begins}");
    told(
        rest.trim_start_matches('/'),
        format!("`{prefix}{within}` has no `{begins}…{follows}`, as it is put together here"),
    )
}

/// Slashes in a row are one.
fn collapsed(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return path.into();
    }
    let parts: Vec<&str> = path.split('/').collect();
    let last = parts.len().saturating_sub(1);
    let kept = parts.iter().enumerate();
    let kept = kept.filter(|(at, part)| !part.is_empty() || *at == last);
    kept.map(|(_, part)| *part)
        .collect::<Vec<_>>()
        .join("/")
        .into()
}
