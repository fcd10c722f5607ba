//! PNX-703: a link that cannot be read.

use super::{Code, Severity};

/// The path given to `check` is not a built link.
pub static BAD_LINK: Code = Code {
    id: "PNX-703",
    title: "a link that cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        `check` takes the output of a build: a directory with programs in `bin`, Perl modules in \
        `lib/perl5/site_perl`, units in `lib/systemd/system`, and `linkPve`'s description of it in \
        `nix-support` and `share/pve-nix`.",
    example: "$ cargo xtask check result

PNX-703: result
  No such file or directory (os error 2)",
    remedy: "\
        Give the path that `nix build` or `nix-build` made. If the store is not in /nix/store \
        (`--store DIR`), `result` leads nowhere: give DIR/nix/store/NAME.",
};
