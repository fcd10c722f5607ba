//! PNX-219: a crate that Debian's archive has patched.

use super::{Code, Severity};

/// A crate with a quilt series.
pub static PATCHED_CRATE: Code = Code {
    id: "PNX-219",
    title: "a crate that Debian's archive has patched",
    severity: Severity::Finding,
    explanation: "\
        The crate's manifest lies beside a `debian/patches/series`: Debian's archive has the crate \
        with those patches, and a joined tree has it without. Most patches for the archive relax a \
        requirement to a version that Debian has, which is not wanted here. A patch that fixes a \
        fault is.",
    example: "PNX-219: wax-rs/debian/patches/series:1: Debian's wax 1.2.0 has the patch relax-dep.patch",
    remedy: "\
        Read the patch. If the program's behaviour depends on it, pin a commit that includes it.",
};
