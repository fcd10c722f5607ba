//! Audits a symbolic link of an output.

use std::path::Path;

use super::file::Looker;
use super::include;
use super::walk::Root;
use problem::{BUILD_DIRECTORY, DANGLING, LEFT_OVER};

/// Directories of the system and its state. A link into these leads to a file of the machine rather
/// than of an output.
const SYSTEM: [&str; 7] = [
    "/etc/", "/var/", "/run/", "/proc/", "/sys/", "/dev/", "/srv/",
];
/// Directories that only Debian fills.
const DEBIAN: [&str; 6] = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/opt/"];

/// Audits a link.
pub(super) fn look(looker: &mut Looker, root: &Root, path: &Path) {
    let target = match std::fs::read_link(path) {
        Ok(target) => target,
        Err(error) => {
            looker.find(&problem::UNREADABLE, error.to_string(), None);
            return;
        }
    };
    let shown = target.display().to_string();
    let store = &looker.context.store;
    if let Some(base) = store.base_of(&target) {
        looker.seen.names.insert(base);
    }
    // An object leaves these open for its link. Manual pages are made by the link too.
    let is_page = root.is_object() && looker.relative().starts_with("share/man/");
    if shown.starts_with('@') || is_page {
        return;
    }
    let within = |directories: &[&str]| directories.iter().any(|one| shown.starts_with(one));
    let inside = target.starts_with(&root.path) || shown.starts_with(store.prefix());
    if !inside && within(&DEBIAN) {
        looker.find(&LEFT_OVER, format!("the link leads to `{shown}`"), None);
    } else if !inside && within(&["/build/", "/tmp/nix-build-"]) {
        looker.find(
            &BUILD_DIRECTORY,
            format!("the link leads to `{shown}`, where it was built"),
            None,
        );
    } else if !inside && within(&SYSTEM) {
        // It exists on the machine that runs it, or not.
    } else if let Err(error) = store.machine.follow(path) {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "which does not exist".to_owned(),
            _ => format!("which cannot be followed: {error}"),
        };
        looker.find(
            &DANGLING,
            format!("the link leads to `{shown}`, {why}"),
            None,
        );
    } else if !target.starts_with(&root.path) && is_configuration(looker.relative()) {
        include::linked(looker, path, &shown);
    }
}

/// Whether a path is a configuration's rather than a document's or code's.
fn is_configuration(relative: &str) -> bool {
    let below = ["etc/", "lib/systemd/", "lib/udev/"];
    let ends = [".conf", ".conf.d", ".config", ".cfg", ".seccomp"];
    let is_within = |place: &str| relative.split('/').any(|part| part == place);
    below.iter().any(|below| relative.starts_with(below))
        || ends.iter().any(|end| relative.ends_with(end))
        || is_within("config")
}
