//! `exports.json`: what a release offers to code outside of it that is compiled against it. Plugins
//! are decided with it alone, without the release's sources.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Role;
use problem::{BAD_EXPORTS, OUTPUT_FAILED, Problem};

/// The file's name below `pkgs/RELEASE/`.
pub const NAME: &str = "exports.json";

/// The exports of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exports {
    /// The release's name.
    pub release: String,
    /// The sources that are packaged by hand.
    pub by_hand: BTreeSet<String>,
    /// Its sources by name.
    pub sources: BTreeMap<String, Exported>,
}

/// The exports of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// Its role.
    pub role: Role,
    /// Its attribute in the release; crates have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Its Debian packages, each with the attribute that contains it, if there is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packages: BTreeMap<String, Option<String>>,
    /// The files that only it installs, by path on Debian.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub files: BTreeSet<String>,
    /// Its Perl modules, each with its file below the modules' directory.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub modules: BTreeMap<String, String>,
}

/// Facts that sources provide to one another, and to other code.
#[derive(Debug, Default)]
pub struct Offered {
    /// Files that exactly one source installs: path on Debian to source.
    pub installed: HashMap<String, String>,
    /// Perl modules: the source and the file below the modules' directory.
    pub declared: HashMap<String, (String, String)>,
}

/// The names of attributes in the other expressions of a release.
pub struct Attributes<'a> {
    /// The attribute of each source with a derivation of its own.
    pub sources: &'a BTreeMap<String, String>,
    /// The Debian packages of each source that contain something to run.
    pub binaries: &'a BTreeMap<String, Vec<String>>,
    /// The attributes of Debian packages whose source cargo builds.
    pub given: &'a BTreeMap<String, String>,
}

impl Exports {
    /// Collects the exports of `release`. `offered` are the facts that its sources provide to one
    /// another.
    pub fn of(
        release: &str,
        offered: &Offered,
        roles: &BTreeMap<String, Role>,
        attributes: &Attributes,
        by_hand: &BTreeSet<String>,
    ) -> Self {
        let mut exports = Self {
            release: release.to_owned(),
            by_hand: by_hand.clone(),
            sources: BTreeMap::new(),
        };
        for (source, binaries) in attributes.binaries {
            let packages = binaries.iter();
            let packages = packages.map(|name| (name.clone(), attributes.given.get(name).cloned()));
            let exported = Exported {
                role: roles.get(source).copied().unwrap_or(Role::Package),
                attribute: attributes.sources.get(source).cloned(),
                packages: packages.collect(),
                files: BTreeSet::new(),
                modules: BTreeMap::new(),
            };
            exports.sources.insert(source.clone(), exported);
        }
        for (path, source) in &offered.installed {
            if let Some(exported) = exports.sources.get_mut(source) {
                exported.files.insert(path.clone());
            }
        }
        for (module, (source, file)) in &offered.declared {
            if let Some(exported) = exports.sources.get_mut(source) {
                exported.modules.insert(module.clone(), file.clone());
            }
        }
        exports
    }

    /// Returns its text.
    ///
    /// # Errors
    /// PNX-405.
    pub fn text(&self) -> Result<String, Problem> {
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| Problem::new(&OUTPUT_FAILED, format!("`{NAME}`: {error}")))?;
        text.push('\n');
        Ok(text)
    }

    /// Reads the file that a release's `regen` wrote.
    ///
    /// # Errors
    /// PNX-228: it is missing or invalid. Names the release to generate.
    pub fn read(path: &Path, release: &str) -> Result<Self, Problem> {
        let shown = path.display().to_string();
        let bad = |cause: String| {
            Problem::new(&BAD_EXPORTS, cause)
                .at(&shown, None)
                .mend(format!("`cargo xtask regen {release}` writes it."))
        };
        let text = std::fs::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
        let exports: Self =
            serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        if exports.release != release {
            let cause = format!("it is what {} offers, not {release}", exports.release);
            return Err(bad(cause));
        }
        Ok(exports)
    }

    /// Returns the Debian packages of all sources, each with its source.
    pub fn packages(&self) -> impl Iterator<Item = (&str, &str)> {
        let sources = self.sources.iter();
        sources.flat_map(|(source, exported)| {
            let names = exported.packages.keys();
            names.map(move |name| (name.as_str(), source.as_str()))
        })
    }
}
