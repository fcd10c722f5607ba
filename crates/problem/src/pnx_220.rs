//! PNX-220: a file that cargo compiles is not there.

use super::{Code, Severity};

/// A crate's root or a module has no file.
pub static UNKNOWN_MODULE: Code = Code {
    id: "PNX-220",
    title: "a file that cargo compiles is not there",
    severity: Severity::Finding,
    explanation: "\
        A crate's root file, or the file of a `mod x;` that the program's features turn on, is not in the source at its pin. \
        cargo could not compile it; and what stands in it could not be looked at.",
    example: "// hive-term/src/main.rs
mod draw;

PNX-220: hive-rs/hive-term/src/draw.rs: there is no such file, and hive-term/src/main.rs has the module `draw`",
    remedy: "\
        Run `cargo xtask lock RELEASE` if the pins changed. A module that a macro or a build script makes has to be known to \
        the scanner: please report it with the source's name and commit.",
};
