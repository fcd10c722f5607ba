//! The tables of `rules/` held against each other: every attribute that one names is in `nixpkgs/attributes.toml`, which says no
//! more than it can mean.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One file of `rules/nixpkgs/`; an empty table where it is not there.
fn table(name: &str) -> Table {
    read(&repository().join("rules/nixpkgs").join(name))
}

fn read(path: &Path) -> Table {
    match std::fs::read_to_string(path) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        Err(_) => Table::new(),
    }
}

/// Every file of rules, with its path.
fn files() -> Vec<(String, Table)> {
    let directories = [
        "rules/sources",
        "rules/general",
        "rules/nixpkgs",
        "demo/rules",
    ];
    let entries = directories.map(|directory| walkdir::WalkDir::new(repository().join(directory)));
    let paths = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().into_path());
    let paths = paths.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    paths
        .map(|path| (path.display().to_string(), read(&path)))
        .collect()
}

fn text<'t>(table: &'t Value, key: &str) -> Option<&'t str> {
    table.get(key).and_then(Value::as_str)
}

/// Returns the attribute paths in the tables, each with the file and the key.
fn named() -> Vec<(String, String)> {
    let mut named = Vec::new();
    for attr in table("programs.toml")
        .keys()
        .filter(|key| !["wrapper", "debian-only", "missing"].contains(&key.as_str()))
    {
        named.push((attr.clone(), format!("programs.toml [{attr}]")));
    }
    for (file, set) in [
        ("perl.toml", "perlPackages"),
        ("python.toml", "python3Packages"),
    ] {
        for (key, entry) in table(file).iter().filter(|(key, _)| *key != "missing") {
            let attr = text(entry, "attr").map(|attr| format!("{set}.{attr}"));
            let package = text(entry, "package").map(str::to_owned);
            named.extend(
                attr.or(package)
                    .map(|attr| (attr, format!("{file} [{key}]"))),
            );
        }
    }
    for (key, entry) in &table("debian.toml") {
        let perl = text(entry, "perl").map(|perl| format!("perlPackages.{perl}"));
        let attr = text(entry, "attr").map(str::to_owned);
        named.extend(
            perl.or(attr)
                .map(|attr| (attr, format!("debian.toml [{key}]"))),
        );
    }
    let crates = table("crates.toml");
    for (key, entry) in crates
        .get("crate")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        let lists = ["libraries", "tools"]
            .iter()
            .filter_map(|list| entry.get(list)?.as_array());
        let attrs = lists.flatten().filter_map(Value::as_str);
        named.extend(attrs.map(|attr| (attr.to_owned(), format!("crates.toml [crate.{key}]"))));
    }
    for (file, rules) in files() {
        let list = |key: &str| {
            rules
                .get(key)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
        };
        for rule in list("library") {
            let attr = text(rule, "attr").map(str::to_owned);
            named.extend(attr.map(|attr| (attr, file.clone())));
        }
        for rule in list("path").chain(list("last-path")) {
            let attr = rule
                .get("decide")
                .and_then(|decide| text(decide, "package"));
            named.extend(attr.map(|attr| (attr.to_owned(), file.clone())));
        }
    }
    assert!(named.len() > 300, "{}", named.len());
    named
}

/// Whether this repository packages it, rather than nixpkgs.
fn is_own(attr: &str) -> bool {
    repository().join("pkgs/build-support").join(attr).exists()
        || [".nix", "/default.nix"].into_iter().any(|file| {
            repository()
                .join(format!("pkgs/outside/{attr}{file}"))
                .exists()
        })
}

#[test]
fn every_attribute_named_is_defined() {
    let nixpkgs = table("attributes.toml");
    let listed = |attr: &str| nixpkgs.contains_key(attr);
    // `font-awesome_4.src`: an output or a part of a listed package.
    let part = |attr: &str| {
        attr.rsplit_once('.')
            .is_some_and(|(package, _)| listed(package))
    };
    let lacking: Vec<String> = named()
        .into_iter()
        .filter(|(attr, _)| !listed(attr) && !part(attr) && !is_own(attr))
        .map(|(attr, place)| format!("{attr} ({place})"))
        .collect();
    assert!(
        lacking.is_empty(),
        "not in rules/nixpkgs/attributes.toml:\n{}",
        lacking.join("\n")
    );
}

