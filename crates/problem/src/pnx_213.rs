//! PNX-213: a manifest inherits a key that no workspace defines.

use super::{Code, Severity};

/// `workspace = true` for a key that no workspace defines.
pub static UNKNOWN_WORKSPACE: Code = Code {
    id: "PNX-213",
    title: "a manifest inherits a key that no workspace defines",
    severity: Severity::Fatal,
    explanation: "\
        A `Cargo.toml` has `workspace = true`, but no directory above it in its source has a \
        manifest whose `[workspace]` defines that version or dependency. cargo would reject it.",
    example: "[dependencies]
itoa.workspace = true

PNX-213: hive-rs/hive-term/Cargo.toml:2: `itoa` is inherited from the workspace Cargo.toml, which does not say it",
    remedy: "\
        Pin a commit of the source at which the workspace is complete.",
};
