//! The archives that packages written by hand fetch. `pkgs/outside/*.nix` is the only list of them.
//!
//! Such a file calls `fetchurl` on a set with the literal strings `url` and `hash`. Only Nix with a
//! nixpkgs could evaluate any other call, so this module rejects those instead of skipping them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::Lock;
use super::archives::Wanted;
use problem::{Problem, UNREADABLE_FETCH};

/// The directory of the packages.
const DIRECTORY: &str = "pkgs/outside";
/// The function that fetches an archive.
const CALL: &str = "fetchurl";

/// Returns the files that packages in `pkgs/outside` below `root` fetch, sorted: all, or those of
/// some packages.
///
/// # Errors
/// One problem for each unreadable call.
pub fn files(
    root: &Path,
    packages: Option<&BTreeSet<String>>,
) -> Result<Vec<Wanted>, Vec<Problem>> {
    let mut wanted = BTreeSet::new();
    let mut problems = Vec::new();
    for name in expressions(root) {
        let shown = format!("{DIRECTORY}/{name}");
        let bad = |line, cause: String| Problem::new(&UNREADABLE_FETCH, cause).at(&shown, line);
        let text = match fs::read_to_string(root.join(&shown)) {
            Ok(text) => text,
            Err(error) => {
                problems.push(bad(None, format!("cannot be read: {error}")));
                continue;
            }
        };
        let package = name.split(['/', '.']).next().unwrap_or_default();
        let is_asked = packages.is_none_or(|all| all.contains(package));
        for (line, call) in calls(&text) {
            match call.and_then(Call::wanted) {
                Ok(one) if is_asked => drop(wanted.insert(one)),
                Ok(_) => {}
                Err(cause) => problems.push(bad(Some(line), cause)),
            }
        }
    }
    if problems.is_empty() {
        Ok(wanted.into_iter().collect())
    } else {
        Err(problems)
    }
}

/// Returns the expressions in the directory: `NAME.nix`, `NAME/default.nix`.
fn expressions(root: &Path) -> BTreeSet<String> {
    let name = |name: String| {
        let nested = format!("{name}/default.nix");
        if root.join(DIRECTORY).join(&nested).is_file() {
            return Some(nested);
        }
        name.ends_with(".nix").then_some(name)
    };
    names(root).filter_map(name).collect()
}

/// Returns the arguments of a release's generated expressions, `pkgs/RELEASE/NAME/package.nix`.
pub fn named(root: &Path, release: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root.join("pkgs").join(release));
    let texts = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("package.nix")).ok());
    let mut named = BTreeSet::new();
    for text in texts {
        let arguments = text.split_once("\n}:").map_or("", |(head, _)| head);
        let lines = arguments.lines().map(str::trim);
        let names = lines.filter_map(|line| line.split([',', ' ']).next());
        named.extend(names.map(str::to_owned));
    }
    named
}

/// Returns the locks of packages that cargo builds, `NAME/Cargo.lock`, each with its path.
pub fn locks(root: &Path) -> Vec<Lock> {
    let lock = |name: String| {
        let place = format!("{DIRECTORY}/{name}/Cargo.lock");
        let text = fs::read_to_string(root.join(&place)).ok()?;
        Some((place, text))
    };
    let mut locks: Vec<Lock> = names(root).filter_map(lock).collect();
    locks.sort();
    locks
}

/// Returns the names in the directory.
fn names(root: &Path) -> impl Iterator<Item = String> + use<> {
    let entries = fs::read_dir(root.join(DIRECTORY)).into_iter().flatten();
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
}

/// One call of `fetchurl`.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    url: String,
    hash: String,
    name: Option<String>,
}

impl Call {
    fn wanted(self) -> Result<Wanted, String> {
        if release::parse_sri(&self.hash).is_none() {
            return Err(format!("{:?} is not an SRI hash of SHA-256", self.hash));
        }
        let last = self.url.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Wanted {
            name: self.name.unwrap_or(last),
            url: self.url,
            hash: self.hash,
        })
    }
}

/// Returns every call of `fetchurl` in a Nix file with its line, or the reason why it is
/// unreadable.
fn calls(text: &str) -> Vec<(u32, Result<Call, String>)> {
    let code = without_comments(text);
    let mut found = Vec::new();
    for (at, _) in code.match_indices(CALL) {
        let (before, after) = (&code[..at], &code[at + CALL.len()..]);
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-'".contains(c);
        if before.ends_with(is_part) || after.starts_with(is_part) {
            continue;
        }
        let after = after.trim_start();
        // A formal argument, or an inherited attribute.
        if after.starts_with([',', ';', '}', '?', ':']) {
            continue;
        }
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        found.push((u32::try_from(line).unwrap_or(u32::MAX), call(after)));
    }
    found
}

