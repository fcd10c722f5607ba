//! PNX-702: no machine to try a link on.

use super::{Code, Severity};

/// The namespaces, or the root in them, could not be made.
pub static NO_MACHINE: Code = Code {
    id: "PNX-702",
    title: "no machine to try a link on",
    severity: Severity::Fatal,
    explanation: "\
        `check` makes namespaces (user, mount, PID, network, UTS, IPC) with `unshare`, and a root in \
        them. The kernel or its settings refused, or a required program is missing.",
    example: "PNX-702: no machine to try a link on
  unshare: unshare failed: Operation not permitted",
    remedy: "\
        Install util-linux, coreutils and iproute2, and allow user namespaces: `sysctl \
        user.max_user_namespaces` must not be 0, `kernel.unprivileged_userns_clone` (Debian) not 0, \
        `kernel.apparmor_restrict_unprivileged_userns` (Ubuntu) not 1. A container needs \
        `--privileged`, or permission to mount proc.",
};
