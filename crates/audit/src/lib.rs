//! A built output to what it still assumes of Debian: left-over paths, references to what is not there, commands that
//! no search path has, and how much its closure weighs.
//!
//! Files are read one after the other by every processor: those that a scanner of [`scan`] knows, as their source was
//! scanned; programs by their sections ([`elf`]); others as bytes. What is large is read in pieces ([`pieces`]), and
//! only so many findings of a kind are held ([`findings`]), so that memory is bounded by the number of names.

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

/// Entries that are read before their findings are put together: a bound for memory, not for speed.
const BATCH: usize = 4096;

/// What an audit is asked.
pub struct Options<'a> {
    /// The store's directory; `None`: `NIX_STORE_DIR`, else the one that the first output lies in, else `/nix/store`.
    pub store: Option<PathBuf>,
    /// What the releases keep.
    pub kept: &'a [Kept],
    /// Which calls run commands.
    pub calls: &'a Calls,
    /// The programs that are in `/run/wrappers/bin`.
    pub wrappers: BTreeSet<String>,
    /// Whether the closure is weighed, for which every file in it is read.
    pub weigh: bool,
}

/// How much one store path weighs.
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

/// What an audit found.
#[derive(Debug, Clone, Default)]
pub struct Audit {
    /// The outputs, as they were named.
    pub outputs: Vec<String>,
    /// Regular files in them.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Symbolic links in them.
    pub links: u64,
    /// What was found, by code and place.
    pub problems: Vec<Problem>,
    /// How many more there are of a code than are listed.
    pub more: BTreeMap<&'static str, u64>,
    /// The closure, heaviest first; empty where it was not weighed.
    pub closure: Vec<Weight>,
}

impl Audit {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
    }
}

/// What all of an audit's files are read with.
struct Context<'a> {
    store: Store,
    keeping: Keeping<'a>,
    calls: &'a Calls,
    shelves: Shelves,
}

/// Audits outputs.
///
/// # Errors
/// An output that is not there.
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

/// The outputs with their links resolved; a name that leads nowhere is an error.
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

/// How an output is named in places: as it was given, or, through a link such as `result`, where it leads.
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
