//! PNX-806: sources, objects or links that are tied otherwise.

use super::{Code, Severity};

/// A source that came or went, or that is built and linked otherwise.
pub static STRUCTURE_DRIFTED: Code = Code {
    id: "PNX-806",
    title: "sources, objects or links that are tied otherwise",
    severity: Severity::Finding,
    explanation: "\
        A source came or went, is compiled as an object now or no longer, entered or left a circle of `use`, or a link \
        holds other sources than before. What is built changes with it, even where no line of the code did.",
    example: "PNX-806: hive-sweep: tied into a circle: hive-manager uses hive-sweep (src/Hive/API.pm:9: use Hive::Sweep)",
    remedy: "A new source needs a pin in `releases/`, and one of a new name may need rules. A circle is no mistake; look at the \
        edge that closes it.",
};
