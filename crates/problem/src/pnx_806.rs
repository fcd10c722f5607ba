//! PNX-806: sources, objects or links whose relations changed.

use super::{Code, Severity};

/// A source that was added or removed, or that is built or linked differently.
pub static STRUCTURE_DRIFTED: Code = Code {
    id: "PNX-806",
    title: "sources, objects or links whose relations changed",
    severity: Severity::Finding,
    explanation: "\
        A source was added or removed, is now compiled as an object or no longer is, entered or left \
        a circle of `use`, or a link contains other sources than before. The build changes with it, \
        even if no line of the code did.",
    example: "PNX-806: hive-sweep: tied into a circle: hive-manager uses hive-sweep (src/Hive/API.pm:9: use Hive::Sweep)",
    remedy: "\
        Pin a new source in `releases/`; a renamed one may need rules. A circle is not an error; \
        look at the edge that closes it.",
};
