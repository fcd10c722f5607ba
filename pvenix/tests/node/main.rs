//! The program's results on simulated machines.

use pvenix::machine::Machine;
use pvenix::node::{self, Node};
use pvenix::restarts::{self, LOCK, Outcome};
use pvenix::status::Status;
use pvenix::{switch, text};

mod clusters;
mod rolls;
mod told;
use told::Told;

const NEW: &str = "/nix/store/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb-pve-9.1.8";
const OLD: &str = "/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-pve-9.1.4";

fn declaration() -> String {
    format!(
        r#"{{"package": "{NEW}", "version": "9.1.8", "address": "192.0.2.1", "restartPolicy": "staged",
        "units": {{"pvedaemon.service": "reload", "pve-cluster.service": "staged", "pve-ha-lrm.service": "staged",
          "pve-ha-crm.service": "staged", "corosync.service": "staged", "pve-container@.service": "none"}},
        "staged": ["pve-ha-lrm.service", "pve-ha-crm.service", "pve-cluster.service", "corosync.service"],
        "programs": {{"corosync.service": "/nix/store/c-corosync/bin/corosync"}},
        "bridges": {{"vmbr0": {{"ports": ["enp1s0"], "addresses": ["192.0.2.1/24", "2001:db8::1/64"], "mtu": 9000,
          "vlanAware": true, "stp": false}}}}}}"#
    )
}

/// Makes a node that matches its declaration, except that its cluster's file system and LRM run an
/// older build.
fn machine() -> (Told, Node) {
    let told = Told::default();
    told.file(node::PLACE, &declaration());
    told.file(
        "/etc/pve/.members",
        r#"{"nodename": "alpha", "version": 5, "cluster": {"name": "hive", "version": 3, "nodes": 3, "quorate": 1},
        "nodelist": {"alpha": {"id": 1, "online": 1, "ip": "192.0.2.1"}, "bee": {"id": 2, "online": 0}}}"#,
    );
    told.runs("pvedaemon.service", 10, NEW);
    told.runs("pve-cluster.service", 11, OLD);
    told.runs("pve-ha-lrm.service", 12, OLD);
    told.runs("pve-ha-crm.service", 13, NEW);
    told.runs("corosync.service", 14, NEW);
    told.leads("/proc/14/exe", "/nix/store/c-corosync/bin/corosync");
    told.runs("pve-container@100.service", 20, NEW);
    told.leads("/proc/20/exe", "/nix/store/o-lxc/bin/lxc-start");
    told.leads(
        &format!("{NEW}/bin/lxc-start"),
        "/nix/store/l-lxc/bin/lxc-start",
    );
    told.file("/run/qemu-server/101.pid", "21\n");
    told.leads("/proc/21/exe", "/nix/store/q-qemu/bin/qemu-system-x86_64");
    told.leads(
        &format!("{NEW}/bin/qemu-system-x86_64"),
        "/nix/store/q-qemu/bin/qemu-system-x86_64",
    );
    told.answers.borrow_mut().insert(
        "ip -json address".to_owned(),
        Ok(r#"[{"ifname": "lo", "addr_info": []}, {"ifname": "vmbr0", "addr_info": [
          {"scope": "global", "local": "192.0.2.1", "prefixlen": 24}, {"scope": "global", "local": "2001:db8::1", "prefixlen": 64},
          {"scope": "link", "local": "fe80::1", "prefixlen": 64}]}]"#
            .to_owned()),
    );
    told.answers.borrow_mut().insert(
        "df --block-size=1M --output=avail /var/lib/pve-cluster".to_owned(),
        Ok(" Avail\n 4096\n".to_owned()),
    );
    told.file(
        "/proc/self/mountinfo",
        "20 1 254:1 / / rw,noatime - ext4 /dev/vda rw\n21 20 0:5 / /sys ro,nosuid - sysfs sysfs rw\n",
    );
    for (file, value) in [
        ("bridge/vlan_filtering", "1"),
        ("bridge/stp_state", "0"),
        ("mtu", "9000"),
    ] {
        told.file(
            &format!("/sys/class/net/vmbr0/{file}"),
            &format!("{value}\n"),
        );
    }
    for port in ["enp1s0", "tap101i0", "fwpr100p0", "veth100i0"] {
        told.leads(&format!("/sys/class/net/vmbr0/brif/{port}"), port);
    }
    let node = Node::read(&told, node::PLACE).unwrap();
    (told, node)
}

