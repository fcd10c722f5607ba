//! Parser of systemd's units and of other files in the same syntax: systemd.syntax(7).

use std::ops::Range;
use std::rc::Rc;

/// The characters that may precede a command's program: systemd.service(5), "special executable
/// prefixes".
pub const PREFIXES: [char; 6] = ['@', '-', ':', '+', '!', '|'];

/// A part of a unit, in file order. Section headers and blank lines are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// `# …` or `; …`. Always one line: a backslash at its end continues nothing.
    Comment {
        /// The section that contains it.
        section: Option<Rc<str>>,
        /// The line without its newline.
        range: Range<usize>,
    },
    /// `KEY=VALUE`.
    Setting(Setting),
    /// A line without an equals sign, which systemd ignores.
    Other {
        /// The section that contains it.
        section: Option<Rc<str>>,
        /// The line without leading blanks and without its newline.
        range: Range<usize>,
    },
}

/// `KEY=VALUE`, with its continuation lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The section that contains it.
    pub section: Option<Rc<str>>,
    /// The key, trimmed.
    pub key: String,
    /// Everything after the equals sign, without the last newline.
    pub value: Range<usize>,
    /// All its lines with their newlines.
    pub lines: Range<usize>,
}

/// Parses a unit into its entries.
pub fn entries(bytes: &[u8]) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut section: Option<Rc<str>> = None;
    let mut start = 0;
    while start < bytes.len() {
        let end = line_end(bytes, start);
        let line = bytes.get(start..end).unwrap_or_default();
        let blank = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let mut next = end + 1;
        match line.get(blank) {
            Some(b'#' | b';') => {
                // A comment never continues on the next line, even after a backslash.
                let end = memchr::memchr(b'\n', line).map_or(end, |length| start + length);
                found.push(Entry::Comment {
                    section: section.clone(),
                    range: start..end,
                });
                next = end + 1;
            }
            Some(b'[') => {
                let name = line.trim_ascii();
                let name = name.get(1..name.len().saturating_sub(1));
                section = Some(String::from_utf8_lossy(name.unwrap_or_default()).into());
            }
            Some(_) => {
                let range = start + blank..end;
                let setting = setting(bytes, section.as_ref(), range.clone());
                found.push(match setting {
                    Some(setting) => Entry::Setting(Setting {
                        lines: start..next.min(bytes.len()),
                        ..setting
                    }),
                    None => Entry::Other {
                        section: section.clone(),
                        range,
                    },
                });
            }
            None => {}
        }
        start = next;
    }
    found
}

/// Returns the settings of a unit.
pub fn settings(bytes: &[u8]) -> impl Iterator<Item = Setting> {
    entries(bytes).into_iter().filter_map(|entry| match entry {
        Entry::Setting(setting) => Some(setting),
        Entry::Comment { .. } | Entry::Other { .. } => None,
    })
}

fn setting(bytes: &[u8], section: Option<&Rc<str>>, range: Range<usize>) -> Option<Setting> {
    let line = bytes.get(range.clone())?;
    let equals = memchr::memchr(b'=', line)?;
    let key = line.get(..equals)?.trim_ascii();
    Some(Setting {
        section: section.cloned(),
        key: String::from_utf8_lossy(key).into_owned(),
        value: range.start + equals + 1..range.end,
        lines: range,
    })
}

impl Setting {
    /// Returns the value as systemd reads it: trimmed, with a blank for each backslash and newline.
    pub fn text(&self, bytes: &[u8]) -> String {
        let value = bytes.get(self.value.clone()).unwrap_or_default();
        let value = String::from_utf8_lossy(value);
        value
            .replace("\\\r\n", " ")
            .replace("\\\n", " ")
            .trim()
            .to_owned()
    }

    /// Whether the value spans several lines.
    pub fn continues(&self, bytes: &[u8]) -> bool {
        let value = bytes.get(self.value.clone()).unwrap_or_default();
        value.contains(&b'\n')
    }

    /// The section's name; empty before the first header.
    pub fn section(&self) -> &str {
        self.section.as_deref().unwrap_or_default()
    }
}

/// Returns the end of the logical line at `start`. A backslash before the newline continues the
/// line.
fn line_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(length) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let newline = at + length;
        if newline.checked_sub(1).and_then(|i| bytes.get(i)) != Some(&b'\\') {
            return newline;
        }
        at = newline + 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_their_section_and_continue_on_the_next_line() {
        let unit = b"early=1\n[Unit]\n# not=this \\\n ; nor=this\nAfter = a.service \\\n  b.service\n\n[Install]\nWantedBy=x\nodd\n[Service]\nUser=";
        let found: Vec<_> = settings(unit)
            .map(|one| (one.section().to_owned(), one.key.clone(), one.text(unit)))
            .collect();
        let of = |section: &str, key: &str, value: &str| {
            (section.to_owned(), key.to_owned(), value.to_owned())
        };
        assert_eq!(
            found,
            [
                of("", "early", "1"),
                of("Unit", "After", "a.service    b.service"),
                of("Install", "WantedBy", "x"),
                of("Service", "User", ""),
            ]
        );
        let after = settings(unit).nth(1).unwrap();
        assert!(after.continues(unit));
        assert_eq!(&unit[after.lines], b"After = a.service \\\n  b.service\n");
        let others = entries(unit).into_iter().filter_map(|entry| match entry {
            Entry::Comment { range, .. } | Entry::Other { range, .. } => Some(range),
            Entry::Setting(_) => None,
        });
        let others: Vec<&[u8]> = others.map(|range| &unit[range]).collect();
        assert_eq!(others, [&b"# not=this \\"[..], b" ; nor=this", b"odd"]);
    }
}
