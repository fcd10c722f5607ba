//! PNX-224: a release archive that cannot be had.

use super::{Code, Severity};

/// A release archive that is in no directory at hand and cannot be downloaded, or is another file.
pub static MISSING_ARCHIVE: Code = Code {
    id: "PNX-224",
    title: "a release archive that cannot be had",
    severity: Severity::Finding,
    explanation: "\
        A build fetches a file from its URL, and `prefetch` puts it into the store: it takes the file of that name in the \
        directory of `--sources`, else it downloads the URL with curl. Neither gave the file whose hash the release has. Of \
        `mirror://NAME/PATH` the hosts are those of the variable `NIX_MIRRORS_NAME`, as in nixpkgs' `fetchurl`; Debian's \
        archive is where APT finds it.",
    example: "PNX-224: qemu-10.2.1.tar.xz: it is not in ~/upstream, and https://download.qemu.org/qemu-10.2.1.tar.xz cannot \
        be fetched: curl: (6) Could not resolve host",
    remedy: "\
        For a mirror that this machine does not know, set `NIX_MIRRORS_NAME` to the URL of one. Else download the file where \
        there is a network and put it into the directory of `--sources` under its own name. One with \
        another hash is not the one that was pinned: do not use it before you know where it came from.",
};
