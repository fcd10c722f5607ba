//! Decides whether a node may switch to another configuration now.

use crate::machine::Machine;
use crate::node::Node;
use crate::status::Status;

/// Refuses a change of the major release while guests run. Upstream's own upgrades move or stop
/// them first.
pub fn may_switch(machine: &dyn Machine, now: &Node, next: &Node) -> Result<(), String> {
    if now.major() == next.major() {
        return Ok(());
    }
    let guests = Status::of(machine, now)?.guests;
    if guests.is_empty() {
        return Ok(());
    }
    let numbers: Vec<String> = guests.iter().map(|guest| guest.vmid.to_string()).collect();
    Err(format!(
        "guests are running ({}), and the step from {} to {} is to another major release\n  help: migrate or stop them, then switch; or use `nixos-rebuild boot` and reboot",
        numbers.join(", "),
        now.version,
        next.version
    ))
}
