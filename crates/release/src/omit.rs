//! Omits paths from a source's tree: files that a clone may lack and that only upstream's tests
//! read.
//!
//! `fetchgit` removes them after it has fetched, so that everybody gets the same hash.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Entry, Mode, Tree, bad_component};
use problem::Problem;

/// Checks that `path` can be omitted. It becomes part of a command.
pub(super) fn check(path: &str) -> Result<(), String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"+-._/".contains(&b);
    if path.is_empty() || bad_component(path).is_some() || path.starts_with('-') {
        Err(format!(
            "{path:?} is not a path that stays below the source's root"
        ))
    } else if path.bytes().all(is_plain) {
        Ok(())
    } else {
        Err(format!(
            "{path:?} has characters other than letters, digits, `+`, `-`, `.`, `_` and `/`"
        ))
    }
}

/// Returns the entries without those at or below `omit`. A directory that loses all its files
/// stays, empty, as `rm` leaves it.
pub(super) fn without(entries: &[Entry], omit: &[String]) -> Vec<Entry> {
    let is_omitted = |path: &str| omit.iter().any(|one| is_at_or_below(path, one));
    let (gone, mut kept): (Vec<&Entry>, Vec<&Entry>) =
        entries.iter().partition(|entry| is_omitted(&entry.path));
    let found = omit
        .iter()
        .filter(|one| gone.iter().any(|entry| is_at_or_below(&entry.path, one)));
    let parents = found.filter_map(|one| Some(one.rsplit_once('/')?.0));
    let emptied: BTreeSet<&str> = parents
        .filter(|parent| {
            !is_omitted(parent) && !kept.iter().any(|entry| is_at_or_below(&entry.path, parent))
        })
        .collect();
    // If one empty directory is in another, only the inner one is an entry.
    let inner = emptied.iter().filter(|one| {
        let mut others = emptied.iter().filter(|other| other != one);
        !others.any(|other| is_at_or_below(other, one))
    });
    let empty: Vec<Entry> = inner
        .map(|path| Entry {
            path: (*path).to_owned(),
            mode: Mode::Submodule,
            size: 0,
            id: String::new(),
        })
        .collect();
    kept.extend(&empty);
    let mut kept: Vec<Entry> = kept.into_iter().cloned().collect();
    kept.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    kept
}

fn is_at_or_below(path: &str, top: &str) -> bool {
    let below = path.strip_prefix(top);
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A tree without some of its paths.
pub struct Omitting {
    tree: Box<dyn Tree>,
    entries: Vec<Entry>,
}

impl Omitting {
    /// Omits paths from `tree`. Without any, returns it unchanged.
    pub fn of(tree: Box<dyn Tree>, omit: &[String]) -> Box<dyn Tree> {
        if omit.is_empty() {
            return tree;
        }
        let entries = without(tree.entries(), omit);
        Box::new(Self { tree, entries })
    }
}

impl Tree for Omitting {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        self.tree.read(wanted)
    }

    fn read_once(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        self.tree.read_once(wanted)
    }

    fn is_commit(&self) -> bool {
        self.tree.is_commit()
    }

    fn repository(&self) -> Option<&Path> {
        self.tree.repository()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(paths: &[&str], omit: &[&str]) -> Vec<String> {
        let entry = |path: &&str| Entry {
            path: (*path).to_owned(),
            mode: Mode::File,
            size: 1,
            id: "x".to_owned(),
        };
        let entries: Vec<Entry> = paths.iter().map(entry).collect();
        let omit: Vec<String> = omit.iter().map(|one| (*one).to_owned()).collect();
        let kept = without(&entries, &omit);
        let text = |entry: &Entry| match entry.mode {
            Mode::Submodule => format!("{}/", entry.path),
            _ => entry.path.clone(),
        };
        kept.iter().map(text).collect()
    }

    #[test]
    fn what_is_left_out_is_gone_and_what_it_emptied_is_empty() {
        let all = ["a/t/x", "a/t2", "b/t/x", "c", "d/e/f/x"];
        assert_eq!(left(&all, &[]), all);
        assert_eq!(
            left(&all, &["a/t", "z/y"]),
            ["a/t2", "b/t/x", "c", "d/e/f/x"]
        );
        assert_eq!(
            left(&all, &["b/t"]),
            ["a/t/x", "a/t2", "b/", "c", "d/e/f/x"]
        );
        assert_eq!(left(&all, &["b"]), ["a/t/x", "a/t2", "c", "d/e/f/x"]);
        assert_eq!(
            left(&all, &["d/e/f/x", "a", "b", "c"]),
            ["d/e/f/"],
            "only the inner directory is named"
        );
        assert_eq!(left(&["d/e/x", "d/y"], &["d/e/x", "d/y"]), ["d/e/"]);
    }

    #[test]
    fn a_path_that_a_shell_would_take_for_more_is_refused() {
        for path in ["", "/a", "a/../b", "a b", "$x", "a*", "-r", "a;b", "a'"] {
            check(path).expect_err(path);
        }
        check("proxmox-apt/tests_2/a+b.c").unwrap();
    }
}
