//! Which peers a device needs, and what survives what: a pure function of the declarations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::declared::Declaration;
use super::policy::{Leaf, Names, Tree};

/// The answer for each device of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The node.
    pub node: String,
    /// Nodes whose own declaration is not known: they are taken to unlock as this one does.
    pub assumed: Vec<String>,
    /// By name.
    pub devices: BTreeMap<String, Answer>,
}

/// The ways to open a device, and their consequences.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The policy's name.
    pub policy: String,
    /// The policy in words.
    pub opens_with: String,
    /// The smallest sets of parties that open it.
    pub sets: Vec<Vec<String>>,
    /// Parties without which nothing opens it, all others being there.
    pub needed: Vec<String>,
    /// How many servers may be away, whichever they are; absent where none is needed.
    pub spare: Option<usize>,
    /// The events, in the order of the table.
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The event.
    pub case: &'static str,
    /// Whether the device opens without a passphrase.
    pub opens: bool,
    /// Whether that is what its owner wants.
    pub wanted: bool,
    /// Why.
    pub why: String,
}

/// The cases, by name.
pub mod case {
    /// One of the peers is down.
    pub const PEER_DOWN: &str = "one peer down";
    /// The node has no network, or all peers are down.
    pub const ALONE: &str = "no peer answers";
    /// Every node lost its power, and all start.
    pub const DARK: &str = "power cut of the site";
    /// The registers of the TPM changed.
    pub const FIRMWARE: &str = "changed firmware";
    /// A thief has the disk.
    pub const DISK: &str = "stolen disk";
    /// A thief has the whole node.
    pub const NODE: &str = "stolen node";
    /// A thief has all nodes.
    pub const SITE: &str = "stolen site";
}

/// Explains a node's devices. `others` are declarations of other nodes; those that lack are assumed to be like its own.
pub fn explain(own: &Declaration, others: &[Declaration]) -> Result<Explanation, String> {
    let site = Site::of(own, others)?;
    let mut devices = BTreeMap::new();
    for (name, device) in &own.devices {
        let tree = device.tree().map_err(|error| format!("{name}: {error}"))?;
        devices.insert(name.clone(), answer(own, &device.policy, &tree, &site));
    }
    Ok(Explanation {
        node: own.node.clone(),
        assumed: site.assumed.clone(),
        devices,
    })
}

/// All nodes, as far as they unlock one another.
pub struct Site {
    /// The needs of each node before its Tang server answers: the trees of its root's devices.
    nodes: BTreeMap<String, Vec<Tree>>,
    /// The nodes' names by their servers.
    names: Names,
    assumed: Vec<String>,
}

impl Site {
    /// The site that these declarations describe.
    pub fn of(own: &Declaration, others: &[Declaration]) -> Result<Self, String> {
        let mut names = own.names();
        for other in others {
            names.0.extend(other.names().0);
        }
        names.0.insert(own_server(&own.node), own.node.clone());
        let mut nodes = BTreeMap::new();
        for declaration in others.iter().chain([own]) {
            nodes.insert(declaration.node.clone(), roots(declaration)?);
        }
        // A server of this node's own is in the others' declarations alone.
        let named: BTreeSet<&String> = names.0.values().collect();
        let assumed: Vec<String> = named
            .into_iter()
            .filter(|name| !nodes.contains_key(*name))
            .cloned()
            .collect();
        for name in &assumed {
            nodes.insert(name.clone(), mirrored(own, name)?);
        }
        Ok(Self {
            nodes,
            names,
            assumed,
        })
    }

    /// The nodes that come up by themselves when all start without power, in rounds: each needs only those of earlier rounds.
    pub fn rounds(&self, outside: bool) -> Vec<Vec<String>> {
        let mut up: BTreeSet<String> = BTreeSet::new();
        let mut rounds = Vec::new();
        loop {
            let round: Vec<String> = self
                .nodes
                .iter()
                .filter(|(name, trees)| {
                    !up.contains(*name)
                        && trees
                            .iter()
                            .all(|tree| tree.opens(&|leaf| self.answers(leaf, &up, outside)))
                })
                .map(|(name, _)| name.clone())
                .collect();
            if round.is_empty() {
                return rounds;
            }
            up.extend(round.iter().cloned());
            rounds.push(round);
        }
    }

