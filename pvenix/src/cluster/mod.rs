//! A cluster that is declared: one node creates it, the others join it once; afterwards the cluster's own configuration rules.
//!
//! A node joins as with `pvecm add`: it gets the cluster's key and a `corosync.conf`, and starts pmxcfs with an empty database,
//! which the cluster's then replaces. A member adds it to the cluster's configuration when the node says that it is there
//! ([`call`]), so that no vote is counted of a node that is not.

pub mod call;
pub mod database;
pub mod form;
pub mod status;

use std::collections::BTreeMap;
use std::fmt::Write as _;

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
    /// Corosync's configuration with all declared nodes, in the form in which Proxmox VE writes it. Its version is 0: Corosync leaves
    /// a cluster whose version is another than its own, unless its own is 0.
    pub fn corosync_conf(&self) -> String {
        let mut text = String::from("logging {\n  debug: off\n  to_syslog: yes\n}\n\nnodelist {\n");
        for (name, node) in &self.nodes {
            let _ = write!(
                text,
                "  node {{\n    name: {name}\n    nodeid: {}\n    quorum_votes: {}\n",
                node.node_id, node.votes
            );
            for (link, address) in node.links.iter().enumerate() {
                let _ = writeln!(text, "    ring{link}_addr: {address}");
            }
            text.push_str("  }\n");
        }
        let _ = write!(
            text,
            "}}\n\nquorum {{\n  provider: corosync_votequorum\n}}\n\ntotem {{\n  cluster_name: {}\n  config_version: 0\n",
            self.name
        );
        let links = self.nodes.values().map(|node| node.links.len()).max();
        for link in 0..links.unwrap_or(1) {
            let _ = write!(text, "  interface {{\n    linknumber: {link}\n  }}\n");
        }
        text.push_str(
            "  ip_version: ipv4-6\n  link_mode: passive\n  secauth: on\n  version: 2\n}\n",
        );
        text
    }

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
