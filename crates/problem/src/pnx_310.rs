//! PNX-310: a package that Debian installs beside the code, but nothing provides here.

use super::{Code, Severity};

/// `Depends` or `Recommends` names a Debian package that nixpkgs has, and nothing provides it to
/// the code.
pub static UNREACHED_PACKAGE: Code = Code {
    id: "PNX-310",
    title: "a package that Debian installs beside the code, but nothing provides here",
    severity: Severity::Finding,
    explanation: "\
        On Debian, `Depends` and `Recommends` put a package's programs where all others find them. \
        Here a program is found only if the code names it, or if a rule says that something outside \
        of the code runs it. A source's `debian/control` names a package that nixpkgs has, but the \
        source's code names no file or command of it, and no rule explains why that is enough. \
        Without it, a CIFS mount has no mount.cifs, and a container no apparmor_parser.",
    example: "# hive-guests/debian/control, line 12
Depends: smoker,

PNX-310: hive-guests/debian/control:12: Debian installs `smoker` beside hive-guests, and no code of hive-guests names anything of nixpkgs' `smoker`",
    remedy: "\
        Find out who runs it. Where it is found on the `PATH`, name its programs in `[[closure]]` of the source's file in `rules/sources/`; else \
        say in `[[depends]]` there who brings it, or why it is not needed.",
};
