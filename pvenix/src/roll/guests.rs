//! Guests of a node that high availability does not move: what becomes of them while the node reboots.

use serde::Deserialize;

use super::peer::Peer;
use crate::ha::Ha;

/// The treatment of such guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// The node does not reboot while it has any.
    Refuse,
    /// They go to another node, and come back.
    Move,
    /// The node's shutdown stops them; they are started again.
    Stop,
}

/// A guest, as `pvenix status --format json` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Guest {
    /// Its number.
    pub vmid: u32,
    /// `vm` or `ct`.
    pub kind: String,
}

impl Guest {
    fn program(&self) -> &'static str {
        if self.kind == "vm" { "qm" } else { "pct" }
    }

    /// Moves it from the node that it is on. A container restarts for it.
    pub fn go(&self, from: &Peer, to: &str) -> Result<(), String> {
        let vmid = self.vmid.to_string();
        let mut words = vec!["migrate", &vmid, to];
        words.extend(match self.kind.as_str() {
            "vm" => ["--online", "1", "--with-local-disks", "1"].as_slice(),
            _ => ["--restart", "1"].as_slice(),
        });
        from.run(self.program(), &words).map(|_| ())
    }

    /// Starts it.
    pub fn start(&self, on: &Peer) -> Result<(), String> {
        on.run(self.program(), &["start", &self.vmid.to_string()])
            .map(|_| ())
    }
}

/// Those that the managers do not move.
pub fn unmanaged(guests: Vec<Guest>, ha: &Ha) -> Vec<Guest> {
    let guests = guests.into_iter();
    guests
        .filter(|guest| !ha.has(&guest.kind, guest.vmid))
        .collect()
}

/// Their numbers.
pub fn numbers(guests: &[Guest]) -> String {
    let numbers: Vec<String> = guests.iter().map(|guest| guest.vmid.to_string()).collect();
    numbers.join(", ")
}
