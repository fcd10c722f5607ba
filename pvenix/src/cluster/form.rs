//! Brings this node into its declared cluster, and others when they call.

use std::io;
use std::net::{ToSocketAddrs, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::call::{self, Answer, Call};
use super::{COROSYNC, Declared, KEY, database};
use crate::machine::Machine;
use crate::members::Members;
use crate::node::Node;

/// How long one look takes.
const PAUSE: Duration = Duration::from_secs(5);
/// The cluster's own configuration.
const WRITTEN: &str = "/etc/pve/corosync.conf";
/// This node's, made when the cluster can be written.
const CERTIFICATE: &str = "/etc/pve/local/pve-ssl.pem";
/// Services that have read certificates before the node had those of its cluster.
const SERVERS: [&str; 2] = ["pveproxy.service", "spiceproxy.service"];

/// Where a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// pmxcfs does not answer yet: why.
    Wait(String),
    /// It is the first, and makes the cluster.
    Create,
    /// It is alone, and is to be a member.
    Join,
    /// It has the cluster's key, and no quorum.
    Call,
    /// It is a member, and these are declared and not there.
    Listen(Vec<String>),
    /// All are there.
    Done,
}

/// What is to be done next.
pub fn step(machine: &dyn Machine, declared: &Declared) -> Step {
    let members = match Members::read(machine) {
        Ok(members) => members,
        Err(text) => return Step::Wait(text),
    };
    if members.cluster.is_none() {
        return if declared.bootstrap == declared.node {
            Step::Create
        } else {
            Step::Join
        };
    }
    if !members.is_quorate() {
        return Step::Call;
    }
    let missing: Vec<String> = declared
        .nodes
        .keys()
        .filter(|name| !members.nodelist.contains_key(*name))
        .cloned()
        .collect();
    if missing.is_empty() {
        Step::Done
    } else {
        Step::Listen(missing)
    }
}

/// Goes on until all declared nodes are members. `key` is Corosync's, `say` is called with what happens.
pub fn form(
    machine: &dyn Machine,
    node: &Node,
    declared: &Declared,
    key: &[u8],
    say: &dyn Fn(&str),
) -> Result<(), String> {
    declared.own()?;
    let mut called = false;
    let mut said = String::new();
    let mut once = |text: &str| {
        if text != said {
            say(text);
            text.clone_into(&mut said);
        }
    };
    loop {
        let step = step(machine, declared);
        let is_member = matches!(step, Step::Listen(_) | Step::Done);
        if is_member && (called || machine.read(CERTIFICATE).is_err()) {
            once(&format!("member of {}", declared.name));
            settle(machine)?;
            called = false;
        }
        match step {
            Step::Wait(why) => {
                once(&why);
                machine.wait(PAUSE);
            }
            Step::Create => create(machine, declared, key)?,
            Step::Join => {
                once(&format!(
                    "leaves its own database to join {}",
                    declared.name
                ));
                join(machine, declared, key)?;
                called = true;
            }
            Step::Call => {
                called = true;
                for text in call_members(node, declared, key) {
                    once(&text);
                }
            }
            Step::Listen(missing) => {
                once(&format!("waits for {} to call", missing.join(", ")));
                listen(machine, node, declared, key, &missing, &mut once)?;
            }
            Step::Done => return Ok(()),
        }
    }
}

fn create(machine: &dyn Machine, declared: &Declared, key: &[u8]) -> Result<(), String> {
    let own = declared.own()?;
    put_key(machine, key)?;
    if machine.read(WRITTEN).is_ok() {
        // Half-made: the configuration is there, and nothing has read it.
        machine
            .run(&[
                "systemctl",
                "restart",
                "corosync.service",
                "pve-cluster.service",
            ])
            .map_err(|error| error.to_string())?;
        return alone(machine);
    }
    let (id, votes) = (own.node_id.to_string(), own.votes.to_string());
    let mut words = vec![
        "pvesh",
        "create",
        "/cluster/config",
        "--clustername",
        &declared.name,
        "--nodeid",
        &id,
        "--votes",
        &votes,
    ];
    let links = own.link_arguments();
    words.extend(links.iter().map(String::as_str));
    machine.run(&words).map_err(|error| error.to_string())?;
    alone(machine)
}

fn alone(machine: &dyn Machine) -> Result<(), String> {
    wait_for(machine, "a cluster of one", |members| {
        members.cluster.is_some() && members.is_quorate()
    })
}

fn join(machine: &dyn Machine, declared: &Declared, key: &[u8]) -> Result<(), String> {
    let run = |words: &[&str]| machine.run(words).map_err(|error| error.to_string());
    run(&[
        "systemctl",
        "stop",
        "pve-cluster.service",
        "corosync.service",
    ])?;
    let left = database::may_be_left(machine)
        .and_then(|()| put_key(machine, key))
        .and_then(|()| {
            write(
                machine,
                COROSYNC,
                declared.corosync_conf().as_bytes(),
                0o644,
            )
        })
        .and_then(|()| database::leave(machine, SystemTime::now()));
    // Whatever came of it, the node has its file system back.
    let started = run(&[
        "systemctl",
        "start",
        "corosync.service",
        "pve-cluster.service",
    ]);
    left?;
    started?;
    wait_for(machine, "Corosync", |members| members.cluster.is_some())
}

fn put_key(machine: &dyn Machine, key: &[u8]) -> Result<(), String> {
    write(machine, KEY, key, 0o400)
}

