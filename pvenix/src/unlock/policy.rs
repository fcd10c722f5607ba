//! The policy that opens a device: a tree of Clevis' pins, as in its configuration.
//!
//! [`Tree::parse`] reads the configuration of Clevis' pin `sss` (or of one that stands alone), and refuses what could not open
//! anything. [`Tree::minimal`] gives the smallest sets of leaves that open the tree, from which everything else follows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// A leaf of a tree: one party that has to take part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leaf {
    /// The Tang server at this address.
    Tang(String),
    /// The machine's own TPM, with the registers it must have as they were.
    Tpm(Vec<u8>),
}

/// The policy that opens a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// One party.
    Leaf(Leaf),
    /// As many of the others as the number says.
    Threshold(usize, Vec<Tree>),
}

/// The most leaves of a tree; the sets that open one are counted out.
pub const MOST: usize = 16;

/// The bank of registers when none is named, as Clevis has it. NixOS' modules name it always.
const BANK: &str = "sha256";

impl Tree {
    /// Reads `{"t": …, "pins": {…}}`, the configuration of Clevis' `sss`.
    pub fn parse(config: &Value) -> Result<Self, String> {
        let tree = pin("sss", config, "policy")?;
        let leaves = tree.leaves().len();
        if leaves > MOST {
            return Err(format!(
                "policy: {leaves} pins\n  help: {MOST} are the most; let fewer peers take part"
            ));
        }
        Ok(tree)
    }

    /// The leaves, each as often as it stands in the tree.
    pub fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Self::Leaf(leaf) => vec![leaf],
            Self::Threshold(_, trees) => trees.iter().flat_map(Self::leaves).collect(),
        }
    }

    /// Whether the tree opens when these leaves take part.
    pub fn opens(&self, there: &dyn Fn(&Leaf) -> bool) -> bool {
        match self {
            Self::Leaf(leaf) => there(leaf),
            Self::Threshold(least, trees) => {
                trees.iter().filter(|tree| tree.opens(there)).count() >= *least
            }
        }
    }

    /// The smallest sets of leaves that open the tree: none holds another.
    pub fn minimal(&self) -> BTreeSet<BTreeSet<Leaf>> {
        match self {
            Self::Leaf(leaf) => [[leaf.clone()].into()].into(),
            Self::Threshold(least, trees) => {
                // By the number of children that a set opens; `most` stands for any more, too.
                let mut sets = vec![BTreeSet::new(); least + 1];
                sets[0].insert(BTreeSet::new());
                for tree in trees {
                    let own = tree.minimal();
                    for count in (0..*least).rev() {
                        let more: Vec<BTreeSet<Leaf>> = sets[count]
                            .iter()
                            .flat_map(|set| own.iter().map(move |other| set | other))
                            .collect();
                        sets[count + 1].extend(more);
                    }
                }
                smallest(&sets[*least])
            }
        }
    }

    /// A few words: `1 of beta, gamma`, with names in place of addresses.
    pub fn words(&self, names: &Names) -> String {
        match self {
            Self::Leaf(leaf) => names.of(leaf),
            Self::Threshold(1, trees) if trees.len() == 1 => trees[0].words(names),
            Self::Threshold(least, trees) => {
                let plain = trees.iter().all(|tree| matches!(tree, Self::Leaf(_)));
                let words: Vec<String> = trees
                    .iter()
                    .map(|tree| match tree {
                        Self::Threshold(_, below) if below.len() > 1 => {
                            format!("({})", tree.words(names))
                        }
                        _ => tree.words(names),
                    })
                    .collect();
                match (*least, plain) {
                    (1, false) => words.join(" or "),
                    (least, _) if least == trees.len() => words.join(" and "),
                    (least, _) => format!("{least} of {}", words.join(", ")),
                }
            }
        }
    }
}

/// Those sets that hold none of the others.
fn smallest(sets: &BTreeSet<BTreeSet<Leaf>>) -> BTreeSet<BTreeSet<Leaf>> {
    let is_small = |set: &BTreeSet<Leaf>| {
        !sets
            .iter()
            .any(|other| other.len() < set.len() && other.is_subset(set))
    };
    sets.iter().filter(|set| is_small(set)).cloned().collect()
}

/// Names of Tang servers by their addresses.
#[derive(Debug, Clone, Default)]
pub struct Names(pub BTreeMap<String, String>);

impl Names {
    /// The name of a leaf for people.
    pub fn of(&self, leaf: &Leaf) -> String {
        match leaf {
            Leaf::Tang(url) => self.0.get(url).unwrap_or(url).clone(),
            Leaf::Tpm(registers) => Registers(registers).to_string(),
        }
    }

    /// The node whose Tang server a leaf is.
    pub fn node(&self, leaf: &Leaf) -> Option<&str> {
        match leaf {
            Leaf::Tang(url) => self.0.get(url).map(String::as_str),
            Leaf::Tpm(_) => None,
        }
    }
}

/// `the TPM (PCR 7)`.
pub struct Registers<'a>(pub &'a [u8]);

impl fmt::Display for Registers<'_> {
    fn fmt(&self, text: &mut fmt::Formatter) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u8::to_string).collect();
        match numbers.len() {
            0 => text.write_str("the TPM"),
            _ => write!(text, "the TPM (PCR {})", numbers.join(", ")),
        }
    }
}

fn pin(name: &str, config: &Value, place: &str) -> Result<Tree, String> {
    let fields = config
        .as_object()
        .ok_or_else(|| format!("{place}: {config} is no configuration of the pin {name}"))?;
    match name {
        "tang" => tang(fields, place),
        "tpm2" => tpm(fields, place),
        "sss" => threshold(fields, place),
        _ => Err(format!(
            "{place}: {name} is no pin\n  help: write `tang`, `tpm2` or `sss`"
        )),
    }
}

