//! Release manifests: `releases/NAME.toml`.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use chrono::NaiveDate;
use debversion::Version;

use super::{Manifest, Pin, archive, bad_component, nar, omit};
use problem::Problem;

/// The allowed schemes of a URL: those that Git fetches itself, without a helper that the URL
/// names.
const SCHEMES: [&str; 5] = ["http", "https", "git", "ssh", "file"];

impl Manifest {
    /// The directories of rules that releases at `root` bring along, sorted. A release that cannot be read is told by whoever asks
    /// for it.
    #[must_use]
    pub fn directories_of_rules(root: &Path) -> Vec<String> {
        let names = Self::names(root).unwrap_or_default();
        let read = names.iter().filter_map(|name| Self::named(root, name).ok());
        let rules = read.filter_map(|manifest| manifest.rules);
        let there = rules.filter(|rules| root.join(rules).is_dir());
        let all: std::collections::BTreeSet<String> = there.collect();
        all.into_iter().collect()
    }

    /// Reads `releases/NAME.toml`; the file's stem becomes the release's name.
    ///
    /// # Errors
    /// `PNX-207` for an unreadable or invalid file, `PNX-208` for a URL that Git would take for an
    /// option or a command; both with the line.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        let shown = path.display().to_string();
        let name = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let bytes = fs::read(path)
            .map_err(|error| bad(&shown, None, format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error
                .as_bytes()
                .get(..error.utf8_error().valid_up_to())
                .unwrap_or_default();
            bad(&shown, Some(line_after(before)), "is not UTF-8")
        })?;
        Self::parse_at(name, &text, &shown)
    }

    /// Parses a manifest's text. `name` is the release's.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        Self::parse_at(name, text, &format!("releases/{name}.toml"))
    }

    fn parse_at(name: &str, text: &str, shown: &str) -> Result<Self, Problem> {
        check_name(name)
            .map_err(|why| bad(shown, None, format!("the release's name {name:?} {why}")))?;
        let mut manifest: Self = toml::from_str(text)
            .map_err(|error| bad(shown, error_line(text, &error), error.message()))?;
        name.clone_into(&mut manifest.name);
        if let Some(version) = &manifest.version {
            check_version(version).map_err(|why| bad(shown, key_line(text, &["version"]), why))?;
        }
        if let Some(rules) = &manifest.rules {
            omit::check(rules).map_err(|why| bad(shown, key_line(text, &["rules"]), why))?;
        }
        let place = Place {
            text,
            shown,
            program: None,
        };
        place.check(&manifest.sources)?;
        for (program, own) in &manifest.programs {
            check_name(program).map_err(|why| {
                let cause = format!("the program's name {program:?} {why}");
                bad(shown, key_line(text, &["program", program]), cause)
            })?;
            let program = Some(program.as_str());
            Place { program, ..place }.check(&own.sources)?;
        }
        place.check_archives(&manifest)?;
        Ok(manifest)
    }

    /// Returns the manifest's file: a header, the version, and one `[source.NAME]` table for each
    /// source, sorted by name.
    ///
    /// [`Manifest::parse`] restores the same manifest. The same manifest gives the same bytes.
    ///
    /// # Panics
    ///
    /// Never: a struct of strings and string-keyed tables has no value that TOML lacks.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let _ = match &self.version {
            Some(_) => writeln!(
                text,
                "# The pins of {}; written by `cargo xtask lock {}`.\n",
                self.name, self.name
            ),
            None => writeln!(text, "# The sources of {}.\n", self.name),
        };
        text.push_str(&toml::to_string(self).expect("a manifest is made of tables and strings"));
        text
    }

    /// Returns the names of the releases in `releases/*.toml` below `root`, by Debian version.
    /// Those without a version (the demo) come last.
    ///
    /// # Errors
    /// `PNX-207`: the directory cannot be listed.
    pub fn names(root: &Path) -> Result<Vec<String>, Problem> {
        let directory = root.join("releases");
        let failed =
            |error: std::io::Error| bad("releases", None, format!("cannot be listed: {error}"));
        let mut names = Vec::new();
        for entry in fs::read_dir(directory).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
                && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
                && check_name(stem).is_ok()
            {
                names.push(stem.to_owned());
            }
        }
        names.sort_by(|a, b| compare_names(a, b));
        Ok(names)
    }

    /// Reads the manifest of the release `name` below `root`.
    ///
    /// # Errors
    /// As [`Manifest::read`]. The problem of an unknown release lists the known ones.
    pub fn named(root: &Path, name: &str) -> Result<Self, Problem> {
        check_name(name).map_err(|why| {
            Problem::new(
                &problem::USAGE,
                format!("the release's name {name:?} {why}"),
            )
        })?;
        let path = root.join("releases").join(format!("{name}.toml"));
        if !path.is_file() {
            let known = Self::names(root).unwrap_or_default().join(", ");
            return Err(Problem::new(&problem::USAGE, format!("there is no release {name}"))
                .mend(format!("Name one of releases/*.toml ({known}), or make it with `cargo xtask lock {name}`.")));
        }
        let mut manifest = Self::read(&path).map_err(|mut problem| {
            problem.place.path = Some(super::shown(&path, root));
            problem
        })?;
        name.clone_into(&mut manifest.name);
        Ok(manifest)
    }

    /// Moves a problem with a whole source to the line of the release's file that pins it.
    pub fn at_pin(&self, root: &Path, mut problem: Problem) -> Problem {
        let Some(name) = problem.place.source.as_deref() else {
            return problem;
        };
        if problem.place.path.is_some() {
            return problem;
        }
        let key = match problem.code.id {
            id if id == problem::MISSING_PIN.id => "rev",
            id if id == problem::MISSING_SOURCE.id => "url",
            id if id == problem::UNSAFE_URL.id => "url",
            id if id == problem::BAD_MANIFEST.id => "path",
            _ => return problem,
        };
        let file = format!("releases/{}.toml", self.name);
        let text = fs::read_to_string(root.join(&file)).unwrap_or_default();
        let line = key_line(&text, &["source", name, key]);
        problem.cause = format!("{name}: {}", problem.cause);
        problem.place.source = None;
        problem.at(file, line)
    }
}

