//! A rotation on a model of three nodes that is cut at each of its steps.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::unlock::bind::{self, Trusted};
use crate::unlock::check;
use crate::unlock::clevis::Clevis;
use crate::unlock::declared::Declaration;
use crate::unlock::jwe::{Bound, tests::jwe};
use crate::unlock::policy::{Leaf, Names};
use crate::unlock::secret::Secret;
use crate::unlock::vault::{Kept, Vault};

const URL: &str = "http://alpha:7654";

/// alpha's server, and the disks of beta and gamma, which it opens. Whatever changes something costs one of `left`.
struct World {
    keys: RefCell<Keys>,
    disks: BTreeMap<String, Disk>,
    left: Cell<Option<usize>>,
    made: Cell<usize>,
    down: Option<&'static str>,
}

#[derive(Default)]
struct Disk {
    /// Keyslots: the number and the key.
    slots: RefCell<BTreeMap<u32, Vec<u8>>>,
    tokens: RefCell<BTreeMap<u32, Kept>>,
    note: Cell<[Option<u32>; 2]>,
}

impl World {
    fn new(down: Option<&'static str>) -> Self {
        let disk = |name: &str| {
            let disk = Disk::default();
            disk.slots.borrow_mut().insert(0, b"passphrase".to_vec());
            (name.to_owned(), disk)
        };
        let world = Self {
            keys: RefCell::new(Keys {
                signing: vec!["s0".to_owned()],
                exchange: vec!["e0".to_owned()],
                hidden: Vec::new(),
            }),
            disks: ["beta", "gamma"].map(disk).into(),
            left: Cell::new(None),
            made: Cell::new(0),
            down,
        };
        for node in ["beta", "gamma"] {
            world.bind_with(node, "passphrase").unwrap();
        }
        world
    }

