//! Compares two releases: what moved, changed and broke between them.
//!
//! Places are matched by their text and their position in the program's structure, never by line
//! number. This crate computes the differences; `report` writes them.

mod commits;
mod compare;
mod excerpt;
mod files;
pub mod hunks;
mod installs;
mod judge;
mod later;
mod lines;
pub mod measure;
mod needs;
pub mod older;
mod pairs;
mod places;
mod propose;
mod source;
mod structure;
mod targets;
mod text;
mod totals;

use serde::Serialize;

pub use compare::{Request, drift};

use decide::{Context, Decision, RuleId};
use problem::Problem;
use scan::{Kind, Language};

/// How much attention a change needs, from least to most.
#[derive(Serialize, Debug, Default, Clone, Copy, Hash, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing that affects the output differs.
    #[default]
    Clean,
    /// Places moved, or were added or removed, all with decisions as before; versions changed.
    Moved,
    /// A new decision that nobody has reviewed, or a change in behaviour.
    Review,
    /// A place has no decision, or an edit no longer finds its target: `regen` refuses, or the
    /// build will fail.
    Broken,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 4] = [Self::Clean, Self::Moved, Self::Review, Self::Broken];

    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Moved => "moved",
            Self::Review => "review",
            Self::Broken => "broken",
        }
    }
}

/// The differences between two releases.
#[derive(Serialize, Debug, Default)]
pub struct Drift {
    /// The old release.
    pub old: Side,
    /// The new release.
    pub new: Side,
    /// The highest level of any source and of the structure.
    pub level: Level,
    /// Every source of either release, sorted by name.
    pub sources: Vec<SourceDrift>,
    /// Differences that concern no single source: the objects' knot, the links.
    pub structure: Structure,
    /// Rules that decided something in the old release and nothing in the new one, sorted.
    pub idle_rules: Vec<RuleId>,
    /// The figures.
    pub summary: Summary,
    /// Problems of the new release that concern no source, and sources missing with
    /// `--allow-missing`.
    #[serde(serialize_with = "problem::problems")]
    pub problems: Vec<Problem>,
}

/// One of the two releases.
#[derive(Serialize, Debug, Default, Clone)]
pub struct Side {
    /// `pve-9.1.4`.
    pub release: String,
    /// Its version; `None` for a release of directories.
    pub version: Option<String>,
}

/// One source in both releases, or in one of them.
#[derive(Serialize, Debug, Default)]
pub struct SourceDrift {
    /// The repository's name; `SOURCE+PROGRAM` at a program's own pin.
    pub name: String,
    /// The highest level of its differences.
    pub level: Level,
    /// Whether it was added, removed or neither.
    pub presence: Presence,
    /// Its place in the old release.
    pub old: Option<At>,
    /// Its place in the new release.
    pub new: Option<At>,
    /// The relation of the two commits; `None` unless there are two.
    pub history: Option<History>,
    /// The number of places by kind of change.
    pub counts: Counts,
    /// Every place that is not unchanged, riskiest first.
    pub places: Vec<PlaceDrift>,
    /// Structural edits that no longer find their target.
    pub lost_targets: Vec<LostTarget>,
    /// Dependencies that were added, removed or changed.
    pub needs: Vec<Need>,
    /// Files, units, directories and users whose installation or setup was added, removed or
    /// changed.
    pub installs: Vec<Install>,
    /// How text patches would have fared: the old release's generated patches, applied to the new
    /// tree.
    pub text: TextDrift,
    /// The same for a downstream's own patches in `patches/local/SOURCE/`.
    pub local: Vec<LocalPatch>,
    /// Findings in the new release that are not in `places`.
    #[serde(serialize_with = "problem::problems")]
    pub problems: Vec<Problem>,
}

/// Whether a source was added, removed or neither.
#[derive(Serialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// In both releases.
    #[default]
    Stayed,
    /// In the new release only.
    Came,
    /// In the old release only.
    Went,
}

