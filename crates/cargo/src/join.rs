//! The joined tree, with every source of a program side by side: the edits of its files.

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value};

use super::{Program, below};
use problem::{BAD_CARGO_MANIFEST, Problem};
use release::{Entry, Source};

/// A crate's name, and its directory in the joined tree.
pub type Place = (String, String);

/// Returns the files of the program's own source that must change so that cargo takes crates from
/// the joined tree: the root manifest, and every Cargo configuration that cargo reads for it.
pub fn changing<'s>(program: &Program, source: &'s Source) -> Vec<&'s Entry> {
    let manifest = below(&program.root, "Cargo.toml");
    let mut paths = vec![manifest];
    let mut directory = Some(program.root.as_str());
    while let Some(path) = directory {
        for name in ["config.toml", "config"] {
            paths.push(below(path, &format!(".cargo/{name}")));
        }
        let above = path.rsplit_once('/').map(|(above, _)| above);
        directory = above.or_else(|| (!path.is_empty()).then_some(""));
    }
    let entries = source.tree.entries().iter();
    entries
        .filter(|entry| paths.contains(&entry.path))
        .collect()
}

/// Edits one of the files that [`changing`] returns. Comments, order and everything else stay.
///
/// # Errors
/// PNX-212: the file is not TOML.
pub fn changed(program: &Program, path: &str, text: &str) -> Result<String, Problem> {
    let document = text.parse::<DocumentMut>().map_err(|error| {
        let head = error.span().and_then(|span| text.get(..span.start));
        let line = head.map(|head| head.matches('\n').count() + 1);
        Problem::new(&BAD_CARGO_MANIFEST, error.message().to_owned())
            .in_source(&program.source)
            .at(path, line.and_then(|line| u32::try_from(line).ok()))
    })?;
    Ok(if path.ends_with("Cargo.toml") {
        with_patches(document, program)
    } else {
        without_apt(document)
    })
}

/// Returns the crates of `[patch.crates-io]`, sorted.
fn patches(program: &Program) -> impl Iterator<Item = Place> + '_ {
    let crates = program.crates.iter();
    let named = crates.filter(|one| program.patch.contains(&one.name));
    let mut places: Vec<Place> = named
        .map(|one| (one.name.clone(), program.place(&one.source, &one.path)))
        .collect();
    places.sort();
    places.into_iter()
}

/// Adds `[patch.crates-io]` with relative paths to the root manifest.
fn with_patches(mut document: DocumentMut, program: &Program) -> String {
    let up = "../".repeat(program.directory().split('/').count());
    let mut table = match document
        .get("patch")
        .and_then(|patch| patch.get("crates-io"))
    {
        Some(Item::Table(table)) => table.clone(),
        _ => Table::new(),
    };
    table.retain(|_, _| false);
    for (name, directory) in patches(program) {
        let mut place = InlineTable::new();
        place.insert("path", Value::from(format!("{up}{directory}")));
        table.insert(&name, Item::Value(Value::InlineTable(place)));
    }
    let patch = document.entry("patch").or_insert_with(|| {
        let mut patch = Table::new();
        patch.set_implicit(true);
        Item::Table(patch)
    });
    if let Some(patch) = patch.as_table_like_mut() {
        if table.is_empty() {
            patch.remove("crates-io");
        } else {
            patch.insert("crates-io", Item::Table(table));
        }
        if patch.is_empty() {
            document.remove("patch");
        }
    }
    document.to_string()
}

