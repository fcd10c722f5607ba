//! What is declared of a cluster and what is there.

use std::fmt::Write as _;

use serde::Serialize;

use super::Declared;
use crate::machine::Machine;
use crate::members::Members;

/// A cluster's state beside its declaration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// The cluster that this node is a member of.
    pub name: Option<String>,
    /// The one that it is declared to be in.
    pub declared: Option<String>,
    /// Whether this node is part of a majority.
    pub quorate: bool,
    /// All nodes of the one or the other.
    pub nodes: Vec<NodeStatus>,
}

/// A node of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// Whether it is declared.
    pub declared: bool,
    /// Whether the cluster's configuration has it.
    pub member: bool,
    /// Whether it is there.
    pub online: bool,
    /// What an administrator would do, if anything.
    pub remedy: Option<String>,
}

impl ClusterStatus {
    /// Asks pmxcfs.
    pub fn of(machine: &dyn Machine, declared: Option<&Declared>) -> Result<Self, String> {
        let members = Members::read(machine)?;
        let mut names: Vec<&String> = members.nodelist.keys().collect();
        names.extend(declared.iter().flat_map(|declared| declared.nodes.keys()));
        names.sort();
        names.dedup();
        let nodes = names.into_iter().map(|name| {
            let member = members.nodelist.get(name);
            let is_declared = declared.is_some_and(|declared| declared.nodes.contains_key(name));
            let online = member.is_some_and(|member| member.online == 1);
            NodeStatus {
                name: name.clone(),
                declared: is_declared,
                member: member.is_some(),
                online,
                remedy: remedy(
                    name,
                    declared.is_some(),
                    is_declared,
                    member.is_some(),
                    online,
                ),
            }
        });
        Ok(Self {
            name: members.cluster.as_ref().map(|cluster| cluster.name.clone()),
            declared: declared.map(|declared| declared.name.clone()),
            quorate: members.is_quorate(),
            nodes: nodes.collect(),
        })
    }

    /// Whether the cluster is as declared, and has its quorum.
    pub fn is_well(&self) -> bool {
        let named = self.declared.is_none() || self.declared == self.name;
        named && self.quorate && self.nodes.iter().all(|node| node.remedy.is_none())
    }

    /// For people.
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

fn remedy(
    name: &str,
    has_declaration: bool,
    declared: bool,
    member: bool,
    online: bool,
) -> Option<String> {
    match (declared, member, online) {
        (true, false, _) => Some(format!(
            "joins when it runs: see `journalctl -u pve-nix-cluster` on {name}"
        )),
        (false, true, false) if has_declaration => Some(format!(
            "no longer declared: `pvecm delnode {name}` on a node that has the quorum takes it out"
        )),
        (false, true, true) if has_declaration => Some(format!(
            "not declared: add it to services.proxmox-ve.cluster.nodes, or stop it for good and `pvecm delnode {name}`"
        )),
        (_, true, false) => Some(format!(
            "does not answer: is {name} running, is its network up?"
        )),
        _ => None,
    }
}