    /// One more change, or the power is cut before it.
    fn change(&self) -> Result<(), String> {
        match self.left.get() {
            Some(0) => Err("power cut".to_owned()),
            Some(left) => {
                self.left.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn number(&self) -> usize {
        self.made.set(self.made.get() + 1);
        self.made.get()
    }

    fn answers(&self, key: &str) -> bool {
        let keys = self.keys.borrow();
        keys.exchange
            .iter()
            .chain(&keys.hidden)
            .any(|own| own == key)
    }

    fn declaration(node: &str) -> Declaration {
        Declaration::parse(
            &json!({
                "node": node, "retry": 5, "path": "",
                "peers": { "alpha": { "url": URL, "address": "" } },
                "devices": { "root": {
                    "type": "luks", "device": "/dev/x", "policy": "peers", "boot": true,
                    "clevis": { "t": 1, "pins": { "tang": [{ "url": URL }] } }
                } }
            })
            .to_string(),
        )
        .unwrap()
    }

    fn bind_with(&self, node: &str, passphrase: &str) -> Result<(), String> {
        let declaration = Self::declaration(node);
        let signing = self
            .keys
            .borrow()
            .signing
            .first()
            .cloned()
            .unwrap_or_default();
        let trusted: Trusted = [(URL.to_owned(), signing)].into();
        let vault = View {
            world: self,
            disk: &self.disks[node],
        };
        let ask = || Ok(Secret::new(passphrase.as_bytes().to_vec()));
        bind::bind(
            &declaration,
            &declaration.devices["root"],
            self,
            &vault,
            &trusted,
            &ask,
        )
    }

    /// Whether every node unlocks without a passphrase, and with one.
    fn all_open(&self) -> bool {
        self.disks.keys().all(|node| {
            let report = self.report(node);
            report.devices["root"].opens && report.devices["root"].passphrase
        })
    }

    fn report(&self, node: &str) -> Report {
        let declaration = Self::declaration(node);
        let disk = &self.disks[node];
        // Owned by the closure's caller: a view borrows the world.
        let looked = look(self, &declaration, disk);
        Report {
            node: node.to_owned(),
            devices: [("root".to_owned(), looked)].into(),
        }
    }
}

fn look(world: &World, declaration: &Declaration, disk: &Disk) -> check::Found {
    check::look(
        &declaration.devices["root"],
        world,
        &View { world, disk },
        &declaration.names(),
    )
    .unwrap()
}

/// A JWE that holds its key in the open: a model.
impl Clevis for World {
    fn encrypt(&self, config: &Value, key: &Secret) -> Result<String, String> {
        let trusted = &config["pins"]["tang"][0]["thp"];
        let keys = self.keys.borrow();
        if !keys.signing.iter().any(|own| trusted == own) {
            return Err("Trusted JWK did not sign".to_owned());
        }
        let part = jwe(&json!({
            "kid": keys.exchange[0], "n": self.number(),
            "key": String::from_utf8_lossy(key.bytes()),
            "clevis": { "pin": "tang", "tang": { "url": URL } }
        }));
        Ok(jwe(
            &json!({ "clevis": { "pin": "sss", "sss": { "t": 1, "jwe": [part] } } }),
        ))
    }

    fn decrypt(&self, text: &str, _: &dyn Fn() -> bool) -> Result<Secret, String> {
        use base64::Engine as _;
        let inner = match Bound::read(text)? {
            Bound::Threshold(_, below) => below.into_iter().next().unwrap(),
            leaf @ Bound::Leaf { .. } => leaf,
        };
        let Bound::Leaf {
            key: Some(key),
            jwe,
            ..
        } = inner
        else {
            return Err("no leaf".to_owned());
        };
        if !self.answers(&key) {
            return Err("404".to_owned());
        }
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(jwe.split('.').next().unwrap())
            .unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        Ok(Secret::new(
            header["key"].as_str().unwrap().as_bytes().to_vec(),
        ))
    }

    fn reason(&self, _: &Leaf, _: Option<&str>, said: &str, _: &Names) -> String {
        said.to_owned()
    }
}

/// LUKS' header, each change of which is one step.
struct View<'a> {
    world: &'a World,
    disk: &'a Disk,
}

impl Vault for View<'_> {
    fn kept(&self) -> Result<Vec<Kept>, String> {
        Ok(self.disk.tokens.borrow().values().cloned().collect())
    }

    fn opens(&self, key: &Secret, slot: Option<&str>) -> Result<bool, String> {
        let slots = self.disk.slots.borrow();
        Ok(slots.iter().any(|(number, own)| {
            own == key.bytes() && slot.is_none_or(|slot| slot == number.to_string())
        }))
    }

    fn has_passphrase(&self) -> Result<bool, String> {
        Ok(self
            .disk
            .slots
            .borrow()
            .values()
            .any(|key| key == b"passphrase"))
    }

    fn fresh(&self, _: &Secret) -> Result<Secret, String> {
        Ok(Secret::new(
            format!("key{}", self.world.number()).into_bytes(),
        ))
    }

    fn put(&self, _: &Secret, key: &Secret, jwe: &str, old: Option<&Kept>) -> Result<(), String> {
        let slot = (0..9)
            .find(|number| !self.disk.slots.borrow().contains_key(number))
            .unwrap();
        let replaced = old.and_then(|kept| kept.slot.as_ref()?.parse().ok());
        self.world.change()?;
        self.disk.note.set([Some(slot), replaced]);
        self.world.change()?;
        self.disk
            .slots
            .borrow_mut()
            .insert(slot, key.bytes().to_vec());
        self.world.change()?;
        let free = || {
            (0..9)
                .find(|number| !self.disk.tokens.borrow().contains_key(number))
                .unwrap()
        };
        let token = old.map_or_else(free, number);
        let kept = Kept {
            token: Some(token.to_string()),
            slot: Some(slot.to_string()),
            jwe: jwe.to_owned(),
        };
        self.disk.tokens.borrow_mut().insert(token, kept);
        self.tidy()
    }

    fn remove(&self, kept: &Kept) -> Result<(), String> {
        if let Some(slot) = &kept.slot {
            self.world.change()?;
            self.disk.slots.borrow_mut().remove(&slot.parse().unwrap());
            if let Some(token) = self.disk.tokens.borrow_mut().get_mut(&number(kept)) {
                token.slot = None;
            }
        }
        self.world.change()?;
        self.disk.tokens.borrow_mut().remove(&number(kept));
        Ok(())
    }

    fn tidy(&self) -> Result<(), String> {
        let unbound: Vec<u32> = self
            .disk
            .tokens
            .borrow()
            .iter()
            .filter(|(_, kept)| kept.slot.is_none())
            .map(|(number, _)| *number)
            .collect();
        for token in unbound {
            self.world.change()?;
            self.disk.tokens.borrow_mut().remove(&token);
        }
        for slot in self.disk.note.get().into_iter().flatten() {
            let bound = self
                .disk
                .tokens
                .borrow()
                .values()
                .any(|kept| kept.slot == Some(slot.to_string()));
            if !bound && self.disk.slots.borrow().contains_key(&slot) {
                self.world.change()?;
                self.disk.slots.borrow_mut().remove(&slot);
            }
        }
        self.world.change()?;
        self.disk.note.set([None, None]);
        Ok(())
    }
}

fn number(kept: &Kept) -> u32 {
    kept.token.as_deref().unwrap().parse().unwrap()
}

impl Server for World {
    fn keys(&self) -> Result<Keys, String> {
        Ok(self.keys.borrow().clone())
    }

