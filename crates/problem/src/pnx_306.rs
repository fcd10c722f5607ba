//! PNX-306: a quilt series that cannot be used.

use super::{Code, Severity};

/// A `debian/patches/series` with a missing patch or an unknown option.
pub static BAD_SERIES: Code = Code {
    id: "PNX-306",
    title: "a quilt series that cannot be used",
    severity: Severity::Fatal,
    explanation: "\
        `debian/patches/series` lists the patches that Debian's packaging applies, in order. It \
        names a patch that does not exist, or a line has an unknown option, so Nix cannot apply the \
        series with the same result.",
    example: "# hive-vm/debian/patches/series, line 2
extra/0001-faster.patch --fuzz=3

PNX-306: hive-vm/debian/patches/series:2: `--fuzz=3` is not an option of quilt's (`-pN`, `-R`)",
    remedy: "\
        Compare the series with the files beside it. If upstream really ships it this way, the tool \
        has to learn the option.",
};
