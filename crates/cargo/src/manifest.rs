//! Reads the dependencies in a `Cargo.toml` (the Cargo Book, "The Manifest Format").

use std::collections::BTreeMap;

use semver::{Version, VersionReq};
use toml_edit::{Document, Item, TableLike};

use problem::{BAD_CARGO_MANIFEST, Problem};

/// A manifest: a package, a workspace, or both.
#[derive(Debug, Clone)]
pub struct CargoManifest {
    /// The file, relative to its source.
    pub path: String,
    /// The package.
    pub package: Option<Package>,
    /// The workspace whose root it is.
    pub workspace: Option<Workspace>,
}

/// `[package]` and its dependencies.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version; `None` if inherited from the workspace.
    pub version: Option<Version>,
    /// The dependencies of all tables, including those of targets.
    pub dependencies: Vec<Dependency>,
    /// `[features]`.
    pub features: BTreeMap<String, Vec<String>>,
}

/// `[workspace]`.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// Members, as globs relative to the manifest.
    pub members: Vec<String>,
    /// Globs of excluded members.
    pub exclude: Vec<String>,
    /// `[workspace.package] version`.
    pub version: Option<Version>,
    /// `[workspace.dependencies]`.
    pub dependencies: Vec<Dependency>,
}

/// The purpose of a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// The crate itself.
    Build,
    /// Its tests, examples and benchmarks.
    Tests,
}

/// One dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The name under which the crate knows it.
    pub key: String,
    /// The package's name.
    pub package: String,
    /// The versions that satisfy it; any without a requirement.
    pub requirement: VersionReq,
    /// Its path, relative to the manifest.
    pub path: Option<String>,
    /// Whether only a feature enables it.
    pub optional: bool,
    /// Whether it is inherited from the workspace.
    pub inherited: bool,
    /// Its features.
    pub features: Vec<String>,
    /// Whether its default features are on.
    pub default_features: bool,
    /// Its purpose.
    pub purpose: For,
    /// 1-based line.
    pub line: Option<u32>,
}

/// The state of reading one file.
struct Reader<'a> {
    source: &'a str,
    path: &'a str,
    text: &'a str,
}

impl CargoManifest {
    /// Parses a manifest's bytes.
    ///
    /// # Errors
    /// PNX-212 for an invalid manifest, with the line.
    pub fn parse(source: &str, path: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let text = str::from_utf8(bytes).unwrap_or_default();
        let reader = Reader { source, path, text };
        if text.is_empty() && !bytes.is_empty() {
            return Err(reader.bad(None, "is not UTF-8".to_owned()));
        }
        let document = Document::parse(text.to_owned())
            .map_err(|error| reader.bad(error.span(), error.message().to_owned()))?;
        let root = document.as_table();
        let package = match root.get("package").or_else(|| root.get("project")) {
            Some(item) => Some(reader.package(item, root)?),
            None => None,
        };
        let workspace = match root.get("workspace") {
            Some(item) => Some(reader.workspace(item)?),
            None => None,
        };
        Ok(Self {
            path: path.to_owned(),
            package,
            workspace,
        })
    }

    /// Returns its directory, relative to the source.
    pub fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }
}

impl Reader<'_> {
    fn bad(&self, span: Option<std::ops::Range<usize>>, cause: String) -> Problem {
        Problem::new(&BAD_CARGO_MANIFEST, cause)
            .in_source(self.source)
            .at(self.path, self.line(span))
    }

    fn line(&self, span: Option<std::ops::Range<usize>>) -> Option<u32> {
        let head = self.text.get(..span?.start)?;
        u32::try_from(head.matches('\n').count() + 1).ok()
    }

    fn package(&self, item: &Item, root: &dyn TableLike) -> Result<Package, Problem> {
        let table = self.table(item, "package")?;
        let name = table.get("name");
        let span = || name.and_then(Item::span).or_else(|| item.span());
        let name = name.and_then(Item::as_str);
        let name = name.ok_or_else(|| self.bad(span(), "the package has no name".to_owned()))?;
        let mut dependencies = self.dependencies(root)?;
        if let Some(targets) = root.get("target").and_then(Item::as_table_like) {
            for (_, target) in targets.iter() {
                if let Some(target) = target.as_table_like() {
                    dependencies.extend(self.dependencies(target)?);
                }
            }
        }
        let features = root.get("features").and_then(Item::as_table_like);
        let features = features.into_iter().flat_map(TableLike::iter);
        Ok(Package {
            name: name.to_owned(),
            version: self.version(table)?,
            dependencies,
            features: features
                .map(|(name, item)| (name.to_owned(), strings(item)))
                .collect(),
        })
    }

    /// Returns `version`: 0.0.0 if it is missing, as in cargo, and `None` if it is inherited.
    fn version(&self, table: &dyn TableLike) -> Result<Option<Version>, Problem> {
        let Some(item) = table.get("version") else {
            return Ok(Some(Version::new(0, 0, 0)));
        };
        let Some(text) = item.as_str() else {
            return Ok(None);
        };
        let version = Version::parse(text.trim());
        version
            .map(Some)
            .map_err(|error| self.bad(item.span(), format!("the version {text:?}: {error}")))
    }

    fn workspace(&self, item: &Item) -> Result<Workspace, Problem> {
        let table = self.table(item, "workspace")?;
        let list = |key| table.get(key).map(strings).unwrap_or_default();
        let version = match table.get("package").and_then(Item::as_table_like) {
            Some(package) if package.get("version").is_some() => self.version(package)?,
            _ => None,
        };
        let mut dependencies = Vec::new();
        if let Some(all) = table.get("dependencies").and_then(Item::as_table_like) {
            for (key, item) in all.iter() {
                dependencies.push(self.dependency(key, item, For::Build)?);
            }
        }
        Ok(Workspace {
            members: list("members"),
            exclude: list("exclude"),
            version,
            dependencies,
        })
    }

    fn dependencies(&self, table: &dyn TableLike) -> Result<Vec<Dependency>, Problem> {
        const TABLES: [(&str, For); 5] = [
            ("dependencies", For::Build),
            ("build-dependencies", For::Build),
            ("build_dependencies", For::Build),
            ("dev-dependencies", For::Tests),
            ("dev_dependencies", For::Tests),
        ];
        let mut found = Vec::new();
        for (name, purpose) in TABLES {
            let Some(all) = table.get(name) else {
                continue;
            };
            for (key, item) in self.table(all, name)?.iter() {
                found.push(self.dependency(key, item, purpose)?);
            }
        }
        Ok(found)
    }

    fn dependency(&self, key: &str, item: &Item, purpose: For) -> Result<Dependency, Problem> {
        let span = item.span();
        let table = item.as_table_like();
        let text = |name: &str| table.and_then(|table| table.get(name)?.as_str());
        let flag = |name: &str| table.and_then(|table| table.get(name)?.as_bool());
        let requirement = item.as_str().or_else(|| text("version")).unwrap_or("*");
        let requirement = VersionReq::parse(requirement).map_err(|error| {
            let cause = format!("the requirement {requirement:?} on `{key}`: {error}");
            self.bad(span.clone(), cause)
        })?;
        let default = flag("default-features").or_else(|| flag("default_features"));
        let features = table.and_then(|table| table.get("features"));
        Ok(Dependency {
            key: key.to_owned(),
            package: text("package").unwrap_or(key).to_owned(),
            requirement,
            path: text("path").map(str::to_owned),
            optional: flag("optional").unwrap_or(false),
            inherited: flag("workspace").unwrap_or(false),
            features: features.map(strings).unwrap_or_default(),
            default_features: default.unwrap_or(true),
            purpose,
            line: self.line(span),
        })
    }

    fn table<'t>(&self, item: &'t Item, name: &str) -> Result<&'t dyn TableLike, Problem> {
        item.as_table_like()
            .ok_or_else(|| self.bad(item.span(), format!("`{name}` is not a table")))
    }
}

