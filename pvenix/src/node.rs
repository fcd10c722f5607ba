//! What a node is declared to be: `/etc/pve-nix/node.json`, written by `nix/modules/pvenix.nix`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::Declared;
use crate::machine::Machine;

/// Where the declaration stands.
pub const PLACE: &str = "/etc/pve-nix/node.json";

/// A declaration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// The link's store path.
    pub package: String,
    /// Its release, `9.1.8`.
    pub version: String,
    /// The address by which other nodes know this one.
    pub address: String,
    /// What a switch does to the cluster's own daemons.
    pub restart_policy: String,
    /// What a switch does to each unit.
    pub units: BTreeMap<String, OnSwitch>,
    /// Units that wait for a staged restart, in its order.
    pub staged: Vec<String>,
    /// Programs of units that do not come from the package.
    pub programs: BTreeMap<String, String>,
    /// Bridges, by name.
    pub bridges: BTreeMap<String, Bridge>,
    /// Its cluster, where one is declared.
    #[serde(default)]
    pub cluster: Option<Declared>,
}

/// What a switch of the configuration does to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnSwitch {
    /// It runs on.
    None,
    /// It starts itself anew, and its tasks run on.
    Reload,
    /// It ends and starts.
    Restart,
    /// `pvenix restarts` restarts it when the cluster bears it.
    Staged,
}

/// A bridge that is declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bridge {
    /// Interfaces of the machine that are part of it.
    pub ports: Vec<String>,
    /// Its addresses, with the length of their networks.
    pub addresses: Vec<String>,
    /// The MTU.
    pub mtu: Option<u32>,
    /// Whether guests may have a VLAN tag on it.
    pub vlan_aware: bool,
    /// Whether it speaks the spanning tree protocol.
    pub stp: bool,
}

impl Node {
    /// Reads a declaration; the error says what to do.
    pub fn read(machine: &dyn Machine, path: &str) -> Result<Self, String> {
        let text = machine.read(path).map_err(|error| {
            format!("{path}: {error}\n  help: services.proxmox-ve writes it; is this machine a node of it?")
        })?;
        serde_json::from_str(&text).map_err(|error| {
            format!("{path}: {error}\n  help: switch to a configuration of this version of pvenix")
        })
    }

    /// `9` of `9.1.8`.
    pub fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }
}
