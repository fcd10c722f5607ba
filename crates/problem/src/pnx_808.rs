//! PNX-808: a structural edit that lost its target.

use super::{Code, Severity};

/// A feature's removal that finds nothing to remove any more.
pub static LOST_TARGET: Code = Code {
    id: "PNX-808",
    title: "a structural edit that lost its target",
    severity: Severity::Finding,
    explanation: "\
        A rule removes a feature by what it is called in the program: a sub, a method, a module, a section. The new tree \
        has none of that name. Either it is gone, then so is the need for the rule; or it has another name, then the \
        feature is back.",
    example: "PNX-808: hive-manager: `no-apt` does not find `module Hive::API::APT`; the nearest there is: `module Hive::API::Packages`",
    remedy: "Look at the commit that took it away. Name the new target in the feature's rule, or remove that from the rule.",
};
