//! Clevis' text: JSON Web Encryption, whose protected header says who opens it. Nothing in it is
//! secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::policy::{Leaf, Tree, registers};

/// A binding, as its header says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// One party.
    Leaf {
        /// Who it is.
        leaf: Leaf,
        /// The fingerprint of the Tang server's key.
        key: Option<String>,
        /// The part that this party opens alone.
        jwe: String,
    },
    /// As many of the others as the number says.
    Threshold(usize, Vec<Bound>),
}

impl Bound {
    /// Reads a compact JWE.
    pub fn read(jwe: &str) -> Result<Self, String> {
        let header = header(jwe).ok_or("the binding is damaged: it is no JWE")?;
        let clevis = &header["clevis"];
        let leaf = |leaf, key| {
            Ok(Self::Leaf {
                leaf,
                key,
                jwe: jwe.to_owned(),
            })
        };
        match clevis["pin"].as_str() {
            Some("tang") => {
                let url = clevis["tang"]["url"]
                    .as_str()
                    .ok_or("the binding is damaged: a Tang server without an address")?;
                let key = header["kid"].as_str().map(str::to_owned);
                leaf(Leaf::Tang(url.trim_end_matches('/').to_owned()), key)
            }
            Some("tpm2") => {
                let ids = registers(clevis["tpm2"].get("pcr_ids"))
                    .ok_or("the binding is damaged: no registers of a TPM")?;
                leaf(Leaf::Tpm(ids), None)
            }
            Some("sss") => threshold(&clevis["sss"]),
            Some(other) => Err(format!(
                "the binding has the pin {other}, which pvenix does not know"
            )),
            None => Err("the binding is damaged: Clevis did not write it".to_owned()),
        }
    }

    /// The policy that it has.
    pub fn tree(&self) -> Tree {
        match self {
            Self::Leaf { leaf, .. } => Tree::Leaf(leaf.clone()),
            Self::Threshold(least, below) => {
                Tree::Threshold(*least, below.iter().map(Self::tree).collect())
            }
        }
    }

    /// Its parties, each with the part that it opens.
    pub fn leaves(&self) -> Vec<&Self> {
        match self {
            Self::Leaf { .. } => vec![self],
            Self::Threshold(_, below) => below.iter().flat_map(Self::leaves).collect(),
        }
    }
}

fn threshold(sss: &Value) -> Result<Bound, String> {
    let least = sss["t"]
        .as_u64()
        .and_then(|least| usize::try_from(least).ok());
    let parts = sss["jwe"].as_array();
    let (Some(least), Some(parts)) = (least, parts) else {
        return Err("the binding is damaged: a threshold without its parts".to_owned());
    };
    let below: Result<Vec<Bound>, String> = parts
        .iter()
        .map(|part| Bound::read(part.as_str().unwrap_or_default()))
        .collect();
    Ok(Bound::Threshold(least, below?))
}

fn header(jwe: &str) -> Option<Value> {
    let [protected, key, iv, text, tag] = jwe.trim().split('.').collect::<Vec<_>>()[..] else {
        return None;
    };
    for part in [key, iv, text, tag] {
        URL_SAFE_NO_PAD.decode(part).ok()?;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(protected).ok()?).ok()
}

/// The names of a compact JWE's parts in the JSON form, which LUKS' tokens have.
const PARTS: [&str; 5] = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];

/// The JSON form of a compact JWE.
pub fn to_json(compact: &str) -> Value {
    let parts = PARTS.iter().zip(compact.trim().split('.'));
    parts.fold(json!({}), |mut object, (name, part)| {
        object[*name] = json!(part);
        object
    })
}

/// The compact form of a JWE in JSON. What it lacks is left empty, and [`Bound::read`] refuses it.
pub fn to_compact(json: &Value) -> String {
    PARTS
        .map(|name| json[name].as_str().unwrap_or_default())
        .join(".")
}

/// The same policy, whatever the order of its parts.
pub fn is_same(one: &Tree, other: &Tree) -> bool {
    match (one, other) {
        (Tree::Leaf(one), Tree::Leaf(other)) => one == other,
        (Tree::Threshold(least, below), Tree::Threshold(others_least, others)) => {
            let mut left: Vec<&Tree> = others.iter().collect();
            least == others_least
                && below.len() == others.len()
                && below.iter().all(|tree| {
                    let at = left.iter().position(|other| is_same(tree, other));
                    at.map(|at| left.swap_remove(at)).is_some()
                })
        }
        _ => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A JWE with this header and nothing encrypted.
    pub fn jwe(header: &Value) -> String {
        format!(
            "{}..aXY.dGV4dA.dGFn",
            URL_SAFE_NO_PAD.encode(header.to_string())
        )
    }

    fn tang(url: &str, key: &str) -> String {
        jwe(&json!({ "kid": key, "clevis": { "pin": "tang", "tang": { "url": url, "adv": {} } } }))
    }

    #[test]
    fn reads_who_opens_it() {
        let tpm = jwe(
            &json!({ "clevis": { "pin": "tpm2", "tpm2": { "pcr_bank": "sha256", "pcr_ids": "0,7" } } }),
        );
        let both = jwe(&json!({
            "clevis": { "pin": "sss", "sss": { "t": 2, "p": "", "jwe": [tang("u/", "k"), tpm] } }
        }));
        let bound = Bound::read(&both).unwrap();
        let tree = Tree::Threshold(
            2,
            vec![
                Tree::Leaf(Leaf::Tang("u".to_owned())),
                Tree::Leaf(Leaf::Tpm(vec![0, 7])),
            ],
        );
        assert_eq!(bound.tree(), tree);
        let leaves = bound.leaves();
        assert!(
            matches!(leaves[0], Bound::Leaf { key: Some(key), jwe, .. } if key == "k" && *jwe == tang("u/", "k"))
        );
        assert_eq!(to_compact(&to_json(&both)), both);
    }

    #[test]
    fn order_does_not_matter_and_number_does() {
        let leaf = |name: &str| Tree::Leaf(Leaf::Tang(name.to_owned()));
        let of = |least, names: &[&str]| {
            Tree::Threshold(least, names.iter().map(|name| leaf(name)).collect())
        };
        assert!(is_same(&of(1, &["a", "b"]), &of(1, &["b", "a"])));
        assert!(!is_same(&of(1, &["a", "b"]), &of(2, &["b", "a"])));
        assert!(!is_same(&of(1, &["a", "a"]), &of(1, &["b", "a"])));
        assert!(!is_same(&of(1, &["a", "b"]), &of(1, &["a"])));
    }

    #[test]
    fn damaged_ones_are_told() {
        for damaged in ["", "x", "....", "e30....", "bm90IEpTT04....", "e30.%.a.a.a"] {
            assert!(
                Bound::read(damaged).unwrap_err().contains("damaged"),
                "{damaged}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_a_header_holds(text in "\\PC{0,200}") {
            let _ = Bound::read(&text);
            let _ = Bound::read(&format!("{}..a.a.a", URL_SAFE_NO_PAD.encode(&text)));
        }
    }
}
