//! PNX-220: a file that cargo compiles is missing.

use super::{Code, Severity};

/// A crate's root file or a module's file is missing.
pub static UNKNOWN_MODULE: Code = Code {
    id: "PNX-220",
    title: "a file that cargo compiles is missing",
    severity: Severity::Finding,
    explanation: "\
        A crate's root file, or the file of a `mod x;` that the program's features enable, is not in \
        the source at its pin. cargo could not compile it, and the scanner could not read it.",
    example: "// hive-term/src/main.rs
mod draw;

PNX-220: hive-rs/hive-term/src/draw.rs: there is no such file, and hive-term/src/main.rs has the module `draw`",
    remedy: "\
        Run `cargo xtask lock RELEASE` if the pins changed. If a macro or a build script makes the \
        module, please report it with the source's name and commit, so that the scanner learns about \
        it.",
};
