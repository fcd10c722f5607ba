//! Optional parts of a release, and packages written by hand.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

/// `[[optional]]`: what the code asks for before it uses it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optional {
    /// Its name.
    pub name: String,
    /// The loss to a user without it.
    pub cost: String,
    /// The places where a source checks for it.
    pub probe: Vec<Probe>,
}

/// `[[optional.probe]]`: a place where a source checks for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The source.
    pub source: String,
    /// The file, relative to the source.
    pub file: String,
    /// The condition, as written in the file.
    pub asks: String,
}

impl Optional {
    /// Whether `source` checks for it in each file that uses it. `has` searches a file for a text.
    /// If no file uses it, it is only a dependency, and a probe of any source is enough.
    pub fn covers<'f>(
        &self,
        source: &str,
        files: impl IntoIterator<Item = &'f str>,
        has: impl Fn(&str, &str) -> bool,
    ) -> bool {
        let mut files = files.into_iter().filter(|file| !is_control(file));
        files.all(|file| {
            let mut probes = self.probe.iter();
            probes
                .any(|probe| probe.source == source && probe.file == file && has(file, &probe.asks))
        })
    }
}

/// `[[place]]`: a directory whose owner NixOS has not, or is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlaceRule {
    /// The directory, without a leading slash.
    pub below: String,
    /// The reason to leave out everything below it.
    #[serde(default)]
    pub leave_out: Option<String>,
    /// The reason to keep everything below it.
    #[serde(default)]
    pub keep: Option<String>,
}

/// `[[aside]]`: files of packagings that Debian's tools read and nobody here, with the reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsideRule {
    /// Globs of their names.
    pub files: Vec<String>,
    /// The reason.
    #[allow(dead_code, reason = "for the reader of the rule")]
    pub why: String,
}

/// Whether a file is a packaging's list of dependencies.
fn is_control(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "control" | "control.in")
}

/// Returns the attributes of `pkgs/outside`, below the directory that contains `rules`: `NAME.nix`,
/// or `NAME/default.nix`. Its `default.nix` defines attributes of the same names.
pub fn outside(root: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(root.join("pkgs/outside"));
    let entries = entries.into_iter().flatten().flatten();
    let name = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        if entry.path().join("default.nix").is_file() {
            return Some(name);
        }
        let stem = name.strip_suffix(".nix")?;
        (stem != "default").then(|| stem.to_owned())
    };
    entries.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_probe_makes_it_required() {
        let optional = Optional {
            name: "wax".into(),
            cost: "no wax".into(),
            probe: vec![Probe {
                source: "hive-manager".into(),
                file: "Hive/Wax.pm".into(),
                asks: "has_wax".into(),
            }],
        };
        let covers = |source: &str, files: &[&str]| {
            optional.covers(source, files.iter().copied(), |_, asks| asks == "has_wax")
        };
        assert!(covers("hive-manager", &["Hive/Wax.pm", "debian/control"]));
        assert!(!covers("hive-manager", &["Hive/Wax.pm", "Hive/API.pm"]));
        assert!(!covers("hive-common", &["Hive/Wax.pm"]));
        assert!(covers("hive-common", &["debian/control"]));
        assert!(!optional.covers("hive-manager", ["Hive/Wax.pm"], |_, _| false));
    }

    #[test]
    fn outside_packages_are_files_and_directories() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("pkgs/outside");
        std::fs::create_dir_all(dir.join("extjs")).unwrap();
        std::fs::create_dir_all(dir.join("patches")).unwrap();
        for file in ["default.nix", "UUID.nix", "extjs/default.nix", "a.patch"] {
            std::fs::write(dir.join(file), "").unwrap();
        }
        let names: Vec<String> = outside(root.path()).into_iter().collect();
        assert_eq!(names, ["UUID", "extjs"]);
        assert!(outside(&root.path().join("nowhere")).is_empty());
    }
}