/// The position of pins in a manifest: the release's, or those of one program.
#[derive(Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    shown: &'a str,
    program: Option<&'a str>,
}

impl Place<'_> {
    fn line(&self, keys: &[&str]) -> Option<u32> {
        let above = self.program.map(|program| ["program", program]);
        let keys: Vec<&str> = above.iter().flatten().chain(keys).copied().collect();
        key_line(self.text, &keys)
    }

    fn check(&self, pins: &BTreeMap<String, Pin>) -> Result<(), Problem> {
        for (source, pin) in pins {
            check_source(source).map_err(|why| {
                let cause = format!("the source's name {source:?} {why}");
                bad(self.shown, self.line(&["source", source]), cause)
            })?;
            check_pin(pin).map_err(|fault| {
                let line = self.line(&["source", source, fault.key]);
                let line = line.or_else(|| self.line(&["source", source]));
                Problem::new(fault.code, fault.cause).at(self.shown, line)
            })?;
        }
        Ok(())
    }
}

impl Place<'_> {
    /// Checks the archives, and that each is the one that its source packages.
    fn check_archives(&self, manifest: &Manifest) -> Result<(), Problem> {
        for (name, archive) in &manifest.archives {
            let line = |key| self.line(&["archive", name, key]);
            check_name(name).map_err(|why| {
                let line = self.line(&["archive", name]);
                bad(
                    self.shown,
                    line,
                    format!("the archive's name {name:?} {why}"),
                )
            })?;
            archive
                .check()
                .map_err(|(key, code, why)| Problem::new(code, why).at(self.shown, line(key)))?;
        }
        for (source, pin) in &manifest.sources {
            let Some(name) = &pin.archive else { continue };
            archive::check_pin(name, manifest, pin.version.as_deref()).map_err(|why| {
                let line = self.line(&["source", source, "archive"]);
                bad(self.shown, line, format!("{source}: {why}"))
            })?;
        }
        Ok(())
    }
}

