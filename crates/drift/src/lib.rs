//! Two releases to what moved, changed and broke between them.
//!
//! Places are matched by what they are and where they stand in the program's structure, never by line number. This room
//! gives values; `report` writes them.

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

/// How much of a person a change needs, from nothing to everything.
#[derive(Serialize, Debug, Default, Clone, Copy, Hash, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing that the output depends on is different.
    #[default]
    Clean,
    /// Places moved, came or went, all of them decided as such places were decided before; versions went on.
    Moved,
    /// Something is decided that nobody has looked at, or acts otherwise than before.
    Review,
    /// Something has no decision, or no longer finds what it changes: `regen` refuses, or the build will fail.
    Broken,
}

impl Level {
    /// All, from the least.
    pub const ALL: [Self; 4] = [Self::Clean, Self::Moved, Self::Review, Self::Broken];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Moved => "moved",
            Self::Review => "review",
            Self::Broken => "broken",
        }
    }
}

/// What is different between two releases.
#[derive(Serialize, Debug, Default)]
pub struct Drift {
    /// The release it is measured from.
    pub old: Side,
    /// The release it is measured to.
    pub new: Side,
    /// The greatest level of any source and of the structure.
    pub level: Level,
    /// Every source of either release, sorted by name.
    pub sources: Vec<SourceDrift>,
    /// What no source alone tells: the objects' knot, the links.
    pub structure: Structure,
    /// Rules that decided something in the old release and decide nothing in the new one, sorted.
    pub idle_rules: Vec<RuleId>,
    /// How much it is.
    pub summary: Summary,
    /// What is wrong in the new release and stands in no source; sources that could not be had, with `--allow-missing`.
    #[serde(serialize_with = "problem::problems")]
    pub problems: Vec<Problem>,
}

/// One of the two releases.
#[derive(Serialize, Debug, Default, Clone)]
pub struct Side {
    /// `pve-9.1.4`.
    pub release: String,
    /// The version that names it; `None` for one of directories.
    pub version: Option<String>,
}

/// One source in both releases, or in one of them.
#[derive(Serialize, Debug, Default)]
pub struct SourceDrift {
    /// The repository's name; at a program's own pin `SOURCE+PROGRAM`.
    pub name: String,
    /// The greatest level of what follows.
    pub level: Level,
    /// Whether it came, went or stayed.
    pub presence: Presence,
    /// Where the old release has it.
    pub old: Option<At>,
    /// Where the new release has it.
    pub new: Option<At>,
    /// How the two commits are related; `None` where there are not two commits.
    pub history: Option<History>,
    /// How many places of each sort there are.
    pub counts: Counts,
    /// Every place that is not unchanged, the riskiest first.
    pub places: Vec<PlaceDrift>,
    /// Structural edits that no longer find their target.
    pub lost_targets: Vec<LostTarget>,
    /// Dependencies that came, went or changed.
    pub needs: Vec<Need>,
    /// Files, units, directories, users that are installed or set up and were not, or the other way round.
    pub installs: Vec<Install>,
    /// What would have become of text patches: the old release's generated ones, applied to the new tree.
    pub text: TextDrift,
    /// The same for patches that a downstream keeps by hand in `patches/local/SOURCE/`.
    pub local: Vec<LocalPatch>,
    /// Findings in the new release that no place of `places` tells.
    #[serde(serialize_with = "problem::problems")]
    pub problems: Vec<Problem>,
}

/// Whether a source came, went or stayed.
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

/// Where a release has a source.
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

/// How two commits of one repository are related.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
#[serde(tag = "relation", rename_all = "kebab-case")]
pub enum History {
    /// One and the same.
    Same,
    /// The new one comes after the old one, with so many commits between.
    Forward {
        /// How many.
        commits: u64,
    },
    /// The new release has the older commit.
    Backward {
        /// How many lie between.
        commits: u64,
    },
    /// Neither comes after the other: the history was rewritten, or one is of another branch.
    Diverged {
        /// Commits that only the old one has.
        old: u64,
        /// Commits that only the new one has.
        new: u64,
        /// The last commit that both have; `None` where there is none.
        base: Option<String>,
    },
}

