//! Rolls through a cluster of three that is told, not there: it does what it is commanded, at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pvenix::machine::Machine;
use pvenix::roll::guests::Plan;
use pvenix::roll::quorum::Votes;
use pvenix::roll::{Action, Report, Roll};

/// The cluster, as `alpha` sees it.
struct Hive {
    /// Nodes that are online, and how often each was booted.
    online: RefCell<BTreeMap<&'static str, u32>>,
    /// The system that each node runs.
    runs: RefCell<BTreeMap<&'static str, &'static str>>,
    /// Where the guest under high availability is.
    managed: RefCell<&'static str>,
    maintained: RefCell<Option<String>>,
    /// Guests that are not, by node.
    others: RefCell<BTreeMap<&'static str, Vec<u32>>>,
    total: u32,
    kexec: &'static str,
    /// A node that does not come back.
    broken: &'static str,
    commands: RefCell<Vec<String>>,
}

impl Default for Hive {
    fn default() -> Self {
        let names = ["alpha", "beta", "gamma"];
        Self {
            online: RefCell::new(names.iter().map(|name| (*name, 1)).collect()),
            runs: RefCell::new(names.iter().map(|name| (*name, "/nix/store/old")).collect()),
            managed: RefCell::new("beta"),
            maintained: RefCell::new(None),
            others: RefCell::default(),
            total: 3,
            kexec: "0",
            broken: "",
            commands: RefCell::default(),
        }
    }
}

