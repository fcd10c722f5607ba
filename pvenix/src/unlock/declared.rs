//! The declaration: `/etc/pve-nix/unlock.json`, which the NixOS modules write.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::policy::{Names, Tree};

/// Where it stands, in stage 1, too.
pub const PLACE: &str = "/etc/pve-nix/unlock.json";

/// A node's declaration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration {
    /// This node's name.
    pub node: String,
    /// Seconds between two tries.
    pub retry: u64,
    /// The other nodes whose Tang servers take part, by name.
    #[serde(default)]
    pub peers: BTreeMap<String, Peer>,
    /// Encrypted devices by name.
    #[serde(default)]
    pub devices: BTreeMap<String, Device>,
    /// This node's own Tang server.
    #[serde(default)]
    pub tang: Option<Tang>,
    /// The directories of Clevis' programs and of those that they run.
    pub path: String,
}

/// Another node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Peer {
    /// Its Tang server.
    pub url: String,
    /// Where ssh reaches it.
    pub address: String,
    /// The fingerprint of its Tang server's signing key, where it is declared.
    #[serde(default)]
    pub thumbprint: Option<String>,
}

/// An encrypted device.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Device {
    /// How it is encrypted.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The block device, or ZFS' dataset.
    pub device: String,
    /// The policy's name.
    pub policy: String,
    /// Returns it in Clevis' form: the configuration of the pin `sss`.
    pub clevis: Value,
    /// Whether the node has no root without it.
    #[serde(default)]
    pub boot: bool,
}

/// How a device is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// LUKS 2, whose header holds the bindings.
    Luks,
    /// ZFS' own encryption; a property of the dataset holds the binding.
    Zfs,
}

/// A node's Tang server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tang {
    /// Its keys.
    pub keys: String,
    /// Those that it has no more.
    pub retired: String,
}

impl Declaration {
    /// Reads one.
    pub fn read(place: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(place).map_err(|error| {
            format!("{place}: {error}\n  help: declare unlock.devices or tang.enable, and switch")
        })?;
        Self::parse(&text).map_err(|error| format!("{place}: {error}"))
    }

    /// Reads a text, with each device's policy.
    pub fn parse(text: &str) -> Result<Self, String> {
        let declaration: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for (name, device) in &declaration.devices {
            device.tree().map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(declaration)
    }

    /// The device of this name.
    pub fn device(&self, name: &str) -> Result<&Device, String> {
        self.devices.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.devices.keys().map(String::as_str).collect();
            format!(
                "{name}: no such device\n  help: declared are {}",
                known.join(", ")
            )
        })
    }

    /// The nodes' names by their Tang servers.
    pub fn names(&self) -> Names {
        let pairs = self.peers.iter();
        Names(
            pairs
                .map(|(name, peer)| (peer.url.trim_end_matches('/').to_owned(), name.clone()))
                .collect(),
        )
    }
}

impl Device {
    /// The policy that opens it.
    pub fn tree(&self) -> Result<Tree, String> {
        Tree::parse(&self.clevis)
    }
}