/// A source's place in a release.
#[derive(Serialize, Debug, Default, Clone, PartialEq, Eq)]
pub struct At {
    /// The commit; `None` for a directory.
    pub rev: Option<String>,
    /// Debian's version.
    pub version: Option<String>,
    /// The commit's date, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// The repository's address; `None` for a directory.
    pub url: Option<String>,
}

/// The relation of two commits of one repository.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
#[serde(tag = "relation", rename_all = "kebab-case")]
pub enum History {
    /// They are the same.
    Same,
    /// The new one is a descendant of the old one.
    Forward {
        /// The number of commits between them.
        commits: u64,
    },
    /// The new release has the older commit.
    Backward {
        /// The number of commits between them.
        commits: u64,
    },
    /// Neither is a descendant of the other: the history was rewritten, or they are on different
    /// branches.
    Diverged {
        /// Commits that only the old one has.
        old: u64,
        /// Commits that only the new one has.
        new: u64,
        /// The last commit that both have, if any.
        base: Option<String>,
    },
}

/// The number of places by kind of change.
#[derive(Serialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Same literal, same position in the structure, same decision.
    pub unchanged: u64,
    /// The unchanged places on another line.
    pub shifted: u64,
    /// The same literal in another sub or file.
    pub moved: u64,
    /// The literal, its context or its decision changed.
    pub changed: u64,
    /// Only in the new release.
    pub added: u64,
    /// Only in the old release.
    pub removed: u64,
}

/// The kind of change of a place.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The same literal in another sub or file.
    Moved,
    /// The literal, its context or its decision changed.
    Changed,
    /// Only in the new release.
    Added,
    /// Only in the old release.
    Removed,
}

impl Change {
    /// Returns its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// A property in which two places differ.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// The source.
    Source,
    /// The file.
    File,
    /// The sub, unit section or target.
    Sub,
    /// The literal's text.
    Literal,
    /// The call, command or assignment around it, or its notation.
    Site,
    /// The context.
    Context,
    /// The decision.
    Decision,
    /// The rule.
    Rule,
}

impl Aspect {
    /// Returns its word, as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::File => "file",
            Self::Sub => "sub",
            Self::Literal => "literal",
            Self::Site => "site",
            Self::Context => "context",
            Self::Decision => "decision",
            Self::Rule => "rule",
        }
    }
}

/// A place that changed.
#[derive(Serialize, Debug, Clone)]
pub struct PlaceDrift {
    /// The kind of change.
    pub change: Change,
    /// How much attention it needs.
    pub level: Level,
    /// The properties that differ; empty if the place is in one release only.
    pub differs: Vec<Aspect>,
    /// The reason for its level, as half a sentence.
    pub why: &'static str,
    /// The place in the old release; `None` when added.
    pub old: Option<Spot>,
    /// The place in the new release; `None` when removed.
    pub new: Option<Spot>,
    /// The upstream commit that made the change.
    pub commit: Option<Commit>,
    /// The code around the new place, or around the old one if it was removed; for levels from
    /// `review` on.
    pub code: Option<Excerpt>,
    /// A rule to add, for a place that is undecided or decided differently than before.
    pub proposal: Option<Proposal>,
    /// Advice if no rule is missing, for instance that a source's pin is too old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl PlaceDrift {
    /// Returns the new place, or the old one if it was removed.
    pub fn spot(&self) -> Option<&Spot> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

/// A place in one of the releases.
#[derive(Serialize, Debug, Clone)]
pub struct Spot {
    /// The source, if it differs from the one that lists it (a source was split).
    #[serde(skip_serializing_if = "Option::<String>::is_none")]
    pub source: Option<String>,
    /// The file.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in bytes.
    pub column: u32,
    /// The literal.
    pub text: String,
    /// Its kind.
    pub kind: Kind,
    /// The file's language.
    pub language: Language,
    /// The enclosing sub, unit section or Makefile target.
    #[serde(skip_serializing_if = "Option::<String>::is_none")]
    pub sub: Option<String>,
    /// The context.
    pub context: Context,
    /// The decision.
    pub decision: Decision,
    /// The rule that decided; `None` if undecided.
    pub rule: Option<RuleId>,
}

/// An upstream commit.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its name, forty hex digits.
    pub rev: String,
    /// Its committer date, `YYYY-MM-DD`.
    pub date: String,
    /// Its subject.
    pub subject: String,
}

