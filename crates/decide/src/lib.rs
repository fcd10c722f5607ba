//! Occurrences and rules to decisions. Contexts live here.

pub mod attributes;
pub mod depends;
pub mod engine;
pub mod etc;
pub mod kept;
pub mod matcher;
pub mod optional;
pub mod recipe;
mod rule_id;
pub mod rules;
mod verdict;

use serde::{Deserialize, Serialize};

use etc::Etc;
pub use rule_id::{RuleId, Table};
use scan::{Language, Occurrence};
pub use verdict::{Tally, Verdict};

/// Where an occurrence acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// On the hypervisor, at run time.
    Host,
    /// Inside a container's root file system.
    Guest,
    /// On another node, reached over ssh.
    Remote,
    /// While the package is built or installed.
    Build,
    /// In upstream's tests.
    Test,
    /// Nowhere: comments, POD, messages to people.
    Doc,
}

impl Context {
    /// Every context, in the order in which reports count them.
    pub const ALL: [Self; 6] = [
        Self::Host,
        Self::Guest,
        Self::Remote,
        Self::Build,
        Self::Test,
        Self::Doc,
    ];

    /// Its name, as in rules and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Guest => "guest",
            Self::Remote => "remote",
            Self::Build => "build",
            Self::Test => "test",
            Self::Doc => "doc",
        }
    }
}

/// What becomes of an occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Decision {
    /// Another package's file: `attr` in nixpkgs, `target` below its output (`bin/lvs`).
    Package {
        /// nixpkgs attribute path.
        attr: String,
        /// Relative to the output.
        target: String,
    },
    /// This source's own output.
    #[serde(rename = "self")]
    Own {
        /// Relative to the output.
        target: String,
    },
    /// Another Proxmox source's output.
    Sibling {
        /// The source's name.
        source: String,
        /// Relative to the output.
        target: String,
    },
    /// A bare name, found on the computed `PATH`.
    Command {
        /// nixpkgs attribute path, or `None` when the program is a Proxmox source's own.
        #[serde(skip_serializing_if = "Option::is_none")]
        attr: Option<String>,
        /// The Proxmox source that installs the program.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// The program's file name.
        program: String,
    },
    /// A setuid wrapper: `/run/wrappers/bin/PROGRAM`.
    Wrapper {
        /// The program's file name.
        program: String,
    },
    /// A path that NixOS itself keeps for this: `/etc/zoneinfo/…`. For what is written into state, where a
    /// store path would dangle after the next collection of garbage.
    System {
        /// The path, absolute.
        path: String,
    },
    /// A file of a pinned source's tree, which the compiler reads: the literal becomes its path relative to the file that
    /// reads it, in the tree in which all sources of a program stand side by side.
    Embed {
        /// The source's name.
        source: String,
        /// Relative to the source.
        path: String,
    },
    /// Stays as it is.
    Keep {
        /// Why: `state`, `kernel`, `guest`, `remote`, `doc`, `build`, `test`, or a sentence.
        reason: String,
    },
    /// Removed with the feature it belongs to.
    Disable {
        /// The feature's rule.
        feature: String,
    },
    /// No rule decided it.
    Unknown,
}

/// An occurrence with what was decided.
#[derive(Debug, Clone, Serialize)]
pub struct Decided {
    /// The file, relative to the source.
    pub path: String,
    /// Its language.
    pub language: Language,
    /// The place.
    pub occurrence: Occurrence,
    /// Where it acts.
    pub context: Context,
    /// The rule that said so, `None` for the default (`host`).
    pub context_rule: Option<RuleId>,
    /// What becomes of it.
    pub decision: Decision,
    /// The rule that decided, `None` when unknown.
    pub rule: Option<RuleId>,
    /// What that rule says of a path below `/etc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etc: Option<Etc>,
}

impl Decided {
    /// The name of the rule that decided, as reports show it; empty when unknown.
    pub fn rule_name(&self) -> String {
        self.rule
            .as_ref()
            .map(RuleId::to_string)
            .unwrap_or_default()
    }
}
