//! PNX-305: a Perl module that no source, core list or rule provides.

use super::{Code, Severity};

/// A `use` or `require` of a module whose origin is unknown.
pub static UNMAPPED_MODULE: Code = Code {
    id: "PNX-305",
    title: "a Perl module that no source, core list or rule provides",
    severity: Severity::Finding,
    explanation: "\
        The code loads a Perl module that no source of the release declares, that is not among \
        Perl's core modules, and that no rule maps to a package. The program would die with `Can't \
        locate … in @INC` at that point.",
    example: "# hive-api/src/Hive/API.pm, line 3
use Comb::Parser;

PNX-305: hive-api/src/Hive/API.pm:3: nothing provides `Comb::Parser`",
    remedy: "\
        Add the module to the rules for Perl modules with the attribute of `perlPackages` that \
        provides it. If the module is optional and loaded inside `eval`, say so there.",
};
