//! Reads the status that the managers of high availability write to pmxcfs.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::machine::Machine;

/// Where the manager of the cluster says it.
pub const MANAGER: &str = "/etc/pve/ha/manager_status";
/// How old a node's word may be, in seconds (upstream's own "old timestamp").
const FRESH: u64 = 30;
/// States in which a manager leaves a service as it is.
const STEADY: [&str; 3] = ["started", "stopped", "ignored"];

/// The status of the cluster's manager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Ha {
    /// The state of each node: `online`, `maintenance`, `unknown`, `fence`, `gone`.
    #[serde(default)]
    pub node_status: BTreeMap<String, String>,
    /// The guests that it manages, `vm:100`.
    #[serde(default)]
    pub service_status: BTreeMap<String, Service>,
    /// Set while somebody has disarmed it.
    #[serde(default)]
    pub disarm: Option<Disarm>,
}

/// A guest under high availability.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Service {
    /// Where it is.
    #[serde(default)]
    pub node: String,
    /// `started`, `stopped`, `migrate`, `fence` …
    #[serde(default)]
    pub state: String,
    /// Where it goes.
    #[serde(default)]
    pub target: Option<String>,
    /// Where it was before that node's maintenance; it goes back.
    #[serde(default)]
    pub maintenance_node: Option<String>,
}

/// That it is disarmed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Disarm {
    /// `disarming`, `disarmed`.
    #[serde(default)]
    pub state: String,
}

/// The status of a node's own manager.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Local {
    /// `active`, `maintenance`, `restart` …
    #[serde(default)]
    pub mode: String,
    /// When it said so.
    #[serde(default)]
    pub timestamp: u64,
}

impl Ha {
    /// Asks pmxcfs. Where no manager ever ran there is nothing to know.
    pub fn read(machine: &dyn Machine) -> Result<Self, String> {
        parsed(machine, MANAGER)
    }

    /// Whether it has guests.
    pub fn is_used(&self) -> bool {
        !self.service_status.is_empty()
    }

    /// Whether it manages a guest; `kind` as in `vm:100`.
    pub fn has(&self, kind: &str, vmid: u32) -> bool {
        self.service_status.contains_key(&format!("{kind}:{vmid}"))
    }

    /// That nothing is on the move, and nothing broken.
    pub fn is_steady(&self) -> Result<(), String> {
        if let Some(disarm) = &self.disarm {
            return Err(format!("high availability is {}", disarm.state));
        }
        let fenced = self.node_status.iter().find(|(_, state)| *state == "fence");
        if let Some((node, _)) = fenced {
            return Err(format!("{node} is being fenced"));
        }
        for (sid, service) in &self.service_status {
            if !STEADY.contains(&service.state.as_str()) || service.target.is_some() {
                return Err(format!(
                    "{sid} on {} is in `{}`",
                    service.node, service.state
                ));
            }
        }
        Ok(())
    }

    /// Guests that a node still runs, comes to run, or gives back.
    pub fn still_on(&self, node: &str) -> Vec<&str> {
        let services = self.service_status.iter();
        services
            .filter(|(_, service)| service.node == node || service.target.as_deref() == Some(node))
            .filter(|(_, service)| {
                !["stopped", "ignored", "error"].contains(&service.state.as_str())
            })
            .map(|(sid, _)| sid.as_str())
            .collect()
    }

    /// Guests that a node's maintenance has moved away and that are not back.
    pub fn away_from(&self, node: &str) -> Vec<&str> {
        let services = self.service_status.iter();
        services
            .filter(|(_, service)| service.maintenance_node.as_deref() == Some(node))
            .map(|(sid, _)| sid.as_str())
            .collect()
    }
}

impl Local {
    /// Asks pmxcfs.
    pub fn read(machine: &dyn Machine, node: &str) -> Result<Self, String> {
        parsed(machine, &format!("/etc/pve/nodes/{node}/lrm_status"))
    }

    /// Whether the node's manager runs.
    pub fn is_fresh(&self, now: u64) -> bool {
        now.saturating_sub(self.timestamp) <= FRESH
    }
}

fn parsed<T: Default + for<'a> Deserialize<'a>>(
    machine: &dyn Machine,
    path: &str,
) -> Result<T, String> {
    match machine.read(path) {
        Ok(text) if text.trim().is_empty() => Ok(T::default()),
        Ok(text) => serde_json::from_str(&text).map_err(|error| format!("{path}: {error}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(format!("{path}: {error}")),
    }
}
