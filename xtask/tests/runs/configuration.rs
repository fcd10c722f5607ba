//! Files in `/etc`: a source installs them, and from then on they belong to the machine.

use serde_json::Value;

use crate::support::Root;

#[test]
fn an_installed_file_in_etc_stays_where_it_is() {
    let root = Root::new();
    root.write("demo/hive-cluster/debian/hive-cluster.default", "\n");
    let line = root.edit(
        "demo/hive-guests/src/Hive/Guest.pm",
        "use warnings;\n",
        "use warnings;\nmy @of = ('/etc/default/hive-cluster', '/usr/lib/systemd/system/hived.service');\n",
    ) + 1;
    let run = root.run(&["scan", "demo", "--format", "json"]);
    let json: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let places = json["occurrences"].as_array().expect("a list");
    let decided: Vec<(&str, &str)> = places
        .iter()
        .filter(|place| place["path"] == "src/Hive/Guest.pm" && place["line"] == line)
        .map(|place| {
            let decision = place["decision"]["type"].as_str().unwrap_or_default();
            (place["text"].as_str().unwrap_or_default(), decision)
        })
        .collect();
    assert_eq!(
        decided,
        [
            ("/etc/default/hive-cluster", "keep"),
            ("/usr/lib/systemd/system/hived.service", "sibling"),
        ]
    );
}
