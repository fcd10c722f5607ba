//! `[repository]` of `rules/sources/NAME.toml`: where a source's history is, and how it is taken.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::{manifest, nar, omit};
use problem::Problem;

/// Where the files of sources are.
pub(super) const DIRECTORY: &str = "rules/sources";

/// The file of a source.
pub(super) fn file_of(source: &str) -> String {
    format!("{DIRECTORY}/{source}.toml")
}

/// How the sources are taken, by name.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) source: BTreeMap<String, Rule>,
}

/// A file, as far as it is for `lock`.
#[derive(Debug, Deserialize)]
struct File {
    repository: Option<Rule>,
}

/// `[repository]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Rule {
    /// The URL of its history.
    pub(super) url: String,
    /// The release archive that it packages, of which `[[archive]]` lists the versions: then its own submodules are not fetched.
    pub(super) archive: Option<String>,
    /// Whether its submodules are left out, because no build reads them or nobody can fetch them.
    pub(super) without_submodules: Option<Without>,
    /// Paths to omit from its tree.
    #[serde(default)]
    pub(super) omit: Vec<Omit>,
    /// Whether `pkgs/outside` packages it.
    #[serde(default)]
    pub(super) outside: bool,
    /// Commits with published hashes.
    #[serde(default)]
    pub(super) known: Vec<Known>,
}

/// `without-submodules`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Without {
    /// At every commit, or at none.
    Always(bool),
    /// At commits before a day.
    Until {
        /// The committer date of the first commit to fetch with submodules.
        until: String,
    },
}

impl Without {
    fn holds(&self, date: &str) -> bool {
        match self {
            Self::Always(always) => *always,
            Self::Until { until } => date < until.as_str(),
        }
    }

    /// Checks it.
    fn check(&self, archive: Option<&str>) -> Result<(), String> {
        match self {
            _ if archive.is_some() => Err(
                "what is packaged from an archive is fetched without submodules anyway".to_owned(),
            ),
            Self::Until { until } if !manifest::is_date(until) => Err(not_date(until)),
            _ => Ok(()),
        }
    }
}

/// An entry of `omit`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Omit {
    /// A path that is omitted from every commit.
    Always(String),
    /// A path that is omitted from a day on, so that hashes of older commits stay valid.
    Since {
        /// The path.
        path: String,
        /// The committer date of the first commit without it.
        since: String,
    },
}

impl Omit {
    fn path(&self) -> &str {
        match self {
            Self::Always(path) | Self::Since { path, .. } => path,
        }
    }

    /// Checks it. Returns the cause.
    fn check(&self) -> Result<(), String> {
        omit::check(self.path())?;
        match self {
            Self::Since { since, .. } if !manifest::is_date(since) => Err(not_date(since)),
            _ => Ok(()),
        }
    }
}

/// `[[repository.known]]`: a commit whose hash somebody published.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    /// The version of its packaging.
    pub(super) version: String,
    /// The commit.
    pub(super) rev: String,
    /// Its committer date, if known.
    pub(super) date: Option<String>,
    /// Whether the hash includes the submodules.
    #[serde(default)]
    pub(super) submodules: bool,
    /// The NAR hash of the tree.
    pub(super) hash: String,
}

impl Rule {
    /// Whether a commit of this date is fetched without its submodules.
    pub(super) fn is_without_submodules(&self, date: &str) -> bool {
        let without = self.without_submodules.as_ref();
        without.is_some_and(|without| without.holds(date))
    }

    /// Returns the paths to omit from a commit of this date.
    pub(super) fn omitted(&self, date: &str) -> Vec<String> {
        let holds = |one: &&Omit| match one {
            Omit::Always(_) => true,
            Omit::Since { since, .. } => since.as_str() <= date,
        };
        let paths = self.omit.iter().filter(holds).map(Omit::path);
        paths.map(str::to_owned).collect()
    }

    /// Returns the published hash of a commit, fetched with or without submodules.
    pub(super) fn known(&self, rev: &str, submodules: bool) -> Option<&Known> {
        let mut all = self.known.iter();
        all.find(|one| one.rev == rev && one.submodules == submodules)
    }
}

impl Known {
    /// Checks it. Returns the faulty key and the cause.
    fn check(&self) -> Result<(), (&'static str, String)> {
        manifest::check_version(&self.version).map_err(|why| ("version", why))?;
        if !manifest::is_rev(&self.rev) {
            return Err(("rev", manifest::not_rev(&self.rev)));
        }
        if let Some(date) = self.date.as_deref().filter(|date| !manifest::is_date(date)) {
            return Err(("date", not_date(date)));
        }
        if nar::parse_sri(&self.hash).is_none() {
            return Err(("hash", manifest::not_sri(&self.hash)));
        }
        Ok(())
    }
}

impl Rules {
    /// Reads the files below `root`.
    pub(super) fn read(root: &Path) -> Result<Self, Problem> {
        let mut rules = Self::default();
        for (name, text) in files(root)? {
            if let Some(rule) = Rule::parse(&name, &text)? {
                rules.source.insert(name, rule);
            }
        }
        Ok(rules)
    }
}

