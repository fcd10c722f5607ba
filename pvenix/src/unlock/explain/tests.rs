//! The explanation against a model that tries every set of parties, and the words of the table.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const NODES: [&str; 4] = ["alpha", "beta", "delta", "gamma"];

fn url(name: &str) -> String {
    format!("http://{name}:7654")
}

/// A declaration of one device of the root.
fn declared(node: &str, clevis: &Value) -> Declaration {
    let peers: serde_json::Map<String, Value> = NODES
        .iter()
        .filter(|name| **name != node)
        .map(|name| {
            (
                (*name).to_owned(),
                json!({ "url": url(name), "address": *name }),
            )
        })
        .collect();
    let device = json!({
        "type": "luks", "device": "/dev/disk", "policy": "custom", "boot": true, "clevis": clevis
    });
    Declaration::parse(
        &json!({ "node": node, "retry": 5, "path": "", "peers": peers, "devices": { "root": device } })
            .to_string(),
    )
    .unwrap()
}

/// The policy `peers` for three nodes.
fn peers(of: &[&str], t: u64) -> Value {
    let tang: Vec<Value> = of.iter().map(|name| json!({ "url": url(name) })).collect();
    json!({ "t": t, "pins": { "tang": tang } })
}

fn tpm(t: u64, rest: &Value) -> Value {
    json!({ "t": t, "pins": { "tpm2": { "pcr_bank": "sha256", "pcr_ids": "7" }, "sss": rest } })
}

fn case_of(answer: &Answer, name: &str) -> bool {
    answer
        .cases
        .iter()
        .find(|case| case.case == name)
        .unwrap()
        .opens
}

/// Who takes part, as the model has it: three bits of peers and an outside server, one of the TPM.
#[derive(Clone, Copy)]
struct There<'a> {
    up: &'a [&'a str],
    outside: bool,
    tpm: bool,
    firmware: bool,
}

/// Whether a configuration opens, read off the JSON itself.
fn model(pin: &str, config: &Value, there: There) -> bool {
    match pin {
        "tang" => {
            let at = config["url"].as_str().unwrap();
            match NODES.iter().find(|name| url(name) == at) {
                Some(name) => there.up.contains(name),
                None => there.outside,
            }
        }
        "tpm2" => {
            there.tpm && (there.firmware || config.get("pcr_ids").is_none_or(|ids| ids == ""))
        }
        _ => {
            let mut open = 0;
            for (pin, value) in config["pins"].as_object().unwrap() {
                for one in value
                    .as_array()
                    .cloned()
                    .unwrap_or_else(|| vec![value.clone()])
                {
                    open += u64::from(model(pin, &one, there));
                }
            }
            open >= config["t"].as_u64().unwrap()
        }
    }
}

/// Which nodes are up in the end when all begin without power.
fn model_up<'a>(configs: &[(&'a str, Value)], outside: bool) -> Vec<&'a str> {
    let mut up: Vec<&str> = Vec::new();
    for _ in configs {
        let there = There {
            up: &up,
            outside,
            tpm: true,
            firmware: true,
        };
        let next: Vec<&str> = configs
            .iter()
            .filter(|(name, config)| up.contains(name) || model("sss", config, there))
            .map(|(name, _)| *name)
            .collect();
        up = next;
    }
    up
}

fn subsets<'a>(names: &[&'a str]) -> Vec<Vec<&'a str>> {
    (0..1_u32 << names.len())
        .map(|bits| {
            let chosen = names
                .iter()
                .enumerate()
                .filter(|(at, _)| bits >> at & 1 == 1);
            chosen.map(|(_, name)| *name).collect()
        })
        .collect()
}