/// Returns an array's strings.
fn strings(item: &Item) -> Vec<String> {
    let all = item.as_array().into_iter().flatten();
    all.filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

impl Dependency {
    /// Merges an inherited dependency with the workspace's: features add up, the path is the
    /// workspace's (the Cargo Book, "Inheriting a dependency from a workspace").
    #[must_use]
    pub fn inherit(&self, whole: &Self) -> Self {
        let features = whole.features.iter().chain(&self.features);
        Self {
            key: self.key.clone(),
            package: whole.package.clone(),
            requirement: whole.requirement.clone(),
            path: whole.path.clone(),
            features: features.cloned().collect(),
            // The crate cannot disable what the workspace enables.
            default_features: whole.default_features,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<CargoManifest, Problem> {
        CargoManifest::parse("hive-rs", "term/Cargo.toml", text.as_bytes())
    }

    #[test]
    fn dependencies_of_every_table_are_found() {
        let manifest = parse(
            "[package]\nname = \"term\"\nversion = \"1.2.3\"\n[dependencies]\na = \"1\"\n\
             b = { package = \"bee\", version = \"0.2\", optional = true, features = [\"x\"], default-features = false }\n\
             [build-dependencies]\nc.path = \"../c\"\n[dev-dependencies]\nd.workspace = true\n\
             [target.'cfg(unix)'.dependencies]\ne = \"3\"\n",
        )
        .expect("a good manifest");
        assert_eq!(manifest.directory(), "term");
        let package = manifest.package.expect("a package");
        let keys: Vec<&str> = package
            .dependencies
            .iter()
            .map(|d| d.key.as_str())
            .collect();
        assert_eq!(keys, ["a", "b", "c", "d", "e"]);
        let b = &package.dependencies[1];
        assert_eq!((b.package.as_str(), b.line), ("bee", Some(6)));
        assert!(b.optional && !b.default_features && b.features == ["x"]);
        assert!(package.dependencies[3].inherited);
        assert_eq!(package.dependencies[3].purpose, For::Tests);
        assert!(b.requirement.matches(&Version::new(0, 2, 9)));
    }

    #[test]
    fn what_is_no_manifest_is_told_with_its_line() {
        for (text, line) in [
            ("[package]\nname = 3\n", Some(2)),
            ("\n[package]\nversion = \"1.0.0\"\n", Some(2)),
            ("[package]\nname = \"x\"\nversion = \"one\"\n", Some(3)),
            (
                "[package]\nname = \"x\"\n[dependencies]\ny = \"^^\"\n",
                Some(4),
            ),
            ("[package\n", Some(1)),
        ] {
            let problem = parse(text).expect_err(text);
            assert_eq!(
                (problem.code.id, problem.place.line),
                ("PNX-212", line),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = CargoManifest::parse("x", "Cargo.toml", &bytes);
        }

        #[test]
        fn any_toml_is_read_or_refused(text in proptest::collection::vec(
            proptest::sample::select(vec![
                "[", "]", "{", "}", "=", ".", "\n", " ", "package", "workspace", "dependencies", "target", "features",
                "name", "version", "path", "\"1.0\"", "\"é\"", "true", "7",
            ]),
            0..32,
        ).prop_map(|parts| parts.concat())) {
            let _ = CargoManifest::parse("x", "Cargo.toml", text.as_bytes());
        }
    }
}
