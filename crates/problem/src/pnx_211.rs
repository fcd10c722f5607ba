//! PNX-211: a program's crate files cannot be read.

use super::{Code, Severity};

/// A file that `lock` keeps about a program's crates is missing or damaged.
pub static BAD_CRATES: Code = Code {
    id: "PNX-211",
    title: "a program's crate files cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        `cargo xtask lock` keeps two files for each Rust program of a release in \
        `releases/RELEASE/cargo/`: `PROGRAM.lock`, as cargo resolved it, and `PROGRAM.toml`, with \
        cargo's facts about the crates. One of them is missing, was edited, or comes from another \
        version of this tool.",
    example: "$ rm releases/demo/cargo/hive-rs.lock && cargo xtask scan demo

PNX-211: releases/demo/cargo/hive-rs.lock: cannot be read: No such file or directory",
    remedy: "\
        Run `cargo xtask lock RELEASE`, which writes both again.",
};