/// Lines of a file around a place.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The 1-based number of the first line.
    pub first: u32,
    /// The lines, lossily decoded and limited in length.
    pub lines: Vec<String>,
    /// The index in `lines` of the line with the literal.
    pub at: usize,
    /// The byte range of the literal in that (cut) line; empty if the line does not contain all of
    /// it.
    pub mark: std::ops::Range<usize>,
}

/// A rule that would decide a place.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The file to paste it into: `rules/sources/pve-storage.toml`.
    pub file: String,
    /// The text to paste.
    pub toml: String,
    /// The rule before which to paste it; `None` for the file's end.
    pub before: Option<RuleId>,
    /// The header of the table that it replaces, such as `[lvm2]`; `None` for a new table.
    pub replaces: Option<String>,
    /// Whether it restores the old release's decision. Otherwise it is a guess to review.
    pub as_before: bool,
    /// The most similar rules, best first.
    pub closest: Vec<Closest>,
}

/// A rule that almost matches a place.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Closest {
    /// The rule.
    pub rule: RuleId,
    /// Its conditions that do not hold here.
    pub fails: Vec<String>,
}

/// A structural edit that no longer finds its target.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct LostTarget {
    /// The feature's name.
    pub feature: String,
    /// The target: `module PVE::API2::APT`.
    pub target: String,
    /// How much attention it needs. If the whole file is gone, nothing is left to remove.
    pub level: Level,
    /// The most similar target in the new tree, if any is similar.
    pub nearest: Option<String>,
    /// The commit that removed the target.
    pub commit: Option<Commit>,
}

/// The kind of a dependency.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum NeedKind {
    /// A Debian package at run time.
    Depends,
    /// A Debian package to build.
    BuildDepends,
    /// A Perl or Python module.
    Module,
    /// A program run by its bare name.
    Command,
    /// A crate of a program's lock.
    Crate,
    /// An input of the derivation, by its nixpkgs attribute.
    Input,
    /// Another Proxmox source.
    Source,
    /// Something that nothing provides.
    Lack,
}

impl NeedKind {
    /// Returns its word, as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Depends => "depends",
            Self::BuildDepends => "build-depends",
            Self::Module => "module",
            Self::Command => "command",
            Self::Crate => "crate",
            Self::Input => "input",
            Self::Source => "source",
            Self::Lack => "lack",
        }
    }
}

/// A dependency that was added (`old` is `None`), removed (`new` is `None`) or changed.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Its kind.
    pub kind: NeedKind,
    /// Its name.
    pub name: String,
    /// How much attention it needs.
    pub level: Level,
    /// Its text in the old release: a version, a relation, or empty.
    pub old: Option<String>,
    /// Its text in the new release.
    pub new: Option<String>,
}

/// The kind of something installed or set up.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum InstallKind {
    /// A file or symbolic link, by its path on Debian.
    File,
    /// A systemd unit.
    Unit,
    /// A directory on the machine.
    Directory,
    /// A user.
    User,
    /// A group.
    Group,
    /// A kernel setting or module, a udev rule, a tmpfiles line, a setuid bit, a diversion, a trigger.
    Setting,
    /// A command of a maintainer script that is not understood.
    Script,
}

impl InstallKind {
    /// Returns its word, as in the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Unit => "unit",
            Self::Directory => "directory",
            Self::User => "user",
            Self::Group => "group",
            Self::Setting => "setting",
            Self::Script => "script",
        }
    }
}

