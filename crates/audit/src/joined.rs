//! Checks paths that a file assembles from several literals, and directories that it reads.

use std::borrow::Cow;

use super::file::Looker;
use super::store::Store;
use scan::perl::joined::{self, Joined, Part};

/// Checks the paths that Perl code assembles.
pub(super) fn look(looker: &mut Looker, bytes: &[u8]) {
    // The scanner reports a file that does not parse.
    let Ok(found) = joined::paths(bytes, looker.context.store.prefix()) else {
        return;
    };
    for path in found.into_iter().map(first_word) {
        if let Some(missing) = missing(&looker.context.store, &path) {
            looker.absent(&missing.base, &missing.rest, missing.cause, path.line);
        }
    }
}

/// Reduces an assembled command to its first word, the path.
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

/// A missing file.
struct Missing {
    /// The store path's name.
    base: String,
    /// The path in it.
    rest: String,
    cause: String,
}

fn missing(store: &Store, path: &Joined) -> Option<Missing> {
    let Some(Part::Text(head)) = path.parts.first() else {
        return None;
    };
    let text = head.strip_prefix(store.prefix())?;
    let (base, rest) = text.split_once('/').unwrap_or((text, ""));
    // A missing store path is reported by its name alone.
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
                format!("`{prefix}{base}` has no `{rest}`, a path that this code assembles"),
            );
        }
        if path.is_listed && store.is_empty(base, rest) {
            return told(
                rest,
                format!("`{prefix}{base}/{rest}` is read here, but is empty"),
            );
        }
        return None;
    }
    // At least one name with this beginning must exist. Further variables may have any value.
    let (directory, begins) = rest.rsplit_once('/').unwrap_or(("", rest.as_ref()));
    let follows = match path.parts.get(1..) {
        Some([Part::Hole, Part::Text(follows)]) => follows.as_str(),
        _ => "",
    };
    let (ends, below) = follows.split_once('/').unwrap_or((follows, ""));
    let within = format!("{base}/{directory}");
    if !directory.is_empty() && !store.exists(&within) {
        let cause =
            format!("`{prefix}{base}` has no `{directory}`, a path that this code assembles");
        return told(directory, cause);
    }
    // The variable part may contain slashes. Then the path goes through a directory whose name
    // begins like this.
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
        format!("`{prefix}{within}` has no `{begins}…{follows}`, a path that this code assembles"),
    )
}

/// Collapses repeated slashes.
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
