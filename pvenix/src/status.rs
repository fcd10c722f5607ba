//! What runs, from which build, and what is wrong.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::disk;
use crate::machine::Machine;
use crate::members::Members;
use crate::network::{self, Drift};
use crate::node::{Node, OnSwitch};

/// The file that a process of a link has open: `OpenFile=` of its unit, or its own doing when it starts anew.
const HELD: &str = "/nix-support/pve-perl";

/// The state of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The node's name; empty where pmxcfs does not answer.
    pub node: String,
    /// The declared link.
    pub package: String,
    /// Its release.
    pub version: String,
    /// What a switch does to the cluster's own daemons.
    pub restart_policy: String,
    /// Units that run.
    pub units: Vec<Unit>,
    /// Units that run an older build until a staged restart.
    pub waiting: Vec<String>,
    /// Guests that run.
    pub guests: Vec<Guest>,
    /// What was looked at.
    pub checks: Vec<Check>,
    /// Where the network is not as declared.
    pub drift: Vec<Drift>,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    /// `pvedaemon.service`
    pub name: String,
    /// `active`, `failed`.
    pub state: String,
    /// Its main process; 0 where it has none.
    pub pid: u32,
    /// The store path it runs from; `null` where that is not known.
    pub runs: Option<String>,
    /// Whether that is the declared one; `null` where it is not known.
    pub current: Option<bool>,
    /// What a switch does to it.
    pub on_switch: OnSwitch,
}

/// A guest that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guest {
    /// Its number.
    pub vmid: u32,
    /// `vm` or `ct`.
    pub kind: &'static str,
    /// The program it runs.
    pub runs: Option<String>,
    /// Whether the declared link would start the same; `null` where it is not known.
    pub current: Option<bool>,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// How it is.
    pub text: String,
}

impl Status {
    /// Looks at a machine.
    pub fn of(machine: &dyn Machine, node: &Node) -> Result<Self, String> {
        let shown = show(machine, node.units.keys().map(String::as_str))?;
        let units: Vec<Unit> = node
            .units
            .iter()
            .filter_map(|(name, on_switch)| unit(machine, node, name, *on_switch, shown.get(name)?))
            .collect();
        let waits = |name: &&String| {
            let mut named = units.iter().filter(|unit| unit.name == **name);
            named.any(|unit| unit.pid != 0 && unit.current == Some(false))
        };
        let waiting = node.staged.iter().filter(waits).cloned().collect();
        let members = Members::read(machine);
        let mut checks = vec![
            cluster_check(&members),
            disk::check(machine),
            address_check(&members, node),
            units_check(&units),
        ];
        let drift = match network::drift(machine, node) {
            Ok(drift) => drift,
            Err(text) => {
                checks.push(Check {
                    name: "network",
                    ok: false,
                    text,
                });
                Vec::new()
            }
        };
        Ok(Self {
            node: members.map(|members| members.nodename).unwrap_or_default(),
            package: node.package.clone(),
            version: node.version.clone(),
            restart_policy: node.restart_policy.clone(),
            units,
            waiting,
            guests: guests(machine, node, &shown),
            checks,
            drift,
        })
    }

    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self.drift.is_empty() && self.checks.iter().all(|check| check.ok)
    }
}

/// State and main process by unit.
type Shown = BTreeMap<String, (String, u32)>;

/// Units of containers, before their number.
const CONTAINER: &str = "pve-container@";

/// State and main process of units, by name: those that systemd knows.
fn show<'a>(machine: &dyn Machine, names: impl Iterator<Item = &'a str>) -> Result<Shown, String> {
    // A template has instances, and is none itself.
    let names = names.filter(|name| !name.contains("@."));
    let mut words = vec![
        "systemctl",
        "show",
        "--property=Id,LoadState,ActiveState,MainPID",
        "--",
    ];
    words.extend(names);
    words.push("pve-container@*.service");
    let told = machine.run(&words).map_err(|error| error.to_string())?;
    let mut shown = BTreeMap::new();
    for block in told.split("\n\n") {
        let fields: BTreeMap<&str, &str> = block
            .lines()
            .filter_map(|line| line.split_once('='))
            .collect();
        let field = |name: &str| fields.get(name).copied().unwrap_or_default();
        if field("LoadState") == "loaded" {
            let state = field("ActiveState").to_owned();
            let pid = field("MainPID").parse().unwrap_or(0);
            shown.insert(field("Id").to_owned(), (state, pid));
        }
    }
    Ok(shown)
}

