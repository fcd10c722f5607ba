//! The attribute `env`: the variables that rewritten Rust reads during compilation.

use std::collections::{BTreeMap, BTreeSet};

use super::Sources;
use crate::patched;
use cargo::Program;
use decide::rules::CrateRules;
use nix::Formals;
use nix::{Binding, Expr, Part, WriteError};
use patch::rewrite::{Fill, PADDED_LENGTH};

/// The placeholder that the link closes.
const OPEN: &str = "@pve@";

/// Returns `env = { … }` for the program's crates: the variables of rewritten literals, those from
/// which crates read their source's commit, and rustc's flags. Returns nothing if all of these are
/// empty.
///
/// # Errors
/// Nix cannot name an attribute.
pub fn bindings(
    program: &Program,
    sources: &Sources,
    rules: &CrateRules,
    formals: &mut Formals,
) -> Result<Vec<Binding>, WriteError> {
    let mut variables: BTreeMap<&str, &Fill> = BTreeMap::new();
    for (directory, name) in &program.sources {
        let Some((_, made)) = sources.get(name.as_str()) else {
            continue;
        };
        let crates = program.crates.iter().filter(|one| one.source == *directory);
        let roots: Vec<&str> = crates.map(|one| one.path.as_str()).collect();
        let read: BTreeSet<String> = made
            .patches
            .iter()
            .flat_map(|patch| read(&String::from_utf8_lossy(&patch.bytes), &roots))
            .collect();
        let own = made
            .edits
            .env
            .iter()
            .filter(|(name, _)| read.contains(*name));
        variables.extend(own.map(|(name, fill)| (name.as_str(), fill)));
    }
    let mut set = Vec::new();
    for (name, fill) in variables {
        set.push((name, value(fill, formals)?));
    }
    set.extend(commits(program, sources, rules));
    let flags = program.rustc_flags();
    set.extend(flags.map(|flags| ("RUSTFLAGS", Expr::string(flags))));
    if set.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![Binding::attr("env", Expr::sorted_set(set))])
}

/// Returns the variables from which crates read their source's commit, if the source has one.
fn commits<'a>(
    program: &Program,
    sources: &Sources,
    rules: &'a CrateRules,
) -> Vec<(&'a str, Expr)> {
    let mut set = Vec::new();
    for one in &program.crates {
        let variable = rules
            .crates
            .get(&one.name)
            .and_then(|rule| rule.commit.as_deref());
        let name = program.sources.get(&one.source);
        let source = name.and_then(|name| sources.get(name.as_str()));
        let rev = source.and_then(|(source, _)| source.source.pin.rev.as_deref());
        set.extend(
            variable
                .zip(rev)
                .map(|(variable, rev)| (variable, Expr::string(rev))),
        );
    }
    set
}

/// Returns the value of a variable.
fn value(fill: &Fill, formals: &mut Formals) -> Result<Expr, WriteError> {
    let package = match fill {
        Fill::Attr(attr, part) => patched::output(attr, *part, formals)?,
        Fill::Source(source) => formals.dotted(source)?,
        Fill::Own => return Ok(Expr::variable("placeholder")?.apply([Expr::string("out")])),
        Fill::Link => {
            let padding = i64::try_from(PADDED_LENGTH - OPEN.len()).unwrap_or_default();
            let slashes = formals.call(
                "lib.strings.replicate",
                [Expr::Int(padding), Expr::string("/")],
            )?;
            let parts = vec![Part::Text(OPEN.to_owned()), Part::Interpolation(slashes)];
            return Ok(Expr::String(parts));
        }
    };
    Ok(Expr::String(vec![Part::Interpolation(package)]))
}

/// Returns the variables named in a patch's added lines, for files below some directories of the
/// source.
fn read(patch: &str, roots: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut wanted = false;
    for line in patch.lines() {
        if let Some(path) = line.strip_prefix("+++ b/") {
            wanted = roots.iter().any(|root| is_below(path, root));
        } else if wanted && line.starts_with('+') {
            names.extend(named(line));
        }
    }
    names
}

fn is_below(path: &str, root: &str) -> bool {
    root.is_empty()
        || path
            .strip_prefix(root)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Finds `PNX_…` within a line.
fn named(line: &str) -> impl Iterator<Item = String> {
    line.match_indices("PNX_").map(|(at, _)| {
        line[at..]
            .chars()
            .take_while(|letter| {
                letter.is_ascii_uppercase() || letter.is_ascii_digit() || *letter == '_'
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_crates_read_is_set() {
        let patch = "--- a/hive-term/src/main.rs\n+++ b/hive-term/src/main.rs\n-\"/usr/bin/x\"\n\
                     +concat!(env!(\"PNX_UTIL_LINUX\"), \"/bin/x\")\n PNX_NOT\n\
                     +++ b/hive-terms/src/lib.rs\n+env!(\"PNX_LVM2\")\n";
        let found: Vec<String> = read(patch, &["hive-term"]).into_iter().collect();
        assert_eq!(found, ["PNX_UTIL_LINUX"]);
        assert_eq!(read(patch, &[""]).len(), 2);
        assert!(read(patch, &[]).is_empty());
    }

    #[test]
    fn values_are_store_paths_or_what_the_link_closes() {
        let mut formals = Formals::default();
        let mut text = |fill: &Fill| nix::write(&value(fill, &mut formals).unwrap());
        assert_eq!(
            text(&Fill::Link).unwrap(),
            "\"@pve@${lib.strings.replicate 123 \"/\"}\"\n"
        );
        assert_eq!(text(&Fill::Own).unwrap(), "placeholder \"out\"\n");
        let attr = Fill::Attr("util-linux".to_owned(), patch::rewrite::Part::Bin);
        assert_eq!(text(&attr).unwrap(), "\"${lib.getBin util-linux}\"\n");
    }
}