#[test]
fn what_runs_an_older_build_is_told() {
    let (told, node) = machine();
    let status = Status::of(&told, &node).unwrap();
    assert_eq!(
        status.waiting,
        ["pve-ha-lrm.service", "pve-cluster.service"]
    );
    assert!(status.is_well(), "{status:?}");
    let current: Vec<_> = status
        .units
        .iter()
        .map(|unit| (unit.name.as_str(), unit.current))
        .collect();
    assert_eq!(
        current,
        [
            ("corosync.service", Some(true)),
            ("pve-cluster.service", Some(false)),
            ("pve-ha-crm.service", Some(true)),
            ("pve-ha-lrm.service", Some(false)),
            ("pvedaemon.service", Some(true)),
        ]
    );
    let guests: Vec<_> = status
        .guests
        .iter()
        .map(|guest| (guest.vmid, guest.kind, guest.current))
        .collect();
    assert_eq!(guests, [(100, "ct", Some(false)), (101, "vm", Some(true))]);
    assert_eq!(
        text::of(&status),
        "alpha: 9.1.8 from pve-9.1.8 (bbbbbbbb)
  ok   cluster: hive: quorate, 1 of 3 nodes online
  ok   database: 4096 MiB left on the disk of /var/lib/pve-cluster
  ok   address: 192.0.2.1
  ok   units: none failed
daemons: 3 run this build, 2 run an older one
  pve-cluster.service  pve-9.1.4 (aaaaaaaa), until the staged restart
  pve-ha-lrm.service  pve-9.1.4 (aaaaaaaa), until the staged restart
guests: 2 running, 1 of them with an older program until they stop
  ct 100  lxc (o)
waiting for a staged restart: pve-ha-lrm.service, pve-cluster.service
  `pvenix restarts` does it now
"
    );
}

#[test]
fn a_disk_that_cannot_be_written_is_named() {
    let (told, node) = machine();
    let database = || {
        let status = Status::of(&told, &node).unwrap();
        let check = status
            .checks
            .into_iter()
            .find(|check| check.name == "database");
        let check = check.unwrap();
        (check.ok, check.text)
    };
    let root = "20 1 254:1 / / rw,noatime - ext4 /dev/vda rw\n";
    for (mounts, writable) in [
        (
            "30 20 254:2 / /var/lib/pve-cluster ro - ext4 /dev/vdb rw\n",
            false,
        ),
        (
            "30 20 254:2 / /var/lib rw - ext4 /dev/vdb ro,errors=remount-ro\n",
            false,
        ),
        ("30 20 254:2 / /var/lib/pve ro - ext4 /dev/vdb ro\n", true),
        (
            "30 20 254:2 / /var ro - ext4 /dev/vdb ro\n31 30 254:3 / /var/lib rw - ext4 /dev/vdc rw\n",
            true,
        ),
        (
            "30 20 254:2 / /var rw - ext4 /dev/vdb rw\n31 30 254:3 / /var ro shared:1 - ext4 /dev/vdc rw\n",
            false,
        ),
    ] {
        told.file("/proc/self/mountinfo", &format!("{root}{mounts}"));
        let (ok, text) = database();
        assert_eq!(ok, writable, "{mounts}: {text}");
        assert_eq!(text.contains("read-only"), !writable);
    }
    told.file("/proc/self/mountinfo", root);
    let df = "df --block-size=1M --output=avail /var/lib/pve-cluster";
    for (left, ok) in [("64", true), ("63", false), ("0", false), ("", false)] {
        told.answers
            .borrow_mut()
            .insert(df.to_owned(), Ok(format!("Avail\n{left}\n")));
        assert_eq!(database().0, ok, "{left}");
    }
}

