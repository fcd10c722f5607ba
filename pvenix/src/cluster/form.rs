//! Brings this node into its declared cluster, and adds other nodes when they call.

use std::io;
use std::net::{ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::call::{self, Answer, Call};
use super::{COROSYNC, Declared, KEY, database};
use crate::machine::Machine;
use crate::members::Members;
use crate::node::Node;

/// The interval between two attempts.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a node waits for an answer. The member changes the cluster's configuration first.
const ANSWER: Duration = Duration::from_secs(15);
/// The cluster's own configuration.
const WRITTEN: &str = "/etc/pve/corosync.conf";
/// This node's certificate, which is made once the cluster is writable.
const CERTIFICATE: &str = "/etc/pve/local/pve-ssl.pem";
/// Services that read certificates before the node had those of its cluster.
const SERVERS: [&str; 2] = ["pveproxy.service", "spiceproxy.service"];

/// The state of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It waits for this.
    Wait(String),
    /// It has no cluster and asks for one. If nobody answers, the first node creates it.
    Ask,
    /// It is a member. These nodes are declared and absent.
    Answer(Vec<String>),
    /// It is a member of another cluster, of this name.
    Elsewhere(String),
}

/// Returns the next step.
pub fn step(machine: &dyn Machine, declared: &Declared) -> Step {
    let members = match Members::read(machine) {
        Ok(members) => members,
        Err(text) => return Step::Wait(text),
    };
    match &members.cluster {
        None => return Step::Ask,
        // It would hand nodes that call another configuration than they ask for.
        Some(cluster) if cluster.name != declared.name => {
            return Step::Elsewhere(cluster.name.clone());
        }
        Some(_) => (),
    }
    let missing = declared.nodes.keys();
    let missing = missing.filter(|name| !members.nodelist.contains_key(*name));
    Step::Answer(missing.cloned().collect())
}

/// The input for forming a cluster.
pub struct Former<'a> {
    /// The machine.
    pub machine: &'a dyn Machine,
    /// The node's declaration.
    pub node: &'a Node,
    /// The declaration of its cluster.
    pub declared: &'a Declared,
    /// Corosync's key.
    pub key: &'a [u8],
}