/// A configuration that `node` may have: thresholds over its peers, an outside server and its TPM, two deep.
fn config(node: &'static str) -> impl Strategy<Value = Value> {
    let servers: Vec<String> = NODES
        .iter()
        .filter(|name| **name != node)
        .map(|name| url(name))
        .chain(["http://outside".to_owned()])
        .collect();
    let leaf = prop_oneof![
        4 => proptest::sample::select(servers).prop_map(|url| ("tang", json!({ "url": url }))),
        1 => Just(("tpm2", json!({ "pcr_bank": "sha256", "pcr_ids": "7" }))),
        1 => Just(("tpm2", json!({}))),
    ];
    let threshold = |children: BoxedStrategy<(&'static str, Value)>| {
        (
            proptest::collection::vec(children, 1..4),
            any::<prop::sample::Index>(),
        )
            .prop_map(|(children, t)| {
                let count = children.len();
                let mut pins = serde_json::Map::new();
                for (pin, value) in children {
                    let list = pins.entry(pin).or_insert_with(|| json!([]));
                    list.as_array_mut().unwrap().push(value);
                }
                ("sss", json!({ "t": t.index(count) + 1, "pins": pins }))
            })
    };
    let inner = threshold(leaf.clone().boxed()).boxed();
    threshold(prop_oneof![2 => leaf, 1 => inner].boxed()).prop_map(|(_, config)| config)
}

fn all_configs() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    (
        config("alpha"),
        config("beta"),
        config("delta"),
        config("gamma"),
    )
        .prop_map(|(a, b, d, g)| vec![("alpha", a), ("beta", b), ("delta", d), ("gamma", g)])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn agrees_with_every_set_of_parties(configs in all_configs()) {
        let declarations: Vec<Declaration> =
            configs.iter().map(|(name, config)| declared(name, config)).collect();
        let explained = explain(&declarations[0], &declarations[1..]).unwrap();
        let answer = &explained.devices["root"];
        let own = &configs[0].1;
        let opens = |up: &[&str], outside, tpm, firmware| {
            model("sss", own, There { up, outside, tpm, firmware })
        };
        let others = &NODES[1..];

        prop_assert!(explained.assumed.is_empty());
        prop_assert_eq!(case_of(answer, case::ALONE), opens(&[], false, true, true));
        prop_assert_eq!(case_of(answer, case::NODE), opens(&[], false, true, true));
        prop_assert!(!case_of(answer, case::DISK));
        prop_assert_eq!(case_of(answer, case::FIRMWARE), opens(others, true, true, false));
        // One server away, the outside one among them.
        let one_down = others.iter().all(|gone| {
            let up: Vec<&str> = others.iter().filter(|name| *name != gone).copied().collect();
            opens(&up, true, true, true)
        }) && opens(others, false, true, true);
        prop_assert_eq!(case_of(answer, case::PEER_DOWN), one_down);
        for (name, outside) in [(case::DARK, true), (case::SITE, false)] {
            let up = model_up(&configs, outside);
            prop_assert_eq!(case_of(answer, name), up.contains(&"alpha"), "{}: {:?}", name, up);
        }
        // How many may be away at once.
        let servers: Vec<&str> = others.iter().copied().chain(["outside"]).collect();
        let worst = subsets(&servers)
            .into_iter()
            .filter(|gone| {
                let up: Vec<&str> = others.iter().filter(|name| !gone.contains(name)).copied().collect();
                !opens(&up, !gone.contains(&"outside"), true, true)
            })
            .map(|gone| gone.len())
            .min();
        prop_assert_eq!(answer.spare, worst.map(|count| count - 1));
    }

    #[test]
    fn the_smallest_sets_open_and_none_smaller_does(config in config("alpha")) {
        let tree = Tree::parse(&config).unwrap();
        let sets = tree.minimal();
        let leaves: Vec<&Leaf> = tree.leaves().into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        for bits in 0..1_u32 << leaves.len() {
            let chosen: BTreeSet<Leaf> = leaves
                .iter()
                .enumerate()
                .filter(|(at, _)| bits >> at & 1 == 1)
                .map(|(_, leaf)| (*leaf).clone())
                .collect();
            let opens = tree.opens(&|leaf| chosen.contains(leaf));
            prop_assert_eq!(opens, sets.iter().any(|set| set.is_subset(&chosen)));
            let smallest = opens && chosen.iter().all(|gone| {
                !tree.opens(&|leaf| leaf != gone && chosen.contains(leaf))
            });
            prop_assert_eq!(smallest, sets.contains(&chosen));
        }
    }
}