    fn renew(&self) -> Result<(), String> {
        let old = self.keys()?;
        self.change()?;
        let name = format!("s{}", self.number());
        self.keys.borrow_mut().signing.push(name);
        self.change()?;
        let name = format!("e{}", self.number());
        self.keys.borrow_mut().exchange.push(name);
        for key in old.exchange.iter().chain(&old.signing) {
            self.change()?;
            let mut keys = self.keys.borrow_mut();
            keys.signing.retain(|own| own != key);
            keys.exchange.retain(|own| own != key);
            keys.hidden.push(key.clone());
        }
        Ok(())
    }

    fn retire(&self) -> Result<(), String> {
        while !self.keys.borrow().hidden.is_empty() {
            self.change()?;
            self.keys.borrow_mut().hidden.pop();
        }
        Ok(())
    }
}

impl Fleet for World {
    fn nodes(&self) -> Vec<String> {
        self.disks.keys().cloned().collect()
    }

    fn check(&self, node: &str) -> Result<Report, String> {
        if self.down == Some(node) {
            return Err("no route to host".to_owned());
        }
        Ok(self.report(node))
    }

    fn bind(&self, node: &str) -> Result<(), String> {
        self.bind_with(node, "a passphrase that nobody types")
    }
}

#[test]
fn every_node_is_bound_to_the_new_key() {
    let world = World::new(None);
    let steps = RefCell::new(Vec::new());
    let rotated = rotate("alpha", &world, &world, &|step| {
        steps.borrow_mut().push(step.to_owned());
    })
    .unwrap();
    assert_eq!(steps.borrow().len(), 5);
    assert_eq!(rotated.nodes, ["beta", "gamma"]);
    assert!(
        rotated.keys.hidden.is_empty() && !world.answers("e0"),
        "{rotated:?}"
    );
    assert!(world.all_open());
    for disk in world.disks.values() {
        assert_eq!(disk.slots.borrow().len(), 2);
        assert_eq!(disk.tokens.borrow().len(), 1);
    }
}

#[test]
fn cut_at_each_step_every_node_opens_and_it_goes_on() {
    for left in 0.. {
        let world = World::new(None);
        world.left.set(Some(left));
        let cut = rotate("alpha", &world, &world, &|_| ());
        assert!(world.all_open(), "after {left} changes");
        if cut.is_ok() {
            assert_eq!(left, 18, "changes of a rotation");
            return;
        }
        // Cut once more, while it goes on.
        for again in [0, 1, 3, 8] {
            world.left.set(Some(again));
            let _ = rotate("alpha", &world, &world, &|_| ());
            assert!(world.all_open(), "after {left}, then {again} changes");
        }
        world.left.set(None);
        let rotated = rotate("alpha", &world, &world, &|_| ())
            .unwrap_or_else(|error| panic!("after {left} changes: {error}"));
        assert!(
            world.all_open() && rotated.keys.hidden.is_empty(),
            "after {left} changes"
        );
        for disk in world.disks.values() {
            assert_eq!(disk.slots.borrow().len(), 2, "after {left} changes");
        }
    }
}

#[test]
fn refused_while_a_node_is_down_and_nothing_changes() {
    let world = World::new(Some("gamma"));
    let before = world.keys().unwrap();
    let error = rotate("alpha", &world, &world, &|_| ()).unwrap_err();
    assert!(
        error.starts_with("refused: gamma: no route to host"),
        "{error}"
    );
    assert_eq!(world.keys().unwrap(), before);
}

#[test]
fn a_node_that_is_left_bound_to_the_old_key_keeps_it_there() {
    /// A fleet whose second node says that it has bound, and has not.
    struct Lying<'a>(&'a World);
    impl Fleet for Lying<'_> {
        fn nodes(&self) -> Vec<String> {
            self.0.nodes()
        }
        fn check(&self, node: &str) -> Result<Report, String> {
            Fleet::check(self.0, node)
        }
        fn bind(&self, node: &str) -> Result<(), String> {
            if node == "gamma" {
                Ok(())
            } else {
                Fleet::bind(self.0, node)
            }
        }
    }
    let world = World::new(None);
    let error = rotate("alpha", &world, &Lying(&world), &|_| ()).unwrap_err();
    assert!(
        error.contains("gamma: root is bound to an old key"),
        "{error}"
    );
    assert!(world.all_open() && world.answers("e0"));
}
