//! PNX-205: a versioned dependency that the pins do not satisfy.

use super::{Code, Severity};

/// A `Depends` or `Build-Depends` with a version that the release's pins do not meet.
pub static UNSATISFIED: Code = Code {
    id: "PNX-205",
    title: "a versioned dependency that the pins do not satisfy",
    severity: Severity::Finding,
    explanation: "\
        Proxmox's packages declare which versions of one another they need, and the pins of a \
        release must satisfy all of these, by Debian's ordering of versions. If they do not, the set \
        was never released in this form and will break where the two packages meet.",
    example: "# hive-api/debian/control
Depends: libhive-common-perl (>= 2.1-3)

# The release pins hive-common at version 2.1-1.

PNX-205: hive-api/debian/control:14: needs libhive-common-perl (>= 2.1-3), the release has 2.1-1",
    remedy: "\
        Move the pin of the package that is too old or too new: run `cargo xtask lock RELEASE --at \
        DATE` with a later or an earlier day.",
};
