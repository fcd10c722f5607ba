//! Release archives: single files that upstream publishes and a source packages.
//!
//! The packaging names the version (`10.2.1-1` is upstream's 10.2.1); `[[archive]]` in the source's file lists what is
//! published.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr as _;

use debversion::Version;
use serde::{Deserialize, Serialize};

use super::{Manifest, manifest, nar, sources};
use problem::Problem;

/// A release archive: `[archive.NAME]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// Upstream's version.
    pub version: String,
    /// Its URL.
    pub url: String,
    /// The hash of the file (SRI).
    pub hash: String,
}

impl Archive {
    /// Returns the file's name: the last part of its URL, which is also its name in the Nix store.
    pub fn file_name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or(&self.url)
    }

    /// Checks it. Returns the faulty key, the code and the cause.
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static problem::Code, String)> {
        let bad = |key, cause| (key, &problem::BAD_MANIFEST, cause);
        manifest::check_version(&self.version).map_err(|why| bad("version", why))?;
        manifest::check_url(&self.url).map_err(|why| ("url", &problem::UNSAFE_URL, why))?;
        let name = self.file_name();
        if !is_store_name(name) {
            let why = format!("{:?} does not end in a file's name", self.url);
            return Err(bad("url", why));
        }
        if !has_version(name, &self.version) {
            let why = format!("{name} is not of version {}", self.version);
            return Err(bad("url", why));
        }
        if nar::parse_sri(&self.hash).is_none() {
            return Err(bad("hash", manifest::not_sri(&self.hash)));
        }
        Ok(())
    }
}

/// Whether a file's name is valid in a store path.
fn is_store_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-._?=".contains(&b))
}

/// Whether a file's name contains `version`, but not as a part of a longer one.
fn has_version(name: &str, version: &str) -> bool {
    let mut places = name.match_indices(version);
    places.any(|(at, _)| {
        let before = name.get(..at).and_then(|text| text.chars().next_back());
        let after = name.get(at + version.len()..).unwrap_or_default();
        let mut after = after.trim_start_matches('.').chars();
        !before.is_some_and(|c| c.is_ascii_digit() || c == '.')
            && !after.next().is_some_and(|c| c.is_ascii_digit())
    })
}

/// Returns the upstream version in a package's version: `10.2.1` in `10.2.1-1`.
pub(super) fn upstream_version(version: &str) -> Option<String> {
    Some(Version::from_str(version).ok()?.upstream_version)
}

/// Checks that a source's archive is the one that its packaging builds.
pub(super) fn check_pin(
    name: &str,
    manifest: &Manifest,
    version: Option<&str>,
) -> Result<(), String> {
    let Some(archive) = manifest.archives.get(name) else {
        return Err(format!("there is no [archive.{name}]"));
    };
    let packaged = version.and_then(upstream_version);
    match packaged {
        Some(packaged) if packaged == archive.version => Ok(()),
        Some(packaged) => Err(format!(
            "it packages {packaged}, and [archive.{name}] is {}",
            archive.version
        )),
        None => Err(format!(
            "it has no version, so that [archive.{name}] cannot be held against it"
        )),
    }
}

/// The published archives that sources package, by source.
#[derive(Debug, Default)]
pub(super) struct Archives(BTreeMap<String, Vec<Published>>);

/// A source's file, as far as it lists archives.
#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    archive: Vec<Published>,
}

/// `[[archive]]`: one version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    version: String,
    url: String,
    hash: String,
    why: String,
}

impl Archives {
    /// Reads the files of sources below `root`.
    pub(super) fn read(root: &Path) -> Result<Self, Problem> {
        let files = sources::files(root)?.into_iter();
        let read = files.map(|(source, text)| Ok((source.clone(), Self::parse(&source, &text)?)));
        read.collect::<Result<_, _>>().map(Self)
    }

    fn parse(source: &str, text: &str) -> Result<Vec<Published>, Problem> {
        let file = sources::file_of(source);
        let bad = |line: Option<u32>, cause: String| {
            Problem::new(&problem::BAD_MANIFEST, cause).at(&file, line)
        };
        let read: File = toml::from_str(text).map_err(|error| {
            bad(
                manifest::error_line(text, &error),
                error.message().to_owned(),
            )
        })?;
        let mut versions = std::collections::BTreeSet::new();
        for (at, one) in read.archive.iter().enumerate() {
            let line = |key| manifest::nth_line(text, &["archive"], at, key);
            if one.why.trim().is_empty() {
                let cause = "`why` is empty: who publishes the hash?".to_owned();
                return Err(bad(line("why"), cause));
            }
            if !versions.insert(&one.version) {
                return Err(bad(
                    line("version"),
                    format!("{} is listed twice", one.version),
                ));
            }
            one.archive()
                .check()
                .map_err(|(key, code, why)| Problem::new(code, why).at(&file, line(key)))?;
        }
        Ok(read.archive)
    }