fn write(machine: &dyn Machine, path: &str, bytes: &[u8], mode: u32) -> Result<(), String> {
    machine
        .write(path, bytes, mode)
        .map_err(|error| format!("{path}: {error}"))
}

/// The cluster's configuration in place of the declared one, its certificates and keys: what a node has only as a member.
fn settle(machine: &dyn Machine) -> Result<(), String> {
    let is_own = |machine: &dyn Machine| {
        let text = machine.read(COROSYNC).unwrap_or_default();
        !text.lines().any(|line| line.trim() == "config_version: 0")
    };
    // pmxcfs writes it; it has Corosync read it only where the version before was not 0.
    wait_until(machine, "the cluster's corosync.conf", is_own)?;
    machine
        .run(&["corosync-cfgtool", "-R"])
        .map_err(|error| error.to_string())?;
    machine
        .run(&["pvecm", "updatecerts"])
        .map_err(|error| error.to_string())?;
    for unit in SERVERS {
        machine
            .run(&["systemctl", "reload-or-restart", unit])
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn wait_for(
    machine: &dyn Machine,
    what: &str,
    holds: impl Fn(&Members) -> bool,
) -> Result<(), String> {
    wait_until(machine, what, |machine| {
        Members::read(machine).is_ok_and(|members| holds(&members))
    })
}

fn wait_until(
    machine: &dyn Machine,
    what: &str,
    holds: impl Fn(&dyn Machine) -> bool,
) -> Result<(), String> {
    for _ in 0..60 {
        if holds(machine) {
            return Ok(());
        }
        machine.wait(Duration::from_secs(1));
    }
    Err(format!(
        "no sign of {what} within a minute: see `systemctl status corosync pve-cluster`"
    ))
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or(Duration::ZERO).as_secs()
}

/// Calls each other node, and tells what they answer within one pause.
fn call_members(node: &Node, declared: &Declared, key: &[u8]) -> Vec<String> {
    let call = Call {
        cluster: declared.name.clone(),
        node: declared.node.clone(),
        version: node.version.clone(),
        time: seconds(),
    };
    let datagram = call::sign(&call, key);
    let mut texts = Vec::new();
    let until = std::time::Instant::now() + PAUSE;
    match bind(0) {
        Ok(socket) => {
            for (name, other) in &declared.nodes {
                if let (true, Some(address)) = (*name != declared.node, other.links.first())
                    && let Err(error) = send(&socket, &datagram, address)
                {
                    texts.push(format!("{name} ({address}): {error}"));
                }
            }
            texts.extend(answers(&socket, key, call.time, until));
        }
        Err(error) => texts.push(format!("no socket: {error}")),
    }
    let left = until.saturating_duration_since(std::time::Instant::now());
    std::thread::sleep(left);
    texts
}

fn answers(socket: &UdpSocket, key: &[u8], time: u64, until: std::time::Instant) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let left = until.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return texts;
        }
        if let Some((datagram, _)) = receive(socket, left)
            && let Some(answer) = call::open::<Answer>(&datagram, key)
            && answer.time == time
        {
            texts.push(match answer.refused {
                Some(why) => format!("{} refuses: {why}", answer.node),
                None => format!("{} adds this node", answer.node),
            });
        }
    }
}

/// Waits one pause for a node to call, and adds it.
fn listen(
    machine: &dyn Machine,
    node: &Node,
    declared: &Declared,
    key: &[u8],
    missing: &[String],
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let socket = bind(call::PORT).map_err(|error| format!("UDP port {}: {error}", call::PORT))?;
    let Some((datagram, from)) = receive(&socket, PAUSE) else {
        return Ok(());
    };
    // Not signed with the cluster's key: nobody of it.
    let Some(call) = call::open::<Call>(&datagram, key) else {
        return Ok(());
    };
    let refused = call::refusal(&call, declared, &node.version, seconds());
    let answer = Answer {
        node: declared.node.clone(),
        refused: refused.clone(),
        time: call.time,
    };
    let _ = socket.send_to(&call::sign(&answer, key), from);
    match refused {
        Some(why) => say(&format!("{} calls and is not added: {why}", call.node)),
        None if missing.contains(&call.node) => {
            say(&format!("adds {}", call.node));
            add(machine, declared, &call.node)?;
        }
        None => {}
    }
    Ok(())
}

fn add(machine: &dyn Machine, declared: &Declared, name: &str) -> Result<(), String> {
    let Some(added) = declared.nodes.get(name) else {
        return Ok(());
    };
    let place = format!("/cluster/config/nodes/{name}");
    let (id, votes) = (added.node_id.to_string(), added.votes.to_string());
    // With the same number and votes it does not matter that another member was faster.
    let mut words = vec![
        "pvesh",
        "create",
        &place,
        "--nodeid",
        &id,
        "--votes",
        &votes,
        "--force",
        "1",
        "--apiversion",
        "1",
    ];
    let links = added.link_arguments();
    words.extend(links.iter().map(String::as_str));
    machine.run(&words).map_err(|error| error.to_string())?;
    wait_for(machine, name, |members| {
        members.is_quorate()
            && members
                .nodelist
                .get(name)
                .is_some_and(|member| member.online == 1)
    })
}

/// For both families where the machine has both.
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

fn receive(socket: &UdpSocket, within: Duration) -> Option<(Vec<u8>, std::net::SocketAddr)> {
    let mut buffer = [0_u8; 4096];
    socket.set_read_timeout(Some(within)).ok()?;
    let (length, from) = socket.recv_from(&mut buffer).ok()?;
    Some((buffer.get(..length)?.to_vec(), from))
}
