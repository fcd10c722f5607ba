//! Finds the files of a source's tree that its packaging installs unchanged.

use std::collections::BTreeMap;

use super::Packaging;
use super::install::{Base, matches};
use super::make::ActionKind;
use super::tree_path;
use release::{Entry, Mode};

/// A file or directory of the source that the packaging installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Relative to the source.
    pub path: String,
    /// Whether it is a directory.
    pub directory: bool,
    /// Whether it is executable.
    pub executable: bool,
}

/// Returns the files and directories among `entries` that match a pattern of `debian/`, beside
/// `debian` or in the build directory.
pub fn origins(entries: &[Entry], packaging: &Packaging, pattern: &str) -> Vec<Origin> {
    let bases = [&packaging.root, &packaging.rules.build_root];
    for base in bases {
        let whole = if base.is_empty() {
            pattern.to_owned()
        } else {
            format!("{base}/{pattern}")
        };
        let mut found: BTreeMap<&str, Origin> = BTreeMap::new();
        for entry in entries {
            if !matches(&whole, &entry.path) {
                continue;
            }
            let depth = whole.split('/').count();
            let end = entry
                .path
                .match_indices('/')
                .nth(depth - 1)
                .map(|(at, _)| at);
            let path = &entry.path[..end.unwrap_or(entry.path.len())];
            found.entry(path).or_insert_with(|| Origin {
                path: path.to_owned(),
                directory: end.is_some(),
                executable: end.is_none() && entry.mode == Mode::Executable,
            });
        }
        if !found.is_empty() {
            return found.into_values().collect();
        }
    }
    Vec::new()
}

/// Returns the file among `entries` that `packaging` or its Makefiles install at `place`
/// (`/usr/share/x/y`), relative to the source. Returns `None` if they install none there, or make
/// it.
pub fn file_at(entries: &[Entry], packaging: &Packaging, place: &str) -> Option<String> {
    let place = place.trim_start_matches('/');
    let is_file = |path: &str| entries.iter().any(|entry| entry.path == path);
    let mut made = packaging.made.iter();
    let made = made.find(|one| one.kind == ActionKind::File && one.dest == place);
    if let Some(made) = made.filter(|made| is_file(&made.origin)) {
        return Some(made.origin.clone());
    }
    let sources = packaging.files.installed.iter();
    let sources = sources.filter(|one| one.base == Base::Source);
    sources
        .filter(|one| place.starts_with(one.dest.as_str()))
        .find_map(|one| {
            let mut files = origins(entries, packaging, &one.origin).into_iter();
            let found = files.find(|file| {
                let name = tree_path::file_name(&file.path);
                !file.directory
                    && (one.renames && one.dest == place
                        || !one.renames && format!("{}/{name}", one.dest) == place)
            });
            Some(found?.path)
        })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::read_all;
    use release::{DirTree, Tree as _};

    /// Makes a source whose `debian/` installs `templates/*` below `part`, and whose Makefile
    /// installs `one.conf`.
    fn source(root: &Path) -> DirTree {
        let control = "Source: hive\nMaintainer: Hive <hive@hive.example>\n\nPackage: hive\nArchitecture: all\nDescription: x\n";
        for (path, text) in [
            ("part/debian/control", control),
            (
                "part/debian/hive.install",
                "templates/* /usr/share/hive/t\n",
            ),
            (
                "part/Makefile",
                "install:\n\tinstall -D one.conf $(DESTDIR)/usr/share/hive/one.conf\n",
            ),
            ("part/one.conf", "1"),
            ("part/templates/a.jinja", "a"),
            ("part/templates/sub/b.jinja", "b"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        DirTree::open("hive", root).expect("a tree")
    }

    #[test]
    fn a_file_is_found_by_the_place_that_it_is_installed_at() {
        let root = tempfile::tempdir().expect("a directory");
        let tree = source(root.path());
        let packagings = read_all("hive", &tree).expect("read");
        let [packaging] = packagings.as_slice() else {
            panic!("one packaging");
        };
        let found = |place| file_at(tree.entries(), packaging, place);
        let template = Some("part/templates/a.jinja".to_owned());
        assert_eq!(found("/usr/share/hive/t/a.jinja"), template);
        let made = Some("part/one.conf".to_owned());
        assert_eq!(found("/usr/share/hive/one.conf"), made);
        // Neither directories nor files that nothing installs count.
        assert_eq!(found("/usr/share/hive/t/sub"), None);
        assert_eq!(found("/usr/share/hive/t/c.jinja"), None);
    }
}