#[test]
fn a_network_that_is_not_as_declared_is_told() {
    let (told, node) = machine();
    told.leads("/sys/class/net/vmbr0/brif/enp2s0", "x");
    told.file("/sys/class/net/vmbr0/bridge/vlan_filtering", "0\n");
    told.file("/sys/class/net/vmbr0/mtu", "1500\n");
    let status = Status::of(&told, &node).unwrap();
    assert!(!status.is_well());
    let drift: Vec<_> = status
        .drift
        .iter()
        .map(|drift| {
            (
                drift.place.as_str(),
                drift.declared.as_str(),
                drift.is.as_str(),
            )
        })
        .collect();
    assert_eq!(
        drift,
        [
            ("vmbr0: ports", "enp1s0", "enp1s0 enp2s0"),
            ("vmbr0: VLANs", "on", "off"),
            ("vmbr0: MTU", "9000", "1500"),
        ]
    );
    told.answers
        .borrow_mut()
        .insert("ip -json address".to_owned(), Ok("[]".to_owned()));
    let status = Status::of(&told, &node).unwrap();
    assert_eq!(status.drift[0].is, "missing");
}

#[test]
fn what_is_wrong_with_the_cluster_is_told() {
    let (told, node) = machine();
    let members = told.read("/etc/pve/.members").unwrap();
    for (text, wanted) in [
        (
            members.replace("\"quorate\": 1", "\"quorate\": 0"),
            "no quorum",
        ),
        (
            members.replace("192.0.2.1", "192.0.2.9"),
            "knows this node as 192.0.2.9",
        ),
        ("nonsense".to_owned(), ".members"),
    ] {
        told.file("/etc/pve/.members", &text);
        let status = Status::of(&told, &node).unwrap();
        assert!(!status.is_well());
        assert!(text::of(&status).contains(wanted), "{}", text::of(&status));
    }
    told.files.borrow_mut().remove("/etc/pve/.members");
    let status = Status::of(&told, &node).unwrap();
    assert!(text::of(&status).contains("BAD  cluster: /etc/pve is not mounted"));
    let units = told.read("units").unwrap().replacen(
        "ActiveState=active\nMainPID=10",
        "ActiveState=failed\nMainPID=0",
        1,
    );
    told.file("units", &units);
    let status = Status::of(&told, &node).unwrap();
    assert!(text::of(&status).contains("BAD  units: failed: pvedaemon.service"));
}

#[test]
fn a_staged_restart_goes_in_order_under_the_clusters_lock() {
    let (told, node) = machine();
    let units = [
        "pve-ha-lrm.service".to_owned(),
        "pve-cluster.service".to_owned(),
    ];
    assert_eq!(
        restarts::restart(&told, &node),
        Ok(Outcome::Done(units.to_vec()))
    );
    assert_eq!(
        told.done(),
        [
            "ip -json address".to_owned(),
            format!("mkdir {LOCK}"),
            "systemctl restart pve-ha-lrm.service".to_owned(),
            format!("touch {LOCK}"),
            "systemctl is-active pve-ha-lrm.service".to_owned(),
            "systemctl restart pve-cluster.service".to_owned(),
            format!("touch {LOCK}"),
            "systemctl is-active pve-cluster.service".to_owned(),
            format!("rmdir {LOCK}"),
        ]
    );
}

#[test]
fn a_staged_restart_waits_for_quorum_and_for_other_nodes() {
    let (told, node) = machine();
    told.file(LOCK, "");
    let outcome = restarts::restart(&told, &node).unwrap();
    assert!(
        matches!(&outcome, Outcome::Pending(why) if why.contains("another node")),
        "{outcome:?}"
    );
    assert_eq!(told.done().last().unwrap(), &format!("expire {LOCK}"));

    let (told, node) = machine();
    let members = told.read("/etc/pve/.members").unwrap();
    told.file(
        "/etc/pve/.members",
        &members.replace("\"quorate\": 1", "\"quorate\": 0"),
    );
    let outcome = restarts::restart(&told, &node).unwrap();
    assert_eq!(
        outcome,
        Outcome::Pending("the cluster has no quorum".to_owned())
    );
    assert!(
        !told.done().iter().any(|done| done.contains("restart")),
        "{:?}",
        told.done()
    );
}

