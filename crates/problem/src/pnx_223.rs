//! PNX-223: a release archive that no rule lists.

use super::{Code, Severity};

/// A source packages a version of an archive that `rules/archives.toml` does not list.
pub static UNLISTED_ARCHIVE: Code = Code {
    id: "PNX-223",
    title: "a release archive that no rule lists",
    severity: Severity::Fatal,
    explanation: "\
        A source whose rule names an `archive` is built from a file that upstream publishes, in the \
        version that its packaging names. `rules/archives.toml` lists the published versions, with \
        URL and hash. The version that `lock` needs is not among them.",
    example: "# rules/sources.toml
[source.hive-vm]
archive = \"vm\"

# hive-vm/debian/changelog
hive-vm (10.2.1-1) unstable; urgency=medium

PNX-223: hive-vm: it packages 10.2.1-1, and rules/archives.toml has no vm 10.2.1, only 10.1.2",
    remedy: "\
        Add the version to `rules/archives.toml` with its URL, its hash and its publisher.",
};
