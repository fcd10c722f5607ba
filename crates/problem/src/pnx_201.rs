//! PNX-201: a source that cannot be had.

use super::{Code, Severity};

/// A source of the release that is neither below `--sources` nor can be cloned from its URL.
pub static MISSING_SOURCE: Code = Code {
    id: "PNX-201",
    title: "a source that cannot be had",
    severity: Severity::Fatal,
    explanation: "\
        A release names its sources, and each must be read. With `--sources DIR` a source is the directory \
        `DIR/NAME` or `DIR/NAME.git`; without it the source is cloned from its URL into the cache directory. \
        All that are missing are listed at once, so that one round of fetching is enough.",
    example: "$ cargo xtask scan pve-9.1.4 --sources ~/upstream

PNX-201: hive-common: neither ~/upstream/hive-common nor ~/upstream/hive-common.git is there",
    remedy: "\
        Clone the sources that are named into the directory, or leave out `--sources` to have them fetched. \
        `--allow-missing` goes on without them and says what the result lacks.",
};
