//! PNX-609: a program that is damaged.

use super::{Code, Severity};

/// An ELF file whose headers or tables cannot be read.
pub static CORRUPT_ELF: Code = Code {
    id: "PNX-609",
    title: "a program that is damaged",
    severity: Severity::Finding,
    explanation: "\
        The file begins as an ELF program or library does, and what follows cannot be read: it is cut off, or \
        its tables lead out of it. Neither a loader nor this audit can tell what it holds; references in its \
        bytes are reported all the same.",
    example: "PNX-609: result/lib/libhive.so: it begins as ELF, and cannot be read: Invalid ELF section header offset/size/alignment",
    remedy: "\
        Build it again; `nix store verify` tells whether the store path is as it was registered. A file that \
        only looks like ELF (a test's data) has no business in an output.",
};
