//! Perl modules that a link lacks because nothing packages them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use globset::Glob;
use regex::Regex;
use serde::Deserialize;

use super::{Link, Rules};
use problem::{BAD_RULE, Problem};

/// The entries of `rules/nixpkgs/perl.toml` that name what holds a module.
#[derive(Debug, Deserialize)]
struct Perl {
    #[serde(default)]
    missing: BTreeMap<String, Holder>,
}

/// A file of `rules/sources/`, as far as it says what the source holds that no pin has.
#[derive(Debug, Deserialize)]
struct Source {
    unpinned: Option<String>,
    #[serde(default)]
    perl: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Holder {
    modules: Vec<String>,
}

/// Returns the first module that a Perl program reports as missing.
pub fn missing_module(output: &str) -> Option<String> {
    static LOCATE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"Can't locate (\S+)\.pm in @INC").ok());
    let found = LOCATE.as_ref()?.captures(output)?;
    Some(found.get(1)?.as_str().replace('/', "::"))
}

fn read<T: serde::de::DeserializeOwned>(root: &Path, shown: &str) -> Result<T, Vec<Problem>> {
    let bad = |cause: String| vec![Problem::new(&BAD_RULE, cause).at(shown, None)];
    let text = std::fs::read_to_string(root.join(shown)).map_err(|error| bad(error.to_string()))?;
    toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))
}

/// Returns the optional packages with Perl modules, by name, with the modules.
fn holders(root: &Path) -> Result<Vec<(String, Vec<String>)>, Vec<Problem>> {
    let perl: Perl = read(root, "rules/nixpkgs/perl.toml")?;
    let missing = perl.missing.into_iter();
    let mut holders: Vec<_> = missing.map(|(name, held)| (name, held.modules)).collect();
    let directory = "rules/sources";
    let entries = std::fs::read_dir(root.join(directory))
        .map_err(|error| vec![Problem::new(&BAD_RULE, error.to_string()).at(directory, None)])?;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let Some(name) = name.filter(|_| path.extension().is_some_and(|end| end == "toml")) else {
            continue;
        };
        let source: Source = read(root, &format!("{directory}/{name}.toml"))?;
        if source.unpinned.is_some() {
            holders.push((name.to_owned(), source.perl));
        }
    }
    Ok(holders)
}

/// The modules that `link` says it lacks, by name, each with the name of what would hold it: of `[missing.NAME]` in
/// `rules/nixpkgs/perl.toml`, of unpinned sources, and of `[lacking]` in `rules/general/check.toml`. What the link has itself is not
/// lacking, whatever it says.
pub fn modules(
    root: &Path,
    link: &Link,
    rules: &Rules,
) -> Result<BTreeMap<String, String>, Vec<Problem>> {
    let holders = holders(root)?.into_iter();
    let given = rules.lacking.clone().into_iter();
    let mut lacking = BTreeMap::new();
    let Some(lacks) = &link.lacks else {
        return Ok(lacking);
    };
    for (name, modules) in holders.chain(given) {
        if lacks.contains(&name) {
            for module in modules {
                let file = format!("{}.pm", module.replace("::", "/"));
                if !has(link, &file) {
                    lacking.insert(module, name.clone());
                }
            }
        }
    }
    Ok(lacking)
}

/// Whether the link has the module in `file`, as its own or from another package.
fn has(link: &Link, file: &str) -> bool {
    let own = link
        .modules
        .iter()
        .any(|module| module.required.as_deref() == Some(file));
    let beside = link.site_perl().join(file);
    let glob = Glob::new(&format!("**/{file}")).map(|glob| glob.compile_matcher());
    own || link.store.resolve(&beside).is_some()
        || glob.is_ok_and(|glob| {
            link.modules
                .iter()
                .any(|module| glob.is_match(&module.place))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_module_that_is_missing_is_the_cause() {
        let output = "Can't locate Net/Subnet.pm in @INC (you may need to install the Net::Subnet module) (@INC entries \
                      checked: /x) at /x line 3.\nBEGIN failed\nCan't locate B.pm in @INC";
        assert_eq!(missing_module(output).as_deref(), Some("Net::Subnet"));
        assert_eq!(missing_module("Can't locate object method"), None);
    }
}
