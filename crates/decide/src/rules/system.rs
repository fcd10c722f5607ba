//! Directories on the machine, and the treatment of installed files: `system.toml`, `places.toml`.

use problem::{BAD_RULE, Problem};
use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::optional::{AsideRule, PlaceRule, PlacesFile};
use crate::{RuleId, Table};

/// `[[directory]]` of `system.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraDirectory {
    /// Its name, `system.NAME`.
    pub name: String,
    /// The source whose `system.json` lists it.
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemFile {
    #[serde(default)]
    directory: Vec<ExtraDirectory>,
}

impl Rules {
    pub(super) fn read_system(&mut self, reader: &mut Reader) {
        let name = "system.toml";
        let Some((file, text)) = reader.file::<SystemFile>(name) else {
            return;
        };
        for directory in file.directory {
            let line = Reader::line_of(&text, &directory.name);
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
                reader
                    .problems
                    .push(Problem::new(&BAD_RULE, cause).at(reader.place(name), line));
            }
        }
        self.directories.sort_by(|a, b| a.name.cmp(&b.name));
    }

    pub(super) fn read_places(&mut self, reader: &mut Reader) {
        let name = "places.toml";
        let Some((file, text)) = reader.file::<PlacesFile>(name) else {
            return;
        };
        for place in file.place {
            let line = Reader::line_of(&text, &place.below);
            reader.claim(&RuleId::new(Table::Place, &place.below), name, line);
            if place.leave_out.is_some() == place.keep.is_some() {
                let cause = format!("`{}` needs exactly one of leave-out, keep", place.below);
                let problem = Problem::new(&BAD_RULE, cause);
                reader.problems.push(problem.at(reader.place(name), line));
            }
            self.places.push(place);
        }
        for aside in file.aside {
            let mut globs = globset::GlobSetBuilder::new();
            for file in &aside.files {
                match globset::Glob::new(file) {
                    Ok(glob) => drop(globs.add(glob)),
                    Err(error) => {
                        let line = Reader::line_of(&text, file);
                        let problem = Problem::new(&BAD_RULE, error.to_string());
                        reader.problems.push(problem.at(reader.place(name), line));
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