/// Something installed or set up that was added, removed or changed.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// Its kind.
    pub kind: InstallKind,
    /// Its name.
    pub name: String,
    /// How much attention it needs.
    pub level: Level,
    /// Its description in the old release; `None` if it was added.
    pub old: Option<String>,
    /// Its description in the new release; `None` if it was removed.
    pub new: Option<String>,
}

/// The result of a patch's hunks on the new tree, as GNU patch applies them.
#[derive(Serialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TextDrift {
    /// Hunks that apply at the stated line.
    pub clean: u64,
    /// Hunks that apply at another line.
    pub offset: u64,
    /// Hunks that apply with fuzz.
    pub fuzz: u64,
    /// Hunks that do not apply, including those for removed files.
    pub failed: u64,
}

/// A downstream's own patch, applied to the new tree.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct LocalPatch {
    /// Relative to the project: `patches/local/pve-manager/logo.patch`.
    pub path: String,
    /// How much attention it needs.
    pub level: Level,
    /// The result of its hunks.
    pub hunks: TextDrift,
    /// The hunks that do not apply.
    pub conflicts: Vec<Conflict>,
}

/// A hunk that does not apply.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The file that it changes.
    pub file: String,
    /// The 1-based line that it states.
    pub line: u32,
    /// The hunk, its `@@` line included.
    pub hunk: String,
    /// The new tree's text there; `None` if the file is gone.
    pub upstream: Option<Excerpt>,
}

/// Differences that concern no single source.
#[derive(Serialize, Debug, Default, Clone, PartialEq, Eq)]
pub struct Structure {
    /// The highest level of the differences.
    pub level: Level,
    /// Sources that have become objects.
    pub objects_entered: Vec<String>,
    /// Sources that are no longer objects.
    pub objects_left: Vec<String>,
    /// Sources that `use` has tied into a circle, with the edge that closes it.
    pub knot_entered: Vec<Tied>,
    /// Sources that are no longer in a circle.
    pub knot_left: Vec<String>,
    /// The changes of each link.
    pub links: Vec<LinkDrift>,
}

/// A source that has joined a circle.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Tied {
    /// The source.
    pub source: String,
    /// The new edges that tie it: `a uses b (path:line: text)`.
    pub by: Vec<String>,
}

/// The changes of a link.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct LinkDrift {
    /// The link's name; `pve` is the link of everything.
    pub link: String,
    /// Whether it was added, removed or neither.
    pub presence: Presence,
    /// Sources that it has gained.
    pub gained: Vec<String>,
    /// Sources that it has lost.
    pub lost: Vec<String>,
}

/// The figures.
#[derive(Serialize, Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The number of sources at each level, in the order of [`Level::ALL`].
    pub sources: [u64; 4],
    /// The number of changed places at each level, in the order of [`Level::ALL`].
    pub places: [u64; 4],
    /// The places of all sources.
    pub counts: Counts,
    /// The hunks of all generated patches.
    pub text: TextDrift,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serialized(value: impl Serialize) -> String {
        let value = serde_json::to_value(value).unwrap();
        value.as_str().unwrap().to_owned()
    }

    #[test]
    fn words_are_those_of_the_json() {
        use {Aspect as A, InstallKind as I, NeedKind as N};
        for one in [
            A::Source,
            A::File,
            A::Sub,
            A::Literal,
            A::Site,
            A::Context,
            A::Decision,
            A::Rule,
        ] {
            assert_eq!(one.word(), serialized(one));
        }
        for one in [
            N::Depends,
            N::BuildDepends,
            N::Module,
            N::Command,
            N::Crate,
            N::Input,
            N::Source,
            N::Lack,
        ] {
            assert_eq!(one.word(), serialized(one));
        }
        for one in [
            I::File,
            I::Unit,
            I::Directory,
            I::User,
            I::Group,
            I::Setting,
            I::Script,
        ] {
            assert_eq!(one.word(), serialized(one));
        }
    }
}
