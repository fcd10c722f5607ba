//! What a release may do without, and what is packaged by hand.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

/// `[[optional]]`: what the code asks for before it uses it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optional {
    /// The name of what may be absent.
    pub name: String,
    /// What a user misses without it.
    pub cost: String,
    /// Where a source asks.
    pub probe: Vec<Probe>,
}

/// `[[optional.probe]]`: where a source asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The source.
    pub source: String,
    /// The file, relative to the source.
    pub file: String,
    /// What decides there, as the file has it.
    pub asks: String,
}

impl Optional {
    /// Whether `source` asks in each of the files in which it uses it, which `has` looks up by file and text; one that uses it in no file has it as a dependency
    /// alone, which a probe of any source answers.
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
    /// The directory, without a slash before it.
    pub below: String,
    /// Why nothing below it is laid out.
    #[serde(default)]
    pub leave_out: Option<String>,
    /// Why what is below it is.
    #[serde(default)]
    pub keep: Option<String>,
}

/// `[[aside]]`: files of packagings that Debian's tools read and nobody here, with the reason.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsideRule {
    /// Globs of their names.
    pub files: Vec<String>,
    /// Why nobody reads them.
    #[allow(dead_code, reason = "for the reader of the rule")]
    pub why: String,
}

/// Whether a file is a packaging's list of dependencies.
fn is_control(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    matches!(name, "control" | "control.in")
}

/// The attributes of `pkgs/outside`, below the directory that holds `rules`: `NAME.nix`, or `NAME/default.nix`. Its
/// `default.nix` makes them of the same names.
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
