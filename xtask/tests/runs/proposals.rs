//! Compares drift's proposals for a newer release with the rules that people wrote.

use serde_json::Value;

use crate::support::{Root, copy};

/// Makes the demo, and a release `older` whose guests lack some lines.
fn two() -> Root {
    let root = Root::new();
    copy(
        &root.join("demo/hive-guests"),
        &root.join("old/hive-guests"),
    );
    let text = root.text("releases/demo.toml");
    root.write(
        "releases/older.toml",
        text.replace("demo/hive-guests", "old/hive-guests"),
    );
    copy(&root.join("releases/demo"), &root.join("releases/older"));
    root
}

/// Adds lines to the demo's storages that `older` lacks.
fn newer(root: &Root, lines: &str) {
    let file = "demo/hive-guests/src/Hive/Storage.pm";
    root.edit(
        file,
        "sub mount_nfs {",
        &format!("{lines}\nsub mount_nfs {{"),
    );
}

fn measured(root: &Root, code: i32) -> Value {
    let run = root.run(&["proposals", "older", "demo", "--format", "json"]);
    assert_eq!(run.code, Some(code), "{}{}", run.stdout, run.stderr);
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[test]
fn a_program_of_a_known_package_is_proposed_as_people_wrote_it() {
    let root = two();
    newer(
        &root,
        "sub discard { return run_command(['blkdiscard', $_[0]]); }\n",
    );
    let measured = measured(&root, 0);
    let out = measured["taken_out"].as_array().expect("a list");
    assert!(out.iter().any(|one| one == "command.blkdiscard"), "{out:?}");
    assert_eq!(
        (&measured["wanting"], &measured["equal"]),
        (&1.into(), &1.into())
    );
    assert_eq!(measured["wrong"], Value::Array(Vec::new()));
}

#[test]
fn a_proposal_that_is_not_what_people_wrote_is_told() {
    let root = two();
    newer(
        &root,
        "sub discard { return run_command(['blkdiscard', $_[0]]); }\n",
    );
    // People say that it is another package's.
    root.edit("rules/nixpkgs/programs.toml", "\"blkdiscard\",", "");
    root.append(
        "rules/nixpkgs/programs.toml",
        "\n[tmux]\nprograms = [\"blkdiscard\"]\n",
    );
    root.append(
        "rules/nixpkgs/attributes.toml",
        "\ntmux = { file = \"pkgs/by-name/tm/tmux/package.nix\" }\n",
    );
    let measured = measured(&root, 1);
    assert_eq!(measured["equal"], 0);
    let wrong = &measured["wrong"][0];
    assert_eq!(wrong["text"], "blkdiscard");
    assert!(wrong["wanted"].to_string().contains("tmux"), "{wrong}");
    assert!(wrong["got"].to_string().contains("util-linux"), "{wrong}");
}

#[test]
fn data_of_a_package_of_the_releases_is_its_sources() {
    let root = two();
    newer(
        &root,
        "my $data = '/usr/share/libhive-cluster-perl/nodes';\n",
    );
    let file = "demo/rules/sources/hive-cluster.toml";
    let text = root.text(file);
    let data = "data = [\"/usr/share/libhive-cluster-perl\"]\n";
    root.write(file, format!("{data}{text}"));
    let measured = measured(&root, 0);
    assert_eq!(
        (&measured["wanting"], &measured["equal"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn one_literal_says_nothing_of_its_directory() {
    let root = two();
    newer(
        &root,
        "my @keys = ('/usr/share/keyrings/hive.gpg', '/usr/share/keyrings/bees.gpg');\n",
    );
    let old = "old/hive-guests/src/Hive/Storage.pm";
    root.edit(
        old,
        "sub mount_nfs {",
        "my $key = '/usr/share/keyrings/hive.gpg';\n\nsub mount_nfs {",
    );
    let rule = "[[path]]\nname = \"hive-keys\"\nwhere.exact = [\"/usr/share/keyrings/hive.gpg\"]\ndecide = { source = \"hive-manager\" }\n\
        [[path]]\nname = \"bee-keys\"\nwhere.exact = [\"/usr/share/keyrings/bees.gpg\"]\ndecide = { keep = \"unused\" }\nwhy = \"the bees'\"\n";
    let text = root.text("rules/general/acting.toml").replacen(
        "[[path]]",
        &format!("{rule}\n[[path]]"),
        1,
    );
    root.write("rules/general/acting.toml", text);
    let measured = measured(&root, 0);
    assert_eq!(
        (&measured["wanting"], &measured["equal"]),
        (&1.into(), &0.into())
    );
    assert_eq!(
        measured["without"][0][0]["text"],
        "/usr/share/keyrings/bees.gpg"
    );
}

#[test]
fn what_older_rules_decide_otherwise_and_nobody_is_asked_is_told() {
    let root = two();
    newer(
        &root,
        "sub hum { return run_command(['/sbin/vgs', '--hum']); }\n",
    );
    let rule = "[[path]]\nname = \"hum\"\nwhere.exact = [\"/sbin/vgs\"]\nwhere.subs = [\"hum\"]\ndecide = { keep = \"unused\" }\nwhy = \"hums\"\n";
    let text = root.text("rules/general/acting.toml").replacen(
        "[[path]]",
        &format!("{rule}\n[[path]]"),
        1,
    );
    root.write("rules/general/acting.toml", text);
    let measured = measured(&root, 0);
    let unasked = measured["unasked"].to_string();
    assert!(
        unasked.contains("path.hum") && unasked.contains("lvm2"),
        "{unasked}"
    );
}
