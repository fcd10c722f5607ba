//! PNX-224: a release archive that cannot be fetched.

use super::{Code, Severity};

/// A release archive that is in no local directory and cannot be downloaded, or whose hash differs.
pub static MISSING_ARCHIVE: Code = Code {
    id: "PNX-224",
    title: "a release archive that cannot be fetched",
    severity: Severity::Finding,
    explanation: "\
        A build fetches a file from its URL, and `prefetch` puts it into the store beforehand. It \
        takes the file of that name in the directory of `--sources`, or else downloads the URL with \
        curl. Neither produced the file whose hash the release has. For `mirror://NAME/PATH`, the \
        variable `NIX_MIRRORS_NAME` lists the hosts, as in nixpkgs' `fetchurl`; Debian's archive is \
        the one that APT uses.",
    example: "PNX-224: qemu-10.2.1.tar.xz: it is not in ~/upstream, and https://download.qemu.org/qemu-10.2.1.tar.xz cannot \
        be fetched: curl: (6) Could not resolve host",
    remedy: "\
        For a mirror that this machine does not know, set `NIX_MIRRORS_NAME` to a URL of it. \
        Otherwise download the file elsewhere and put it into the directory of `--sources` under its \
        own name. A file with another hash is not the one that was pinned: do not use it before you \
        know where it came from.",
};
