//! PNX-211: a program's kept crates cannot be read.

use super::{Code, Severity};

/// What `lock` keeps of a program's crates is damaged or not whole.
pub static BAD_CRATES: Code = Code {
    id: "PNX-211",
    title: "a program's kept crates cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        `cargo xtask lock` keeps two files for each Rust program of a release in `releases/RELEASE/cargo/`: \
        `PROGRAM.lock`, which cargo resolved, and `PROGRAM.toml`, which says what cargo told of the crates. One of \
        them is missing, was edited, or is of another version of this tool.",
    example: "$ rm releases/demo/cargo/hive-rs.lock && cargo xtask scan demo

PNX-211: releases/demo/cargo/hive-rs.lock: cannot be read: No such file or directory",
    remedy: "Run `cargo xtask lock RELEASE`, which writes both again.",
};
