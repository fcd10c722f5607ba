//! Perl modules that a link lacks because nothing packages them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use globset::Glob;
use regex::Regex;
use serde::Deserialize;

use super::{Link, Rules};
use problem::{BAD_RULE, Problem};

/// The entries of `rules/perl.toml` that say which missing package contains a module.
#[derive(Debug, Deserialize)]
struct Perl {
    #[serde(default)]
    missing: BTreeMap<String, Holder>,
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

/// Returns the modules that `link` lacks by its own list, each with the name of the missing
/// package: from `[missing.NAME]` in `rules/perl.toml` and `[lacking]` in `rules/check.toml`. A
/// module that the link does have is not lacking, whatever its list says.
pub fn modules(
    root: &Path,
    link: &Link,
    rules: &Rules,
) -> Result<BTreeMap<String, String>, Vec<Problem>> {
    let shown = "rules/perl.toml";
    let bad = |error: &dyn std::fmt::Display| {
        vec![Problem::new(&BAD_RULE, error.to_string()).at(shown, None)]
    };
    let text = std::fs::read_to_string(root.join(shown)).map_err(|error| bad(&error))?;
    let perl: Perl = toml::from_str(&text).map_err(|error| bad(&error.message()))?;
    let holders = perl
        .missing
        .into_iter()
        .map(|(name, held)| (name, held.modules));
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
