//! The state of a node: running units, their builds, and problems.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::disk;
use crate::machine::Machine;
use crate::members::Members;
use crate::network::{self, Drift};
use crate::node::{Node, OnSwitch};

/// The file that a link's process keeps open, through `OpenFile=` of its unit or by itself after a
/// re-execution.
const HELD: &str = "/nix-support/pve-perl";

/// The state of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The node's name; empty if pmxcfs does not answer.
    pub node: String,
    /// The declared link.
    pub package: String,
    /// Its release.
    pub version: String,
    /// The effect of a switch on the cluster's own daemons.
    pub restart_policy: String,
    /// The running units.
    pub units: Vec<Unit>,
    /// Units that run an older build until a staged restart.
    pub waiting: Vec<String>,
    /// The running guests.
    pub guests: Vec<Guest>,
    /// The checks.
    pub checks: Vec<Check>,
    /// Differences between the network and its declaration.
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
    /// Its main process; 0 if it has none.
    pub pid: u32,
    /// The store path that it runs from; `null` if unknown.
    pub runs: Option<String>,
    /// Whether that is the declared one; `null` if unknown.
    pub current: Option<bool>,
    /// The effect of a switch on it.
    pub on_switch: OnSwitch,
}

/// A running guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Guest {
    /// Its number.
    pub vmid: u32,
    /// `vm` or `ct`.
    pub kind: &'static str,
    /// Its program.
    pub runs: Option<String>,
    /// Whether the declared link would start the same program; `null` if unknown.
    pub current: Option<bool>,
}

/// A check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Whether it passed.
    pub ok: bool,
    /// The result in words.
    pub text: String,
}

impl Status {
    /// Collects the state of a machine.
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

    /// Whether there are no problems.
    pub fn is_well(&self) -> bool {
        self.drift.is_empty() && self.checks.iter().all(|check| check.ok)
    }
}

/// State and main process by unit.
type Shown = BTreeMap<String, (String, u32)>;

/// The prefix of containers' units.
const CONTAINER: &str = "pve-container@";

/// Returns the state and main process of each unit that systemd knows, by name.
fn show<'a>(machine: &dyn Machine, names: impl Iterator<Item = &'a str>) -> Result<Shown, String> {
    // A template itself is not a unit.
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

/// Describes a unit that runs or has failed.
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

/// Returns the link that a process runs from: the newest that it holds open.
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

/// Returns the running guests: virtual machines by the files of their processes, containers by
/// their units.
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
