//! PNX-801: a place that was added, removed, moved or changed.

use super::{Code, Severity};

/// A place of one release that the other does not have, or not in the same form.
pub static PLACE_DRIFTED: Code = Code {
    id: "PNX-801",
    title: "a place that was added, removed, moved or changed",
    severity: Severity::Finding,
    explanation: "\
        `drift` matches the places of two releases by their kind and text and by their position in \
        the program. This place has no match, or its match is elsewhere or has other text. If \
        earlier places of its kind had the same decision, `drift` reports it as a note. If not, \
        nobody has reviewed the decision yet: a rule written for other places decides it, perhaps \
        wrongly.",
    example: "# hive-storage/src/Hive/Disk.pm, line 12, new in hive-3
run_command(['/usr/sbin/comb-probe', '--fast', $device]);

PNX-801: hive-storage/src/Hive/Disk.pm:12: added `/usr/sbin/comb-probe`: no such place was decided so before",
    remedy: "\
        Review the code and the decision. If the decision is right, do nothing: the next release \
        knows the place. If it is wrong, narrow the rule or paste the proposal into the file that it \
        names.",
};