impl Hive {
    fn now() -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs()
    }

    fn status(&self, node: &str) -> String {
        let others = self.others.borrow();
        let others = others.get(node).cloned().unwrap_or_default();
        let mut guests: Vec<String> = others
            .iter()
            .map(|vmid| format!(r#"{{"vmid": {vmid}, "kind": "vm"}}"#))
            .collect();
        if *self.managed.borrow() == node {
            guests.push(r#"{"vmid": 100, "kind": "ct"}"#.to_owned());
        }
        format!(
            r#"{{"guests": [{}], "waiting": [], "checks": [{{"name": "units", "ok": true, "text": "none failed"}}]}}"#,
            guests.join(", ")
        )
    }

    /// Returns a node's answer to a command, given without the programs' directory.
    fn answer(&self, node: &'static str, command: &str) -> io::Result<String> {
        let told = format!("{node}: {command}");
        let mut online = self.online.borrow_mut();
        let Some(boots) = online.get_mut(node) else {
            return Err(io::Error::other("no route to host"));
        };
        if command.contains("pvenix status") {
            return Ok(self.status(node));
        }
        if command.contains("boot_id") {
            return Ok(format!("id\n1 (a b) {}{boots} 0\n", "0 ".repeat(19)));
        }
        if command.contains("kexec_loaded") {
            return Ok(self.kexec.to_owned());
        }
        if command.starts_with("readlink") {
            let runs = self.runs.borrow()[node];
            let is_ready = command.ends_with("profiles/system");
            return Ok(if is_ready { "/nix/store/new" } else { runs }.to_owned());
        }
        if command.contains("SubState") {
            return Ok("exited\n".to_owned());
        }
        if command.contains("ExecMainStatus") {
            return Ok(if self.broken == node { "4" } else { "0" }.to_owned());
        }
        if command.contains("ActiveState") {
            return Ok("active\n".to_owned());
        }
        self.commands.borrow_mut().push(told);
        let words: Vec<&str> = command.split(' ').collect();
        if command.ends_with("systemctl reboot") {
            *boots += 1;
            self.others.borrow_mut().remove(node);
            if self.broken == node {
                online.remove(node);
            }
            return Err(io::Error::other("connection closed"));
        } else if command.contains("switch-to-configuration") {
            self.runs.borrow_mut().insert(node, "/nix/store/new");
        } else if words.first() == Some(&"qm") {
            let vmid = words[2].parse().unwrap();
            let mut others = self.others.borrow_mut();
            let to = ["alpha", "beta", "gamma"]
                .into_iter()
                .find(|name| words.get(3) == Some(name));
            others
                .entry(node)
                .or_default()
                .retain(|other| *other != vmid);
            others.entry(to.unwrap_or(node)).or_default().push(vmid);
        }
        Ok(String::new())
    }

    fn maintain(&self, verb: &str, node: &str) {
        if verb == "enable" {
            *self.maintained.borrow_mut() = Some(node.to_owned());
            if *self.managed.borrow() == node {
                *self.managed.borrow_mut() = "gamma";
            }
        } else {
            *self.maintained.borrow_mut() = None;
            *self.managed.borrow_mut() = "beta";
        }
    }

    fn roll(&self, action: Action, guests: Plan, named: &[&str]) -> Report {
        let roll = Roll {
            machine: self,
            action,
            guests,
            patience: 60,
            say: &|_| (),
        };
        let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
        roll.run(&named)
    }

    fn commands(&self) -> String {
        self.commands.borrow().join("\n")
    }
}

impl Machine for Hive {
    fn read(&self, path: &str) -> io::Result<String> {
        let maintained = self.maintained.borrow();
        let maintained = maintained.as_deref().unwrap_or_default();
        let online = self.online.borrow();
        let mode = |node: &str| {
            if node == maintained {
                "maintenance"
            } else {
                "active"
            }
        };
        if path == "/etc/pve/.members" {
            let is = |name: &str| u8::from(online.contains_key(name));
            return Ok(format!(
                r#"{{"nodename": "alpha", "cluster": {{"name": "hive", "nodes": 3, "quorate": 1}}, "nodelist": {{
                "alpha": {{"id": 1, "online": 1, "ip": "192.0.2.1"}}, "beta": {{"id": 2, "online": {}, "ip": "192.0.2.2"}},
                "gamma": {{"id": 3, "online": {}, "ip": "192.0.2.3"}}}}}}"#,
                is("beta"),
                is("gamma")
            ));
        }
        if path == "/etc/pve/ha/manager_status" {
            let states: Vec<String> = ["alpha", "beta", "gamma"]
                .iter()
                .map(|node| {
                    let state = if *node == maintained {
                        "maintenance"
                    } else {
                        "online"
                    };
                    format!(r#""{node}": "{state}""#)
                })
                .collect();
            return Ok(format!(
                r#"{{"node_status": {{{}}}, "service_status": {{"ct:100": {{"node": "{}", "state": "started"}}}}}}"#,
                states.join(", "),
                self.managed.borrow()
            ));
        }
        if let Some(node) = path.strip_suffix("/lrm_status") {
            let node = node.rsplit('/').next().unwrap();
            return Ok(format!(
                r#"{{"mode": "{}", "timestamp": {}}}"#,
                mode(node),
                Self::now()
            ));
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    fn run(&self, words: &[&str]) -> io::Result<String> {
        // The programs' place says nothing here; in a list of places it stays.
        let said = words.join(" ").replace("/run/current-system/sw/bin/", "");
        if said == "corosync-quorumtool -s" {
            return Ok(format!(
                "Expected votes:   3\nTotal votes:      {}\nQuorum:           2  \n\n    Nodeid      Votes Name\n         1          1 alpha (local)\n         2          1 beta\n         3          1 gamma\n",
                self.total
            ));
        }
        if let Some(rest) = said.strip_prefix("ha-manager crm-command node-maintenance ") {
            self.commands.borrow_mut().push(rest.to_owned());
            let (verb, node) = rest.split_once(' ').unwrap();
            self.maintain(verb, node);
            return Ok(String::new());
        }
        let Some((_, rest)) = said.split_once(" root@192.0.2.") else {
            return self.answer("alpha", &said);
        };
        let (number, command) = rest.split_once(" -- ").unwrap();
        self.answer(if number == "2" { "beta" } else { "gamma" }, command)
    }

    fn read_bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        self.read(path).map(String::into_bytes)
    }
    fn write(&self, _: &str, _: &[u8], _: u32) -> io::Result<()> {
        Ok(())
    }
    fn rename(&self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn link(&self, _: &str) -> Option<PathBuf> {
        None
    }
    fn real(&self, _: &str) -> Option<PathBuf> {
        None
    }
    fn list(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
    fn make_directory(&self, _: &str) -> io::Result<()> {
        self.commands.borrow_mut().push("lock".to_owned());
        Ok(())
    }
    fn remove_directory(&self, _: &str) -> io::Result<()> {
        self.commands.borrow_mut().push("unlock".to_owned());
        Ok(())
    }
    fn touch(&self, _: &str, _: SystemTime) -> io::Result<()> {
        Ok(())
    }
    fn wait(&self, _: Duration) {}
}

#[test]
fn nodes_reboot_one_after_the_other_and_this_one_is_handed_over() {
    let hive = Hive::default();
    let report = hive.roll(Action::Reboot, Plan::Refuse, &[]);
    assert_eq!(report.stopped, None);
    assert_eq!(report.done, ["beta", "gamma"]);
    assert_eq!(report.handed.as_deref(), Some("beta"));
    let reboot = "env SYSTEMCTL_SKIP_AUTO_KEXEC=1 systemctl reboot";
    assert_eq!(
        hive.commands(),
        format!(
            "lock\nenable beta\nbeta: {reboot}\ndisable beta\nenable gamma\ngamma: {reboot}\ndisable gamma\nunlock\n\
             beta: systemd-run --quiet --collect --no-ask-password --setenv=PATH=/run/wrappers/bin:/run/current-system/sw/bin \
             --unit=pvenix-roll.service pvenix roll reboot --nodes alpha --guests refuse --patience 60"
        )
    );
    assert_eq!(*hive.managed.borrow(), "beta", "it is back");
}

#[test]
fn other_guests_keep_a_node_or_go_and_come_back() {
    let hive = Hive::default();
    hive.others.borrow_mut().insert("gamma", vec![105, 106]);
    let report = hive.roll(Action::Reboot, Plan::Refuse, &["gamma"]);
    let stop = report.stopped.unwrap();
    assert!(stop.reason.ends_with("105, 106"), "{}", stop.reason);
    assert_eq!(hive.commands(), "lock\nunlock", "nothing was done");

    let report = hive.roll(Action::Reboot, Plan::Move, &["gamma"]);
    assert_eq!(report.stopped, None);
    assert_eq!(hive.others.borrow()["gamma"], [105, 106]);
    let report = hive.roll(Action::Reboot, Plan::Stop, &["gamma"]);
    assert_eq!(report.stopped, None);
    assert_eq!(hive.others.borrow()["gamma"], [105, 106], "started again");
}

#[test]
fn a_roll_stops_at_the_first_that_fails() {
    let hive = Hive {
        broken: "beta",
        ..Hive::default()
    };
    let report = hive.roll(Action::Reboot, Plan::Refuse, &[]);
    let stop = report.stopped.clone().unwrap();
    assert_eq!(stop.node.as_deref(), Some("beta"));
    assert!(
        stop.reason.starts_with("beta does not answer"),
        "{}",
        stop.reason
    );
    assert_eq!(report.left, ["beta", "gamma", "alpha"]);
    assert!(
        hive.commands().ends_with("unlock"),
        "the lock is given back"
    );
    let text = report.text();
    assert!(
        text.contains("stopped at beta: ") && text.contains("  help: look at its console"),
        "{text}"
    );

    let hive = Hive {
        broken: "beta",
        ..Hive::default()
    };
    let report = hive.roll(Action::Switch, Plan::Refuse, &[]);
    let stop = report.stopped.unwrap();
    assert!(stop.reason.contains("status 4"), "{}", stop.reason);
    assert_eq!(hive.runs.borrow()["gamma"], "/nix/store/old");
}

#[test]
fn a_switch_goes_to_what_is_ready_and_leaves_what_runs_it() {
    let hive = Hive::default();
    hive.runs.borrow_mut().insert("beta", "/nix/store/new");
    let report = hive.roll(Action::Switch, Plan::Refuse, &[]);
    assert_eq!(report.stopped, None);
    assert_eq!(report.done, ["beta", "gamma", "alpha"]);
    let commands = hive.commands();
    assert!(!commands.contains("beta: systemd-run"), "{commands}");
    assert!(commands.contains("gamma: systemd-run"), "{commands}");
    assert!(commands.contains("alpha: systemd-run"), "{commands}");
    assert!(!commands.contains("enable"), "guests stay: {commands}");
}

#[test]
fn no_node_goes_that_the_cluster_needs() {
    let short = Hive {
        total: 2,
        ..Hive::default()
    };
    let stop = short
        .roll(Action::Reboot, Plan::Refuse, &[])
        .stopped
        .unwrap();
    assert_eq!(
        stop.reason,
        "without it the cluster has 1 of the 2 votes that it needs"
    );
    let loaded = Hive {
        kexec: "1",
        ..Hive::default()
    };
    let stop = loaded
        .roll(Action::Reboot, Plan::Refuse, &[])
        .stopped
        .unwrap();
    assert!(stop.reason.contains("kexec"), "{}", stop.reason);
    assert_eq!(loaded.commands(), "lock\nunlock");
    let hive = Hive::default();
    let stop = hive
        .roll(Action::Reboot, Plan::Refuse, &["delta"])
        .stopped
        .unwrap();
    assert_eq!(stop.reason, "delta is no member");
    hive.maintain("enable", "gamma");
    let stop = hive
        .roll(Action::Reboot, Plan::Refuse, &["gamma"])
        .stopped
        .unwrap();
    assert_eq!(stop.reason, "gamma is in maintenance already");
}

#[test]
fn votes_are_read_with_a_qdevice_and_by_either_number() {
    let text = "Votequorum information\nExpected votes:   3\nHighest expected: 3\nTotal votes:      3\nQuorum:           2  \nFlags:            Quorate Qdevice \n\n\
                Nodeid      Votes    Qdevice Name\n0x00000001          1    A,V,NMW alpha (local)\n0x00000002          1    A,V,NMW beta\n0x00000000          1            Qdevice\n";
    let votes = Votes::of(text).unwrap();
    assert_eq!(votes.nodes, [(1, 1), (2, 1), (0, 1)]);
    assert_eq!(votes.refusal(2), None, "the device votes");
    assert!(Votes::of("Quorum: 2").is_err());
}