impl Former<'_> {
    /// Joins or creates the cluster, then answers calls of other nodes without end. Calls `say` for
    /// each event.
    pub fn form(&self, say: &dyn Fn(&str)) -> Result<(), String> {
        self.declared.own()?;
        let mut said = String::new();
        let mut once = |text: &str| {
            if text != said {
                say(text);
                text.clone_into(&mut said);
            }
        };
        loop {
            match step(self.machine, self.declared) {
                Step::Wait(why) => {
                    once(&why);
                    self.machine.wait(PAUSE);
                }
                Step::Ask => self.ask(&mut once)?,
                Step::Elsewhere(name) => {
                    return Err(format!(
                        "this node is a member of the cluster {name}, and declared to be in {}\n  help: name that cluster in services.proxmox-ve.cluster.name; or take the node out of it (`pvecm delnode {}` on another member), then stop pve-cluster and corosync here and move {COROSYNC} and {} away",
                        self.declared.name,
                        self.declared.node,
                        database::PLACE
                    ));
                }
                Step::Answer(missing) => {
                    let is_quorate = Members::read(self.machine)?.is_quorate();
                    if is_quorate && self.machine.read(CERTIFICATE).is_err() {
                        self.settle()?;
                    }
                    once(&if !is_quorate {
                        format!("member of {}, which has no quorum", self.declared.name)
                    } else if missing.is_empty() {
                        format!(
                            "member of {}, as is every declared node",
                            self.declared.name
                        )
                    } else {
                        format!("waits for {} to call", missing.join(", "))
                    });
                    self.answer(&mut once)?;
                }
            }
        }
    }

    /// Calls the other nodes, and joins when one of them answers. A newly installed machine in
    /// place of a member joins in the same way, even as the first node.
    fn ask(&self, say: &mut dyn FnMut(&str)) -> Result<(), String> {
        let is_first = self.declared.bootstrap == self.declared.node;
        let left = database::has_no_guests(self.machine);
        if !is_first {
            left.clone()?;
            say(&format!("calls the members of {}", self.declared.name));
        }
        let answers = self.call();
        for answer in &answers {
            match &answer.outcome {
                Ok(corosync) => {
                    left?;
                    say(&format!("{} has added this node", answer.node));
                    return self.join(corosync);
                }
                Err(why) => say(&format!("{} refuses: {why}", answer.node)),
            }
        }
        if is_first && answers.is_empty() {
            say(&format!("creates {}", self.declared.name));
            return self.create();
        }
        Ok(())
    }

    fn run(&self, words: &[&str]) -> Result<String, String> {
        self.machine.run(words).map_err(|error| error.to_string())
    }

    fn create(&self) -> Result<(), String> {
        let own = self.declared.own()?;
        self.put(KEY, self.key, 0o400)?;
        if self.machine.read(WRITTEN).is_ok() {
            // Left half-finished: the configuration exists, but nothing has read it.
            self.run(&[
                "systemctl",
                "restart",
                "corosync.service",
                "pve-cluster.service",
            ])?;
        } else {
            let (id, votes) = (own.node_id.to_string(), own.votes.to_string());
            let mut words = vec!["pvesh", "create", "/cluster/config"];
            words.extend(["--clustername", &self.declared.name]);
            words.extend(["--nodeid", &id, "--votes", &votes]);
            let links = own.link_arguments();
            words.extend(links.iter().map(String::as_str));
            self.run(&words)?;
        }
        self.wait_for("a cluster of one", |members| {
            members.cluster.is_some() && members.is_quorate()
        })
    }

    fn join(&self, corosync: &str) -> Result<(), String> {
        self.run(&[
            "systemctl",
            "stop",
            "pve-cluster.service",
            "corosync.service",
        ])?;
        // Nothing changes the database any more.
        let left = database::may_be_left(self.machine)
            .and_then(|()| self.put(KEY, self.key, 0o400))
            .and_then(|()| self.put(COROSYNC, corosync.as_bytes(), 0o644))
            .and_then(|()| database::leave(self.machine, SystemTime::now()));
        // Whatever happened, the node needs its file system again.
        let started = self.run(&[
            "systemctl",
            "start",
            "corosync.service",
            "pve-cluster.service",
        ]);
        left?;
        started?;
        self.wait_for("the cluster's quorum", |members| {
            members.cluster.is_some() && members.is_quorate()
        })?;
        self.settle()
    }

    fn put(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), String> {
        let written = self.machine.write(path, bytes, mode);
        written.map_err(|error| format!("{path}: {error}"))
    }

    /// Makes the certificates and keys of the cluster, which only a member can have.
    fn settle(&self) -> Result<(), String> {
        self.run(&["pvecm", "updatecerts"])?;
        for unit in SERVERS {
            self.run(&["systemctl", "reload-or-restart", unit])?;
        }
        Ok(())
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&Members) -> bool) -> Result<(), String> {
        for _ in 0..60 {
            if Members::read(self.machine).is_ok_and(|members| holds(&members)) {
                return Ok(());
            }
            self.machine.wait(Duration::from_secs(1));
        }
        Err(format!(
            "no sign of {what} within a minute: see `systemctl status corosync pve-cluster`"
        ))
    }

    /// Calls each other node. A node that was added but missed the answer calls again and receives
    /// the configuration.
    fn call(&self) -> Vec<Answer> {
        let call = Call {
            cluster: self.declared.name.clone(),
            node: self.declared.node.clone(),
            version: self.node.version.clone(),
            time: seconds(),
        };
        let datagram = call::sign(&call, self.key);
        let until = Instant::now() + ANSWER;
        let mut answers: Vec<Answer> = Vec::new();
        if let Ok(socket) = bind(0) {
            for (name, other) in &self.declared.nodes {
                // Absent nodes do not answer.
                if let (true, Some(address)) = (*name != self.declared.node, other.links.first()) {
                    let _ = send(&socket, &datagram, address);
                }
            }
            while let Some((datagram, _)) = receive(&socket, until) {
                if let Some(answer) = call::open::<Answer>(&datagram, self.key)
                    && answer.time == call.time
                {
                    let is_whole = answer.outcome.is_ok();
                    answers.push(answer);
                    if is_whole {
                        return answers;
                    }
                }
            }
        }
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
        answers
    }

    /// Waits one interval for a call, adds the calling node if the cluster lacks it, and sends it
    /// the configuration.
    fn answer(&self, say: &mut dyn FnMut(&str)) -> Result<(), String> {
        // Bind anew, because nobody waits any more for an answer to an earlier call.
        let port = call::PORT;
        let socket = bind(port).map_err(|error| format!("UDP port {port}: {error}"))?;
        let Some((datagram, from)) = receive(&socket, Instant::now() + PAUSE) else {
            return Ok(());
        };
        // The call is not signed with the cluster's key.
        let Some(call) = call::open::<Call>(&datagram, self.key) else {
            return Ok(());
        };
        let members = Members::read(self.machine)?;
        let is_known = members.nodelist.contains_key(&call.node);
        // Sending the configuration needs no quorum. The cluster may have lost it through this
        // node's vote.
        if !members.is_first() || !(is_known || members.is_quorate()) {
            return Ok(());
        }
        let outcome = match self.refusal(&call, &members) {
            Some(why) => Err(why),
            None => self.add(&call.node, &members),
        };
        let text = match &outcome {
            Ok(_) => format!("adds {}", call.node),
            Err(why) => format!("{} calls and is not added: {why}", call.node),
        };
        say(&text);
        let added = outcome.is_ok();
        let answer = Answer {
            node: self.declared.node.clone(),
            outcome,
            time: call.time,
        };
        let _ = socket.send_to(&call::sign(&answer, self.key), from);
        if added {
            // Add one node at a time: the next one when this one votes. A node that fails to come
            // calls again.
            let _ = self.wait_for(&call.node, |members| is_online(members, &call.node));
        }
        Ok(())
    }

    fn refusal(&self, call: &Call, members: &Members) -> Option<String> {
        if is_online(members, &call.node) {
            return Some(format!(
                "a member of this name is online: is {} the name of two machines?",
                call.node
            ));
        }
        call::refusal(call, self.declared, &self.node.version, seconds())
    }

    /// Returns the cluster's configuration with the node added.
    fn add(&self, name: &str, members: &Members) -> Result<String, String> {
        if let (Some(added), false) = (
            self.declared.nodes.get(name),
            members.nodelist.contains_key(name),
        ) {
            let place = format!("/cluster/config/nodes/{name}");
            let (id, votes) = (added.node_id.to_string(), added.votes.to_string());
            let mut words = vec![
                "pvesh", "create", &place, "--nodeid", &id, "--votes", &votes,
            ];
            words.extend(["--apiversion", "1"]);
            let links = added.link_arguments();
            words.extend(links.iter().map(String::as_str));
            self.run(&words)?;
        }
        let text = self.machine.read(WRITTEN);
        text.map_err(|error| format!("{WRITTEN}: {error}"))
    }
}

