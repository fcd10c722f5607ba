//! PNX-406: the Nix store cannot be used.

use super::{Code, Severity};

/// `nix-store` is missing, cannot write, or returns another path than the source's.
pub static STORE_FAILED: Code = Code {
    id: "PNX-406",
    title: "the Nix store cannot be used",
    severity: Severity::Fatal,
    explanation: "\
        `prefetch` adds sources to the Nix store with `nix-store`. It could not be run, failed, or \
        returned another path than the generated expressions have.",
    example: "$ cargo xtask prefetch demo

PNX-406: nix-store cannot be run: No such file or directory (os error 2)",
    remedy: "\
        Make sure that `nix-store --version` is 2.8 or newer and that you may write to the store: as \
        its owner, or through the daemon (`NIX_REMOTE=daemon`).",
};
