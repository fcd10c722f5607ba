//! Lays out a release as a link does, from its rewritten sources without Nix: every file that
//! Makefiles or `debian/` install, patched and with closed placeholders, in a store whose packages
//! contain what the code needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use analyse::{Analysis, Knowledge};
use decide::kept::{Kept, KeptFile, NAME};
use decide::rules::Provider;
use decide::{Context, Decision};
use emit::release::generate;
use patch::edits::edits;
use patch::rewrite::{PADDED_LENGTH, Theme, apply};
use rayon::prelude::*;
use scan::{Kind, Language};

/// A laid out release.
pub struct Linked {
    /// The store.
    pub store: PathBuf,
    /// The link in it.
    pub output: PathBuf,
    /// The kept texts, as `regen` writes them.
    pub kept: Kept,
}

/// Returns a store path's name, with a hash made from the name.
pub fn base(name: &str) -> String {
    const LETTERS: &[u8] = b"0123456789abcdfghijklmnpqrsvwxyz";
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (0..32).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(LETTERS[usize::try_from(state >> 59).unwrap_or_default()])
    });
    let hash: String = hash.collect();
    format!("{hash}-{name}")
}

/// Writes a file, and creates its directories.
pub fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
    fs::write(path, bytes).expect("written");
}

/// Lays out a release below `directory`.
pub fn lay(analysis: &Analysis, knowledge: &Knowledge, directory: &Path) -> Linked {
    let directory = directory.canonicalize().expect("a directory");
    let store = directory.join("store");
    let output = store.join(base("pve-1"));
    let generated = generate(analysis, knowledge).unwrap_or_else(|_| panic!("it is generated"));
    let kept: Kept =
        serde_json::from_slice(&generated.output.files()[NAME]).expect("as it was written");
    let texts = rewritten(analysis, knowledge, &kept);
    let path = format!(
        "/run/wrappers/bin:{}/bin:{}/bin",
        output.display(),
        store.join(base("commands")).display()
    );
    let mut wanted = commands(analysis, knowledge, &store);
    let placeholder =
        regex::bytes::Regex::new(r"@([A-Za-z0-9_-]+)@((?:/[A-Za-z0-9._+-]*)*)").expect("a pattern");
    for (place, bytes) in texts {
        let closed = placeholder.replace_all(&bytes, |found: &regex::bytes::Captures| {
            let (name, below) = (text(&found[1]), text(&found[2]));
            let root = match name.as_str() {
                "path" => return path.clone().into_bytes(),
                "pve" | "out" => output.clone(),
                // Upstream's own text contains these.
                _ if below.is_empty() => return found[0].to_vec(),
                _ => store.join(base(&name)),
            };
            let below = below.trim_start_matches('/');
            if name != "pve" || !below.is_empty() {
                wanted.insert(if below.is_empty() || below.ends_with('/') {
                    root.join(below).join("something")
                } else {
                    root.join(below)
                });
            }
            format!("{}/{below}", root.display()).into_bytes()
        });
        write(&output.join(place), &with_path(&closed, &path));
    }
    // Longer paths come first, so that the shorter one becomes a directory.
    for file in wanted.iter().rev() {
        if file.symlink_metadata().is_err() {
            write(file, b"");
        }
    }
    Linked {
        store,
        output,
        kept,
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Edits programs and services as the link does.
fn with_path(bytes: &[u8], path: &str) -> Vec<u8> {
    if let Some(rest) = bytes.strip_prefix(b"[Unit]") {
        let service = format!("[Service]\nEnvironment=PATH={path}\n");
        return [
            b"[Unit]",
            text(rest).replacen("[Service]\n", &service, 1).as_bytes(),
        ]
        .concat();
    }
    bytes.to_vec()
}

/// Returns the installed files, as they are built.
fn rewritten(analysis: &Analysis, knowledge: &Knowledge, kept: &Kept) -> BTreeMap<String, Vec<u8>> {
    let mut by_source: BTreeMap<&str, Vec<&KeptFile>> = BTreeMap::new();
    for file in &kept.files {
        by_source.entry(&file.source).or_default().push(file);
    }
    let roles = analysis.graph.roles();
    let made: Vec<BTreeMap<String, Vec<u8>>> = analysis
        .sources
        .par_iter()
        .map(|source| {
            let edits = edits(
                source,
                &roles,
                &knowledge.rules.features,
                &analysis.programs,
                &kept.release,
            );
            let edits = edits.unwrap_or_else(|_| panic!("it is edited"));
            let mut files = BTreeMap::new();
            for file in by_source
                .get(source.source.name.as_str())
                .into_iter()
                .flatten()
            {
                let edited = edits.files.iter().find(|edited| edited.path == file.path);
                let bytes = match edited {
                    Some(edited) => apply(&edited.original, &edited.edits, Theme::Crates),
                    None => original(source, &file.path),
                };
                if file.at.is_empty() && file.language == Language::Javascript {
                    let joined: &mut Vec<u8> = files
                        .entry(format!("share/js/{}.js", file.source))
                        .or_default();
                    joined.extend_from_slice(&bytes);
                }
                // A unit of a package that is not built, the backup server's, is left out.
                let mut decided = source.decided.iter().filter(|one| one.path == file.path);
                let is_built = decided.any(|one| one.context != Context::Build);
                let is_left_out = |place: &str| place.starts_with("lib/systemd/") && !is_built;
                for place in file.at.iter().filter(|place| !is_left_out(place)) {
                    files.insert(place.clone(), bytes.clone());
                }
            }
            files
        })
        .collect();
    made.into_iter().flatten().collect()
}

fn original(source: &analyse::AnalysedSource, path: &str) -> Vec<u8> {
    let tree = &source.source.tree;
    let entry = tree
        .entries()
        .iter()
        .find(|entry| entry.path == path)
        .expect("it is listed");
    tree.read(&[entry])
        .map(|mut all| all.remove(0))
        .unwrap_or_default()
}

/// Returns the programs that run by name on the host and have a package.
fn commands(analysis: &Analysis, knowledge: &Knowledge, store: &Path) -> BTreeSet<PathBuf> {
    let decided = analysis.sources.iter().flat_map(|source| &source.decided);
    let run = decided
        .filter(|one| one.occurrence.kind == Kind::BareCommand && one.context == Context::Host);
    let provided = run.filter_map(|one| match &one.decision {
        Decision::Command { program, .. } => match knowledge.rules.programs.get(program) {
            Some(Provider::Unpinned { .. }) => None,
            _ => Some(program),
        },
        _ => None,
    });
    provided
        .map(|program| store.join(base("commands")).join("bin").join(program))
        .collect()
}

/// Makes a program as a compiler does, with literals that the link has closed: some bytes of ELF
/// headers, and `texts`.
pub fn padded(root: &Path, below: &str) -> Vec<u8> {
    let mut text = root.display().to_string().into_bytes();
    text.resize(PADDED_LENGTH, b'/');
    text.extend_from_slice(below.as_bytes());
    text
}
