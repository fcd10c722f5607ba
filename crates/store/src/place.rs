//! Finds a store's files on this machine, where their own paths may not lead to them.
//!
//! A store may lie in a root of its own (`/srv/trixie/nix/store`), whose `/usr` it was built for.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The path under which programs know their store.
const STORE: &str = "/nix/store";

/// The number of links to follow before a path counts as circular, as in Linux.
const LINKS: usize = 40;

/// A store on this machine, or a single directory if it lies in no store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// The path that programs use: `/nix/store`.
    pub logical: PathBuf,
    /// Its path on this machine.
    pub physical: PathBuf,
    /// The root whose `/usr` it relies on: the root that contains the store if that has a `/usr`,
    /// otherwise this machine's.
    pub root: PathBuf,
}

impl Store {
    /// Finds the store that contains the directory `path` of this machine. Returns it, with `path`
    /// as programs know it.
    ///
    /// A store may lie anywhere (`nix build --store DIR` keeps it in `DIR/nix/store`). A directory
    /// outside of every store counts as a store of its own.
    pub fn of(path: &Path) -> (Self, PathBuf) {
        let mut physical = PathBuf::new();
        for component in path.components() {
            physical.push(component);
            if physical.ends_with("nix/store")
                && let Ok(below) = path.strip_prefix(&physical)
                && below != Path::new("")
            {
                let logical = PathBuf::from(STORE);
                let out = logical.join(below);
                let above = physical
                    .ancestors()
                    .nth(2)
                    .filter(|root| root.join("usr/bin").is_dir());
                let root = above.unwrap_or(Path::new("/")).to_path_buf();
                let store = Self {
                    logical,
                    physical,
                    root,
                };
                return (store, out);
            }
        }
        let store = Self {
            logical: path.to_path_buf(),
            physical: path.to_path_buf(),
            root: PathBuf::from("/"),
        };
        (store, path.to_path_buf())
    }

    /// Returns the place on this machine of a path that programs know. Follows no links.
    pub fn lies(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.logical) {
            Ok(below) if below == Path::new("") => self.physical.clone(),
            Ok(below) => self.physical.join(below),
            Err(_) => self.root.join(path.strip_prefix("/").unwrap_or(path)),
        }
    }

    /// Follows every link in a path as the programs would. Returns `None` if it leads nowhere.
    pub fn resolve(&self, path: &Path) -> Option<PathBuf> {
        // The directories above the store need not exist here.
        follow(path, |path| {
            let above = self.logical.starts_with(path) && self.logical != path;
            (!above).then(|| self.lies(path))
        })
    }

    /// As [`Store::resolve`], but returns a path of this machine.
    pub fn resolve_lies(&self, path: &Path) -> Option<PathBuf> {
        self.resolve(path).map(|path| self.lies(&path))
    }

    /// Whether a path lies in the store.
    pub fn holds(&self, path: &Path) -> bool {
        path.starts_with(&self.logical)
    }
}

/// Follows every link in a path. Returns `None` if it leads nowhere. `lies` returns a path's place
/// on this machine, or `None` for a directory that is assumed to exist.
pub fn follow(path: &Path, lies: impl Fn(&Path) -> Option<PathBuf>) -> Option<PathBuf> {
    let mut links = 0;
    let mut resolved = PathBuf::from("/");
    let mut rest = reversed(path);
    while let Some(part) = rest.pop() {
        if part == ".." {
            resolved.pop();
            continue;
        }
        let next = resolved.join(&part);
        let link = match lies(&next) {
            Some(file) if file.symlink_metadata().ok()?.is_symlink() => {
                Some(std::fs::read_link(&file).ok()?)
            }
            _ => None,
        };
        let Some(target) = link else {
            resolved = next;
            continue;
        };
        links += 1;
        if links > LINKS {
            return None;
        }
        if target.is_absolute() {
            resolved = PathBuf::from("/");
        }
        rest.extend(reversed(&target));
    }
    Some(resolved)
}

/// The names in a path, last first.
fn reversed(path: &Path) -> Vec<OsString> {
    let named = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_os_string()),
        Component::ParentDir => Some(OsStr::new("..").to_os_string()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    let mut names: Vec<_> = path.components().filter_map(named).collect();
    names.reverse();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_store_may_lie_anywhere() {
        let (store, out) = Store::of(Path::new("/tmp/x/nix/store/abc-pve"));
        assert_eq!(store.physical, Path::new("/tmp/x/nix/store"));
        assert_eq!(out, Path::new("/nix/store/abc-pve"));
        assert_eq!(
            store.lies(Path::new("/nix/store/d/bin")),
            Path::new("/tmp/x/nix/store/d/bin")
        );
        assert_eq!(store.lies(Path::new("/usr/bin")), Path::new("/usr/bin"));
        let (alone, out) = Store::of(Path::new("/tmp/link"));
        assert_eq!(alone.logical, alone.physical);
        assert_eq!(out, Path::new("/tmp/link"));
    }

    #[test]
    fn links_are_followed_as_the_programs_would() {
        let directory = tempfile::tempdir().unwrap();
        let top = directory.path().canonicalize().unwrap();
        let physical = top.join("nix/store");
        std::fs::create_dir_all(physical.join("a/bin")).unwrap();
        std::fs::create_dir_all(physical.join("b")).unwrap();
        std::fs::write(physical.join("b/perl"), "").unwrap();
        symlink("/nix/store/b/perl", physical.join("a/bin/perl")).unwrap();
        symlink("../a/bin", physical.join("a/s")).unwrap();
        symlink("/nix/store/a/loop", physical.join("a/loop")).unwrap();
        let (store, out) = Store::of(&physical.join("a"));
        let perl = store.resolve(&out.join("s/../bin/perl"));
        assert_eq!(perl.as_deref(), Some(Path::new("/nix/store/b/perl")));
        assert_eq!(
            store.resolve_lies(&out.join("s/perl")),
            Some(physical.join("b/perl"))
        );
        assert_eq!(store.resolve(&out.join("loop")), None);
    }
}