/// The outcome of each case under each policy, for three nodes that are alike.
#[test]
fn the_policies_of_three_nodes() {
    let others = ["beta", "gamma"];
    let any = peers(&others, 1);
    let both = peers(&others, 2);
    // one down, alone, dark, firmware, stolen node, stolen site
    let expected = [
        (any.clone(), [true, false, false, true, false, false]),
        (both.clone(), [false, false, false, true, false, false]),
        (
            json!({ "t": 1, "pins": { "tpm2": { "pcr_bank": "sha256", "pcr_ids": "7" } } }),
            [true, true, true, false, true, true],
        ),
        (tpm(1, &any), [true, true, true, true, true, true]),
        (tpm(2, &any), [true, false, false, false, false, false]),
    ];
    for (clevis, outcomes) in expected {
        let explained = explain(&declared("alpha", &clevis), &[]).unwrap();
        let answer = &explained.devices["root"];
        let found = [
            case::PEER_DOWN,
            case::ALONE,
            case::DARK,
            case::FIRMWARE,
            case::NODE,
            case::SITE,
        ]
        .map(|name| case_of(answer, name));
        assert_eq!(found, outcomes, "{clevis}");
    }
}

#[test]
fn nodes_that_declare_nothing_known_are_assumed_alike() {
    let clevis = tpm(1, &peers(&["beta", "gamma"], 1));
    let alike = explain(&declared("alpha", &clevis), &[]).unwrap();
    assert_eq!(alike.assumed, ["beta", "delta", "gamma"]);
    let known: Vec<Declaration> = [("beta", ["alpha", "gamma"]), ("gamma", ["alpha", "beta"])]
        .iter()
        .map(|(name, others)| declared(name, &tpm(1, &peers(others, 1))))
        .collect();
    let told = explain(&declared("alpha", &clevis), &known).unwrap();
    assert_eq!(told.assumed, ["delta"]);
    assert_eq!(told.devices, alike.devices);
}

#[test]
fn a_node_with_a_tpm_brings_the_others_up() {
    let alpha = declared("alpha", &peers(&["beta", "gamma"], 1));
    let beta = declared("beta", &tpm(1, &peers(&["alpha", "gamma"], 1)));
    let gamma = declared("gamma", &peers(&["alpha", "beta"], 2));
    let delta = declared("delta", &peers(&["alpha"], 1));
    let explained = explain(&alpha, &[beta, gamma, delta]).unwrap();
    let dark = explained.devices["root"]
        .cases
        .iter()
        .find(|case| case.case == case::DARK)
        .unwrap();
    assert_eq!(
        dark.why,
        "opens; the nodes come up in this order: beta; alpha; delta, gamma"
    );
}

#[test]
fn the_table() {
    let explained = explain(
        &declared("alpha", &tpm(1, &peers(&["beta", "gamma"], 2))),
        &[],
    )
    .unwrap();
    assert_eq!(
        explained.text(),
        "\
alpha, root: custom
  opens with              the TPM (PCR 7) or (beta and gamma)
  needs                   nobody in particular
  peers that may be down  all
  one peer down           opens, whichever it is
  no peer answers         the TPM opens it
  power cut of the site   opens; the nodes come up in this order: alpha, beta, delta, gamma
  changed firmware        opens by its peers
  stolen disk             stays closed: it holds no key that opens it alone
  stolen node             ! OPENS: the TPM goes along
  stolen site             ! OPENS: the nodes come up by themselves, as after a power cut
beta, delta, gamma are taken to unlock as alpha does: give `--with FILE` for what they declare
"
    );
}