    /// Returns the archive `name` in the version that `source` packages.
    pub(super) fn of(
        &self,
        name: &str,
        source: &str,
        version: Option<&str>,
    ) -> Result<Archive, Problem> {
        let unlisted = |cause: String, remedy: String| {
            Problem::new(&problem::UNLISTED_ARCHIVE, cause)
                .in_source(source)
                .mend(remedy)
        };
        let Some(wanted) = version.and_then(upstream_version) else {
            let cause = format!("it has no version that names one of the archive {name}");
            return Err(unlisted(
                cause,
                format!(
                    "Take `archive` out of {}: only a source with a changelog of its own has one.",
                    sources::file_of(source)
                ),
            ));
        };
        let listed = self.0.get(source).map(Vec::as_slice);
        let listed = listed.unwrap_or_default();
        if let Some(found) = listed.iter().find(|one| one.version == wanted) {
            return Ok(found.archive());
        }
        let known: Vec<&str> = listed.iter().map(|one| one.version.as_str()).collect();
        let known = match known.as_slice() {
            [] => "no version of it".to_owned(),
            known => format!("only {}", known.join(", ")),
        };
        let package = version.unwrap_or_default();
        let file = sources::file_of(source);
        Err(unlisted(
            format!("it packages {package}, and {file} has no {name} {wanted}, {known}"),
            format!(
                "Add [[archive]] to {file} with `version = \"{wanted}\"`, the `url` of upstream's archive, its `hash` \
                 (`nix-prefetch-url URL` tells it; hold it against what others publish) and `why`."
            ),
        ))
    }
}

impl Published {
    fn archive(&self) -> Archive {
        Archive {
            version: self.version.clone(),
            url: self.url.clone(),
            hash: self.hash.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=";

    fn listed(version: &str, url: &str, hash: &str) -> String {
        format!(
            "# Archives.\n\n[[archive]]\nversion = \"{version}\"\nurl = \"{url}\"\nhash = \"{hash}\"\nwhy = \"published\"\n"
        )
    }

    #[test]
    fn the_version_that_is_packaged_is_taken() {
        let text = listed("10.2.1", "https://hive.example/vm-10.2.1.tar.xz", HASH);
        let listed = Archives::parse("hive-vm", &text).unwrap();
        let archives = Archives([("hive-vm".to_owned(), listed)].into());
        let found = archives.of("vm", "hive-vm", Some("1:10.2.1-3")).unwrap();
        assert_eq!(found.file_name(), "vm-10.2.1.tar.xz");
        let unlisted = archives.of("vm", "hive-vm", Some("10.2.2-1")).unwrap_err();
        assert_eq!(unlisted.code.id, "PNX-223");
        let text = unlisted.to_string();
        assert!(text.contains("no vm 10.2.2, only 10.2.1"), "{text}");
        assert!(
            text.contains("Add [[archive]] to rules/sources/hive-vm.toml"),
            "{text}"
        );
        let other = archives.of("vm", "hive-wax", Some("10.2.1-1")).unwrap_err();
        assert!(other.cause.contains("no version of it"), "{other}");
        assert!(archives.of("vm", "hive-vm", None).is_err());
    }

    #[test]
    fn what_is_no_archive_is_told_with_its_line() {
        let url = "https://hive.example/vm-1.0.tar.xz";
        for (text, line, code) in [
            (listed("1.1", url, HASH), 5, "PNX-207"),
            (listed("1", url, HASH), 5, "PNX-207"),
            (listed("0", url, HASH), 5, "PNX-207"),
            (listed("1.0", "https://hive.example/", HASH), 5, "PNX-207"),
            (listed("1.0", "ext::vm-1.0", HASH), 5, "PNX-208"),
            (listed("1.0", url, "sha256-x"), 6, "PNX-207"),
            (listed("1_0", url, HASH), 4, "PNX-207"),
            (
                listed("1.0", url, HASH).replace("published", " "),
                7,
                "PNX-207",
            ),
            (listed("1.0", url, HASH) + "x = 1\n", 8, "PNX-207"),
        ] {
            let problem = Archives::parse("hive-vm", &text).expect_err(&text);
            let place = (problem.place.line, problem.code.id);
            assert_eq!(place, (Some(line), code), "{text}{problem}");
            assert_eq!(
                problem.place.path.as_deref(),
                Some("rules/sources/hive-vm.toml")
            );
        }
        let twice = listed("1.0", url, HASH) + &listed("1.0", url, HASH);
        assert!(
            Archives::parse("hive-vm", &twice)
                .unwrap_err()
                .cause
                .contains("twice")
        );
    }
}
