//! A node's declaration: `/etc/pve-nix/node.json`, written by `nix/modules/pvenix.nix`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::cluster::Declared;
use crate::machine::Machine;

/// The path of the declaration.
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
    /// The effect of a switch on the cluster's own daemons.
    pub restart_policy: String,
    /// The effect of a switch on each unit.
    pub units: BTreeMap<String, OnSwitch>,
    /// Units that wait for a staged restart, in its order.
    pub staged: Vec<String>,
    /// Programs of units that come from other packages.
    pub programs: BTreeMap<String, String>,
    /// Bridges, by name.
    pub bridges: BTreeMap<String, Bridge>,
    /// Its cluster, if one is declared.
    #[serde(default)]
    pub cluster: Option<Declared>,
}

/// The effect of a switch of configuration on a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnSwitch {
    /// It keeps running.
    None,
    /// It re-executes itself, and its tasks keep running.
    Reload,
    /// It stops and starts.
    Restart,
    /// `pvenix restarts` restarts it when the cluster allows it.
    Staged,
}

/// A declared bridge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bridge {
    /// The machine's interfaces that belong to it.
    pub ports: Vec<String>,
    /// Its addresses, with prefix lengths.
    pub addresses: Vec<String>,
    /// The MTU.
    pub mtu: Option<u32>,
    /// Whether guests may have a VLAN tag on it.
    pub vlan_aware: bool,
    /// Whether it runs the spanning tree protocol.
    pub stp: bool,
}

impl Node {
    /// Reads a declaration. The error includes a remedy.
    pub fn read(machine: &dyn Machine, path: &str) -> Result<Self, String> {
        let text = machine.read(path).map_err(|error| {
            format!("{path}: {error}\n  help: services.proxmox-ve writes it; is this machine a node of it?")
        })?;
        serde_json::from_str(&text).map_err(|error| {
            format!("{path}: {error}\n  help: switch to a configuration of this version of pvenix")
        })
    }

    /// Returns `9` for `9.1.8`.
    pub fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }
}
