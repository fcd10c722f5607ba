//! Directories on the machine, and where files go.

use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::optional::{AsideRule, PlaceRule};
use crate::{RuleId, Table};

/// `[[directory]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraDirectory {
    /// Its name, `system.NAME`.
    pub name: String,
    /// The source in whose `system.json` it goes.
    #[serde(default)]
    pub source: String,
    /// Absolute.
    pub path: String,
    /// Four octal digits.
    pub mode: String,
    /// A user's name.
    pub owner: String,
    /// A group's name.
    pub group: String,
    /// The reason why it is needed.
    pub why: String,
}

impl Rules {
    pub(super) fn add_directories(
        &mut self,
        reader: &mut Reader,
        (name, text): (&str, &str),
        directories: Vec<ExtraDirectory>,
    ) {
        for directory in directories {
            let line = Reader::line_of_element(text, "directory", &directory.name);
            reader.claim(&RuleId::new(Table::System, &directory.name), name, line);
            let octal = directory.mode.len() == 4
                && directory
                    .mode
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'7'));
            if directory.path.starts_with('/') && octal {
                self.directories.push(directory);
            } else {
                let cause = "a directory has an absolute path and a mode of four octal digits";
                reader.bad(name, line, cause);
            }
        }
        self.directories.sort_by(|a, b| a.name.cmp(&b.name));
    }

    pub(super) fn add_places(
        &mut self,
        reader: &mut Reader,
        (name, text): (&str, &str),
        places: Vec<PlaceRule>,
        asides: Vec<AsideRule>,
    ) {
        for place in places {
            let line = Reader::line_of(text, &place.below);
            reader.claim(&RuleId::new(Table::Place, &place.below), name, line);
            if place.leave_out.is_some() == place.keep.is_some() {
                let cause = format!("`{}` needs exactly one of leave-out, keep", place.below);
                reader.bad(name, line, cause);
            }
            self.places.push(place);
        }
        for aside in asides {
            let mut globs = globset::GlobSetBuilder::new();
            for file in &aside.files {
                match globset::Glob::new(file) {
                    Ok(glob) => drop(globs.add(glob)),
                    Err(error) => {
                        let line = Reader::line_of(text, file);
                        reader.bad(name, line, error.to_string());
                    }
                }
            }
            self.asides
                .extend(globs.build().map(|globs| (globs, aside)));
        }
        self.places
            .sort_by_key(|place| std::cmp::Reverse(place.below.len()));
    }

    /// Returns the rule that excuses a packaging file, by its name in `debian/`.
    pub fn aside(&self, name: &str) -> Option<&AsideRule> {
        let found = self.asides.iter().find(|(globs, _)| globs.is_match(name));
        found.map(|(_, aside)| aside)
    }

    /// Returns the rule for the directory that contains an installed path, given as on Debian
    /// without a leading slash.
    pub fn place(&self, path: &str) -> Option<&PlaceRule> {
        let path = path.trim_start_matches('/');
        let below = |place: &&PlaceRule| {
            let rest = path.strip_prefix(place.below.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.places.iter().find(below)
    }

    /// Returns the rule that leaves out the directory of an installed path.
    pub fn left_out(&self, path: &str) -> Option<&PlaceRule> {
        self.place(path).filter(|place| place.leave_out.is_some())
    }
}