/// How many places there are of each sort.
#[derive(Serialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The same literal in the same place of the structure, decided the same way.
    pub unchanged: u64,
    /// Of these, how many stand on another line.
    pub shifted: u64,
    /// The same literal in another sub or file.
    pub moved: u64,
    /// The literal, its context or its decision is another.
    pub changed: u64,
    /// New.
    pub added: u64,
    /// Gone.
    pub removed: u64,
}

/// What happened to a place.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The same literal in another sub or file.
    Moved,
    /// The literal, its context or its decision is another.
    Changed,
    /// New.
    Added,
    /// Gone.
    Removed,
}

impl Change {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// In what a place differs.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// It is in another source.
    Source,
    /// It is in another file.
    File,
    /// It is in another sub, unit section or target.
    Sub,
    /// The literal's text.
    Literal,
    /// The call, command or assignment it is part of, or how it is written.
    Site,
    /// Where it acts.
    Context,
    /// What becomes of it.
    Decision,
    /// The rule that says so.
    Rule,
}

impl Aspect {
    /// Its word, as in the JSON.
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

/// A place that is not as it was.
#[derive(Serialize, Debug, Clone)]
pub struct PlaceDrift {
    /// What happened.
    pub change: Change,
    /// How much of a person it needs.
    pub level: Level,
    /// In what the two differ; empty where there is one only.
    pub differs: Vec<Aspect>,
    /// Why it has its level, in a sentence's half.
    pub why: &'static str,
    /// The place in the old release; `None` when added.
    pub old: Option<Spot>,
    /// The place in the new release; `None` when removed.
    pub new: Option<Spot>,
    /// The upstream commit that did it.
    pub commit: Option<Commit>,
    /// The code around the new place, or around the old one when it is gone; for levels from `review` on.
    pub code: Option<Excerpt>,
    /// What could be written into `rules/`; for a place that is undecided or decided otherwise than before.
    pub proposal: Option<Proposal>,
    /// What is to be done where no rule is missing: a source's pin is too old, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl PlaceDrift {
    /// The new place, or the old one when it is gone.
    pub fn spot(&self) -> Option<&Spot> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

/// One end of a place's drift.
#[derive(Serialize, Debug, Clone)]
pub struct Spot {
    /// The source, where it is not the one under which it is told (a source was split).
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
    /// What it assumes.
    pub kind: Kind,
    /// The file's language.
    pub language: Language,
    /// The enclosing sub, unit section or Makefile target.
    #[serde(skip_serializing_if = "Option::<String>::is_none")]
    pub sub: Option<String>,
    /// Where it acts.
    pub context: Context,
    /// What becomes of it.
    pub decision: Decision,
    /// The rule that says so; `None` when undecided.
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
    /// The first line's number, 1-based.
    pub first: u32,
    /// The lines, lossily decoded, cut to a bounded length.
    pub lines: Vec<String>,
    /// The line that holds the literal, as an index into `lines`.
    pub at: usize,
    /// The literal's part of that line, in bytes of the (cut) line; empty where it is not in it whole.
    pub mark: std::ops::Range<usize>,
}

/// A rule that would decide a place.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The file to paste it into: `rules/sources/pve-storage.toml`.
    pub file: String,
    /// What to paste.
    pub toml: String,
    /// Where in the file: before this rule; at its end without one.
    pub before: Option<RuleId>,
    /// The table that it takes the place of, as `[lvm2]`; `None` where it is new.
    pub replaces: Option<String>,
    /// Whether it gives the decision that the old release had; otherwise it is a guess to be looked at.
    pub as_before: bool,
    /// The rules that come closest, the closest first.
    pub closest: Vec<Closest>,
}

/// A rule that nearly decides a place.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Closest {
    /// The rule.
    pub rule: RuleId,
    /// What it asks for that does not hold here.
    pub fails: Vec<String>,
}

/// A structural edit that no longer finds what it removes.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct LostTarget {
    /// The feature's name.
    pub feature: String,
    /// What it is to remove: `module PVE::API2::APT`.
    pub target: String,
    /// How much of a person it needs: a file that is merely gone leaves nothing to remove.
    pub level: Level,
    /// The nearest there is in the new tree; `None` where nothing is near.
    pub nearest: Option<String>,
    /// The commit that took the target away.
    pub commit: Option<Commit>,
}