fn is_online(members: &Members, name: &str) -> bool {
    let member = members.nodelist.get(name);
    member.is_some_and(|member| member.online == 1)
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or(Duration::ZERO).as_secs()
}

/// Binds both address families if the machine has both.
fn bind(port: u16) -> io::Result<UdpSocket> {
    UdpSocket::bind(("::", port)).or_else(|_| UdpSocket::bind(("0.0.0.0", port)))
}

fn send(socket: &UdpSocket, datagram: &[u8], address: &str) -> io::Result<()> {
    let both = socket.local_addr()?.is_ipv6();
    let mut places = (address, call::PORT).to_socket_addrs()?;
    let place = places
        .next()
        .ok_or_else(|| io::Error::other("no address"))?;
    let place = match place {
        std::net::SocketAddr::V4(four) if both => (four.ip().to_ipv6_mapped(), four.port()).into(),
        other => other,
    };
    socket.send_to(datagram, place).map(|_| ())
}

/// Returns the next datagram before a deadline.
fn receive(socket: &UdpSocket, until: Instant) -> Option<(Vec<u8>, std::net::SocketAddr)> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return None;
    }
    let mut buffer = vec![0_u8; 65536];
    socket.set_read_timeout(Some(left)).ok()?;
    let (length, from) = socket.recv_from(&mut buffer).ok()?;
    buffer.truncate(length);
    Some((buffer, from))
}
