//! PNX-405: output that could not be written.

use super::{Code, Severity};

/// An I/O error while writing the result.
pub static OUTPUT_FAILED: Code = Code {
    id: "PNX-405",
    title: "output that could not be written",
    severity: Severity::Fatal,
    explanation: "\
        The operating system refused a write: the disk is full, the directory is read-only, or a \
        file lies where a directory should. The tool writes output to a temporary directory and \
        moves it into place at the end, so the previous output is intact.",
    example: "$ cargo xtask regen demo --out /mnt/full

PNX-405: /mnt/full/pkgs: No space left on device (os error 28)",
    remedy: "Free space or choose another directory with `--out`, then run the command again.",
};
