//! The state of the cluster as pmxcfs reports it: `/etc/pve/.members`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::machine::Machine;

/// The path of the file.
pub const PLACE: &str = "/etc/pve/.members";

/// The node and its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Members {
    /// This node's name.
    pub nodename: String,
    /// Its cluster; `None` for a node on its own.
    #[serde(default)]
    pub cluster: Option<Cluster>,
    /// Nodes by name.
    #[serde(default)]
    pub nodelist: BTreeMap<String, Member>,
}

/// A cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The number of its nodes.
    pub nodes: u32,
    /// 1 if this node is part of a majority.
    pub quorate: u32,
}

/// A node of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Its number.
    #[serde(default)]
    pub id: u32,
    /// 1 if it is online.
    #[serde(default)]
    pub online: u32,
    /// Its address.
    #[serde(default)]
    pub ip: Option<String>,
}

impl Members {
    /// Reads the file. The error says why pmxcfs does not answer.
    pub fn read(machine: &dyn Machine) -> Result<Self, String> {
        let text = machine.read(PLACE).map_err(|error| {
            let what = if error.kind() == std::io::ErrorKind::TimedOut {
                "/etc/pve hangs"
            } else {
                "/etc/pve is not mounted"
            };
            format!("{what} ({PLACE}: {error}): see `systemctl status pve-cluster`")
        })?;
        serde_json::from_str(&text).map_err(|error| format!("{PLACE}: {error}"))
    }

    /// Whether there are other nodes in the cluster.
    pub fn is_clustered(&self) -> bool {
        self.cluster
            .as_ref()
            .is_some_and(|cluster| cluster.nodes > 1)
    }

    /// Whether this node has the lowest number of all online nodes, and thus performs tasks for the
    /// whole cluster.
    pub fn is_first(&self) -> bool {
        let there = self
            .nodelist
            .iter()
            .filter(|(_, member)| member.online == 1);
        there
            .min_by_key(|(_, member)| member.id)
            .is_some_and(|(name, _)| *name == self.nodename)
    }

    /// Whether this node may change the cluster's files.
    pub fn is_quorate(&self) -> bool {
        self.cluster
            .as_ref()
            .is_none_or(|cluster| cluster.quorate == 1)
    }
}