/// What sort of dependency.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum NeedKind {
    /// A Debian package at run time.
    Depends,
    /// A Debian package to build.
    BuildDepends,
    /// A Perl or Python module.
    Module,
    /// A program run by its name.
    Command,
    /// A crate of a program's lock.
    Crate,
    /// An input of the derivation, by its nixpkgs attribute.
    Input,
    /// Another Proxmox source.
    Source,
    /// Something nobody has.
    Lack,
}

impl NeedKind {
    /// Its word, as in the JSON.
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

/// A dependency that came (`old` is `None`), went (`new` is `None`) or changed.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What sort.
    pub kind: NeedKind,
    /// Its name.
    pub name: String,
    /// How much of a person it needs.
    pub level: Level,
    /// What the old release says of it: a version, a relation; empty where it is merely there.
    pub old: Option<String>,
    /// What the new release says of it.
    pub new: Option<String>,
}

/// What sort of thing is installed or set up.
#[derive(Serialize, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub enum InstallKind {
    /// A file or symbolic link, by its place on Debian.
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
    /// A command of a maintainer script that is known no better.
    Script,
}

impl InstallKind {
    /// Its word, as in the JSON.
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

/// Something installed or set up that came, went or changed.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// What sort.
    pub kind: InstallKind,
    /// Its name.
    pub name: String,
    /// How much of a person it needs.
    pub level: Level,
    /// What the old release says of it; `None` when it came.
    pub old: Option<String>,
    /// What the new release says of it; `None` when it went.
    pub new: Option<String>,
}

/// What would have become of a patch's hunks on the new tree, as GNU patch applies them.
#[derive(Serialize, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TextDrift {
    /// Hunks that apply where they were.
    pub clean: u64,
    /// Hunks that apply at another line.
    pub offset: u64,
    /// Hunks that apply without some of their context.
    pub fuzz: u64,
    /// Hunks that apply nowhere, the files that are gone included.
    pub failed: u64,
}

/// A hand-kept patch on the new tree.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct LocalPatch {
    /// Relative to the project: `patches/local/pve-manager/logo.patch`.
    pub path: String,
    /// How much of a person it needs.
    pub level: Level,
    /// What becomes of its hunks.
    pub hunks: TextDrift,
    /// The hunks that apply nowhere.
    pub conflicts: Vec<Conflict>,
}

/// A hunk that applies nowhere.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The file it is for.
    pub file: String,
    /// The line it was made for, 1-based.
    pub line: u32,
    /// The hunk, its `@@` line included.
    pub hunk: String,
    /// What the new tree has there; `None` where the file is gone.
    pub upstream: Option<Excerpt>,
}

/// What no source alone tells.
#[derive(Serialize, Debug, Default, Clone, PartialEq, Eq)]
pub struct Structure {
    /// The greatest level of what follows.
    pub level: Level,
    /// Sources that are compiled as objects now and were not.
    pub objects_entered: Vec<String>,
    /// Sources that were compiled as objects and are not now.
    pub objects_left: Vec<String>,
    /// Sources that `use` ties into a circle now and did not, with the edge that closes it.
    pub knot_entered: Vec<Tied>,
    /// Sources that were in a circle and are not now.
    pub knot_left: Vec<String>,
    /// What each link gains or loses.
    pub links: Vec<LinkDrift>,
}

/// A source that was tied into a circle.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct Tied {
    /// The source.
    pub source: String,
    /// The new edges that tie it: `a uses b (path:line: text)`.
    pub by: Vec<String>,
}

/// What a link gains or loses.
#[derive(Serialize, Debug, Clone, PartialEq, Eq)]
pub struct LinkDrift {
    /// The link's name; `pve` is the one of everything.
    pub link: String,
    /// It is new, or gone.
    pub presence: Presence,
    /// Sources it holds now and did not.
    pub gained: Vec<String>,
    /// Sources it held and does not now.
    pub lost: Vec<String>,
}

/// How much there is of everything.
#[derive(Serialize, Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Sources of each level, as [`Level::ALL`].
    pub sources: [u64; 4],
    /// Places that are not unchanged of each level, as [`Level::ALL`].
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
