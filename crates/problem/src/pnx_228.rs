//! PNX-228: a release's exports cannot be read.

use super::{Code, Severity};

/// `exports.json` is missing, damaged, or from another release.
pub static BAD_EXPORTS: Code = Code {
    id: "PNX-228",
    title: "a release's exports cannot be read",
    severity: Severity::Fatal,
    explanation: "\
        A plugin is compiled against a release without that release's sources. `exports.json`, which \
        `regen` writes beside the release's expressions, lists the modules, programs and files of \
        those sources. Without it, every reference from the plugin to Proxmox VE would be undecided.",
    example: "\
        cargo xtask plugin pve-9.1.8 ./hive-tape

PNX-228: pkgs/pve-9.1.8/exports.json: cannot be read: No such file or directory",
    remedy: "\
        Run `cargo xtask regen RELEASE`, or name the file with `--exports`.",
};
