//! Decides occurrences by rules, including their contexts.

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

/// The place where an occurrence takes effect.
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
    /// Every context, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Host,
        Self::Guest,
        Self::Remote,
        Self::Build,
        Self::Test,
        Self::Doc,
    ];

    /// Returns its name, as in rules and reports.
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

/// The decision about an occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Decision {
    /// A file of another package: `attr` in nixpkgs, `target` below its output (`bin/lvs`).
    Package {
        /// nixpkgs attribute path.
        attr: String,
        /// The path relative to the output.
        target: String,
    },
    /// This source's own output.
    #[serde(rename = "self")]
    Own {
        /// The path relative to the output.
        target: String,
    },
    /// Another Proxmox source's output.
    Sibling {
        /// The source's name.
        source: String,
        /// The path relative to the output.
        target: String,
    },
    /// A bare name, found on the computed `PATH`.
    Command {
        /// nixpkgs attribute path; `None` if a Proxmox source installs the program.
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
    /// A path that NixOS provides: `/etc/zoneinfo/…`. For text that is written to state, where a
    /// store path would dangle after the next garbage collection.
    System {
        /// The absolute path.
        path: String,
    },
    /// A file in a pinned source's tree that the compiler reads. The literal becomes the file's
    /// path relative to the file that reads it, in the tree in which all sources of a program lie
    /// side by side.
    Embed {
        /// The source's name.
        source: String,
        /// The path relative to the source.
        path: String,
    },
    /// The text stays.
    Keep {
        /// The reason: `state`, `kernel`, `guest`, `remote`, `doc`, `build`, `test`, or a sentence.
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

/// An occurrence with its decision.
#[derive(Debug, Clone, Serialize)]
pub struct Decided {
    /// The file, relative to the source.
    pub path: String,
    /// Its language.
    pub language: Language,
    /// The place.
    pub occurrence: Occurrence,
    /// Its context.
    pub context: Context,
    /// The rule that decided the context; `None` for the default (`host`).
    pub context_rule: Option<RuleId>,
    /// Its decision.
    pub decision: Decision,
    /// The rule that decided; `None` if unknown.
    pub rule: Option<RuleId>,
    /// The rule's statement about a path below `/etc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etc: Option<Etc>,
}

impl Decided {
    /// Returns the name of the rule that decided, as reports show it; empty if unknown.
    pub fn rule_name(&self) -> String {
        self.rule
            .as_ref()
            .map(RuleId::to_string)
            .unwrap_or_default()
    }
}
