//! A declared cluster: one node creates it and the others join it once. Afterwards the cluster's
//! own configuration is authoritative.
//!
//! A node joins as with `pvecm add`: a member adds it to the cluster's configuration and sends it
//! that, and the node starts pmxcfs with it and an empty database, which the cluster's then
//! replaces. The node asks for this itself ([`call`]), so that votes of absent nodes are not
//! counted. No node starts Corosync before a member has answered. Otherwise nodes that only know
//! the declaration could form a majority among themselves, beside the cluster.

pub mod call;
pub mod database;
pub mod form;
pub mod status;

use std::collections::BTreeMap;

use serde::Deserialize;

/// A declared cluster, as one of its nodes sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declared {
    /// The cluster's name.
    pub name: String,
    /// This node's name.
    pub node: String,
    /// The node that creates the cluster.
    pub bootstrap: String,
    /// Its nodes, by name.
    pub nodes: BTreeMap<String, DeclaredNode>,
}

/// A node of a declared cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredNode {
    /// Its number.
    pub node_id: u32,
    /// Its addresses, one for each Corosync link.
    pub links: Vec<String>,
    /// The number of its votes.
    pub votes: u32,
}

/// The path of Corosync's configuration.
pub const COROSYNC: &str = "/etc/corosync/corosync.conf";
/// The key with which the nodes authenticate one another.
pub const KEY: &str = "/etc/corosync/authkey";

impl Declared {
    /// Returns this node's own entry.
    pub fn own(&self) -> Result<&DeclaredNode, String> {
        self.nodes.get(&self.node).ok_or_else(|| {
            format!(
                "{} is not among the nodes of {}\n  help: add it to services.proxmox-ve.cluster.nodes",
                self.node, self.name
            )
        })
    }
}

impl DeclaredNode {
    /// Returns `--link0 192.0.2.1 --link1 …` for `pvesh`.
    fn link_arguments(&self) -> Vec<String> {
        let links = self.links.iter().enumerate();
        links
            .flat_map(|(number, address)| [format!("--link{number}"), address.clone()])
            .collect()
    }
}
