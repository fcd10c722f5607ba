//! PNX-310: a package that runs beside the code, and reaches no program of it.

use super::{Code, Severity};

/// `Depends` or `Recommends` name a Debian package that is one of nixpkgs', and nothing brings that to the code.
pub static UNREACHED_PACKAGE: Code = Code {
    id: "PNX-310",
    title: "a package that Debian installs beside the code, and nothing brings here",
    severity: Severity::Finding,
    explanation: "\
        On Debian `Depends` and `Recommends` put a package's programs where all others find them; here a program is found \
        where code names it, or a rule says that something out of sight runs it. `debian/control` of a source names a package \
        that is one of nixpkgs', no code of the source names a file or a command of it, and no rule says why that is enough. \
        So a mount of CIFS has no mount.cifs, and a container no apparmor_parser.",
    example: "# hive-guests/debian/control, line 12
Depends: smoker,

PNX-310: hive-guests/debian/control:12: Debian installs `smoker` beside hive-guests, and no code of hive-guests names anything of nixpkgs' `smoker`",
    remedy: "\
        Find out who runs it. Where it is found on the `PATH`, name its programs in `[[closure]]` of the source's file in `rules/sources/`; else \
        say in `[[depends]]` there who brings it, or why it is not needed.",
};