#[test]
fn a_staged_restart_stops_at_the_first_that_does_not_come_back() {
    let (told, node) = machine();
    let fails = "systemctl is-active pve-ha-lrm.service".to_owned();
    told.answers
        .borrow_mut()
        .insert(fails, Err("inactive".to_owned()));
    let error = restarts::restart(&told, &node).unwrap_err();
    assert!(
        error.starts_with("pve-ha-lrm.service was restarted and did not come back: inactive"),
        "{error}"
    );
    assert!(
        !told
            .done()
            .iter()
            .any(|done| done.contains("restart pve-cluster")),
        "{:?}",
        told.done()
    );
    assert_eq!(told.done().last().unwrap(), &format!("rmdir {LOCK}"));
    assert_eq!(*told.waited.borrow(), 120);
}

#[test]
fn a_quorum_that_is_lost_meanwhile_is_waited_for() {
    let (told, node) = machine();
    // The restart is when the others go away.
    *told.then.borrow_mut() = Some((
        "systemctl restart pve-ha-lrm.service".to_owned(),
        "/etc/pve/.members".to_owned(),
        told.read("/etc/pve/.members")
            .unwrap()
            .replace("\"quorate\": 1", "\"quorate\": 0"),
    ));
    assert_eq!(
        restarts::restart(&told, &node),
        Ok(Outcome::Pending(
            "the cluster has had no quorum since pve-ha-lrm.service was restarted".to_owned()
        ))
    );
    let done = told.done();
    assert!(
        !done.iter().any(|done| done.contains("restart pve-cluster")),
        "{done:?}"
    );
}

#[test]
fn a_node_alone_takes_no_lock_and_one_that_is_new_does_nothing() {
    let (told, node) = machine();
    told.file(
        "/etc/pve/.members",
        r#"{"nodename": "alpha", "version": 1}"#,
    );
    assert!(matches!(
        restarts::restart(&told, &node),
        Ok(Outcome::Done(_))
    ));
    assert!(
        !told.done().iter().any(|done| done.contains(LOCK)),
        "{:?}",
        told.done()
    );

    for pid in [11, 12] {
        told.leads(
            &format!("/proc/{pid}/fd/3"),
            &format!("{NEW}/nix-support/pve-perl"),
        );
    }
    told.done.borrow_mut().clear();
    assert_eq!(restarts::restart(&told, &node), Ok(Outcome::Nothing));
    assert_eq!(told.done(), ["ip -json address"]);
}

#[test]
fn another_major_release_waits_until_no_guest_runs() {
    let (told, node) = machine();
    let next = Node {
        version: "10.0.1".to_owned(),
        ..node.clone()
    };
    let error = switch::may_switch(&told, &node, &next).unwrap_err();
    assert!(
        error.contains("guests are running (100, 101)") && error.contains("migrate or stop them"),
        "{error}"
    );
    let same = Node {
        version: "9.2.0".to_owned(),
        ..node.clone()
    };
    assert_eq!(switch::may_switch(&told, &node, &same), Ok(()));
    told.files.borrow_mut().remove("/run/qemu-server/101.pid");
    told.links.borrow_mut().remove("/proc/20/exe");
    assert_eq!(switch::may_switch(&told, &node, &next), Ok(()));
}

#[test]
fn a_declaration_that_is_none_says_what_to_do() {
    let told = Told::default();
    let error = Node::read(&told, node::PLACE).unwrap_err();
    assert!(error.contains("services.proxmox-ve writes it"), "{error}");
    told.file(node::PLACE, "{}");
    let error = Node::read(&told, node::PLACE).unwrap_err();
    assert!(error.contains("missing field"), "{error}");
}
