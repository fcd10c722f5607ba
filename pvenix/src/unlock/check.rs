//! `pvenix unlock check`: opens every binding now, party by party, and says what would open without each of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::agent;
use super::clevis::Clevis;
use super::declared::{Declaration, Device};
use super::jwe::{self, Bound};
use super::policy::{Leaf, Names};
use super::vault::Vault;

/// The findings on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The node.
    pub node: String,
    /// By name.
    pub devices: BTreeMap<String, Found>,
}

/// The findings on a device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Whether a binding opens it now.
    pub opens: bool,
    /// Whether a passphrase opens it, too.
    pub passphrase: bool,
    /// The parties, those that take part now and those that do not.
    pub parties: Vec<Party>,
    /// Peers without which it would not open now.
    pub needed: Vec<String>,
    /// The problems.
    pub problems: Vec<String>,
}

/// A party of a binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// A peer's name, or the TPM.
    pub name: String,
    /// The fingerprint of the Tang server's key.
    pub key: Option<String>,
    /// Why it does not take part; absent where it does.
    pub fails: Option<String>,
}

impl Report {
    /// Whether every device opens, as it is declared, and with a passphrase, too.
    pub fn is_well(&self) -> bool {
        self.devices.values().all(|found| found.problems.is_empty())
    }

    /// Devices that would not open while `peer` is down.
    pub fn without(&self, peer: &str) -> Vec<&str> {
        let stuck = |found: &Found| !found.opens || found.needed.iter().any(|name| name == peer);
        let devices = self.devices.iter().filter(|(_, found)| stuck(found));
        devices.map(|(name, _)| name.as_str()).collect()
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, found) in &self.devices {
            let mark = if found.problems.is_empty() {
                "ok "
            } else {
                "BAD"
            };
            let opens = if found.opens {
                "opens"
            } else {
                "does not open"
            };
            let _ = writeln!(text, "{mark}  {}, {name}: {opens}", self.node);
            for party in &found.parties {
                let state = party.fails.as_deref().unwrap_or("takes part");
                let _ = writeln!(text, "     {}: {state}", party.name);
            }
            for peer in &found.needed {
                let _ = writeln!(text, "     does not open without {peer}");
            }
            for problem in &found.problems {
                let _ = writeln!(text, "     {problem}");
            }
        }
        text
    }
}

/// Looks at every device; `vault` gives each one's bindings.
pub fn check(
    declaration: &Declaration,
    clevis: &dyn Clevis,
    vault: &dyn Fn(&Device) -> Box<dyn Vault>,
) -> Report {
    let names = declaration.names();
    let of = |(name, device): (&String, &Device)| {
        let found =
            look(device, clevis, vault(device).as_ref(), &names).unwrap_or_else(|error| Found {
                problems: vec![error],
                ..Found::default()
            });
        (name.clone(), found)
    };
    Report {
        node: declaration.node.clone(),
        devices: declaration.devices.iter().map(of).collect(),
    }
}

pub(super) fn look(
    device: &Device,
    clevis: &dyn Clevis,
    vault: &dyn Vault,
    names: &Names,
) -> Result<Found, String> {
    let declared = device.tree()?;
    let kept = vault.kept()?;
    let mut found = Found {
        passphrase: vault.has_passphrase()?,
        ..Found::default()
    };
    let mut bindings: Vec<(Bound, Vec<Leaf>)> = Vec::new();
    for one in &kept {
        let bound = match Bound::read(&one.jwe) {
            Ok(bound) => bound,
            Err(error) => {
                found.problems.push(error);
                continue;
            }
        };
        if !jwe::is_same(&bound.tree(), &declared) {
            let has = bound.tree().words(names);
            found.problems.push(format!(
                "bound to {has}, which is not what is declared: `pvenix unlock bind` mends it"
            ));
        }
        let there = parties(&bound, clevis, names, &mut found.parties);
        match agent::open(clevis, vault, one, names, &|| false) {
            Ok(_) => found.opens = true,
            Err(error) => found.problems.push(error),
        }
        bindings.push((bound, there));
    }
    found.needed = needed(&bindings, names);
    if kept.is_empty() {
        found
            .problems
            .push("no binding: `pvenix unlock bind` makes one".to_owned());
    }
    if !found.passphrase {
        found.problems.push("no passphrase opens it: add one (`cryptsetup luksAddKey`, `zfs change-key -o keyformat=passphrase`)".to_owned());
    }
    Ok(found)
}

/// Those parties of a binding that take part now.
fn parties(bound: &Bound, clevis: &dyn Clevis, names: &Names, into: &mut Vec<Party>) -> Vec<Leaf> {
    let mut there = Vec::new();
    for part in bound.leaves() {
        let Bound::Leaf { leaf, key, jwe } = part else {
            continue;
        };
        let fails = match clevis.decrypt(jwe, &|| false) {
            Ok(_) => {
                there.push(leaf.clone());
                None
            }
            Err(said) => Some(clevis.reason(leaf, key.as_deref(), &said, names)),
        };
        into.push(Party {
            name: names.of(leaf),
            key: key.clone(),
            fails,
        });
    }
    there
}

/// Servers without which none of the bindings would open.
fn needed(bindings: &[(Bound, Vec<Leaf>)], names: &Names) -> Vec<String> {
    let opens_without = |gone: Option<&Leaf>| {
        bindings.iter().any(|(bound, there)| {
            bound
                .tree()
                .opens(&|leaf| Some(leaf) != gone && there.contains(leaf))
        })
    };
    // Where those that took part a moment ago did not open it, each may be the one that it takes.
    let opened = opens_without(None);
    let servers: Vec<Leaf> = bindings
        .iter()
        .flat_map(|(bound, _)| {
            bound
                .tree()
                .leaves()
                .into_iter()
                .cloned()
                .collect::<Vec<_>>()
        })
        .filter(|leaf| matches!(leaf, Leaf::Tang(_)))
        .collect();
    let mut needed: Vec<String> = servers
        .iter()
        .filter(|leaf| !opened || !opens_without(Some(leaf)))
        .map(|leaf| names.of(leaf))
        .collect();
    needed.sort();
    needed.dedup();
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_be_missed_is_needed() {
        let leaf = |name: &str| Leaf::Tang(name.to_owned());
        let part = |name: &str| Bound::Leaf {
            leaf: leaf(name),
            key: None,
            jwe: String::new(),
        };
        let of = |least, there: &[&str]| {
            let bound = Bound::Threshold(least, vec![part("a"), part("b")]);
            let there = there.iter().map(|name| leaf(name)).collect();
            needed(&[(bound, there)], &Names::default())
        };
        assert!(of(1, &["a", "b"]).is_empty());
        assert_eq!(of(1, &["a"]), ["a"]);
        assert_eq!(of(2, &["a", "b"]), ["a", "b"]);
        // Nobody took part when asked one by one: none of them is spared.
        assert_eq!(of(1, &[]), ["a", "b"]);
    }
}
