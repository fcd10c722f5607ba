//! Parses `debian/changelog` (`deb-changelog(5)`), which states a tree's version.

use debversion::Version;
use serde::{Deserialize, Serialize};

use problem::{BAD_CHANGELOG, Problem};

/// A parsed changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changelog {
    /// The file, relative to the source.
    pub path: String,
    /// Newest first; never empty.
    pub entries: Vec<Entry>,
}

impl Changelog {
    /// The newest entry.
    pub fn top(&self) -> Option<&Entry> {
        self.entries.first()
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The source package, which repositories have renamed over time.
    pub package: String,
    /// The version as written; it parses as one.
    pub version: String,
    /// `trixie`, `unstable`; several are joined by blanks.
    pub distribution: String,
    /// The trailer's date as written (RFC 5322), or empty without a trailer.
    pub date: String,
    /// 1-based line of the header.
    pub line: u32,
}

impl Entry {
    /// Returns the parsed version, for comparisons.
    ///
    /// # Errors
    /// Never for an entry made by [`parse`], which checks the version.
    pub fn parsed(&self) -> Result<Version, debversion::ParseError> {
        self.version.parse()
    }
}

/// Parses a changelog. Problems name `path`.
///
/// # Errors
/// PNX-302 at the first line that is out of place.
pub fn parse(path: &str, text: &str) -> Result<Changelog, Problem> {
    let bad = |line: u32, cause: String| Problem::new(&BAD_CHANGELOG, cause).at(path, Some(line));
    let mut entries: Vec<Entry> = Vec::new();
    // Whether the newest header still lacks its trailer.
    let mut open = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with("  ") || line.starts_with('\t') {
            if !open && !line.is_empty() && entries.is_empty() {
                return Err(bad(
                    number,
                    "a change without an entry's first line above it".into(),
                ));
            }
        } else if let Some(trailer) = line.strip_prefix(" --") {
            let Some(entry) = entries.last_mut().filter(|_| open) else {
                return Err(bad(
                    number,
                    "a trailer without an entry's first line above it".into(),
                ));
            };
            entry.date = date(trailer).map_err(|cause| bad(number, cause))?;
            open = false;
        } else if is_ignored(line) {
        } else if is_old_format(line) && !entries.is_empty() {
            // `deb-changelog(5)`: everything below is in an older format.
            break;
        } else {
            if open {
                let cause = format!(
                    "`{line}` comes before the trailer ` -- Name <address>  date` of the entry above"
                );
                return Err(bad(number, cause));
            }
            entries.push(header(line, number).map_err(|cause| bad(number, cause))?);
            open = true;
        }
    }
    if let Some(entry) = entries.last().filter(|_| open) {
        return Err(bad(
            entry.line,
            "the entry has no trailer ` -- Name <address>  date`".into(),
        ));
    }
    if entries.is_empty() {
        return Err(bad(1, "the file has no entry".into()));
    }
    Ok(Changelog {
        path: path.to_owned(),
        entries,
    })
}

/// Whether a line is a comment or an editor setting, which dpkg skips.
fn is_ignored(line: &str) -> bool {
    line.starts_with('#')
        || line.starts_with("/*")
        || line.starts_with("vim:")
        || line.starts_with("Local variables:")
        || line.starts_with('$') && line.ends_with('$')
        || line.trim() == "--"
}

/// Whether a line is a marker at which dpkg stops reading.
fn is_old_format(line: &str) -> bool {
    line.eq_ignore_ascii_case("old changelog:")
        || line.starts_with("Changes from version ")
        || line.starts_with("Changes for ")
}

/// Parses `package (version) distribution…; key=value,…`.
fn header(line: &str, number: u32) -> Result<Entry, String> {
    let wrong = || {
        format!(
            "`{line}` is not the first line of an entry: `package (version) distribution; urgency=…`"
        )
    };
    let (package, rest) = line.split_once(" (").ok_or_else(wrong)?;
    let (version, rest) = rest.split_once(')').ok_or_else(wrong)?;
    let (distribution, _) = rest.split_once(';').ok_or_else(wrong)?;
    let name = package
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if package.is_empty() || !name || distribution.trim().is_empty() {
        return Err(wrong());
    }
    if version.parse::<Version>().is_err() {
        return Err(format!("`{version}` is not a version"));
    }
    Ok(Entry {
        package: package.to_owned(),
        version: version.to_owned(),
        distribution: distribution
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        date: String::new(),
        line: number,
    })
}

/// Returns the date of a trailer, which follows the address. Old entries have one blank before it
/// instead of two.
fn date(trailer: &str) -> Result<String, String> {
    let after = trailer.rsplit_once('>').map(|(_, date)| date.trim());
    match after {
        Some(date) if !date.is_empty() => Ok(date.to_owned()),
        _ => Err(format!(
            "` --{trailer}` is not a trailer: ` -- Name <address>  date`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SAMPLE: &str = "\
demo (1:2.0~rc1-1) trixie; urgency=medium

  * a change
    that goes on

 -- Some Body <some@body.example>  Sat, 15 Nov 2025 10:03:09 +0100

old-demo (1.0) unstable stable; urgency=low

  * first

 -- Some Body <some@body.example> Tue, 02 Sep 2025 10:08:19 +0200
";

    fn line(text: &str) -> u32 {
        let problem = parse("debian/changelog", text).unwrap_err();
        assert_eq!(problem.code.id, "PNX-302");
        problem.place.line.unwrap()
    }

    #[test]
    fn entries_in_order() {
        let changelog = parse("debian/changelog", SAMPLE).unwrap();
        let top = changelog.top().unwrap();
        assert_eq!(
            (top.package.as_str(), top.version.as_str(), top.line),
            ("demo", "1:2.0~rc1-1", 1)
        );
        assert_eq!(
            (top.distribution.as_str(), top.date.as_str()),
            ("trixie", "Sat, 15 Nov 2025 10:03:09 +0100")
        );
        assert_eq!(changelog.entries[1].package, "old-demo");
        assert_eq!(changelog.entries[1].distribution, "unstable stable");
        assert!(top.parsed().unwrap() > changelog.entries[1].parsed().unwrap());
    }

    #[test]
    fn malformed_lines_are_named() {
        assert_eq!(line(""), 1);
        assert_eq!(line("  * a change\n"), 1);
        assert_eq!(line(" -- A <a@b>  today\n"), 1);
        assert_eq!(line("demo 1.0 trixie; urgency=low\n"), 1);
        assert_eq!(line("demo (1 0) trixie; urgency=low\n"), 1);
        assert_eq!(line("demo (1.0)\n"), 1);
        assert_eq!(
            line("demo (1.0) trixie; urgency=low\n\n  * x\n\nnonsense\n"),
            5
        );
        assert_eq!(line("demo (1.0) trixie; urgency=low\n\n  * x\n"), 1);
        assert_eq!(line("demo (1.0) trixie; urgency=low\n\n -- nobody\n"), 3);
    }

    #[test]
    fn comments_and_old_changelogs_are_passed_over() {
        let text = format!("{SAMPLE}\n# end\nOld Changelog:\nwhatever stands here\n");
        assert_eq!(parse("debian/changelog", &text).unwrap().entries.len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|([a-z0-9 ().;=<>@\n\t~:-]{0,160})") {
            let _ = parse("debian/changelog", &text);
        }
    }
}
