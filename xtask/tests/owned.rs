//! The edited code refuses to write files that NixOS' configuration owns: Perl runs the expressions of
//! features.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use toml::Table;

/// Returns the expression that `feature` inserts into `file`.
fn edit(feature: &str, file: &str) -> String {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/sources");
    let mut listed = Vec::new();
    for entry in fs::read_dir(rules).expect("the sources") {
        let text = fs::read_to_string(entry.expect("readable").path()).expect("a source");
        let rules: Table = text.parse().expect("TOML");
        let features = rules.get("feature").and_then(toml::Value::as_array);
        listed.extend(features.into_iter().flatten().cloned());
    }
    let found = listed
        .iter()
        .find(|listed| listed["name"].as_str() == Some(feature))
        .expect(feature);
    let edits = found["replace"].as_array().expect("edits");
    let edit = edits
        .iter()
        .find(|edit| edit["file"].as_str() == Some(file))
        .expect(file);
    edit["with"].as_str().expect("an expression").to_owned()
}

/// Returns the value of the expression, or its error, with `variable` set, as strict as the code
/// around it.
fn run(root: &TempDir, expression: &str, variable: &str, value: &str) -> String {
    let owned = root.path().join("options");
    let expression = expression.replace("/etc/pve-nix/options", owned.to_str().expect("UTF-8"));
    let program = root.path().join("program.pl");
    let text = format!(
        "use v5.36;\nmy ({variable}) = @ARGV;\nmy $timezone = 'UTC';\n\
         my $given = eval {{ {expression} }};\nprint $@ ? \"died: $@\" : ref($given) ? \"@$given\" : $given;\n"
    );
    fs::write(&program, text).expect("written");
    let run = Command::new("perl")
        .arg("-T")
        .arg(&program)
        .arg(value)
        .output()
        .expect("Perl");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && errors.is_empty(), "{errors}");
    let given = String::from_utf8_lossy(&run.stdout);
    // The process' number.
    given
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .to_owned()
}

/// Makes a directory with the list of owned files.
fn root() -> TempDir {
    let root = TempDir::new().expect("a directory");
    let list = "/etc/hosts\tnetworking.hosts\n/etc/localtime\ttime.timeZone\n/etc/shadow\tits password in users.users\n";
    fs::write(root.path().join("options"), list).expect("written");
    root
}

const WRITES: [(&str, &str, &str); 4] = [
    ("files-of-nixos", "src/PVE/File.pm", "$filename"),
    ("files-of-nixos", "src/PVE/INotify.pm", "$realname"),
    ("files-of-nixos-9.0", "src/PVE/Tools.pm", "$filename"),
    ("files-of-nixos-9.0", "src/PVE/INotify.pm", "$realname"),
];

#[test]
fn a_write_of_an_owned_file_names_its_option() {
    let root = root();
    for (feature, file, variable) in WRITES {
        let edit = edit(feature, file);
        assert_eq!(
            run(&root, &edit, variable, "/etc/hosts"),
            "died: /etc/hosts is written by this machine's NixOS configuration: set networking.hosts there\n",
            "{feature}: {file}"
        );
        for other in ["/etc/hosts.allow", "/var/etc/hosts", "/etc/host."] {
            assert_eq!(
                run(&root, &edit, variable, other),
                format!("{other}.tmp."),
                "{feature}: {file}"
            );
        }
    }
}

#[test]
fn a_link_of_nixos_that_nobody_listed_is_told_by_its_place() {
    let root = root();
    let link = root.path().join("motd");
    symlink("/etc/static/motd", &link).expect("a link");
    let link = link.to_str().expect("UTF-8");
    for (feature, file, variable) in WRITES {
        assert_eq!(
            run(&root, &edit(feature, file), variable, link),
            format!(
                "died: {link} is a link of NixOS: it is written by the machine's configuration\n"
            ),
        );
    }
}

#[test]
fn without_the_list_everything_is_written() {
    let root = root();
    fs::remove_file(root.path().join("options")).expect("there");
    for (feature, file, variable) in WRITES {
        assert_eq!(
            run(&root, &edit(feature, file), variable, "/etc/hosts"),
            "/etc/hosts.tmp."
        );
    }
}

#[test]
fn the_root_of_a_guest_is_not_the_machine_s() {
    let root = root();
    // From there, the module that the code loads cannot be found.
    let edit = edit("files-of-nixos", "src/PVE/File.pm").replace("__FILE__", "'/nowhere/File.pm'");
    assert_eq!(
        run(&root, &edit, "$filename", "/etc/hosts"),
        "/etc/hosts.tmp."
    );
}

#[test]
fn the_time_zone_and_passwords_name_their_options() {
    for (feature, file, option, otherwise) in [
        (
            "zone-of-nixos",
            "src/PVE/Systemd.pm",
            "the time zone is written by this machine's NixOS configuration: set time.timeZone there",
            "timedatectl set-timezone UTC",
        ),
        (
            "passwords-of-nixos",
            "src/PVE/Auth/PAM.pm",
            "the password of bee is written by this machine's NixOS configuration: set its password in users.users there",
            "usermod",
        ),
    ] {
        let edit = edit(feature, file);
        let root = root();
        assert_eq!(
            run(&root, &edit, "$username", "bee"),
            format!("died: {option}\n")
        );
        fs::write(
            root.path().join("options"),
            "/etc/hosts\tnetworking.hosts\n",
        )
        .expect("written");
        assert_eq!(run(&root, &edit, "$username", "bee"), otherwise);
    }
}
