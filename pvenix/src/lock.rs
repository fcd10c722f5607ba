//! The cluster's locks, as pmxcfs has them: a directory, which expires 120 s after its time of change.

use std::time::SystemTime;

use crate::machine::Machine;

/// Takes a lock. The error says that another node has it; it is then asked for, so that pmxcfs takes it away if it has expired.
pub fn take(machine: &dyn Machine, place: &str) -> Result<(), String> {
    machine.make_directory(place).map_err(|error| {
        let _ = machine.touch(place, SystemTime::UNIX_EPOCH);
        format!("{place}: {error}")
    })
}

/// Holds it for the next two minutes. Where pmxcfs does not answer nobody else gets it.
pub fn keep(machine: &dyn Machine, place: &str) {
    let _ = machine.touch(place, SystemTime::now());
}

/// Gives it back.
pub fn give_back(machine: &dyn Machine, place: &str) -> Result<(), String> {
    machine.remove_directory(place).map_err(|error| {
        format!("{place}: {error}\n  help: it expires by itself after two minutes")
    })
}
