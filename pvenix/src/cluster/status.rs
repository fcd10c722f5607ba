//! Compares a cluster with its declaration.

use std::fmt::Write as _;

use serde::Serialize;

use super::Declared;
use crate::machine::Machine;
use crate::members::Members;

/// The state of a cluster and its declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// This node's cluster.
    pub name: Option<String>,
    /// This node's declared cluster.
    pub declared: Option<String>,
    /// Whether this node is part of a majority.
    pub quorate: bool,
    /// All nodes of either.
    pub nodes: Vec<NodeStatus>,
}

/// A node of the cluster or its declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// Whether it is declared.
    pub declared: bool,
    /// Whether it is in the cluster's configuration.
    pub member: bool,
    /// Whether it is online.
    pub online: bool,
    /// The remedy for an administrator, if there is a problem.
    pub remedy: Option<String>,
}

impl ClusterStatus {
    /// Reads the state from pmxcfs.
    pub fn of(machine: &dyn Machine, declared: Option<&Declared>) -> Result<Self, String> {
        let members = Members::read(machine)?;
        let mut names: Vec<&String> = members.nodelist.keys().collect();
        names.extend(declared.iter().flat_map(|declared| declared.nodes.keys()));
        names.sort();
        names.dedup();
        let nodes = names.into_iter().map(|name| {
            let is_declared = declared.map(|declared| declared.nodes.contains_key(name));
            let is_online = members.nodelist.get(name).map(|member| member.online == 1);
            NodeStatus {
                name: name.clone(),
                declared: is_declared == Some(true),
                member: is_online.is_some(),
                online: is_online == Some(true),
                remedy: remedy(name, is_declared, is_online),
            }
        });
        Ok(Self {
            name: members.cluster.as_ref().map(|cluster| cluster.name.clone()),
            declared: declared.map(|declared| declared.name.clone()),
            quorate: members.is_quorate(),
            nodes: nodes.collect(),
        })
    }

    /// Whether the cluster matches its declaration and has a quorum.
    pub fn is_well(&self) -> bool {
        let named = self.declared.is_none() || self.declared == self.name;
        named && self.quorate && self.nodes.iter().all(|node| node.remedy.is_none())
    }

    /// Formats the state for people.
    pub fn text(&self) -> String {
        let mut text = match (&self.name, &self.declared) {
            (Some(name), Some(declared)) if name != declared => {
                format!("member of {name}, declared: {declared}\n")
            }
            (Some(name), _) => format!("member of {name}\n"),
            (None, Some(declared)) => {
                format!("alone, declared: {declared}; see `journalctl -u pve-nix-cluster`\n")
            }
            (None, None) => String::from("alone\n"),
        };
        if !self.quorate {
            text.push_str("no quorum: /etc/pve cannot be changed\n");
        }
        for node in &self.nodes {
            let state = match (node.member, node.online) {
                (true, true) => "online",
                (true, false) => "offline",
                (false, _) => "not a member",
            };
            let _ = writeln!(text, "  {}: {state}", node.name);
            if let Some(remedy) = &node.remedy {
                let _ = writeln!(text, "    {remedy}");
            }
        }
        text
    }
}

/// Returns the remedy for a node. `is_declared` is `None` if no cluster is declared, `is_online` if
/// the node is not a member.
fn remedy(name: &str, is_declared: Option<bool>, is_online: Option<bool>) -> Option<String> {
    match (is_declared, is_online) {
        (Some(true), None) => Some(format!(
            "joins when it runs: see `journalctl -u pve-nix-cluster` on {name}"
        )),
        (Some(false), Some(false)) => Some(format!(
            "no longer declared: `pvecm delnode {name}` on a node that has the quorum takes it out"
        )),
        (Some(false), Some(true)) => Some(format!(
            "not declared: add it to services.proxmox-ve.cluster.nodes, or stop it for good and `pvecm delnode {name}`"
        )),
        (_, Some(false)) => Some(format!(
            "does not answer: is {name} running, is its network up?"
        )),
        _ => None,
    }
}