/// The text of each source's file, by the source's name.
pub(super) fn files(root: &Path) -> Result<BTreeMap<String, String>, Problem> {
    let unread = |path: &str, error: std::io::Error| {
        let cause = format!("cannot be read: {error}");
        Problem::new(&problem::BAD_MANIFEST, cause).at(path, None)
    };
    let entries = fs::read_dir(root.join(DIRECTORY)).map_err(|error| unread(DIRECTORY, error))?;
    let mut files = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| unread(DIRECTORY, error))?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let Some(name) = stem.filter(|_| path.extension().is_some_and(|end| end == "toml")) else {
            continue;
        };
        let text = fs::read_to_string(&path).map_err(|error| unread(&file_of(name), error))?;
        files.insert(name.to_owned(), text);
    }
    Ok(files)
}

impl Rule {
    /// Reads it from a source's file; `None` where the file has none.
    fn parse(name: &str, text: &str) -> Result<Option<Self>, Problem> {
        let bad = |line: Option<u32>, cause: String| {
            Problem::new(&problem::BAD_MANIFEST, cause).at(file_of(name), line)
        };
        let file: File = toml::from_str(text).map_err(|error| {
            bad(
                manifest::error_line(text, &error),
                error.message().to_owned(),
            )
        })?;
        let Some(rule) = file.repository else {
            return Ok(None);
        };
        let line = |key: &str| {
            let line = manifest::key_line(text, &["repository", key]);
            line.or_else(|| manifest::key_line(text, &["repository"]))
        };
        manifest::check_name(name)
            .map_err(|why| bad(line(""), format!("the name {name:?} {why}")))?;
        manifest::check_url(&rule.url).map_err(|why| {
            Problem::new(&problem::UNSAFE_URL, why).at(file_of(name), line("url"))
        })?;
        for one in &rule.omit {
            one.check().map_err(|why| bad(line("omit"), why))?;
        }
        if let Some(without) = &rule.without_submodules {
            let checked = without.check(rule.archive.as_deref());
            checked.map_err(|why| bad(line("without-submodules"), why))?;
        }
        for (at, one) in rule.known.iter().enumerate() {
            let line = |key| manifest::nth_line(text, &["repository", "known"], at, key);
            one.check().map_err(|(key, why)| bad(line(key), why))?;
        }
        if !rule.omit.is_empty() && !rule.known.is_empty() {
            let why = "a published hash is that of the whole tree, so that `known` and `omit` cannot stand together";
            return Err(bad(line("omit"), why.to_owned()));
        }
        Ok(Some(rule))
    }
}

fn not_date(text: &str) -> String {
    format!("{text:?} is not a date like 2025-12-22")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "[repository]\nurl = \"https://hive.example/comb.git\"\n\n[[repository.known]]\nversion = \"1.0-1\"\n\
        rev = \"0123456789012345678901234567890123456789\"\ndate = \"2026-01-02\"\n\
        hash = \"sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=\"\n";

    #[test]
    fn what_cannot_be_a_pin_is_told_with_its_line() {
        let read = Rule::parse("comb", KNOWN).unwrap().unwrap();
        let rev = "0123456789012345678901234567890123456789";
        assert!(read.known(rev, false).is_some());
        assert!(read.known(rev, true).is_none());
        let omit = "comb.git\"\nomit = [\"t\"]\n";
        for (from, to, code, line) in [
            ("https", "ext::", "PNX-208", 2),
            ("known]]", "known.of]]", "PNX-207", 4),
            ("1.0-1", "1_0", "PNX-207", 5),
            ("rev = \"0", "rev = \"", "PNX-207", 6),
            ("01-02", "13-02", "PNX-207", 7),
            ("sha256-l", "sha256-", "PNX-207", 8),
            ("version", "versions", "PNX-207", 5),
            ("comb.git\"\n", omit, "PNX-207", 3),
            (
                "comb.git\"\n",
                "comb.git\"\nomit = [\"../t\"]\n",
                "PNX-207",
                3,
            ),
            (
                "comb.git\"\n",
                "comb.git\"\nomit = [{ path = \"t\", since = \"soon\" }]\n",
                "PNX-207",
                3,
            ),
            (
                "comb.git\"\n",
                "comb.git\"\narchive = \"comb\"\nwithout-submodules = true\n",
                "PNX-207",
                4,
            ),
            (
                "comb.git\"\n",
                "comb.git\"\nwithout-submodules = { until = \"now\" }\n",
                "PNX-207",
                3,
            ),
        ] {
            let problem = Rule::parse("comb", &KNOWN.replace(from, to)).expect_err(to);
            assert_eq!(
                (problem.code.id, problem.place.line),
                (code, Some(line)),
                "{problem}"
            );
        }
    }

    #[test]
    fn a_file_without_a_repository_is_no_source() {
        assert!(
            Rule::parse("comb", "data = [\"/usr/share/comb\"]\n")
                .unwrap()
                .is_none()
        );
        let problem = Rule::parse("Comb", KNOWN).expect_err("a capital");
        assert_eq!((problem.code.id, problem.place.line), ("PNX-207", Some(1)));
        assert_eq!(
            problem.place.path.as_deref(),
            Some("rules/sources/Comb.toml")
        );
    }
}
