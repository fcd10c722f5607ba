//! PNX-801: a place that came, went, moved or changed.

use super::{Code, Severity};

/// A place of the new release that the old one does not have as it is, or the other way round.
pub static PLACE_DRIFTED: Code = Code {
    id: "PNX-801",
    title: "a place that came, went, moved or changed",
    severity: Severity::Finding,
    explanation: "\
        `drift` matches the places of two releases by what they are and where they stand in the program. This one has no \
        match, or its match stands elsewhere or reads otherwise. Where such places were decided the same way before, that \
        is told as a note. Where they were not, nobody has looked at the decision yet: a rule written for other places \
        decides it, perhaps wrongly.",
    example: "# hive-storage/src/Hive/Disk.pm, line 12, new in hive-3
run_command(['/usr/sbin/comb-probe', '--fast', $device]);

PNX-801: hive-storage/src/Hive/Disk.pm:12: added `/usr/sbin/comb-probe`: no such place was decided so before",
    remedy: "Look at the code and at what becomes of the place. Where the decision is right, nothing is to be done: it is known \
        from the next release on. Where it is not, narrow the rule or paste the proposal into the file it names.",
};
