//! Membership of a declared cluster, on simulated machines.

use pvenix::cluster::call::{self, Answer, Call};
use pvenix::cluster::form::{self, Step};
use pvenix::cluster::status::ClusterStatus;
use pvenix::cluster::{Declared, DeclaredNode, database};

use pvenix::members::{Members, PLACE as MEMBERS};

use crate::told::Told;

fn hive() -> Declared {
    let node = |id: u32| DeclaredNode {
        node_id: id,
        links: vec![format!("192.0.2.{id}")],
        votes: 1,
    };
    Declared {
        name: "hive".to_owned(),
        node: "beta".to_owned(),
        bootstrap: "alpha".to_owned(),
        nodes: [("alpha", 1), ("beta", 2), ("gamma", 3)]
            .into_iter()
            .map(|(name, id)| (name.to_owned(), node(id)))
            .collect(),
    }
}

fn with_members(text: &str) -> Told {
    let told = Told::default();
    told.file(MEMBERS, text);
    told
}

const ALONE: &str = r#"{"nodename": "beta", "version": 0}"#;
const TWO: &str = r#"{"nodename": "beta", "cluster": {"name": "hive", "version": 2, "nodes": 2, "quorate": 1},
    "nodelist": {"alpha": {"id": 1, "online": 1, "ip": "192.0.2.1"}, "beta": {"id": 2, "online": 1, "ip": "192.0.2.2"}}}"#;

#[test]
fn a_node_knows_where_it_is() {
    let declared = hive();
    assert!(matches!(
        form::step(&Told::default(), &declared),
        Step::Wait(_)
    ));
    assert_eq!(form::step(&with_members(ALONE), &declared), Step::Ask);
    let apart = TWO.replace("\"quorate\": 1", "\"quorate\": 0");
    assert_eq!(
        form::step(&with_members(&apart), &declared),
        Step::Answer(vec!["gamma".to_owned()])
    );
    assert_eq!(
        form::step(&with_members(TWO), &declared),
        Step::Answer(vec!["gamma".to_owned()])
    );
    let other = TWO.replace("hive", "swarm");
    assert_eq!(
        form::step(&with_members(&other), &declared),
        Step::Elsewhere("swarm".to_owned()),
        "it answers for no cluster but its own"
    );
    let mut both = declared;
    both.nodes.remove("gamma");
    assert_eq!(
        form::step(&with_members(TWO), &both),
        Step::Answer(Vec::new())
    );
}

#[test]
fn one_member_acts_for_all() {
    let first = |text: &str| Members::read(&with_members(text)).unwrap().is_first();
    assert!(!first(TWO), "alpha has the lower number");
    assert!(first(&TWO.replace(
        "\"id\": 1, \"online\": 1",
        "\"id\": 1, \"online\": 0"
    )));
    assert!(!first(ALONE), "it is no member");
}

#[test]
fn a_database_that_somebody_would_miss_stays() {
    let told = Told::default();
    assert_eq!(database::may_be_left(&told), Ok(()), "there is none");
    told.file(database::PLACE, "SQLite");
    assert_eq!(database::may_be_left(&told), Ok(()));
    let queries = told.done();
    told.answers
        .borrow_mut()
        .insert(queries[1].clone(), Ok("  cluster_name: swarm\n".to_owned()));
    let error = database::may_be_left(&told).unwrap_err();
    assert!(error.contains("member of the cluster swarm"), "{error}");
    told.answers
        .borrow_mut()
        .insert(queries[0].clone(), Ok("100.conf\n101.conf\n".to_owned()));
    let error = database::may_be_left(&told).unwrap_err();
    assert!(error.contains("guests of its own (100, 101)"), "{error}");
    told.answers
        .borrow_mut()
        .insert(queries[0].clone(), Err("database is locked".to_owned()));
    assert!(
        database::may_be_left(&told).is_err(),
        "what cannot be read stays"
    );
}

#[test]
fn guests_that_are_there_stay() {
    let told = with_members(ALONE);
    told.leads("/etc/pve/nodes/beta", "directory");
    assert_eq!(database::has_no_guests(&told), Ok(()));
    told.file("/etc/pve/nodes/beta/qemu-server/101.conf", "memory: 64");
    told.file("/etc/pve/nodes/beta/lxc/100.conf", "memory: 64");
    let error = database::has_no_guests(&told).unwrap_err();
    assert!(error.contains("guests of its own (100, 101)"), "{error}");
}

fn call() -> Call {
    Call {
        cluster: "hive".to_owned(),
        node: "gamma".to_owned(),
        version: "9.1.8".to_owned(),
        time: 1000,
    }
}

#[test]
fn calls_are_signed() {
    let datagram = call::sign(&call(), b"key");
    assert_eq!(call::open::<Call>(&datagram, b"key"), Some(call()));
    assert_eq!(call::open::<Call>(&datagram, b"other"), None);
    let text = String::from_utf8(datagram.clone()).unwrap();
    let forged = text.replace("gamma", "delta");
    assert_ne!(forged, text);
    assert_eq!(call::open::<Call>(forged.as_bytes(), b"key"), None);
    assert_eq!(
        call::open::<Answer>(&datagram, b"key"),
        None,
        "an answer is no call"
    );
    for bytes in [
        &b""[..],
        b"{}",
        b"\xff\xff",
        br#"{"text":"{}","signature":"0"}"#,
    ] {
        assert_eq!(call::open::<Call>(bytes, b"key"), None);
    }
}

#[test]
fn who_calls_must_fit() {
    let refusal = |call: &Call, now| call::refusal(call, &hive(), "9.1.8", now);
    assert_eq!(refusal(&call(), 1000), None);
    assert_eq!(
        refusal(
            &Call {
                version: "9.0.3".to_owned(),
                ..call()
            },
            1000
        ),
        None
    );
    let wrong = [
        (
            Call {
                cluster: "swarm".to_owned(),
                ..call()
            },
            1000,
            "swarm",
        ),
        (
            Call {
                node: "delta".to_owned(),
                ..call()
            },
            1000,
            "not declared",
        ),
        (
            Call {
                version: "8.4.1".to_owned(),
                ..call()
            },
            1000,
            "major",
        ),
        (call(), 2000, "1000 s apart"),
    ];
    for (call, now, said) in wrong {
        let text = refusal(&call, now).unwrap();
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn status_names_what_is_missing_and_what_is_too_much() {
    let status = ClusterStatus::of(&with_members(TWO), Some(&hive())).unwrap();
    assert!(!status.is_well());
    assert!(
        status.text().contains("gamma: not a member"),
        "{}",
        status.text()
    );
    let mut fewer = hive();
    fewer.nodes.remove("gamma");
    let status = ClusterStatus::of(&with_members(TWO), Some(&fewer)).unwrap();
    assert!(status.is_well(), "{}", status.text());
    fewer.nodes.remove("alpha");
    let status = ClusterStatus::of(&with_members(TWO), Some(&fewer)).unwrap();
    assert!(
        status.text().contains("pvecm delnode alpha"),
        "{}",
        status.text()
    );
    // Without a declaration, the cluster is as its administrator made it.
    let status = ClusterStatus::of(&with_members(TWO), None).unwrap();
    assert!(status.is_well(), "{}", status.text());
}
