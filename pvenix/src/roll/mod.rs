//! The nodes of a cluster, one after the other: a switch to the system that each has ready, or a reboot.
//!
//! One node commands the others. A node goes when the cluster bears it ([`Roll::may_go`]), and the next one when all is as before. What
//! fails stops the roll where it is: the nodes after it are left alone.

pub mod guests;
pub mod peer;
pub mod quorum;
mod reboot;
mod switch;

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::ha::{Ha, Local};
use crate::lock;
use crate::machine::Machine;
use crate::members::Members;
use guests::Plan;
use peer::Peer;
use quorum::Votes;

/// The cluster's lock: one roll at a time.
pub const LOCK: &str = "/etc/pve/priv/lock/pve-nix-roll";
/// How long one look takes, where something has to come.
const PAUSE: Duration = Duration::from_secs(2);

/// The action on each node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A switch to the newest system of its profile.
    Switch,
    /// A reboot, into what it boots by default.
    Reboot,
}

/// A roll.
pub struct Roll<'a> {
    /// The machine that commands.
    pub machine: &'a dyn Machine,
    /// The action.
    pub action: Action,
    /// The treatment of guests that high availability does not move.
    pub guests: Plan,
    /// How long each thing may take, in seconds.
    pub patience: u64,
    /// Is called with what happens.
    pub say: &'a dyn Fn(&str),
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The requested action.
    pub action: Action,
    /// Nodes that are done.
    pub done: Vec<String>,
    /// The reason why it stopped.
    pub stopped: Option<Stop>,
    /// Nodes that were left alone.
    pub left: Vec<String>,
    /// The node that reboots this one, which cannot wait for itself.
    pub handed: Option<String>,
}

/// The reason why a roll stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The node; nothing where it did not begin.
    pub node: Option<String>,
    /// Why.
    pub reason: String,
    /// The remedy for an administrator.
    pub remedy: String,
}

impl Stop {
    fn new(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            node: None,
            reason: reason.into(),
            remedy: remedy.into(),
        }
    }
}

impl Report {
    /// Whether all is done.
    pub fn is_well(&self) -> bool {
        self.stopped.is_none()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let what = match self.action {
            Action::Switch => "switched",
            Action::Reboot => "rebooted",
        };
        if !self.done.is_empty() {
            let _ = writeln!(text, "{what}: {}", self.done.join(", "));
        }
        if let Some(stop) = &self.stopped {
            let node = stop.node.as_ref();
            let node = node.map_or(String::new(), |node| format!(" at {node}"));
            let _ = writeln!(
                text,
                "stopped{node}: {}\n  help: {}",
                stop.reason, stop.remedy
            );
        }
        if !self.left.is_empty() {
            let _ = writeln!(text, "left alone: {}", self.left.join(", "));
        }
        if let Some(node) = &self.handed {
            let _ = writeln!(
                text,
                "{node} reboots this node: see `journalctl -u pvenix-roll` there"
            );
        }
        text
    }
}