    /// Whether a party takes part while these nodes are up; `outside` says whether servers that are no node do.
    fn answers(&self, leaf: &Leaf, up: &BTreeSet<String>, outside: bool) -> bool {
        match (leaf, self.names.node(leaf)) {
            (Leaf::Tpm(_), _) => true,
            (_, Some(node)) => up.contains(node),
            (_, None) => outside,
        }
    }
}

fn roots(declaration: &Declaration) -> Result<Vec<Tree>, String> {
    let boot = declaration.devices.iter().filter(|(_, device)| device.boot);
    boot.map(|(name, device)| {
        let tree = device.tree();
        tree.map_err(|error| format!("{}: {name}: {error}", declaration.node))
    })
    .collect()
}

/// Returns the needs of a node that unlocks like `own`: if this node asks the other, the other asks
/// this one.
fn mirrored(own: &Declaration, name: &str) -> Result<Vec<Tree>, String> {
    let names = own.names();
    let turned = |tree: &Tree| turn(tree, &names, &own.node, name);
    Ok(roots(own)?.iter().map(turned).collect())
}

fn turn(tree: &Tree, names: &Names, own: &str, name: &str) -> Tree {
    match tree {
        Tree::Leaf(leaf) if names.node(leaf) == Some(name) => {
            Tree::Leaf(Leaf::Tang(own_server(own)))
        }
        Tree::Leaf(leaf) => Tree::Leaf(leaf.clone()),
        Tree::Threshold(least, trees) => {
            let turned = trees.iter().map(|tree| turn(tree, names, own, name));
            Tree::Threshold(*least, turned.collect())
        }
    }
}

/// Stands for the server of the node itself, whose address only the others know.
fn own_server(own: &str) -> String {
    format!("node:{own}")
}

fn answer(own: &Declaration, policy: &str, tree: &Tree, site: &Site) -> Answer {
    let names = own.names();
    let sets = tree.minimal();
    let leaves: BTreeSet<&Leaf> = tree.leaves().into_iter().collect();
    let needed: Vec<&Leaf> = leaves
        .iter()
        .copied()
        .filter(|leaf| sets.iter().all(|set| set.contains(leaf)))
        .collect();
    let mut cases = vec![
        peer_down(tree, &leaves, &names),
        alone(tree),
        dark(own, tree, site),
        firmware(tree, &leaves),
    ];
    cases.extend(stolen(own, tree, site));
    Answer {
        policy: policy.to_owned(),
        opens_with: tree.words(&names),
        sets: sets
            .iter()
            .map(|set| set.iter().map(|leaf| names.of(leaf)).collect())
            .collect(),
        needed: needed.iter().map(|leaf| names.of(leaf)).collect(),
        spare: spare(&sets),
        cases,
    }
}

fn is_tang(leaf: &Leaf) -> bool {
    matches!(leaf, Leaf::Tang(_))
}

/// How many servers may be away, whichever: one less than the fewest that every set needs one of.
fn spare(sets: &BTreeSet<BTreeSet<Leaf>>) -> Option<usize> {
    let servers: Vec<BTreeSet<&Leaf>> = sets
        .iter()
        .map(|set| set.iter().filter(|leaf| is_tang(leaf)).collect())
        .collect();
    if servers.iter().any(BTreeSet::is_empty) {
        return None;
    }
    let all: Vec<&Leaf> = servers
        .iter()
        .flatten()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    (1..=all.len())
        .find(|count| blocks(&servers, &all, *count))
        .map(|count| count - 1)
}

/// Whether some `count` of the servers stand in every set together.
fn blocks(sets: &[BTreeSet<&Leaf>], from: &[&Leaf], count: usize) -> bool {
    if sets.is_empty() {
        return true;
    }
    if count == 0 {
        return false;
    }
    from.iter().enumerate().any(|(at, leaf)| {
        let rest: Vec<BTreeSet<&Leaf>> = sets
            .iter()
            .filter(|set| !set.contains(leaf))
            .cloned()
            .collect();
        rest.len() < sets.len() && blocks(&rest, &from[at + 1..], count - 1)
    })
}

fn peer_down(tree: &Tree, leaves: &BTreeSet<&Leaf>, names: &Names) -> Case {
    let missed: Vec<String> = leaves
        .iter()
        .filter(|gone| is_tang(gone) && !tree.opens(&|leaf| leaf != **gone))
        .map(|leaf| names.of(leaf))
        .collect();
    let opens = missed.is_empty();
    Case {
        case: case::PEER_DOWN,
        opens,
        wanted: opens,
        why: if opens {
            "opens, whichever it is".to_owned()
        } else {
            format!("waits for {}, or a passphrase", missed.join(", or for "))
        },
    }
}

