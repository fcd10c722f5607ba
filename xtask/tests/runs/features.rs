//! Features that are taken out, beside those of the demo.

use crate::support::Root;

/// A list of the demo's report, and what leads to a removed program in it.
const COMMANDS: &str = "\nmy $commands = {\n    'now' => ['hostname'],\n    'upgrade' => {\n        run => ['zpool', 'upgrade'],\n    },\n};\n\
                        my @all = (\n    'hostname',\n    'zpool upgrade',\n    'zpool status',\n);\n";

/// Adds elements to what the demo's feature takes out of the report.
fn drop(root: &Root, elements: &[&str]) {
    let listed = elements
        .iter()
        .map(|text| format!("{{ file = \"Hive/Report.pm\", text = \"{text}\" }}"));
    let listed: Vec<String> = listed.collect();
    root.edit(
        "rules/features.toml",
        "drop-files = [\"Hive/API/APT.pm\"]",
        &format!(
            "drop-files = [\"Hive/API/APT.pm\"]\ndrop-elements = [{}]",
            listed.join(", ")
        ),
    );
}

#[test]
fn elements_of_lists_go_with_their_values() {
    let root = Root::new();
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        &format!("use warnings;\n{COMMANDS}"),
    );
    drop(&root, &["upgrade", "zpool upgrade"]);
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    let gone: Vec<&str> = patch
        .lines()
        .skip_while(|line| *line != "--- a/Hive/Report.pm")
        .skip(1)
        .take_while(|line| !line.starts_with("diff "))
        .filter(|line| line.starts_with('-'))
        .collect();
    assert_eq!(
        gone,
        [
            "-    'upgrade' => {",
            "-        run => ['zpool', 'upgrade'],",
            "-    },",
            "-    'zpool upgrade',"
        ]
    );
}

#[test]
fn an_element_that_is_not_there_is_told() {
    let root = Root::new();
    drop(&root, &["upgrade"]);
    let run = root.regen(&[]);
    assert!(run.stderr.contains("PNX-404"), "{}", run.stderr);
    assert!(
        run.stderr.contains("no list here holds `upgrade`"),
        "{}",
        run.stderr
    );
}

/// Lets the demo's feature replace expressions of the report.
fn replace(root: &Root, text: &str, with: &str) {
    let entry = format!("{{ file = \"Hive/Report.pm\", text = \"{text}\", with = \"{with}\" }}");
    root.edit(
        "rules/features.toml",
        "drop-files = [\"Hive/API/APT.pm\"]",
        &format!("drop-files = [\"Hive/API/APT.pm\"]\nreplace = [{entry}]"),
    );
}

#[test]
fn a_whole_expression_is_replaced_and_nothing_that_holds_it() {
    let root = Root::new();
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        "use warnings;\n\n# &SYS_mknod\nmy $call = { mknod => &SYS_mknod, at => &SYS_mknodat, text => '&SYS_mknod' };\n",
    );
    replace(&root, "&SYS_mknod", "&SYS_mkdir");
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    let line = "+my $call = { mknod => &SYS_mkdir, at => &SYS_mknodat, text => '&SYS_mknod' };";
    assert!(patch.contains(line), "{patch}");
    assert!(!patch.contains("+# "), "{patch}");
}

#[test]
fn an_expression_that_is_not_there_is_told() {
    let root = Root::new();
    replace(&root, "&SYS_mknod", "&SYS_mkdir");
    let run = root.regen(&[]);
    assert!(run.stderr.contains("PNX-404"), "{}", run.stderr);
    assert!(
        run.stderr.contains("no `&SYS_mknod` is here"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_expression_of_javascript_is_replaced() {
    let root = Root::new();
    let script = "demo/hive-manager/www/hive.js";
    let text = root.text(script);
    root.edit(
        script,
        &text,
        &format!(
            "{text}\n// hive.showUpdates()\nconst later = () => hive.showUpdates();\nlater(`${{hive.showUpdates()}}`, 'hive.showUpdates()');\n"
        ),
    );
    root.edit(
        "rules/features.toml",
        "drop-files = [\"Hive/API/APT.pm\"]",
        "drop-files = [\"Hive/API/APT.pm\"]\nreplace = [{ file = \"www/hive.js\", text = \"hive.showUpdates()\", with = \"hive.hide()\" }]",
    );
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    let added: Vec<&str> = patch
        .lines()
        .skip_while(|line| *line != "+++ b/www/hive.js")
        .skip(1)
        .take_while(|line| !line.starts_with("diff "))
        .filter(|line| line.starts_with('+'))
        .collect();
    assert_eq!(added, ["+const later = () => hive.hide();"]);
}