#[test]
fn definitions_have_the_shape_of_nixpkgs_files() {
    for (attr, entry) in &table("attributes.toml") {
        let file = text(entry, "file").unwrap_or_else(|| panic!("{attr} has no file"));
        assert!(is_nixpkgs_path(file), "{attr}: {file}");
        let via = text(entry, "via");
        assert!(via.is_none_or(is_nixpkgs_path), "{attr}: {via:?}");
        // pkgs/by-name names a package by its directory. Any other name needs the file that defines
        // it.
        if let Some(directory) = by_name_directory(file).filter(|_| via.is_none()) {
            let shard: String = attr.to_lowercase().chars().take(2).collect();
            assert_eq!(directory, format!("{shard}/{attr}"), "{attr}: {file}");
        }
    }
}

/// Returns the nixpkgs release of the flake: `26.05` for its input `nixos-26.05`.
fn release() -> String {
    let flake = std::fs::read_to_string(repository().join("flake.nix")).unwrap();
    let start = flake.find("nixos-").expect("flake.nix names no release") + "nixos-".len();
    flake[start..].chars().take(5).collect()
}

/// Only the flake names the release of nixpkgs; its lock and the table of files agree.
#[test]
fn the_release_is_named_once() {
    let release = release();
    assert!(is_release(&release), "{release}");
    let lock = std::fs::read_to_string(repository().join("flake.lock")).unwrap();
    assert!(lock.contains(&format!("\"ref\": \"nixos-{release}\"")));
    let head = std::fs::read_to_string(repository().join("rules/nixpkgs/attributes.toml")).unwrap();
    assert!(
        head.lines()
            .any(|line| line.contains(&format!("nixos-{release}")))
    );
    let mut named = Vec::new();
    for directory in [
        "rules",
        "nix",
        "overlays",
        "pkgs/build-support",
        "pkgs/outside",
        "crates",
        "xtask/src",
    ] {
        for entry in walkdir::WalkDir::new(repository().join(directory)) {
            let path = entry.unwrap().into_path();
            let Ok(text) = std::fs::read_to_string(&path) else {
                continue;
            };
            let says = |at: usize| text.get(at..at + 5).is_some_and(is_release);
            let found = text
                .match_indices("nixpkgs ")
                .any(|(at, word)| says(at + word.len()));
            if found || text.contains("python3.1") {
                named.push(path);
            }
        }
    }
    assert!(
        named.is_empty(),
        "a release of nixpkgs or Python: {named:?}"
    );
}

/// Whether a text has the form `25.11`, `26.05`.
fn is_release(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 5
        && bytes[2] == b'.'
        && text
            .chars()
            .enumerate()
            .all(|(at, c)| at == 2 || c.is_ascii_digit())
}

/// A name may exist from a release on, up to one, or neither, but in at least one of those
/// considered.
#[test]
fn names_stand_in_the_release_that_is_taken() {
    let release = release();
    for (attr, entry) in &table("attributes.toml") {
        for key in ["since", "until"] {
            let said = text(entry, key);
            assert!(said.is_none_or(is_release), "{attr}: {key} {said:?}");
        }
        assert!(
            text(entry, "since").is_none_or(|since| since <= release.as_str()),
            "{attr} is younger than {release}"
        );
        assert!(
            text(entry, "until").is_none_or(|until| until >= release.as_str()),
            "{attr} is gone from {release}"
        );
        let formerly = text(entry, "formerly");
        assert!(formerly.is_none_or(is_nixpkgs_path), "{attr}: {formerly:?}");
        assert!(formerly != text(entry, "file"), "{attr}: it has not moved");
    }
}

