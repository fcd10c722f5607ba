//! PNX-606: a reference to the build directory.

use super::{Code, Severity};

/// A path below the directory that the build took place in.
pub static BUILD_DIRECTORY: Code = Code {
    id: "PNX-606",
    title: "a reference to the build directory",
    severity: Severity::Finding,
    explanation: "\
        A built file names a place below the directory it was built in (`/build`, `/tmp/nix-build-…`), which is \
        gone: a path that `make` or a compiler took from where it ran. It is never found, and it makes two \
        builds differ.",
    example: "PNX-606: result/lib/libhive.so: `/build/hive/src/lib.rs` is where it was built (in .rodata at 0x40, in the file at 0x2040)",
    remedy: "\
        Give the build the path relative to its directory, or have the compiler replace it (`-ffile-prefix-map`, \
        `--remap-path-prefix`).",
};
