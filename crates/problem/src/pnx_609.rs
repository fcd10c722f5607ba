//! PNX-609: a damaged program.

use super::{Code, Severity};

/// An ELF file whose headers or tables cannot be read.
pub static CORRUPT_ELF: Code = Code {
    id: "PNX-609",
    title: "a damaged program",
    severity: Severity::Finding,
    explanation: "\
        The file begins like an ELF program or library, but the rest cannot be read: it is cut off, \
        or its tables lead out of it. Neither a loader nor this audit can read its structure. \
        References in its bytes are reported all the same.",
    example: "PNX-609: result/lib/libhive.so: it begins as ELF, and cannot be read: Invalid ELF section header offset/size/alignment",
    remedy: "\
        Build it again; `nix store verify` tells whether the store path is unchanged. Do not install \
        files that only look like ELF, such as a test's data.",
};
