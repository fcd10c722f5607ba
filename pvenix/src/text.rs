//! Formats the state for people.

use std::fmt::Write;

use crate::node::OnSwitch;
use crate::status::Status;

/// Returns the text, with a final newline.
pub fn of(status: &Status) -> String {
    let mut text = String::new();
    let name = if status.node.is_empty() {
        "this node"
    } else {
        &status.node
    };
    let _ = writeln!(
        text,
        "{name}: {} from {}",
        status.version,
        short(&status.package)
    );
    for check in &status.checks {
        let mark = if check.ok { "ok " } else { "BAD" };
        let _ = writeln!(text, "  {mark}  {}: {}", check.name, check.text);
    }
    for drift in &status.drift {
        let _ = writeln!(
            text,
            "  BAD  {}: declared {}, found {}",
            drift.place, drift.declared, drift.is
        );
    }
    let old: Vec<_> = status
        .units
        .iter()
        .filter(|unit| unit.current == Some(false))
        .collect();
    let new = status
        .units
        .iter()
        .filter(|unit| unit.current == Some(true))
        .count();
    let _ = writeln!(
        text,
        "daemons: {new} run this build, {} run an older one",
        old.len()
    );
    for unit in old {
        let waits = match unit.on_switch {
            OnSwitch::Staged if status.restart_policy == "staged" => "until the staged restart",
            OnSwitch::Staged | OnSwitch::None => "until it is restarted, or the next boot",
            OnSwitch::Reload | OnSwitch::Restart => {
                "although the last switch should have replaced it"
            }
        };
        let _ = writeln!(
            text,
            "  {}  {}, {waits}",
            unit.name,
            short(unit.runs.as_deref().unwrap_or_default())
        );
    }
    let old: Vec<_> = status
        .guests
        .iter()
        .filter(|guest| guest.current == Some(false))
        .collect();
    let _ = writeln!(
        text,
        "guests: {} running, {} of them with an older program until they stop",
        status.guests.len(),
        old.len()
    );
    for guest in old {
        let _ = writeln!(
            text,
            "  {} {}  {}",
            guest.kind,
            guest.vmid,
            short(guest.runs.as_deref().unwrap_or_default())
        );
    }
    if !status.waiting.is_empty() {
        let _ = writeln!(
            text,
            "waiting for a staged restart: {}\n  `pvenix restarts` does it now",
            status.waiting.join(", ")
        );
    }
    text
}

/// Shortens a store path to eight letters of its hash and its name.
fn short(path: &str) -> String {
    let Some(rest) = path.strip_prefix("/nix/store/") else {
        return path.to_owned();
    };
    let first = rest.split('/').next().unwrap_or(rest);
    match first.split_once('-') {
        Some((hash, name)) => format!("{name} ({})", hash.get(..8).unwrap_or(hash)),
        None => path.to_owned(),
    }
}
