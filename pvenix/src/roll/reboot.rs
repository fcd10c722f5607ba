//! A node's reboot.

use super::guests::{self, Guest, Plan};
use super::peer::{PROGRAMS, Peer};
use super::{Roll, Stop, seconds};
use crate::ha::{Ha, Local};
use crate::members::Members;

/// The unit of a roll that another node has handed over.
const UNIT: &str = "pvenix-roll.service";

impl Roll<'_> {
    /// Empties a node, reboots it, and waits until it is whole and its guests are back.
    pub(super) fn reboot(&self, peer: &Peer) -> Result<(), Stop> {
        let name = &peer.name;
        self.may_go(peer)?;
        is_no_kexec(peer)?;
        let boot = peer
            .boot()
            .map_err(|reason| Stop::new(reason, super::HELP_WELL))?;
        let others = self.others(peer)?;
        let ha = self.ha()?;
        if ha.is_used() {
            self.maintain(name)?;
        }
        let moved = self.empty(peer, &others)?;
        (self.say)(&format!("{name}: reboots"));
        // The connection may end before the answer.
        let _ = peer.run(
            "env",
            &[
                "SYSTEMCTL_SKIP_AUTO_KEXEC=1",
                &format!("{PROGRAMS}/systemctl"),
                "reboot",
            ],
        );
        self.until(
            || match peer.boot() {
                Ok(now) if now != boot => Ok(()),
                Ok(_) => Err(format!("{name} has not gone down")),
                Err(reason) => Err(format!("{name} does not answer: {reason}")),
            },
            &format!("look at its console; when it is up: `ha-manager crm-command node-maintenance disable {name}`"),
        )?;
        if ha.is_used() {
            (self.say)(&format!("{name}: is up; maintenance ends"));
            self.maintenance("disable", name)?;
        }
        self.is_whole(peer)?;
        self.restore(peer, &others, &moved)
    }

    /// Guests that run there and that the managers do not move.
    fn others(&self, peer: &Peer) -> Result<Vec<Guest>, Stop> {
        let said = peer.status();
        let said = said.map_err(|reason| Stop::new(reason, super::HELP_WELL))?;
        let others = guests::unmanaged(said.guests, &self.ha()?);
        if self.guests == Plan::Refuse && !others.is_empty() {
            return Err(Stop::new(
                format!(
                    "guests run there that high availability does not move: {}",
                    guests::numbers(&others)
                ),
                "say what becomes of them: `--guests move` or `--guests stop`",
            ));
        }
        Ok(others)
    }

    /// The managers move their guests away.
    fn maintain(&self, name: &str) -> Result<(), Stop> {
        (self.say)(&format!("{name}: goes into maintenance"));
        self.maintenance("enable", name)?;
        let moved = self.until(
            || {
                let ha = Ha::read(self.machine)?;
                let still = ha.still_on(name);
                if !still.is_empty() {
                    return Err(format!("{} still on {name}", still.join(", ")));
                }
                let local = Local::read(self.machine, name)?;
                if local.mode != "maintenance" || !local.is_fresh(seconds()) {
                    return Err(format!("the manager of {name} is in mode `{}`", local.mode));
                }
                match ha.node_status.get(name).map(String::as_str) {
                    Some("maintenance") => Ok(()),
                    state => Err(format!("{name} is `{}`", state.unwrap_or("unknown"))),
                }
            },
            "a guest that may not run elsewhere keeps the node: see `ha-manager status` and its rules",
        );
        if moved.is_err() {
            // As it was: nobody waits for the node any more.
            let _ = self.maintenance("disable", name);
        }
        moved
    }

    fn maintenance(&self, verb: &str, name: &str) -> Result<(), Stop> {
        let asked = self.machine.run(&[
            &format!("{PROGRAMS}/ha-manager"),
            "crm-command",
            "node-maintenance",
            verb,
            name,
        ]);
        asked
            .map(|_| ())
            .map_err(|error| Stop::new(error.to_string(), "see `ha-manager status`"))
    }

    /// Moves the other guests away, if that is the plan: where each went.
    fn empty(&self, peer: &Peer, others: &[Guest]) -> Result<Vec<(Guest, String)>, Stop> {
        let mut moved = Vec::new();
        if self.guests != Plan::Move {
            return Ok(moved);
        }
        for guest in others {
            let to = self.place_beside(&peer.name)?;
            (self.say)(&format!("{}: {} goes to {to}", peer.name, guest.vmid));
            super::lock::keep(self.machine, super::LOCK);
            if let Err(reason) = guest.go(peer, &to) {
                let back = self.go_back(peer, &moved);
                if self.ha()?.is_used() {
                    self.maintenance("disable", &peer.name)?;
                }
                back?;
                return Err(Stop::new(
                    reason,
                    "what was moved is back; make the guest one that moves, or `--guests stop`",
                ));
            }
            moved.push((guest.clone(), to));
        }
        Ok(moved)
    }

    /// The node, other than one, that has the fewest guests.
    fn place_beside(&self, name: &str) -> Result<String, Stop> {
        let members = self.members()?;
        let mut best: Option<(usize, String)> = None;
        for (other, member) in &members.nodelist {
            if other == name || member.online != 1 {
                continue;
            }
            let said = self.peer(&members, other).status();
            let count = said.map_or(usize::MAX, |said| said.guests.len());
            if best.as_ref().is_none_or(|(least, _)| count < *least) {
                best = Some((count, other.clone()));
            }
        }
        best.map(|(_, other)| other)
            .ok_or_else(|| Stop::new("no other node is online", super::HELP_WELL))
    }

    fn go_back(&self, peer: &Peer, moved: &[(Guest, String)]) -> Result<(), Stop> {
        let members = self.members()?;
        for (guest, at) in moved {
            (self.say)(&format!(
                "{}: {} comes back from {at}",
                peer.name, guest.vmid
            ));
            super::lock::keep(self.machine, super::LOCK);
            guest
                .go(&self.peer(&members, at), &peer.name)
                .map_err(|reason| Stop::new(reason, format!("move {} back by hand", guest.vmid)))?;
        }
        Ok(())
    }

    /// Guests are where they were, and run.
    fn restore(
        &self,
        peer: &Peer,
        others: &[Guest],
        moved: &[(Guest, String)],
    ) -> Result<(), Stop> {
        self.go_back(peer, moved)?;
        if self.guests != Plan::Stop || others.is_empty() {
            return Ok(());
        }
        // It starts those that start with the node.
        self.until(
            || match peer.unit("pve-guests.service", "ActiveState")?.as_str() {
                "active" => Ok(()),
                state => Err(format!("pve-guests.service is {state}")),
            },
            &format!("see `journalctl -u pve-guests` on {}", peer.name),
        )?;
        let said = peer.status();
        let running = said
            .map_err(|reason| Stop::new(reason, super::HELP_WELL))?
            .guests;
        for guest in others.iter().filter(|guest| !running.contains(guest)) {
            (self.say)(&format!("{}: {} starts again", peer.name, guest.vmid));
            guest
                .start(peer)
                .map_err(|reason| Stop::new(reason, format!("start {} by hand", guest.vmid)))?;
        }
        Ok(())
    }

    /// Another node reboots this one.
    pub(super) fn hand_over(&self, members: &Members, to: &str) -> Result<(), Stop> {
        let peer = self.peer(members, to);
        let patience = self.patience.to_string();
        let plan = match self.guests {
            Plan::Refuse => "refuse",
            Plan::Move => "move",
            Plan::Stop => "stop",
        };
        (self.say)(&format!("{to} reboots this node"));
        let unit = format!("--unit={UNIT}");
        let path = format!("--setenv=PATH=/run/wrappers/bin:{PROGRAMS}");
        let program = format!("{PROGRAMS}/pvenix");
        let words = [
            "--quiet",
            "--collect",
            "--no-ask-password",
            &path,
            &unit,
            &program,
            "roll",
            "reboot",
            "--nodes",
            &members.nodename,
            "--guests",
            plan,
            "--patience",
            &patience,
        ];
        let asked = peer.run("systemd-run", &words);
        asked.map(|_| ()).map_err(|reason| {
            Stop::new(
                reason,
                format!(
                    "run `pvenix roll reboot --nodes {}` on {to}",
                    members.nodename
                ),
            )
        })
    }
}

/// A reboot goes through the firmware: a kernel that is loaded for kexec would be taken in its place.
fn is_no_kexec(peer: &Peer) -> Result<(), Stop> {
    // A kernel that knows no kexec has no such file.
    let look = format!("{PROGRAMS}/cat /sys/kernel/kexec_loaded 2>/dev/null || echo 0");
    let text = peer.run("bash", &["-c", &look]);
    let text = text.map_err(|reason| Stop::new(reason, super::HELP_WELL))?;
    if text.trim() == "0" {
        return Ok(());
    }
    Err(Stop::new(
        format!("a kernel is loaded for kexec on {}", peer.name),
        "`kexec --unload` there",
    ))
}
