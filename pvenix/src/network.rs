//! Compares the network with its declaration.

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::node::{Bridge, Node};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// `vmbr0: ports`
    pub place: String,
    /// The declared value.
    pub declared: String,
    /// The actual value.
    pub is: String,
}

/// One interface in the output of `ip -json address`.
#[derive(Debug, Deserialize)]
struct Interface {
    ifname: String,
    #[serde(default)]
    addr_info: Vec<Address>,
}

#[derive(Debug, Deserialize)]
struct Address {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    local: String,
    #[serde(default)]
    prefixlen: u32,
}

/// Whether an interface belongs to a guest, and comes and goes with it.
fn is_of_a_guest(port: &str) -> bool {
    ["tap", "veth", "fwpr", "fwln"]
        .iter()
        .any(|prefix| port.starts_with(prefix))
}

/// Compares each declared bridge with the actual one.
pub fn drift(machine: &dyn Machine, node: &Node) -> Result<Vec<Drift>, String> {
    if node.bridges.is_empty() {
        return Ok(Vec::new());
    }
    let told = machine
        .run(&["ip", "-json", "address"])
        .map_err(|error| error.to_string())?;
    let interfaces: Vec<Interface> =
        serde_json::from_str(&told).map_err(|error| format!("ip -json address: {error}"))?;
    let mut found = Vec::new();
    for (name, bridge) in &node.bridges {
        let Some(interface) = interfaces.iter().find(|one| one.ifname == *name) else {
            found.push(Drift {
                place: name.clone(),
                declared: "a bridge".to_owned(),
                is: "missing".to_owned(),
            });
            continue;
        };
        found.extend(compare(machine, name, bridge, interface));
    }
    Ok(found)
}

fn compare(
    machine: &dyn Machine,
    name: &str,
    bridge: &Bridge,
    interface: &Interface,
) -> Vec<Drift> {
    let setting = |file: &str| {
        let text = machine.read(&format!("/sys/class/net/{name}/{file}"));
        text.map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    let switched = |on: bool| if on { "on" } else { "off" }.to_owned();
    let is_on = |file: &str| switched(!matches!(setting(file).as_str(), "" | "0"));
    let mut ports = machine.list(&format!("/sys/class/net/{name}/brif"));
    ports.retain(|port| bridge.ports.contains(port) || !is_of_a_guest(port));
    let addresses = interface.addr_info.iter();
    let addresses = addresses
        .filter(|address| address.scope != "link")
        .map(|address| format!("{}/{}", address.local, address.prefixlen))
        .collect();
    let mut places = vec![
        ("ports", words(bridge.ports.clone()), words(ports)),
        (
            "addresses",
            words(bridge.addresses.clone()),
            words(addresses),
        ),
        (
            "VLANs",
            switched(bridge.vlan_aware),
            is_on("bridge/vlan_filtering"),
        ),
        ("STP", switched(bridge.stp), is_on("bridge/stp_state")),
    ];
    if let Some(mtu) = bridge.mtu {
        places.push(("MTU", mtu.to_string(), setting("mtu")));
    }
    let differ = places
        .into_iter()
        .filter(|(_, declared, is)| declared != is);
    differ
        .map(|(what, declared, is)| Drift {
            place: format!("{name}: {what}"),
            declared,
            is,
        })
        .collect()
}

/// Joins the sorted list.
fn words(mut list: Vec<String>) -> String {
    list.sort();
    if list.is_empty() {
        "none".to_owned()
    } else {
        list.join(" ")
    }
}
