//! PNX-606: a reference to the build directory.

use super::{Code, Severity};

/// A path below the build directory.
pub static BUILD_DIRECTORY: Code = Code {
    id: "PNX-606",
    title: "a reference to the build directory",
    severity: Severity::Finding,
    explanation: "\
        A built file names a path below its build directory (`/build`, `/tmp/nix-build-…`), which no \
        longer exists: `make` or a compiler recorded where it ran. Nothing finds the path, and it \
        makes builds irreproducible.",
    example: "PNX-606: result/lib/libhive.so: `/build/hive/src/lib.rs` is where it was built (in .rodata at 0x40, in the file at 0x2040)",
    remedy: "\
        Pass the build a path relative to its directory, or have the compiler replace it \
        (`-ffile-prefix-map`, `--remap-path-prefix`).",
};
