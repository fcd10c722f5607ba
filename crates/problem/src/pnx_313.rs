//! PNX-313: a packaging file that nothing reads.

use super::{Code, Severity};

/// A file in `debian/` is neither read nor installed, and `rules/general/places.toml` does not say why that is enough.
pub static UNREAD_PACKAGING: Code = Code {
    id: "PNX-313",
    title: "a packaging file that nothing reads",
    severity: Severity::Finding,
    explanation: "\
        Debian's tools act on files in `debian/` by their names: cron files, ifupdown hooks, \
        AppArmor profiles, log rotation. Files of known names are installed or go into \
        `system.json`. This file's name is unknown and no list installs it, so its effect on Debian \
        would be silently lost.",
    example: "# hive-manager/debian/hive-manager.apport
PNX-313: hive-manager/debian/hive-manager.apport: nothing reads or installs it",
    remedy: "\
        Find out what Debian does with it. Where that matters on NixOS, the tool has to read it; else name it in an `[[aside]]` of \
        `rules/general/places.toml` with the reason.",
};