fn tang(fields: &Map<String, Value>, place: &str) -> Result<Tree, String> {
    let url = fields.get("url").and_then(Value::as_str).ok_or_else(|| {
        format!("{place}: a Tang server without `url`\n  help: write {{ url = \"http://192.0.2.11:7654\"; }}")
    })?;
    Ok(Tree::Leaf(Leaf::Tang(url.trim_end_matches('/').to_owned())))
}

fn tpm(fields: &Map<String, Value>, place: &str) -> Result<Tree, String> {
    let bank = fields.get("pcr_bank").map_or(Some(BANK), Value::as_str);
    if bank != Some("sha256") {
        return Err(format!("{place}: pcr_bank\n  help: write \"sha256\""));
    }
    registers(fields.get("pcr_ids"))
        .map(|registers| Tree::Leaf(Leaf::Tpm(registers)))
        .ok_or_else(|| {
            format!("{place}: pcr_ids: no registers of a TPM\n  help: write such as \"7\" or \"0,2,7\", each up to 23")
        })
}

/// `"0,7"` in order, each once.
pub(super) fn registers(ids: Option<&Value>) -> Option<Vec<u8>> {
    let text = match ids {
        None => return Some(Vec::new()),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return None,
    };
    let numbers: Option<BTreeSet<u8>> = text
        .split(',')
        .filter(|part| !part.is_empty())
        .map(|part| part.trim().parse().ok().filter(|number| *number < 24))
        .collect();
    numbers.map(|numbers| numbers.into_iter().collect())
}

fn threshold(fields: &Map<String, Value>, place: &str) -> Result<Tree, String> {
    let pins = fields
        .get("pins")
        .and_then(Value::as_object)
        .ok_or_else(|| format!("{place}: `sss` without `pins`"))?;
    let mut trees = Vec::new();
    for (name, value) in pins {
        let below = format!("{place}.pins.{name}");
        match value {
            Value::Array(many) => {
                for one in many {
                    trees.push(pin(name, one, &below)?);
                }
            }
            one => trees.push(pin(name, one, &below)?),
        }
    }
    let least = fields.get("t").map_or(Some(1), Value::as_u64);
    let least = least.and_then(|least| usize::try_from(least).ok());
    match least {
        Some(least) if least >= 1 && least <= trees.len() => Ok(Tree::Threshold(least, trees)),
        _ => Err(format!(
            "{place}: t = {}, and there are {} pins\n  help: `t` says how many of them are needed: 1 to {}",
            fields.get("t").unwrap_or(&Value::Null),
            trees.len(),
            trees.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn leaves(names: &[&str]) -> BTreeSet<Leaf> {
        names
            .iter()
            .map(|name| Leaf::Tang((*name).to_owned()))
            .collect()
    }

    #[test]
    fn two_of_three() {
        let tree = Tree::parse(&json!({
            "t": 2, "pins": { "tang": [{ "url": "a" }, { "url": "b" }, { "url": "c/" }] }
        }))
        .unwrap();
        let expected: BTreeSet<_> = [
            leaves(&["a", "b"]),
            leaves(&["a", "c"]),
            leaves(&["b", "c"]),
        ]
        .into();
        assert_eq!(tree.minimal(), expected);
        assert_eq!(tree.words(&Names::default()), "2 of a, b, c");
    }

    #[test]
    fn a_peer_that_stands_in_both_branches_opens_alone() {
        let tree = Tree::parse(&json!({
            "t": 2, "pins": {
                "tang": { "url": "a" },
                "sss": { "t": 1, "pins": { "tang": [{ "url": "a" }, { "url": "b" }] } }
            }
        }))
        .unwrap();
        assert_eq!(tree.minimal(), [leaves(&["a"])].into());
    }

    #[test]
    fn words_of_each_policy() {
        let names = Names(
            [
                ("u".to_owned(), "beta".to_owned()),
                ("v".to_owned(), "gamma".to_owned()),
            ]
            .into(),
        );
        let peers = json!({ "t": 1, "pins": { "tang": [{ "url": "u" }, { "url": "v" }] } });
        let of = |t: u64| {
            let tree = Tree::parse(
                &json!({ "t": t, "pins": { "tpm2": { "pcr_bank": "sha256", "pcr_ids": "7" }, "sss": peers } }),
            );
            tree.unwrap().words(&names)
        };
        assert_eq!(of(1), "the TPM (PCR 7) or (1 of beta, gamma)");
        assert_eq!(of(2), "the TPM (PCR 7) and (1 of beta, gamma)");
    }

    #[test]
    fn what_opens_nothing_is_refused() {
        for (config, says) in [
            (
                json!({ "t": 2, "pins": { "tang": { "url": "a" } } }),
                "t = 2, and there are 1 pins",
            ),
            (
                json!({ "t": 0, "pins": { "tang": { "url": "a" } } }),
                "t = 0",
            ),
            (json!({ "pins": {} }), "there are 0 pins"),
            (json!({ "pins": { "null": {} } }), "null is no pin"),
            (json!({ "pins": { "tang": {} } }), "without `url`"),
            (
                json!({ "pins": { "tpm2": { "pcr_ids": "24" } } }),
                "no registers",
            ),
            (
                json!({ "pins": { "tpm2": { "pcr_bank": "sha1" } } }),
                "pcr_bank",
            ),
            (json!([]), "is no configuration"),
        ] {
            let error = Tree::parse(&config).unwrap_err();
            assert!(error.contains(says), "{config}: {error}");
        }
    }
}