impl Roll<'_> {
    /// Goes from node to node: the named ones, or all, in the order of their numbers and this one last.
    pub fn run(&self, named: &[String]) -> Report {
        let mut report = Report {
            action: self.action,
            done: Vec::new(),
            stopped: None,
            left: named.to_vec(),
            handed: None,
        };
        report.stopped = self.begin(named, &mut report).err();
        report
    }

    fn begin(&self, named: &[String], report: &mut Report) -> Result<(), Stop> {
        let members = self.members()?;
        let order = order(&members, named)?;
        report.left.clone_from(&order);
        lock::take(self.machine, LOCK).map_err(|error| {
            Stop::new(
                format!("another roll is under way ({error})"),
                "wait for it; the lock of one that ended without giving it back expires after two minutes",
            )
        })?;
        let done = self.each(&members, order, report);
        let released = lock::give_back(self.machine, LOCK);
        done?;
        released.map_err(|error| Stop::new(error, "look at `pvenix cluster status`"))?;
        if let Some(peer) = report.handed.clone() {
            report.left.clear();
            self.hand_over(&members, &peer)?;
        }
        Ok(())
    }

    fn each(&self, members: &Members, order: Vec<String>, report: &mut Report) -> Result<(), Stop> {
        for name in order {
            let is_own = name == members.nodename;
            if is_own && self.action == Action::Reboot {
                report.handed = Some(another(members)?);
                break;
            }
            let peer = self.peer(members, &name);
            self.one(&peer).map_err(|stop| Stop {
                node: Some(name.clone()),
                ..stop
            })?;
            report.left.retain(|left| *left != name);
            report.done.push(name);
        }
        Ok(())
    }

    fn one(&self, peer: &Peer) -> Result<(), Stop> {
        match self.action {
            Action::Switch => self.switch(peer),
            Action::Reboot => self.reboot(peer),
        }
    }

    /// Checks the conditions for a node to go.
    fn may_go(&self, peer: &Peer) -> Result<(), Stop> {
        let (name, own) = (&peer.name, |reason| Stop::new(reason, HELP_WELL));
        let members = self.members()?;
        let member = members.nodelist.get(name);
        if member.is_none_or(|member| member.online != 1) {
            return Err(own(format!("{name} is not online")));
        }
        peer.status().and_then(|said| said.is_well()).map_err(own)?;
        let id = member.map_or(0, |member| member.id);
        self.keeps_quorum(id)?;
        let ha = self.ha()?;
        ha.is_steady().map_err(|reason| {
            Stop::new(reason, "see `ha-manager status`; go on when it has settled")
        })?;
        if ha
            .node_status
            .get(name)
            .is_some_and(|state| state == "maintenance")
        {
            return Err(Stop::new(
                format!("{name} is in maintenance already"),
                format!(
                    "whoever did that may not be done; else `ha-manager crm-command node-maintenance disable {name}`"
                ),
            ));
        }
        Ok(())
    }

    fn keeps_quorum(&self, id: u32) -> Result<(), Stop> {
        let votes = self
            .machine
            .run(&[&format!("{}/corosync-quorumtool", peer::PROGRAMS), "-s"]);
        let votes = votes.map_err(|error| error.to_string());
        let votes = votes.and_then(|text| Votes::of(&text));
        let votes = votes.map_err(|reason| Stop::new(reason, "see `systemctl status corosync`"))?;
        match votes.refusal(id) {
            Some(reason) => Err(Stop::new(
                reason,
                "bring up the nodes that are down; a cluster of two needs a third vote (a QDevice)",
            )),
            None => Ok(()),
        }
    }

    /// Until a node is a well member again and the managers have nothing to do.
    fn is_whole(&self, peer: &Peer) -> Result<(), Stop> {
        let name = &peer.name;
        self.until(
            || {
                let members = Members::read(self.machine)?;
                if !members.is_quorate() {
                    return Err("the cluster has no quorum".to_owned());
                }
                let member = members.nodelist.get(name);
                if member.is_none_or(|member| member.online != 1) {
                    return Err(format!("{name} is not online"));
                }
                let said = peer.status()?;
                if !said.waiting.is_empty() {
                    return Err(format!(
                        "{} waits for a staged restart",
                        said.waiting.join(", ")
                    ));
                }
                said.is_well()?;
                self.is_managed(name)
            },
            &format!(
                "look at {name}: `pvenix status`, `pvenix cluster status`, `ha-manager status`"
            ),
        )
    }

    /// Whether high availability is whole, with the node's manager.
    fn is_managed(&self, name: &str) -> Result<(), String> {
        let ha = Ha::read(self.machine)?;
        ha.is_steady()?;
        if !ha.is_used() {
            return Ok(());
        }
        let local = Local::read(self.machine, name)?;
        if !local.is_fresh(seconds()) || local.mode != "active" {
            return Err(format!(
                "the manager of {name} (pve-ha-lrm) is in mode `{}`, {} s ago",
                local.mode,
                seconds().saturating_sub(local.timestamp)
            ));
        }
        let away = ha.away_from(name);
        if !away.is_empty() {
            return Err(format!("{} not back on {name}", away.join(", ")));
        }
        match ha.node_status.get(name) {
            Some(state) if state == "online" => Ok(()),
            state => Err(format!(
                "to the managers {name} is `{}`",
                state.map_or("unknown", String::as_str)
            )),
        }
    }

    /// Looks until it holds, and keeps the cluster's lock meanwhile.
    fn until(
        &self,
        mut holds: impl FnMut() -> Result<(), String>,
        remedy: &str,
    ) -> Result<(), Stop> {
        let mut waited = Duration::ZERO;
        loop {
            lock::keep(self.machine, LOCK);
            let Err(reason) = holds() else { return Ok(()) };
            if waited.as_secs() >= self.patience {
                return Err(Stop::new(
                    format!("{reason} (after {} s)", self.patience),
                    remedy,
                ));
            }
            self.machine.wait(PAUSE);
            waited += PAUSE;
        }
    }

    fn members(&self) -> Result<Members, Stop> {
        let members = Members::read(self.machine);
        let members = members.map_err(|reason| Stop::new(reason, HELP_WELL))?;
        if !members.is_clustered() {
            return Err(Stop::new(
                "this node is in no cluster",
                "switch and reboot it by itself: `nixos-rebuild switch`, `systemctl reboot`",
            ));
        }
        if !members.is_quorate() {
            return Err(Stop::new("the cluster has no quorum", HELP_WELL));
        }
        Ok(members)
    }

    fn ha(&self) -> Result<Ha, Stop> {
        Ha::read(self.machine).map_err(|reason| Stop::new(reason, HELP_WELL))
    }

    fn peer(&self, members: &Members, name: &str) -> Peer<'_> {
        let member = members.nodelist.get(name);
        let is_own = name == members.nodename;
        Peer {
            machine: self.machine,
            name: name.to_owned(),
            address: member
                .filter(|_| !is_own)
                .map(|member| member.ip.clone().unwrap_or_else(|| name.to_owned())),
        }
    }
}

const HELP_WELL: &str = "look at it with `pvenix status` and `pvenix cluster status` first";

fn order(members: &Members, named: &[String]) -> Result<Vec<String>, Stop> {
    if let Some(name) = named
        .iter()
        .find(|name| !members.nodelist.contains_key(*name))
    {
        let names: Vec<&str> = members.nodelist.keys().map(String::as_str).collect();
        return Err(Stop::new(
            format!("{name} is no member"),
            format!("the members are {}", names.join(", ")),
        ));
    }
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let mut nodes: Vec<_> = members.nodelist.iter().collect();
    nodes.sort_by_key(|(name, member)| (**name == members.nodename, member.id));
    Ok(nodes.into_iter().map(|(name, _)| name.clone()).collect())
}

/// A node that waits for this one.
fn another(members: &Members) -> Result<String, Stop> {
    let nodes = members.nodelist.iter();
    let there = nodes.filter(|(name, member)| **name != members.nodename && member.online == 1);
    let first = there.min_by_key(|(_, member)| member.id);
    first.map(|(name, _)| name.clone()).ok_or_else(|| {
        Stop::new(
            "no other node is online that could reboot this one",
            HELP_WELL,
        )
    })
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or(Duration::ZERO).as_secs()
}
