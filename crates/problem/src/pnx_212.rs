//! PNX-212: a Cargo manifest that cannot be read.

use super::{Code, Severity};

/// A `Cargo.toml` is damaged.
pub static BAD_CARGO_MANIFEST: Code = Code {
    id: "PNX-212",
    title: "a Cargo manifest that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        A `Cargo.toml` of a source is not TOML, or has a name, version or requirement that the Cargo \
        Book does not allow. Without it the tool cannot determine which crates a program needs.",
    example: "[dependencies]
itoa = \"^^1\"

PNX-212: hive-rs/hive-term/Cargo.toml:2: the requirement \"^^1\" on `itoa`: unexpected character '^'",
    remedy: "\
        Correct the manifest at its origin, or pin another commit of the source.",
};
