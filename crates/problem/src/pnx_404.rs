//! PNX-404: a feature that the source does not have.

use super::{Code, Severity};

/// A rule that removes a feature that the code does not have.
pub static FEATURE_NOT_FOUND: Code = Code {
    id: "PNX-404",
    title: "a feature that the source does not have",
    severity: Severity::Finding,
    explanation: "\
        A rule removes a Debian-only feature by structure: a module with its `use`, its registration and its \
        entry in an index. One of these parts was not found in any source of the release, so the feature has \
        moved, was renamed or is gone, and what the rule wanted removed may now be reached another way.",
    example: r#"# rules/sources/hive-manager.toml
drop-module = "Hive::API::Updates"

# Upstream renamed the module to Hive::API::Upgrade.

PNX-404: rules/sources/hive-manager.toml:5: no source registers `Hive::API::Updates`"#,
    remedy: "\
        Find out where the feature went and correct the rule, or remove the rule if the feature is \
        gone in every release.",
};
