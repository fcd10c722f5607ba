//! PNX-313: a file of packaging that nobody reads.

use super::{Code, Severity};

/// A file in `debian/` is neither read nor installed, and `rules/general/places.toml` does not say why that is enough.
pub static UNREAD_PACKAGING: Code = Code {
    id: "PNX-313",
    title: "a file of the packaging that nobody reads",
    severity: Severity::Finding,
    explanation: "\
        Debian's tools do something for files in `debian/` by their names: cron files, hooks of ifupdown, AppArmor's profiles, rotated \
        logs. Those that are understood are installed or go into `system.json`. This one has a name that is not, and no list \
        installs it, so what it does on Debian would be lost without a word.",
    example: "# hive-manager/debian/hive-manager.apport
PNX-313: hive-manager/debian/hive-manager.apport: nothing reads or installs it",
    remedy: "\
        Find out what Debian does with it. Where that matters on NixOS, the tool has to read it; else name it in an `[[aside]]` of \
        `rules/general/places.toml` with the reason.",
};
