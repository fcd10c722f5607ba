//! Either of Debian's program directories leads to a program that a source installs.

use std::collections::HashMap;

use decide::Decision;
use decide::engine::World;
use decide::rules::Rules;
use scan::calls::Calls;
use scan::{Language, scan};

/// Decides `path` in code of hive-manager, where hive-common installs `/usr/sbin/hived`.
fn decided(path: &str) -> Decision {
    let installed = HashMap::from([("/usr/sbin/hived".to_owned(), "hive-common".to_owned())]);
    let rules = Rules::default();
    let world = World::new(&rules, "demo", [].into_iter(), installed, HashMap::new());
    let code = format!("my $program = '{path}';\n");
    let calls = Calls::parse(
        include_str!("../../../rules/general/calls.toml"),
        "calls.toml",
    )
    .expect("read");
    let scan = scan(Language::Perl, "a.pm", code.as_bytes(), &calls).expect("parses");
    let mut decided = world.decide("hive-manager", "a.pm", Language::Perl, &scan);
    assert_eq!(decided.len(), 1, "{decided:?}");
    decided.remove(0).decision
}

#[test]
fn the_directories_of_programs_are_one() {
    let hived = Decision::Sibling {
        source: "hive-common".to_owned(),
        target: "bin/hived".to_owned(),
    };
    for path in [
        "/usr/sbin/hived",
        "/sbin/hived",
        "/usr/bin/hived",
        "/bin/hived",
    ] {
        assert_eq!(decided(path), hived, "{path}");
    }
    for path in ["/sbin/hive", "/etc/sbin/hived", "/sbin/hived/x"] {
        assert_eq!(decided(path), Decision::Unknown, "{path}");
    }
}
