//! A cluster that is declared: one node creates it, the others join it once; afterwards the cluster's own configuration rules.
//!
//! A node joins as with `pvecm add`: a member adds it to the cluster's configuration and hands that over, the node starts pmxcfs
//! with it and an empty database, which the cluster's then replaces. It asks for this itself ([`call`]), so that no vote is
//! counted of a node that is not there. No node starts Corosync before a member has answered: nodes that only know the
//! declaration would be a majority among themselves, beside the cluster.

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
    /// Its addresses, one for each of Corosync's links.
    pub links: Vec<String>,
    /// How many votes it has.
    pub votes: u32,
}

/// Where Corosync has its configuration and key.
pub const COROSYNC: &str = "/etc/corosync/corosync.conf";
/// The key by which its nodes know one another.
pub const KEY: &str = "/etc/corosync/authkey";

impl Declared {
    /// This node's own entry.
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
    /// `--link0 192.0.2.1 --link1 …`, as `pvesh` takes them.
    fn link_arguments(&self) -> Vec<String> {
        let links = self.links.iter().enumerate();
        links
            .flat_map(|(number, address)| [format!("--link{number}"), address.clone()])
            .collect()
    }
}
