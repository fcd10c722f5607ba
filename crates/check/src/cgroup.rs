//! The machine's own control group (cgroups(7), version 2), below which containers make theirs.
//!
//! The outside makes it beside its own group and moves the first inner process into it. That
//! process then asks for a cgroup namespace, whose root is this group. Only root can do this; other
//! users' machines have none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The group of the machine's own processes. A group that enables controllers for its children must
/// have no processes itself.
const OWN: &str = "check";
/// The number of attempts to remove a group, and the pause between them, until its last process has
/// ended.
const TRIES: (u32, Duration) = (40, Duration::from_millis(50));

/// A control group on this machine. Dropping it removes it and all groups below it.
#[derive(Debug)]
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes a group below this process' own. Returns `None` if this machine has no version 2 or
    /// the user may not.
    pub fn make() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let beside = place(&mounts, &own)?;
        let name = format!("pve-nix-check-{}", std::process::id());
        let made = beside.join(name);
        fs::create_dir(&made).ok()?;
        let made = Self(made);
        // Unless it is the root, a parent with processes cannot enable controllers for its
        // children.
        hand_on(&beside);
        Some(made)
    }

    /// Moves a process into the group.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn take(&self, process: u32) -> io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), process.to_string())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for _ in 0..TRIES.0 {
            remove(&self.0);
            if !self.0.exists() {
                return;
            }
            std::thread::sleep(TRIES.1);
        }
    }
}

/// Prepares the root of the machine's control groups, mounted at `root`, for groups below it: moves
/// this process into a group of its own, and enables the controllers.
///
/// # Errors
/// The kernel refuses.
pub fn prepare(root: &Path) -> io::Result<()> {
    let own = root.join(OWN);
    fs::create_dir(&own)?;
    fs::write(own.join("cgroup.procs"), "0")?;
    hand_on(root);
    Ok(())
}

/// Enables every controller of a group for its children. Refusals are ignored.
fn hand_on(group: &Path) {
    let controllers = fs::read_to_string(group.join("cgroup.controllers")).unwrap_or_default();
    for controller in controllers.split_whitespace() {
        let _ = fs::write(
            group.join("cgroup.subtree_control"),
            format!("+{controller}"),
        );
    }
}

/// Returns the directory of this process' control group, from `/proc/self/mountinfo` and
/// `/proc/self/cgroup`.
fn place(mounts: &str, own: &str) -> Option<PathBuf> {
    let mount = mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(3);
        let (root, at) = (fields.next()?, fields.next()?);
        (after.starts_with("cgroup2 ") && root == "/").then_some(at)
    })?;
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(Path::new(mount).join(own))
}

/// Removes the empty groups among a control group and those below it.
fn remove(group: &Path) {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&entry.path());
        }
    }
    let _ = fs::remove_dir(group);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 0:20 / /proc rw - proc proc rw
30 25 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
31 25 0:27 / /sys/fs/cgroup/unified rw,relatime shared:4 - cgroup2 cgroup2 rw
";

    #[test]
    fn the_own_control_group_is_found_beside_version_1() {
        let own = "4:memory:/a\n0::/user.slice/b\n";
        let found = place(MOUNTS, own).unwrap();
        assert_eq!(found, Path::new("/sys/fs/cgroup/unified/user.slice/b"));
        assert_eq!(place(MOUNTS, "4:memory:/a\n"), None);
        let first: Vec<&str> = MOUNTS.lines().take(2).collect();
        assert_eq!(place(&first.join("\n"), own), None);
    }
}
