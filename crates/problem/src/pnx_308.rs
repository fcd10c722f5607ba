//! PNX-308: a switch of a configuration that no rule decides.

use super::{Code, Severity};

/// A switch in `debian/rules` of a source that is built over nixpkgs' own derivation, of which its file
/// says nothing, or that cannot be read.
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
        Read nixpkgs' file and add the switch to `[nixpkgs.switch]` of the source's file in `rules/sources/`: `override` with the function's \
        argument, `flag = true` to hand it on, `default` with what in nixpkgs' file has it so, or `drop` with the reason. A \
        switch that cannot be read is decided by a rule for it that names the whole of it once it can.",
};