/// Checks a source's name, which must not contain the separator of programs' own pins.
fn check_source(name: &str) -> Result<(), &'static str> {
    check_name(name)?;
    if super::is_own_pin(name) {
        return Err("has a `+`");
    }
    Ok(())
}

/// The fault of a pin: its key, the code, the cause.
struct Fault {
    key: &'static str,
    code: &'static problem::Code,
    cause: String,
}

impl Fault {
    fn new(key: &'static str, cause: impl Into<String>) -> Self {
        Self {
            key,
            code: &problem::BAD_MANIFEST,
            cause: cause.into(),
        }
    }
}

fn check_pin(pin: &Pin) -> Result<(), Fault> {
    match (&pin.url, &pin.rev, &pin.path) {
        (Some(url), Some(rev), None) => {
            check_url(url).map_err(|cause| Fault {
                key: "url",
                code: &problem::UNSAFE_URL,
                cause,
            })?;
            if !is_rev(rev) {
                return Err(Fault::new("rev", not_rev(rev)));
            }
        }
        (None, None, Some(path)) => {
            if path.is_empty() || path.contains(['\\', '\0']) || bad_component(path).is_some() {
                let cause =
                    format!("{path:?} is not a relative path that stays below the project's root");
                return Err(Fault::new("path", cause));
            }
        }
        (None, _, None) => {
            return Err(Fault::new(
                "url",
                "the source has neither `url` and `rev` nor `path`",
            ));
        }
        (_, _, Some(_)) => {
            return Err(Fault::new("path", "`path` excludes `url` and `rev`"));
        }
        (Some(_), None, None) => {
            return Err(Fault::new("rev", "the source has a `url` but no `rev`"));
        }
    }
    if let Some(date) = pin.date.as_deref().filter(|date| !is_date(date)) {
        return Err(Fault::new(
            "date",
            format!("{date:?} is not a date like 2025-12-22"),
        ));
    }
    if let Some(version) = &pin.version {
        check_version(version).map_err(|why| Fault::new("version", why))?;
    }
    for path in &pin.omit {
        omit::check(path).map_err(|why| Fault::new("omit", why))?;
    }
    if pin.path.is_some() && (pin.commit_only || !pin.omit.is_empty()) {
        let why = "a directory beside the manifest has neither `omit` nor `commit-only`";
        return Err(Fault::new("path", why));
    }
    for (key, hash) in [("nar-hash", &pin.nar_hash), ("tree-hash", &pin.tree_hash)] {
        if let Some(hash) = hash
            && nar::parse_sri(hash).is_none()
        {
            return Err(Fault::new(key, not_sri(hash)));
        }
    }
    Ok(())
}

/// Returns the message that `rev` is not a commit.
pub(super) fn not_rev(rev: &str) -> String {
    format!("{rev:?} is not a commit: forty hex digits in lower case")
}

/// Whether `date` has the form 2025-12-22.
pub(super) fn is_date(date: &str) -> bool {
    date.len() == 10 && NaiveDate::from_str(date).is_ok()
}

/// Returns the message that `hash` is not an SRI hash.
pub(super) fn not_sri(hash: &str) -> String {
    format!("{hash:?} is not an SRI hash: sha256- and forty-four characters of base 64")
}

/// Checks that `name` can name a source or release: it becomes a file name, a Nix attribute and an
/// argument of Git.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        Err("is empty")
    } else if name.starts_with(['-', '.']) {
        Err("starts with `-` or `.`")
    } else if name
        .bytes()
        .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'+' | b'-'))
    {
        Ok(())
    } else {
        Err("has characters other than a-z, 0-9, `.`, `+` and `-`")
    }
}

