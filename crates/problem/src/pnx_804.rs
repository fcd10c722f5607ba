//! PNX-804: what is installed or set up came, went or changed.

use super::{Code, Severity};

/// A file, unit, directory, user or setting that is installed otherwise.
pub static INSTALL_DRIFTED: Code = Code {
    id: "PNX-804",
    title: "what is installed or set up came, went or changed",
    severity: Severity::Finding,
    explanation: "\
        Makefiles, `debian/` and maintainer scripts put files, units, directories, users, kernel settings and more on a \
        Debian machine. A NixOS module makes those; what is new is not there until it does, and a command of a \
        maintainer script that is not known is not run at all.",
    example: "PNX-804: hive-manager: unit `hive-sweep.timer` came",
    remedy: "Hold it against the module that sets the source up; a command of a maintainer script has to be done by the module \
        or to be left out on purpose.",
};
