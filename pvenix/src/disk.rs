//! The disk of the cluster's database. Once it is full or read-only, pmxcfs can change nothing in
//! `/etc/pve`.

use crate::machine::Machine;
use crate::status::Check;

/// The directory of pmxcfs' database.
const PLACE: &str = "/var/lib/pve-cluster";
/// The required free space, in MiB. A transaction writes the database's log, which grows to some 4
/// MiB, beside the database.
const LEAST: u64 = 64;

/// Checks whether the database can be written.
pub fn check(machine: &dyn Machine) -> Check {
    let state = if is_read_only(machine) {
        Err(format!(
            "{PLACE} is on a read-only file system, so pmxcfs cannot write its database: see `findmnt -T {PLACE}` and the kernel's \
             messages"
        ))
    } else {
        room(machine).and_then(|left| {
            if left < LEAST {
                Err(format!(
                    "{left} MiB left on the disk of {PLACE}; pmxcfs stops writing when there is none: make room for {LEAST} MiB"
                ))
            } else {
                Ok(format!("{left} MiB left on the disk of {PLACE}"))
            }
        })
    };
    Check {
        name: "database",
        ok: state.is_ok(),
        text: state.unwrap_or_else(|text| text),
    }
}

/// Returns the space available to everybody, in MiB.
fn room(machine: &dyn Machine) -> Result<u64, String> {
    let words = ["df", "--block-size=1M", "--output=avail", PLACE];
    let shown = machine
        .run(&words)
        .map_err(|error| format!("`{}`: {error}", words.join(" ")))?;
    let number = shown
        .lines()
        .last()
        .and_then(|line| line.trim().parse().ok());
    number.ok_or_else(|| format!("`{}` printed no number: {}", words.join(" "), shown.trim()))
}

/// Whether the file system is read-only, by its mount or as a whole. The kernel makes it read-only
/// after an error. The fields are those of `/proc/PID/mountinfo` (proc(5)).
fn is_read_only(machine: &dyn Machine) -> bool {
    let mounts = machine.read("/proc/self/mountinfo").unwrap_or_default();
    let mut found = (0, false);
    for line in mounts.lines() {
        let Some((mount, file_system)) = line.split_once(" - ") else {
            continue;
        };
        let fields: Vec<&str> = mount.split(' ').collect();
        let [_, _, _, _, place, options, ..] = fields[..] else {
            continue;
        };
        let below = PLACE
            .strip_prefix(place.trim_end_matches('/'))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // A later mount hides an earlier one at the same path.
        if below && place.len() >= found.0 {
            let read_only = |options: &str| options.split(',').any(|option| option == "ro");
            let super_options = file_system.split(' ').nth(2).unwrap_or_default();
            found = (place.len(), read_only(options) || read_only(super_options));
        }
    }
    found.1
}
