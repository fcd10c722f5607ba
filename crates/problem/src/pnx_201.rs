//! PNX-201: a source that cannot be found.

use super::{Code, Severity};

/// A source of the release that is neither below `--sources` nor can be cloned from its URL.
pub static MISSING_SOURCE: Code = Code {
    id: "PNX-201",
    title: "a source that cannot be found",
    severity: Severity::Fatal,
    explanation: "\
        A release names its sources, and the tool must read each of them. With `--sources DIR`, a \
        source is the directory `DIR/NAME` or `DIR/NAME.git`. Without it, the tool clones the source \
        from its URL into the cache directory. The run lists all missing sources at once, so that \
        one round of fetching is enough.",
    example: "$ cargo xtask scan pve-9.1.4 --sources ~/upstream

PNX-201: hive-common: neither ~/upstream/hive-common nor ~/upstream/hive-common.git is there",
    remedy: "\
        Clone the sources named into the directory, or leave out `--sources` to have them fetched. \
        With `--allow-missing` the run goes on without them and reports the gaps in the result.",
};