/// A unit that runs or has failed.
fn unit(
    machine: &dyn Machine,
    node: &Node,
    name: &str,
    on_switch: OnSwitch,
    (state, pid): &(String, u32),
) -> Option<Unit> {
    if *pid == 0 && state != "failed" {
        return None;
    }
    let (runs, current) = if *pid == 0 {
        (None, None)
    } else if let Some(program) = node.programs.get(name) {
        let runs = machine
            .link(&format!("/proc/{pid}/exe"))
            .map(|path| path.display().to_string());
        let wanted = machine.real(program).map(|path| path.display().to_string());
        let current = runs
            .as_ref()
            .zip(wanted)
            .map(|(runs, wanted)| *runs == wanted);
        (runs, current)
    } else {
        let runs = build_of(machine, *pid);
        let current = runs.as_ref().map(|runs| *runs == node.package);
        (runs, current)
    };
    Some(Unit {
        name: name.to_owned(),
        state: state.clone(),
        pid: *pid,
        runs,
        current,
        on_switch,
    })
}

/// The link that a process runs from: the newest that it holds.
pub fn build_of(machine: &dyn Machine, pid: u32) -> Option<String> {
    let directory = format!("/proc/{pid}/fd");
    let mut held = None;
    for name in machine.list(&directory) {
        let target = machine.link(&format!("{directory}/{name}"));
        let target = target.map(|path| path.display().to_string());
        let Some(target) = target else { continue };
        if let Some(build) = target.strip_suffix(HELD) {
            held = Some(build.to_owned());
        }
    }
    held
}

/// Guests that run: virtual machines by the files of their processes, containers by their units.
fn guests(machine: &dyn Machine, node: &Node, shown: &Shown) -> Vec<Guest> {
    let mut found = Vec::new();
    let exe = |pid: &str| {
        machine
            .link(&format!("/proc/{pid}/exe"))
            .map(|path| path.display().to_string())
    };
    let same = |runs: &Option<String>, program: &str| {
        let wanted = machine.real(&format!("{}/bin/{program}", node.package))?;
        Some(Path::new(runs.as_ref()?) == wanted)
    };
    for name in machine.list("/run/qemu-server") {
        let Some(vmid) = name.strip_suffix(".pid").and_then(|vmid| vmid.parse().ok()) else {
            continue;
        };
        let pid = machine
            .read(&format!("/run/qemu-server/{name}"))
            .unwrap_or_default();
        let Some(runs) = exe(pid.trim()) else {
            continue;
        };
        let program = Path::new(&runs)
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let runs = Some(runs);
        let current = program.and_then(|program| {
            same(
                &runs,
                program.trim_start_matches('.').trim_end_matches("-wrapped"),
            )
        });
        found.push(Guest {
            vmid,
            kind: "vm",
            runs,
            current,
        });
    }
    for (name, (_, pid)) in shown {
        let vmid = name
            .strip_prefix(CONTAINER)
            .and_then(|name| name.strip_suffix(".service"));
        let Some(vmid) = vmid.and_then(|vmid| vmid.parse().ok()) else {
            continue;
        };
        let Some(runs) = exe(&pid.to_string()) else {
            continue;
        };
        let runs = Some(runs);
        let current = same(&runs, "lxc-start");
        found.push(Guest {
            vmid,
            kind: "ct",
            runs,
            current,
        });
    }
    found.sort_by_key(|guest| guest.vmid);
    found
}

fn cluster_check(members: &Result<Members, String>) -> Check {
    let (ok, text) = match members {
        Err(text) => (false, text.clone()),
        Ok(members) => match &members.cluster {
            None => (
                true,
                "/etc/pve is mounted; this node is in no cluster".to_owned(),
            ),
            Some(cluster) => {
                let online = members
                    .nodelist
                    .values()
                    .filter(|node| node.online == 1)
                    .count();
                let quorum = if members.is_quorate() {
                    "quorate"
                } else {
                    "no quorum: /etc/pve is read-only"
                };
                (
                    members.is_quorate(),
                    format!(
                        "{}: {quorum}, {online} of {} nodes online",
                        cluster.name, cluster.nodes
                    ),
                )
            }
        },
    };
    Check {
        name: "cluster",
        ok,
        text,
    }
}

fn address_check(members: &Result<Members, String>, node: &Node) -> Check {
    let known = members.as_ref().ok().and_then(|members| {
        let own = members.nodelist.get(&members.nodename)?;
        own.ip.clone()
    });
    let (ok, text) = match known {
        None => (
            true,
            format!("{}; pmxcfs knows no other for this node", node.address),
        ),
        Some(ip) if ip == node.address => (true, ip),
        Some(ip) => (
            false,
            format!(
                "the cluster knows this node as {ip}; services.proxmox-ve.address is {}",
                node.address
            ),
        ),
    };
    Check {
        name: "address",
        ok,
        text,
    }
}

fn units_check(units: &[Unit]) -> Check {
    let failed: Vec<&str> = units
        .iter()
        .filter(|unit| unit.state == "failed")
        .map(|unit| unit.name.as_str())
        .collect();
    let text = if failed.is_empty() {
        "none failed".to_owned()
    } else {
        format!(
            "failed: {}; see `systemctl status {}`",
            failed.join(", "),
            failed.join(" ")
        )
    };
    Check {
        name: "units",
        ok: failed.is_empty(),
        text,
    }
}
