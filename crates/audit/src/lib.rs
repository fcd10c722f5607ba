//! Audits a built output for remaining assumptions about Debian: left-over paths, references to
//! missing files, commands on no search path, and the size of its closure.
//!
//! Every processor audits one file after the other. Files in a language that [`scan`] knows are
//! scanned like their source, programs by their sections ([`elf`]), others as bytes. Large files
//! are read in pieces ([`pieces`]), and findings are limited ([`findings`]), so only the number of
//! names determines the memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use decide::kept::Kept;
use problem::{Problem, USAGE};
use scan::calls::Calls;

mod file;
pub mod findings;
mod include;
mod joined;
pub mod keep;
mod link;
mod machine;
pub mod pieces;
mod search;
mod sizes;
pub mod store;
mod text;
mod walk;

use file::Seen;
use findings::Findings;
use keep::Keeping;
use search::{Search, Shelves};
use store::Store;
use walk::{Node, Root};

/// The number of entries to audit before their findings are merged. It limits memory and does not
/// affect speed.
const BATCH: usize = 4096;

/// The options of an audit.
pub struct Options<'a> {
    /// The store's directory. `None` means `NIX_STORE_DIR`, or else the store that contains the
    /// first output, or else `/nix/store`.
    pub store: Option<PathBuf>,
    /// The texts that the releases keep.
    pub kept: &'a [Kept],
    /// The calls that run commands.
    pub calls: &'a Calls,
    /// The programs in `/run/wrappers/bin`.
    pub wrappers: BTreeSet<String>,
    /// Whether to weigh the closure, which reads every file in it.
    pub weigh: bool,
}

/// The size of one store path.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Weight {
    /// The store path.
    pub path: String,
    /// Its name without the hash.
    pub package: String,
    /// Bytes of its files and links.
    pub bytes: u64,
    /// Files in it.
    pub files: u64,
}

/// The result of an audit.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// The outputs, as the caller named them.
    pub outputs: Vec<String>,
    /// Regular files in them.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Symbolic links in them.
    pub links: u64,
    /// The findings, by code and place.
    pub problems: Vec<Problem>,
    /// The number of unlisted findings for each code.
    pub more: BTreeMap<&'static str, u64>,
    /// The closure, largest first; empty if it was not weighed.
    pub closure: Vec<Weight>,
}

impl Audit {
    /// Whether there are no findings.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// The input that all of an audit's files share.
struct Context<'a> {
    store: Store,
    keeping: Keeping<'a>,
    calls: &'a Calls,
    shelves: Shelves,
}

/// Audits outputs.
///
/// # Errors
/// An output does not exist.
pub fn audit(outputs: &[PathBuf], options: &Options) -> Result<Audit, Vec<Problem>> {
    let roots = roots(outputs)?;
    let store = options
        .store
        .clone()
        .unwrap_or_else(|| store::directory(&roots[0].path));
    let store = Store::new(&store);
    let context = Context {
        shelves: Shelves::new(store.machine.clone(), options.wrappers.clone()),
        store,
        keeping: Keeping::new(options.kept),
        calls: options.calls,
    };
    let mut audit = Audit {
        outputs: roots.iter().map(|root| root.shown.clone()).collect(),
        ..Audit::default()
    };
    let mut findings = Findings::default();
    let mut names = BTreeSet::new();
    for root in &roots {
        one(root, &context, &mut audit, &mut findings, &mut names);
        names.extend(context.store.base_of(&root.path));
    }
    if options.weigh {
        audit.closure = sizes::closure(&context.store, &names);
    }
    (audit.problems, audit.more) = findings.sorted();
    Ok(audit)
}

/// Resolves the links of the outputs' paths. A path that leads nowhere is an error.
fn roots(outputs: &[PathBuf]) -> Result<Vec<Root>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut roots: Vec<Root> = Vec::new();
    for output in outputs {
        match output.canonicalize() {
            Ok(path) if roots.iter().any(|root| root.path == path) => {}
            Ok(path) => {
                let shown = shown(output, &path);
                roots.push(Root::new(path, shown));
            }
            Err(error) => {
                let problem = Problem::new(&USAGE, format!("{}: {error}", output.display()));
                problems.push(
                    problem
                        .mend("Name an output that is built: `nix build` leaves a link `result`."),
                );
            }
        }
    }
    if roots.is_empty() && problems.is_empty() {
        problems.push(Problem::new(&USAGE, "no output is named"));
    }
    if problems.is_empty() {
        Ok(roots)
    } else {
        Err(problems)
    }
}

/// Returns an output's name in reports: as given or, for a link such as `result`, its target.
fn shown(given: &Path, path: &Path) -> String {
    let is_link = given.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
    let named = if is_link { path } else { given };
    named.display().to_string().trim_end_matches('/').to_owned()
}

/// Audits one output.
fn one(
    root: &Root,
    context: &Context,
    audit: &mut Audit,
    findings: &mut Findings,
    names: &mut BTreeSet<String>,
) {
    let mut search = Search::of(root, &context.store);
    let mut nodes = walk::nodes(root);
    loop {
        let batch: Vec<Node> = nodes.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let seen: Vec<Seen> = batch
            .par_iter()
            .map(|node| file::look(root, node, context))
            .collect();
        for one in seen {
            audit.files += u64::from(one.is_file);
            audit.links += u64::from(one.is_link);
            audit.bytes += one.bytes;
            names.extend(one.names);
            findings.merge(one.findings);
            search.wait(one.commands, one.paths);
        }
    }
    search.settle(&context.shelves, findings);
}