/// Parses `{ url = "…"; hash = "…"; }` at the start of `text`.
fn call(text: &str) -> Result<Call, String> {
    let unread = || {
        format!("{CALL} is not called on a set of literal strings: `url`, `hash`, perhaps `name`")
    };
    let body = text.strip_prefix('{').ok_or_else(unread)?;
    let (body, _) = body.split_once('}').ok_or_else(unread)?;
    let mut bindings: BTreeMap<&str, &str> = BTreeMap::new();
    for binding in body.split(';').map(str::trim).filter(|one| !one.is_empty()) {
        let (key, value) = binding.split_once('=').ok_or_else(unread)?;
        let value = value.trim().strip_prefix('"');
        let value = value.and_then(|value| value.strip_suffix('"'));
        // A string with an interpolation or escape is not literal.
        let literal = value.filter(|value| !value.contains(['"', '\\', '$']));
        bindings.insert(key.trim(), literal.ok_or_else(unread)?);
    }
    let mut take = |key| bindings.remove(key).map(str::to_owned);
    let (url, hash, name) = (take("url"), take("hash"), take("name"));
    match (url, hash) {
        (Some(url), Some(hash)) if bindings.is_empty() => Ok(Call { url, hash, name }),
        _ => Err(unread()),
    }
}

/// Blanks out line comments. A `#` inside a string is kept.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut within = false;
        let comment = line.char_indices().find(|(_, c)| {
            within ^= *c == '"';
            *c == '#' && !within
        });
        if let Some((at, _)) = comment {
            code.push_str(&line[..at]);
            code.push('\n');
        } else {
            code.push_str(line);
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=";

    #[test]
    fn calls_are_read_and_what_cannot_be_read_is_told() {
        let text = format!(
            "# fetchurl {{ }}\n{{\n  lib,\n  fetchurl,\n}}:\nx {{\n  src = fetchurl {{\n    url = \"https://hive.example/a#b.tar.gz\"; # here\n    hash = \"{HASH}\";\n  }};\n  more = fetchurlBoot {{ }};\n  y = fetchurl rec {{ }};\n}}\n"
        );
        let found = calls(&text);
        let first = Call {
            url: "https://hive.example/a#b.tar.gz".to_owned(),
            hash: HASH.to_owned(),
            name: None,
        };
        assert_eq!(found[0], (7, Ok(first)));
        assert_eq!(found[1].0, 12);
        assert!(found[1].1.is_err());
        assert_eq!(found.len(), 2);
        for bad in [
            "{ url = \"${x}\"; hash = \"h\"; }",
            "{ url = \"x\"; }",
            "{ url = x; hash = \"h\"; }",
            "{ url = \"x\"; hash = \"h\"; postFetch = \"x\"; }",
            "(x)",
        ] {
            call(bad).expect_err(bad);
        }
    }

    #[test]
    fn directories_are_read_too() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join(DIRECTORY);
        fs::create_dir_all(dir.join("comb")).unwrap();
        let call =
            format!("fetchurl {{ url = \"https://hive.example/comb\"; hash = \"{HASH}\"; }}");
        fs::write(dir.join("comb/default.nix"), call).unwrap();
        fs::write(dir.join("comb/Cargo.lock"), "version = 4").unwrap();
        fs::write(dir.join("wax.nix"), "{ }").unwrap();
        assert_eq!(files(root.path(), None).unwrap().len(), 1);
        let package = root.path().join("pkgs/demo/hive");
        fs::create_dir_all(&package).unwrap();
        fs::write(
            package.join("package.nix"),
            "# wax\n{\n  lib,\n  wax ? null,\n}:\n{ comb }",
        )
        .unwrap();
        let without = named(root.path(), "demo");
        assert_eq!(files(root.path(), Some(&without)).unwrap(), []);
        fs::write(
            package.join("package.nix"),
            "# wax\n{\n  comb,\n  lib,\n}:\n{ }",
        )
        .unwrap();
        let with = named(root.path(), "demo");
        assert_eq!(files(root.path(), Some(&with)).unwrap().len(), 1);
        let place = "pkgs/outside/comb/Cargo.lock".to_owned();
        assert_eq!(locks(root.path()), [(place, "version = 4".to_owned())]);
        assert!(locks(&root.path().join("nowhere")).is_empty());
    }

    #[test]
    fn what_this_project_fetches_can_be_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let files = files(&root, None).unwrap();
        let named = files
            .iter()
            .any(|one| one.name == "cstream_4.0.0.orig.tar.gz");
        assert!(named && files.len() >= 7, "{files:?}");
    }
}
