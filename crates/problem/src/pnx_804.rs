//! PNX-804: a file or setting that was added, removed or changed.

use super::{Code, Severity};

/// The packaging installs or sets up a file, unit, directory, user or setting differently.
pub static INSTALL_DRIFTED: Code = Code {
    id: "PNX-804",
    title: "a file or setting that was added, removed or changed",
    severity: Severity::Finding,
    explanation: "\
        Makefiles, `debian/` and maintainer scripts put files, units, directories, users, kernel \
        settings and more on a Debian machine. Here a NixOS module does that: anything new is \
        missing until the module has it, and unknown commands of maintainer scripts do not run at \
        all.",
    example: "PNX-804: hive-manager: unit `hive-sweep.timer` came",
    remedy: "\
        Compare it with the module that sets up the source. The module must do the work of a \
        maintainer script's command, or leave it out on purpose.",
};
