//! The database of pmxcfs: decides whether a node may abandon it to join a cluster. While pmxcfs
//! runs, its mounted files are authoritative, because the database is out of date (it may still
//! contain removed guests).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::machine::Machine;

/// The path of the database.
pub const PLACE: &str = "/var/lib/pve-cluster/config.db";
/// The directory in which a running pmxcfs has the files of each node.
const NODES: &str = "/etc/pve/nodes";
/// The directory into which `pvecm add` also moves the database of a joining node.
const BACKUPS: &str = "/var/lib/pve-cluster/backup";

/// Selects guests by their configuration files. A directory entry of type 8 is a file, as in
/// readdir(3).
const GUESTS: &str = "SELECT guest.name FROM tree AS guest JOIN tree AS place ON guest.parent = place.inode \
     WHERE place.name IN ('qemu-server', 'lxc') AND guest.type = 8 AND guest.name GLOB '[0-9]*.conf' ORDER BY guest.name";
const COROSYNC: &str = "SELECT data FROM tree WHERE parent = 0 AND name = 'corosync.conf'";

/// Refuses if the running pmxcfs has files of guests.
pub fn has_no_guests(machine: &dyn Machine) -> Result<(), String> {
    let mut guests = Vec::new();
    for node in machine.list(NODES) {
        for kind in ["qemu-server", "lxc"] {
            let names = machine.list(&format!("{NODES}/{node}/{kind}"));
            guests.extend(names.into_iter().filter(|name| name.ends_with(".conf")));
        }
    }
    refuse_guests(guests.iter().map(String::as_str).collect())
}

fn refuse_guests(mut files: Vec<&str>) -> Result<(), String> {
    files.sort_unstable();
    let numbers: Vec<&str> = files
        .iter()
        .map(|file| file.trim_end_matches(".conf"))
        .collect();
    if numbers.is_empty() {
        return Ok(());
    }
    Err(format!(
        "this node has guests of its own ({}), whose numbers may be others' in the cluster\n  help: back them up, remove them here, and restore them when the node is a member",
        numbers.join(", ")
    ))
}

/// Refuses to abandon a database with guests, or another cluster's. pmxcfs must not run.
pub fn may_be_left(machine: &dyn Machine) -> Result<(), String> {
    if machine.read_bytes(PLACE).is_err() {
        return Ok(());
    }
    let guests = ask(machine, GUESTS)?;
    refuse_guests(guests.lines().collect())?;
    let corosync = ask(machine, COROSYNC)?;
    if let Some(name) = cluster_name(&corosync) {
        return Err(format!(
            "this node is a member of the cluster {name}\n  help: remove it there (`pvecm delnode`), then move {PLACE} away here"
        ));
    }
    Ok(())
}

/// Moves the database to the backups. pmxcfs must not run.
pub fn leave(machine: &dyn Machine, now: SystemTime) -> Result<(), String> {
    let seconds = now
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs();
    machine
        .run(&["mkdir", "-p", BACKUPS])
        .map_err(|error| error.to_string())?;
    for part in ["", "-wal", "-shm"] {
        let from = format!("{PLACE}{part}");
        if machine.read_bytes(&from).is_ok() {
            let to = format!("{BACKUPS}/config-{seconds}.db{part}");
            machine
                .rename(&from, &to)
                .map_err(|error| format!("{from} → {to}: {error}"))?;
        }
    }
    Ok(())
}

fn ask(machine: &dyn Machine, query: &str) -> Result<String, String> {
    let answer = machine.run(&["sqlite3", "-batch", PLACE, query]);
    answer
        .map(|text| text.trim().to_owned())
        .map_err(|error| error.to_string())
}

/// Returns the value of `cluster_name` in a corosync.conf.
pub fn cluster_name(corosync: &str) -> Option<&str> {
    let mut lines = corosync.lines();
    lines.find_map(|line| Some(line.trim().strip_prefix("cluster_name:")?.trim()))
}