/// Checks that `url` is safe to pass to Git.
///
/// Git takes a URL that starts with `-` for an option, runs a helper for `helper::address` (`ext::`
/// runs any command), and passes a host that starts with `-` to ssh as an option.
pub(super) fn check_url(url: &str) -> Result<(), String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!(
            "{url:?} is not a URL with a scheme (one of {})",
            SCHEMES.join(", ")
        ));
    };
    if !SCHEMES.contains(&scheme) {
        return Err(format!(
            "{url:?} has a scheme other than {}",
            SCHEMES.join(", ")
        ));
    }
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if rest.starts_with('-') || host.starts_with('-') {
        return Err(format!("{url:?} has a host that starts with `-`"));
    }
    if host.is_empty() && (scheme != "file" || rest.len() < 2) {
        return Err(format!("{url:?} names no host or path"));
    }
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{url:?} has white space or control characters"));
    }
    Ok(())
}

/// Whether `rev` is a full commit name (SHA-1).
pub(super) fn is_rev(rev: &str) -> bool {
    rev.len() == 40 && rev.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn check_version(version: &str) -> Result<(), String> {
    Version::from_str(version)
        .map(drop)
        .map_err(|_| format!("{version:?} is not a Debian version"))
}

/// Compares names: `pve-9.1.4` is `pve` at 9.1.4. Names without a version come last.
fn compare_names(a: &str, b: &str) -> Ordering {
    let split = |name: &str| {
        let (stem, version) = name.rsplit_once('-')?;
        let version = version
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| Version::from_str(version).ok())??;
        Some((stem.to_owned(), version))
    };
    match (split(a), split(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

fn bad(path: &str, line: Option<u32>, cause: impl Into<String>) -> Problem {
    Problem::new(&problem::BAD_MANIFEST, cause).at(path, line)
}

/// Returns the 1-based line that contains the byte after `before`.
pub(super) fn line_after(before: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', before).count())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
}

/// Returns the line of a TOML error.
pub(super) fn error_line(text: &str, error: &toml::de::Error) -> Option<u32> {
    let before = text.as_bytes().get(..error.span()?.start)?;
    Some(line_after(before))
}

/// Returns the line of `key` in the table at index `nth` of the array at `path`.
pub(super) fn nth_line(text: &str, path: &[&str], nth: usize, key: &str) -> Option<u32> {
    let document = toml_edit::Document::parse(text).ok()?;
    let (last, tables) = path.split_last()?;
    let mut table: &dyn toml_edit::TableLike = document.as_table();
    for name in tables {
        table = table.get(name)?.as_table_like()?;
    }
    let table = table.get(last)?.as_array_of_tables()?.get(nth)?;
    let (key, item) = table.get_key_value(key)?;
    let start = key.span().or_else(|| item.span())?.start;
    text.as_bytes().get(..start).map(line_after)
}

/// Returns the line of the key at `path`. Called only to report a problem.
pub(super) fn key_line(text: &str, path: &[&str]) -> Option<u32> {
    let document = toml_edit::Document::parse(text).ok()?;
    let (last, tables) = path.split_last()?;
    let mut table: &dyn toml_edit::TableLike = document.as_table();
    for name in tables {
        table = table.get(name)?.as_table_like()?;
    }
    let (key, item) = table.get_key_value(last)?;
    let start = key.span().or_else(|| item.span())?.start;
    text.as_bytes().get(..start).map(line_after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "version = \"1.0\"\n\n[source.x]\nurl = \"https://example.org/x.git\"\nrev = \"0123456789012345678901234567890123456789\"\n";

    fn refused(text: &str) -> (&'static str, Option<u32>) {
        let problem = Manifest::parse("pve-1.0", text).expect_err(text);
        assert_eq!(problem.place.path.as_deref(), Some("releases/pve-1.0.toml"));
        (problem.code.id, problem.place.line)
    }

    #[test]
    fn reads_back_what_it_writes() {
        let hash = "sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=";
        let text = format!(
            "{GOOD}date = \"2025-12-22\"\nversion = \"1:2.0-3\"\nsubmodules = true\nnar-hash = \"{hash}\"\ntree-hash = \"{hash}\"\n\n[source.a]\npath = \"demo/a\"\n"
        );
        let manifest = Manifest::parse("pve-1.0", &text).expect("a manifest");
        assert_eq!(manifest.sources.keys().collect::<Vec<_>>(), ["a", "x"]);
        let written = manifest.to_toml();
        assert_eq!(
            Manifest::parse("pve-1.0", &written).expect("a manifest"),
            manifest
        );
        assert!(written.starts_with("# The pins of pve-1.0; "), "{written}");
        assert!(
            written.find("[source.a]") < written.find("[source.x]"),
            "{written}"
        );
    }

    #[test]
    fn refuses_malformed_files_with_their_line() {
        assert_eq!(refused("version = "), ("PNX-207", Some(1)));
        assert_eq!(
            refused(&format!("{GOOD}colour = \"red\"\n")),
            ("PNX-207", Some(6))
        );
        assert_eq!(
            refused(&format!("{GOOD}\n[sources.y]\n")),
            ("PNX-207", Some(7))
        );
        assert_eq!(
            refused(&format!("{GOOD}rev = \"twice\"\n")),
            ("PNX-207", Some(6))
        );
        assert_eq!(
            refused(&format!("{GOOD}\n[source.x]\n")),
            ("PNX-207", Some(7))
        );
        assert_eq!(
            refused(&format!("{GOOD}submodules = 1\n")),
            ("PNX-207", Some(6))
        );
    }

    #[test]
    fn refuses_bad_values_with_their_line() {
        for line in [
            "date = \"22.12.2025\"",
            "date = \"2025-13-01\"",
            "version = \"${x}\"",
            "version = \"1''2\"",
            "version = \"1\\n2\"",
            "nar-hash = \"sha256-short\"",
            "tree-hash = \"sha256-short\"",
            "nar-hash = \"md5-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=\"",
            "path = \"demo/x\"",
        ] {
            assert_eq!(
                refused(&format!("{GOOD}{line}\n")),
                ("PNX-207", Some(6)),
                "{line}"
            );
        }
        let short = GOOD.replace("0123456789012345678901234567890123456789", "HEAD");
        assert_eq!(refused(&short), ("PNX-207", Some(5)));
        assert_eq!(
            refused(&GOOD.replace("\"1.0\"", "\"1.0''\"")),
            ("PNX-207", Some(1))
        );
        assert_eq!(
            refused("[source.x]\nurl = \"https://example.org/\"\n"),
            ("PNX-207", Some(1))
        );
        assert_eq!(refused("# nothing\n[source.x]\n"), ("PNX-207", Some(2)));
        for path in [
            "",
            "/etc",
            "../x",
            "demo/../../x",
            "demo/.git",
            "demo//x",
            "a\\\\b",
        ] {
            let text = format!("[source.x]\npath = \"{path}\"\n");
            assert_eq!(refused(&text), ("PNX-207", Some(2)), "{path}");
        }
        for name in [
            "\"-x\"", "\".x\"", "\"x/y\"", "\"..\"", "X", "\"\"", "\"x y\"", "x_y",
        ] {
            let text = GOOD.replace("[source.x]", &format!("[source.{name}]"));
            assert_eq!(refused(&text), ("PNX-207", Some(3)), "{name}");
        }
        assert_eq!(
            Manifest::parse("../x", GOOD)
                .expect_err("a bad name")
                .code
                .id,
            "PNX-207"
        );
    }

    #[test]
    fn refuses_urls_that_git_would_obey() {
        for url in [
            "-upload-pack=id",
            "--upload-pack=id",
            "ext::sh -c id",
            "ext::sh://x/y",
            "https::x",
            "fd::17",
            "file:relative",
            "file://",
            "https:///x",
            "ftp://example.org/x",
            "HTTPS://example.org/x",
            "git@example.org:x.git",
            "/srv/x.git",
            "ssh://-oProxyCommand=id/x",
            "ssh://user@-oProxyCommand=id/x",
            "https://example.org/x y",
            "https://example.org/x\\ny",
            "",
        ] {
            let text = GOOD.replace("https://example.org/x.git", url);
            assert_eq!(refused(&text), ("PNX-208", Some(4)), "{url}");
        }
        for url in [
            "git://example.org/x.git",
            "ssh://git@example.org:22/x",
            "file:///srv/x.git",
            "http://[::1]/x",
        ] {
            check_url(url).expect(url);
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_told_with_their_line() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("pve-1.0.toml");
        fs::write(&path, b"# one\n# two \xff\n").expect("written");
        let problem = Manifest::read(&path).expect_err("refused");
        assert_eq!((problem.code.id, problem.place.line), ("PNX-207", Some(2)));
        let problem = Manifest::read(&directory.path().join("none.toml")).expect_err("refused");
        assert_eq!((problem.code.id, problem.place.line), ("PNX-207", None));
    }

    #[test]
    fn names_are_in_the_order_of_versions_and_the_demo_last() {
        let root = tempfile::tempdir().expect("a directory");
        fs::create_dir(root.path().join("releases")).expect("a directory");
        for name in [
            "demo",
            "pve-9.1.10",
            "pve-9.1.9",
            "pve-8.4.1",
            "pve-9.1.9~rc1",
            ".hidden",
        ] {
            fs::write(root.path().join(format!("releases/{name}.toml")), GOOD).expect("written");
        }
        fs::write(root.path().join("releases/notes.txt"), "").expect("written");
        let names = Manifest::names(root.path()).expect("listed");
        assert_eq!(names, ["pve-8.4.1", "pve-9.1.9", "pve-9.1.10", "demo"]);
        let unknown = Manifest::named(root.path(), "pve-7.0").expect_err("not there");
        assert_eq!(unknown.code.id, "PNX-501");
        assert!(unknown.to_string().contains("pve-9.1.10"), "{unknown}");
        assert_eq!(
            Manifest::named(root.path(), "../releases/demo")
                .expect_err("refused")
                .code
                .id,
            "PNX-501"
        );
        assert_eq!(
            Manifest::named(root.path(), "demo").expect("read").name,
            "demo"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", cut in 0..GOOD.len()) {
            let _ = Manifest::parse("pve-1.0", &text);
            let mixed = format!("{}{text}{}", &GOOD[..cut], &GOOD[cut..]);
            if let Ok(manifest) = Manifest::parse("pve-1.0", &mixed) {
                prop_assert_eq!(Manifest::parse("pve-1.0", &manifest.to_toml()).ok(), Some(manifest));
            }
        }
    }

    #[test]
    fn an_archive_is_of_the_version_that_is_packaged() {
        let archive = "[archive.x]\nversion = \"1.0\"\nurl = \"https://example.org/x-1.0.tar.gz\"\nhash = \"sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=\"\n";
        let packaged = "version = \"1.0-2\"\narchive = \"x\"\n\n";
        let good = format!("{GOOD}{packaged}{archive}");
        let read = Manifest::parse("pve-1.0", &good).unwrap();
        assert_eq!(read.archives["x"].file_name(), "x-1.0.tar.gz");
        assert_eq!(Manifest::parse("pve-1.0", &read.to_toml()).unwrap(), read);
        for (from, to, refusal) in [
            ("1.0-2", "1.1-2", ("PNX-207", Some(7))),
            ("version = \"1.0-2\"\n", "", ("PNX-207", Some(6))),
            (archive, "", ("PNX-207", Some(7))),
            ("x-1.0.tar", "x-1.1.tar", ("PNX-207", Some(11))),
            ("https://example.org/x-", "ext::x-", ("PNX-208", Some(11))),
            ("sha256-l", "sha256-", ("PNX-207", Some(12))),
            ("[archive.x]", "[archive.\"-x\"]", ("PNX-207", Some(9))),
        ] {
            assert_eq!(refused(&good.replace(from, to)), refusal, "{from}");
        }
    }
}