fn alone(tree: &Tree) -> Case {
    let opens = tree.opens(&|leaf| !is_tang(leaf));
    Case {
        case: case::ALONE,
        opens,
        wanted: true,
        why: if opens {
            "the TPM opens it".to_owned()
        } else {
            "waits for peers, or a passphrase".to_owned()
        },
    }
}

fn dark(own: &Declaration, tree: &Tree, site: &Site) -> Case {
    let rounds = site.rounds(true);
    let up: BTreeSet<String> = rounds.iter().flatten().cloned().collect();
    let opens = up.contains(&own.node) && tree.opens(&|leaf| site.answers(leaf, &up, true));
    let order: Vec<String> = rounds.iter().map(|round| round.join(", ")).collect();
    Case {
        case: case::DARK,
        opens,
        wanted: opens,
        why: match (opens, order.is_empty()) {
            (true, _) if own.devices.values().any(|device| device.boot) => {
                format!(
                    "opens; the nodes come up in this order: {}",
                    order.join("; ")
                )
            }
            (true, _) => "opens".to_owned(),
            (false, true) => {
                "every node waits for another: one needs a passphrase, then the others open"
                    .to_owned()
            }
            (false, false) => format!(
                "waits for a passphrase; by themselves come up: {}",
                order.join("; ")
            ),
        },
    }
}

fn firmware(tree: &Tree, leaves: &BTreeSet<&Leaf>) -> Case {
    let bound = |leaf: &Leaf| matches!(leaf, Leaf::Tpm(registers) if !registers.is_empty());
    let opens = tree.opens(&|leaf| !bound(leaf));
    Case {
        case: case::FIRMWARE,
        opens,
        wanted: opens,
        why: if !leaves.iter().any(|leaf| bound(leaf)) {
            "opens: no register of a TPM takes part".to_owned()
        } else if opens {
            "opens by its peers".to_owned()
        } else {
            "waits for a passphrase; then `pvenix unlock bind` with the new registers".to_owned()
        },
    }
}

fn stolen(own: &Declaration, tree: &Tree, site: &Site) -> [Case; 3] {
    let node = tree.opens(&|leaf| !is_tang(leaf));
    let up: BTreeSet<String> = site.rounds(false).into_iter().flatten().collect();
    let all = up.contains(&own.node) && tree.opens(&|leaf| site.answers(leaf, &up, false));
    let case = |case, opens: bool, why: &str| Case {
        case,
        opens,
        wanted: !opens,
        why: why.to_owned(),
    };
    [
        case(
            case::DISK,
            false,
            "stays closed: it holds no key that opens it alone",
        ),
        case(
            case::NODE,
            node,
            if node {
                "OPENS: the TPM goes along"
            } else {
                "stays closed while it reaches no peer: take its key out of reach by `pvenix unlock rotate` on them"
            },
        ),
        case(
            case::SITE,
            all,
            if all {
                "OPENS: the nodes come up by themselves, as after a power cut"
            } else {
                "stays closed"
            },
        ),
    ]
}

impl Explanation {
    /// The table for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, answer) in &self.devices {
            let _ = writeln!(text, "{}, {name}: {}", self.node, answer.policy);
            let mut line = |left: &str, right: &str| {
                let _ = writeln!(text, "  {left:<24}{right}");
            };
            line("opens with", &answer.opens_with);
            line(
                "needs",
                &if answer.needed.is_empty() {
                    "nobody in particular".to_owned()
                } else {
                    answer.needed.join(", ")
                },
            );
            line(
                "peers that may be down",
                &answer
                    .spare
                    .map_or_else(|| "all".to_owned(), |spare| spare.to_string()),
            );
            for case in &answer.cases {
                let mark = if case.wanted { "" } else { "! " };
                line(case.case, &format!("{mark}{}", case.why));
            }
        }
        if !self.assumed.is_empty() {
            let _ = writeln!(
                text,
                "{} taken to unlock as {} does: give `--with FILE` for what {} declare{}",
                is(&self.assumed),
                self.node,
                if self.assumed.len() == 1 {
                    "it"
                } else {
                    "they"
                },
                if self.assumed.len() == 1 { "s" } else { "" },
            );
        }
        text
    }
}

fn is(names: &[String]) -> String {
    format!(
        "{} {}",
        names.join(", "),
        if names.len() == 1 { "is" } else { "are" }
    )
}

#[cfg(test)]
mod tests;
