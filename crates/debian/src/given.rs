//! A source given as a tree, such as a plugin's, which no manifest pins.

use std::fs;
use std::path::{Path, PathBuf};

use super::{changelog, control};
use problem::{BAD_TREE, Problem};
use release::{DirTree, Omitting, Pin, Source};

/// The directory of a plugin's own rules, in its tree.
pub const RULES: &str = "pve-nix";

/// Makes a source of the tree at `path`. Its default name is `Source` of its `debian/control`.
/// Directories of rules inside the tree are excluded.
///
/// # Errors
/// The name is not valid for a source, or the tree cannot be read.
pub fn given(path: &Path, name: Option<&str>, rules: &[PathBuf]) -> Result<Source, Problem> {
    let bad = |cause: String| {
        let problem = Problem::new(&BAD_TREE, cause).at(path.display().to_string(), None);
        problem.mend("Name it with `--name`, or in `Source` of its `debian/control`.")
    };
    let name = match name {
        Some(name) => name.to_owned(),
        None => {
            source_of(path).ok_or_else(|| bad("its `debian/control` names no source".to_owned()))?
        }
    };
    release::check_name(&name).map_err(|why| bad(format!("the name {name:?} {why}")))?;
    let below = rules.iter().filter_map(|dir| dir.strip_prefix(path).ok());
    let below = below.filter_map(|dir| dir.to_str().filter(|dir| !dir.is_empty()));
    let below = below.chain([RULES]).map(str::to_owned);
    let below: Vec<String> = below.collect();
    Ok(Source {
        tree: Omitting::of(Box::new(DirTree::open(&name, path)?), &below),
        name,
        pin: Pin {
            version: version_of(path),
            ..Pin::default()
        },
    })
}

/// Returns the version of the newest entry in the `debian/changelog` below `path`.
fn version_of(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path.join("debian/changelog")).ok()?;
    let changelog = changelog::parse("debian/changelog", &text).ok()?;
    Some(changelog.top()?.version.as_str().to_owned())
}

/// Returns `Source` from the `debian/control` below `path`.
fn source_of(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path.join("debian/control")).ok()?;
    let control = control::parse("debian/control", &text).ok()?;
    Some(control.source.name).filter(|name| !name.is_empty())
}