/// Removes replacements of crates.io from Cargo's configuration, above all Debian's registry.
fn without_apt(mut document: DocumentMut) -> String {
    document.remove("source");
    document.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::LocalCrate;
    use super::*;

    fn program() -> Program {
        let local = |name: &str, source: &str, path: &str| LocalCrate {
            name: name.to_owned(),
            source: source.to_owned(),
            path: path.to_owned(),
            ..LocalCrate::default()
        };
        Program {
            name: "term".to_owned(),
            source: "hive-rs".to_owned(),
            root: "term".to_owned(),
            patch: vec!["comb".to_owned(), "wax".to_owned()],
            crates: vec![
                local("term", "hive-rs", "term"),
                local("wax", "wax-rs", ""),
                local("comb", "hive-lib", "comb"),
            ],
            ..Program::default()
        }
    }

    #[test]
    fn crates_by_path_follow_what_upstream_wrote() {
        let text = "# Ours.\n[package]\nname = \"term\" # short\n\n[patch.crates-io]\n# comb = { path = \"../x\" }\nold = { path = \"/usr/src/old\" }\n";
        let changed = changed(&program(), "term/Cargo.toml", text).expect("a manifest");
        assert!(
            changed.starts_with("# Ours.\n[package]\nname = \"term\" # short\n\n"),
            "{changed}"
        );
        assert!(
            changed.ends_with(
                "[patch.crates-io]\ncomb = { path = \"../../hive-lib/comb\" }\nwax = { path = \"../../wax-rs\" }\n"
            ),
            "{changed}"
        );
        let plain = super::changed(
            &program(),
            "term/Cargo.toml",
            "[package]\nname = \"term\"\n",
        );
        let plain = plain.expect("a manifest");
        assert!(
            plain.starts_with("[package]\nname = \"term\"\n\n[patch.crates-io]\n"),
            "{plain}"
        );
    }

    #[test]
    fn of_the_configuration_only_the_registry_goes() {
        let text = "[source]\n[source.debian-packages]\ndirectory = \"/usr/share/cargo/registry\"\n[source.crates-io]\nreplace-with = \"debian-packages\"\n\n[profile.release]\ndebug = true\n";
        let changed = changed(&program(), ".cargo/config.toml", text).expect("TOML");
        assert_eq!(changed.trim_start(), "[profile.release]\ndebug = true\n");
    }

    /// Returns the lines outside of `[patch]` and `[patch.crates-io]`, without comments, which may
    /// belong to the next table, and without the empty line before a new table.
    fn outside(text: &str) -> Vec<&str> {
        let mut is_patch = false;
        let is_outside = |line: &&str| {
            if line.starts_with('[') {
                is_patch = line.starts_with("[patch]") || line.starts_with("[patch.crates-io]");
            }
            (!is_patch || line.starts_with('#')) && !line.is_empty()
        };
        text.lines().filter(is_outside).collect()
    }

    /// Generates manifests from tables, each at most once, in any order.
    fn manifests() -> impl Strategy<Value = String> {
        const TABLES: [&str; 8] = [
            "[package]\n  name   = 'term' # short\n\nversion.workspace=true\n",
            "[workspace]\nmembers = [\n    \"a\", # first\n    \"b\",\n]\n",
            "[workspace.dependencies]\nx = { version = \"1\",features=[\"y\"] }\n# end\n",
            "[dependencies]\n\"quoted-key\" = \"1\"\nz.version = \"2\"\n",
            "[target.'cfg(unix)'.dependencies]\n\tlibc = \"0.2\"\n",
            "[patch.crates-io]\nold = { path = \"/usr/src/old\" }\nwax.path = \"../w\"\n",
            "[patch.\"https://upstream.example/x\"]\nx = { path = \"../x\" }\n",
            "[[bin]]\nname = \"t\"\n[[bin]]\nname = \"u\"\n",
        ];
        let table = proptest::sample::select(TABLES.to_vec());
        let between = proptest::sample::select(vec!["", "\n", "# a comment\n", "\n\n#\n"]);
        proptest::collection::vec((between, table), 0..12).prop_map(|drawn| {
            let mut seen = std::collections::BTreeSet::new();
            let once = drawn.into_iter().filter(|(_, table)| seen.insert(*table));
            once.flat_map(|(between, table)| [between, table]).collect()
        })
    }

    proptest! {
        #[test]
        fn lines_outside_the_patches_stay(text in manifests()) {
            let changed = changed(&program(), "term/Cargo.toml", &text).expect("a manifest");
            prop_assert_eq!(outside(&text), outside(&changed), "{}", changed);
            let document = changed.parse::<DocumentMut>().expect("TOML");
            let patches = document["patch"]["crates-io"].as_table().expect("a table");
            let names: Vec<&str> = patches.iter().map(|(name, _)| name).collect();
            prop_assert_eq!(names, ["comb", "wax"]);
            let again = super::changed(&program(), "term/Cargo.toml", &changed).expect("TOML");
            prop_assert_eq!(again, changed);
        }

        #[test]
        fn any_text_is_changed_or_refused(text in proptest::collection::vec(
            proptest::sample::select(vec!["patch", "crates-io", "source", ".", "=", "[", "]", "{", "}", "\n", "\"x\"", "1", "é", "#", " "]),
            0..24,
        ).prop_map(|parts| parts.concat())) {
            for path in ["term/Cargo.toml", ".cargo/config.toml"] {
                if let Ok(changed) = changed(&program(), path, &text) {
                    prop_assert!(changed.parse::<DocumentMut>().is_ok(), "{}", changed);
                }
            }
        }
    }
}
