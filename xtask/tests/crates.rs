//! The crates depend on one another as drawn in `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{CargoOpt, DependencyKind, MetadataCommand};

/// The crates that each crate uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the dependencies in the manifests of the compiler's crates and its command line.
fn manifests() -> Uses {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .no_deps()
        .exec()
        .expect("cargo reads the workspace");
    let ours = metadata.packages.iter().filter(|one| {
        let path = one.manifest_path.as_str();
        path.contains("/crates/") || path.ends_with("/xtask/Cargo.toml")
    });
    let uses = ours.map(|one| {
        let used = one
            .dependencies
            .iter()
            .filter(|used| used.path.is_some() && used.kind == DependencyKind::Normal)
            .map(|used| used.name.clone());
        (one.name.to_string(), used.collect())
    });
    uses.collect()
}

fn document() -> String {
    fs::read_to_string(root().join("docs/architecture.md")).expect("readable")
}

/// Returns the arrows of the drawing and the crates of its ground floor.
fn drawing(document: &str) -> (Uses, BTreeSet<String>) {
    let drawing = document.split("```mermaid\n").nth(1).expect("a drawing");
    let drawing = drawing.split("```").next().expect("its end");
    let mut arrows = Uses::new();
    let mut ground = BTreeSet::new();
    let mut is_ground = false;
    for line in drawing.lines().map(str::trim) {
        match line {
            _ if line.starts_with("subgraph ground") => is_ground = true,
            "end" => is_ground = false,
            _ if is_ground => drop(ground.insert(line.to_owned())),
            _ => {
                if let Some((from, to)) = line.split_once(" --> ") {
                    arrows
                        .entry(from.to_owned())
                        .or_default()
                        .insert(to.to_owned());
                }
            }
        }
    }
    (arrows, ground)
}

/// Returns every crate that `from` uses, directly or through others.
fn reached(uses: &Uses, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = vec![from];
    while let Some(one) = next.pop() {
        for used in uses.get(one).into_iter().flatten() {
            if found.insert(used.clone()) {
                next.push(used);
            }
        }
    }
    found
}

/// Removes the arrows that a longer path makes redundant, and those to the ground floor.
fn shortened(uses: &Uses, ground: &BTreeSet<String>) -> Uses {
    let mut short = Uses::new();
    for (from, used) in uses {
        let used: BTreeSet<String> = used.difference(ground).cloned().collect();
        let by_way = |one: &&String| {
            let mut others = used.iter().filter(|other| other != one);
            others.any(|other| reached(uses, other).contains(*one))
        };
        let direct: BTreeSet<String> = used.iter().filter(|one| !by_way(one)).cloned().collect();
        if !direct.is_empty() {
            short.insert(from.clone(), direct);
        }
    }
    short
}

#[test]
fn the_drawing_is_what_the_manifests_say() {
    let (arrows, ground) = drawing(&document());
    let mut uses = manifests();
    assert!(uses.len() > 15, "{uses:?}");
    for crate_ in &ground {
        let used = uses.remove(crate_).unwrap_or_default();
        assert!(
            used.is_subset(&ground),
            "{crate_} is drawn on the ground floor and uses {used:?}"
        );
    }
    assert_eq!(arrows, shortened(&uses, &ground));
}

#[test]
fn the_table_has_a_row_for_every_crate() {
    let document = document();
    let table = document
        .split("| crate | input → output |\n")
        .nth(1)
        .expect("a table");
    let rows = table
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("| `"));
    let names: BTreeSet<String> = rows
        .filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
        .collect();
    assert_eq!(names, manifests().into_keys().collect());
}
