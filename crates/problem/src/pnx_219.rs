//! PNX-219: a crate that Debian patched for its archive.

use super::{Code, Severity};

/// A crate with a quilt series.
pub static PATCHED_CRATE: Code = Code {
    id: "PNX-219",
    title: "a crate that Debian's archive has with a patch",
    severity: Severity::Finding,
    explanation: "\
        Beside the manifest of a crate stands `debian/patches/series`: what Debian's archive has is the crate with those \
        patches, and what a joined tree has is the crate without. A patch for the archive mostly relaxes a requirement to a \
        version Debian has, which is not wanted here; one that mends a fault is.",
    example: "PNX-219: wax-rs/debian/patches/series:1: Debian's wax 1.2.0 has the patch relax-dep.patch",
    remedy: "\
        Read the patch. If what the program does depends on it, pin a commit that has it applied.",
};
