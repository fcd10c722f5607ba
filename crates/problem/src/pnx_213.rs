//! PNX-213: a manifest inherits what no workspace says.

use super::{Code, Severity};

/// `workspace = true` without a workspace.
pub static UNKNOWN_WORKSPACE: Code = Code {
    id: "PNX-213",
    title: "a manifest inherits what no workspace says",
    severity: Severity::Fatal,
    explanation: "\
        A `Cargo.toml` says `workspace = true`, and no directory above it in its source has a manifest with a \
        `[workspace]` that gives the version or dependency. cargo would refuse it: a crate is taken with the \
        workspace it stands in.",
    example: "[dependencies]
itoa.workspace = true

PNX-213: hive-rs/hive-term/Cargo.toml:2: `itoa` is inherited from the workspace Cargo.toml, which does not say it",
    remedy: "\
        Pin a commit of the source at which the workspace is whole.",
};
