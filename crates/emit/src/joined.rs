//! `join`: writes a program's tree as its derivation has it, for cargo alone.
//!
//! Files of other languages stay as upstream has them: the tree is for `cargo build` on a machine
//! that need not have Nix, and its Makefiles expect Debian's. Placeholders become paths below a
//! prefix, with one directory for each package.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, value};

use analyse::{AnalysedSource, Analysis, Knowledge};
use cargo::{Program, lock};
use decide::matcher::is_below;
use patch::edits::{self, Edits};
use patch::rewrite::{Fill, Placeholders, Theme, apply};
use problem::{MISSING_SOURCE, OUTPUT_FAILED, Problem};
use release::checkout;
use scan::Language;

/// Writes the joined tree of `program` to `directory`, which must not exist yet.
///
/// # Errors
/// A source is missing, an edit is impossible, or a write fails. An incomplete tree is removed.
pub fn write(
    analysis: &Analysis,
    program: &Program,
    knowledge: &Knowledge,
    prefix: &str,
    directory: &Path,
) -> Result<(), Vec<Problem>> {
    let failed = |error: std::io::Error| {
        let cause = format!("{}: {error}", directory.display());
        vec![Problem::new(&OUTPUT_FAILED, cause)]
    };
    let above = directory
        .parent()
        .filter(|path| !path.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    std::fs::create_dir_all(above).map_err(failed)?;
    let staged = tempfile::Builder::new()
        .prefix(".join")
        .tempdir_in(above)
        .map_err(failed)?;
    let roles = analysis.graph.roles();
    let mut env: BTreeMap<String, String> = BTreeMap::new();
    for (name, known) in &program.sources {
        let source = analysis
            .sources
            .iter()
            .find(|one| one.source.name == *known);
        let source = source.ok_or_else(|| {
            let cause = format!("{} is built from it, and it could not be had", program.name);
            vec![Problem::new(&MISSING_SOURCE, cause).in_source(known)]
        })?;
        let features = &knowledge.rules.features;
        let edits = edits::edits(
            source,
            &roles,
            features,
            &analysis.programs,
            &analysis.manifest.name,
        )?;
        let read = read(&edits, program, name);
        let filled = filled(&edits.env, prefix, program).into_iter();
        env.extend(filled.filter(|(variable, _)| read.contains(variable)));
        one(
            source,
            &edits,
            prefix,
            program,
            &staged.path().join(program.place(name, "")),
        )
        .map_err(|one| vec![one])?;
    }
    std::fs::write(staged.path().join(lock::place(program)), &program.lock).map_err(failed)?;
    let config = staged.path().join(".cargo");
    std::fs::create_dir(&config).map_err(failed)?;
    std::fs::write(
        config.join("config.toml"),
        configuration(&env, program.rustc_flags()),
    )
    .map_err(failed)?;
    std::fs::rename(staged.path(), directory).map_err(failed)?;
    // The tree is in place, so there is nothing left to remove.
    drop(staged.keep());
    Ok(())
}

/// Returns those of the source's variables that the program's crates read.
fn read(edits: &Edits, program: &Program, source: &str) -> BTreeSet<String> {
    let crates = program.crates.iter().filter(|one| one.source == source);
    let roots: Vec<&str> = crates.map(|one| one.path.as_str()).collect();
    let files = edits.files.iter();
    let files = files.filter(|file| {
        roots
            .iter()
            .any(|root| root.is_empty() || is_below(&file.path, root))
    });
    let replaced = files.flat_map(|file| file.edits.iter().map(|edit| edit.replacement.as_str()));
    let replaced: Vec<&str> = replaced.collect();
    let is_read = |variable: &&String| {
        let call = format!("env!(\"{variable}\")");
        replaced.iter().any(|text| text.contains(&call))
    };
    edits.env.keys().filter(is_read).cloned().collect()
}

/// Returns the value of each variable or placeholder.
fn filled(
    placeholders: &Placeholders,
    prefix: &str,
    program: &Program,
) -> BTreeMap<String, String> {
    let path = |fill: &Fill| match fill {
        Fill::Attr(name, _) | Fill::Source(name) => format!("{prefix}/{name}"),
        Fill::Own => format!("{prefix}/{}", program.name),
        Fill::Link => format!("{prefix}/pve"),
    };
    let pairs = placeholders.iter();
    pairs
        .map(|(name, fill)| (name.clone(), path(fill)))
        .collect()
}

/// Writes Cargo's configuration for the whole tree: the variables that rewritten Rust reads, and
/// rustc's flags.
fn configuration(env: &BTreeMap<String, String>, flags: Option<&str>) -> String {
    let mut document = DocumentMut::new();
    let mut table = Table::new();
    for (name, path) in env {
        table.insert(name, value(path));
    }
    document.insert("env", Item::Table(table));
    if let Some(flags) = flags {
        let mut build = Table::new();
        let list: Array = flags.split(' ').collect();
        build.insert("rustflags", value(list));
        document.insert("build", Item::Table(build));
    }
    document.to_string()
}

/// Writes one source with its edited Rust and Cargo files.
fn one(
    source: &AnalysedSource,
    edits: &Edits,
    prefix: &str,
    program: &Program,
    directory: &Path,
) -> Result<(), Problem> {
    let fills = filled(&edits.placeholders, prefix, program);
    let edited: BTreeMap<&str, Vec<u8>> = edits
        .files
        .iter()
        .filter(|file| !file.deleted)
        .filter(|file| {
            file.language == Some(Language::Rust)
                || file.edits.iter().any(|edit| edit.theme == Theme::Crates)
        })
        .map(|file| {
            let mut replaced = file.edits.clone();
            for edit in &mut replaced {
                for (name, path) in &fills {
                    edit.replacement = edit.replacement.replace(&format!("@{name}@"), path);
                }
            }
            let bytes = apply(&file.original, &replaced, Theme::Crates);
            (file.path.as_str(), bytes)
        })
        .collect();
    checkout::write(
        directory,
        &source.source,
        |_| true,
        |entry, bytes| {
            Ok(Some(
                edited.get(entry.path.as_str()).cloned().unwrap_or(bytes),
            ))
        },
    )
}
