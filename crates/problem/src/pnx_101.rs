//! PNX-101: an occurrence that no rule decides.

use super::{Code, Severity};

/// A place that assumes Debian and that no rule in `rules/` matches.
pub static UNDECIDED: Code = Code {
    id: "PNX-101",
    title: "an occurrence that no rule decides",
    severity: Severity::Finding,
    explanation: "\
        The scanner found a path, command or module that is Debian's, and no rule decides it. On a \
        system without `/usr/bin` it would fail at run time, often only in a corner that nobody \
        tries for months. So no run passes over an undecided place: `scan` reports it, and `regen` \
        writes nothing until it is decided.",
    example: "# hive-storage/src/Hive/Disk.pm, line 12
run_command(['/usr/sbin/comb-probe', $device]);

PNX-101: hive-storage/src/Hive/Disk.pm:12: nothing decides `/usr/sbin/comb-probe`",
    remedy: "\
        Add a rule to `rules/` that says which package, source or wrapper the place belongs to, or \
        that keeps it and says why. `cargo xtask explain FILE:LINE` shows the conditions that a rule \
        can use there.",
};
