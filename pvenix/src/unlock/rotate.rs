//! `pvenix unlock rotate`: new keys for this node's Tang server, and no moment at which a node could not unlock.
//!
//! The old keys answer until every binding of every node has been made anew and tried. Each step may be interrupted, and done again:
//! what the server's directory and the nodes' bindings are like says where a rotation is.

use serde::{Deserialize, Serialize};

use super::check::Report;
use super::keys::{Keys, Server};

/// The other nodes, and this one, as a rotation asks them.
pub trait Fleet {
    /// The nodes that have this one as a peer.
    fn nodes(&self) -> Vec<String>;
    /// The findings of `check` on a node.
    fn check(&self, node: &str) -> Result<Report, String>;
    /// Has a node bind its devices anew.
    fn bind(&self, node: &str) -> Result<(), String>;
}

/// How a rotation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// The keys that are there now.
    pub keys: Keys,
    /// The nodes that were bound anew.
    pub nodes: Vec<String>,
}

/// Rotates the keys of `server`, this node's, whose name its peers have in their bindings as `own`. Steps are told to `say`.
pub fn rotate(
    own: &str,
    server: &dyn Server,
    fleet: &dyn Fleet,
    say: &dyn Fn(&str),
) -> Result<Rotated, String> {
    let nodes = fleet.nodes();
    say("step 1: every node opens");
    for node in &nodes {
        all_well(fleet, node).map_err(|error| {
            format!("refused: {error}\n  help: nothing was changed; bring it up, then rotate")
        })?;
    }
    let before = server.keys()?;
    if is_renewed(&before) {
        say("step 2: the new keys are there, of a rotation that was interrupted");
    } else {
        say("step 2: new keys");
        server.renew()?;
    }
    let keys = server.keys()?;
    say("step 3: every node is bound to the new key");
    for node in &nodes {
        fleet
            .bind(node)
            .map_err(|error| interrupted(node, &error))?;
    }
    say("step 4: every node opens by it");
    for node in &nodes {
        let report = all_well(fleet, node).map_err(|error| interrupted(node, &error))?;
        let old = |party: &super::check::Party| {
            party.name == own
                && party
                    .key
                    .as_ref()
                    .is_none_or(|key| !keys.exchange.contains(key))
        };
        if let Some((device, _)) = report
            .devices
            .iter()
            .find(|(_, found)| found.parties.iter().any(old))
        {
            return Err(interrupted(
                node,
                &format!("{device} is bound to an old key"),
            ));
        }
    }
    say("step 5: the old keys go");
    server.retire()?;
    Ok(Rotated {
        keys: server.keys()?,
        nodes,
    })
}

/// Whether the second step of an interrupted rotation was done: one key of each kind is advertised, and their predecessors are hidden.
fn is_renewed(keys: &Keys) -> bool {
    keys.signing.len() == 1 && keys.exchange.len() == 1 && !keys.hidden.is_empty()
}

fn interrupted(node: &str, error: &str) -> String {
    format!(
        "{node}: {error}\n  help: the old keys still answer, and every node opens; `pvenix unlock rotate` again goes on"
    )
}

fn all_well(fleet: &dyn Fleet, node: &str) -> Result<Report, String> {
    let report = fleet
        .check(node)
        .map_err(|error| format!("{node}: {error}"))?;
    match report.devices.iter().find(|(_, found)| !found.opens) {
        None => Ok(report),
        Some((device, found)) => Err(format!(
            "{node}: {device} does not open: {}",
            found.problems.join("; ")
        )),
    }
}

#[cfg(test)]
mod tests;
