//! PNX-808: a structural edit that lost its target.

use super::{Code, Severity};

/// A feature's removal that no longer finds its target.
pub static LOST_TARGET: Code = Code {
    id: "PNX-808",
    title: "a structural edit that lost its target",
    severity: Severity::Finding,
    explanation: "\
        A rule removes a feature by its name in the program: a sub, a method, a module, a section. \
        The new tree has nothing of that name. Either the feature is gone, and the rule with it; or \
        it was renamed, and is back.",
    example: "PNX-808: hive-manager: `no-apt` does not find `module Hive::API::APT`; the nearest there is: `module Hive::API::Packages`",
    remedy: "\
        Look at the commit that removed it. Name the new target in the feature's rule, or remove the \
        old one from the rule.",
};
