//! PNX-308: a switch of a configuration that no rule decides.

use super::{Code, Severity};

/// A switch in the `debian/rules` of a source that is built over nixpkgs' own derivation, which
/// `rules/packages.toml` does not decide or which cannot be read.
pub static UNDECIDED_SWITCH: Code = Code {
    id: "PNX-308",
    title: "a switch of a configuration that no rule decides",
    severity: Severity::Finding,
    explanation: "\
        The source is built over nixpkgs' own derivation, which configures it in its own way. \
        `debian/rules` configures it with a switch that no rule maps: the program could silently \
        lack a part that Proxmox's has. Or the switch cannot be read: it depends on a variable that \
        nothing sets, or on a condition that only a build can evaluate.",
    example: "# hive-qemu/debian/rules, line 12
./configure --enable-comb

PNX-308: hive-qemu/debian/rules:12: no rule says what `--enable-comb` is in nixpkgs' `qemu`",
    remedy: "\
        Read nixpkgs' file and add the switch to `[SOURCE.switch]` in `rules/packages.toml`: \
        `override` with the function's argument, `flag = true` to pass it on, `default` with the \
        line of nixpkgs' file that sets it, or `drop` with the reason. For a switch that cannot be \
        read, add a rule that names the whole switch.",
};
