//! PNX-223: a release archive that no rule lists.

use super::{Code, Severity};

/// A source packages a version of an archive that its file in `rules/sources/` does not list.
pub static UNLISTED_ARCHIVE: Code = Code {
    id: "PNX-223",
    title: "a release archive that no rule lists",
    severity: Severity::Fatal,
    explanation: "\
        A source whose rule names an `archive` is built from what upstream publishes as one file, in the version that its \
        packaging names. `[[archive]]` in its file lists which are published, with URL and hash; the version that `lock` needs \
        is not among them.",
    example: "# rules/sources/hive-vm.toml
[repository]
archive = \"vm\"

# hive-vm/debian/changelog
hive-vm (10.2.1-1) unstable; urgency=medium

PNX-223: hive-vm: it packages 10.2.1-1, and rules/sources/hive-vm.toml has no vm 10.2.1, only 10.1.2",
    remedy: "\
        Add the version as `[[archive]]` to the source's file in `rules/sources/` with its URL, its hash and who publishes it.",
};