/// The list of differences from Debian is complete, with every fix and every point.
#[test]
fn differences_are_mended_and_shown() {
    let differences = table("differences.toml");
    assert!(!differences.is_empty());
    let nixpkgs = table("attributes.toml");
    let all = |array: &str, key: &str| -> BTreeSet<String> {
        let files = files().into_iter();
        files
            .flat_map(|(_, rules)| entries(&rules, array, key))
            .collect()
    };
    let points = all("point", "id");
    let features = all("feature", "name");
    let paths = all("path", "name");
    let directories = all("directory", "name");
    for (attr, entry) in &differences {
        assert!(
            nixpkgs.contains_key(attr),
            "{attr} is not in attributes.toml"
        );
        for key in ["differs", "evidence", "breaks"] {
            assert!(text(entry, key).is_some(), "{attr} has no {key}");
        }
        let file = nixpkgs.get(attr).and_then(|one| text(one, "file"));
        assert!(
            text(entry, "evidence").is_some_and(|said| said.starts_with(file.unwrap_or("?"))),
            "{attr}: its evidence is not its file, {file:?}"
        );
        for mend in strings(entry, "mend") {
            let is_there = match mend.split_once('.') {
                Some(("feature", name)) => features.contains(name),
                Some(("path", name)) => paths.contains(name),
                Some(("system", name)) => directories.contains(name),
                _ => repository().join(&mend).exists(),
            };
            assert!(is_there, "{attr}: there is no {mend}");
        }
        assert!(
            !strings(entry, "mend").is_empty(),
            "{attr}: nothing mends it"
        );
        let shown = strings(entry, "point");
        assert!(!shown.is_empty(), "{attr}: no point shows it");
        for point in shown {
            assert!(
                points.contains(&point),
                "{attr}: no point is called {point}"
            );
        }
    }
}

/// Returns the texts of a list.
fn strings(table: &Value, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Returns the values of `key` in the tables of an array.
fn entries(table: &Table, array: &str, key: &str) -> BTreeSet<String> {
    let list = table.get(array).and_then(Value::as_array);
    let names = list.into_iter().flatten().filter_map(|one| text(one, key));
    names.map(str::to_owned).collect()
}

fn is_nixpkgs_path(path: &str) -> bool {
    path.starts_with("pkgs/")
        && Path::new(path)
            .extension()
            .is_some_and(|extension| extension == "nix")
}

/// Returns `zs/zsh` for `pkgs/by-name/zs/zsh/package.nix`.
fn by_name_directory(file: &str) -> Option<&str> {
    file.strip_prefix("pkgs/by-name/")?
        .strip_suffix("/package.nix")
}

#[test]
fn a_program_has_one_giver() {
    let mut seen = BTreeSet::new();
    let mut programs = |name: &str, entry: &Value| {
        for program in entry
            .get("programs")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let program = program.as_str().unwrap_or_default().to_owned();
            assert!(seen.insert(program.clone()), "{program}: again in [{name}]");
        }
    };
    let mut tables = table("programs.toml");
    let missing = tables.remove("missing");
    let missing = missing
        .as_ref()
        .and_then(Value::as_table)
        .into_iter()
        .flatten();
    for (name, entry) in tables.iter().chain(missing) {
        programs(name, entry);
    }
    for (file, rules) in files() {
        if file.contains("/sources/") {
            programs(&file, &Value::Table(rules));
        }
    }
    assert!(seen.len() > 100, "only {} programs were read", seen.len());
}

/// A Debian package and a Perl module of the same distribution must name the same attribute.
#[test]
fn perl_attributes_agree() {
    let perl: BTreeSet<String> = table("perl.toml")
        .values()
        .filter_map(|entry| text(entry, "attr"))
        .map(str::to_owned)
        .collect();
    let debian: BTreeSet<String> = table("debian.toml")
        .values()
        .filter_map(|entry| text(entry, "perl"))
        .map(str::to_owned)
        .collect();
    let unknown: Vec<_> = perl.difference(&debian).collect();
    assert!(
        unknown.is_empty(),
        "modules in use whose Debian package debian.toml does not name: {unknown:?}"
    );
}
