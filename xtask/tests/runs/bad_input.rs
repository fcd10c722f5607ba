//! Bad input results in exit status 2 and an error that names file, line and remedy, and nothing is
//! written.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Root, Run, git};

const SOURCE: &str = "hive-common";
const TOOLS: &str = "demo/hive-common/src/Hive/Tools.pm";

/// Expects `regen` to fail: the first line of an error has the code and the place, a remedy
/// follows, nothing is written.
fn refused(root: &Root, code: &str, place: &str) -> Run {
    refused_with(root, code, place, &["--sources", "upstream"])
}

fn refused_with(root: &Root, code: &str, place: &str, more: &[&str]) -> Run {
    let before = root.written();
    let run = root.regen(more);
    let stderr = &run.stderr;
    assert_eq!(run.code, Some(2), "{code} {place}:\n{stderr}");
    let start = format!("{code}: {place}");
    let told = stderr.lines().any(|line| {
        let rest = line.strip_prefix(&start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
    });
    assert!(told, "no line begins with {start:?}:\n{stderr}");
    assert!(stderr.contains("\n  help: "), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(before == root.written(), "{code}: something was written");
    run
}

// Repositories.

#[test]
fn a_pin_that_is_not_in_the_repository() {
    let root = Root::new();
    let rev = root.in_git(SOURCE);
    let line = root.edit("releases/demo.toml", &rev, &"1".repeat(40));
    let run = refused(&root, "PNX-202", &format!("releases/demo.toml:{line}"));
    assert!(run.stderr.contains("hive-common"), "{}", run.stderr);
}

#[test]
fn a_source_that_is_not_there() {
    let root = Root::new();
    root.pin(SOURCE, &"1".repeat(40));
    root.pin("hive-qemu", &"1".repeat(40));
    fs::create_dir_all(root.join("upstream")).expect("a directory");
    let run = refused(&root, "PNX-201", "releases/demo.toml");
    assert_eq!(
        run.stderr.matches("PNX-201: ").count(),
        2,
        "all are listed: {}",
        run.stderr
    );
}

#[test]
fn a_corrupt_repository() {
    let root = Root::new();
    root.in_git(SOURCE);
    let object = root.object(SOURCE, "src/Hive/Tools.pm");
    fs::remove_file(&object).expect("removed");
    fs::write(&object, b"no object").expect("written");
    refused(&root, "PNX-203", SOURCE);
}

#[test]
fn a_truncated_object() {
    let root = Root::new();
    root.in_git(SOURCE);
    let object = root.object(SOURCE, "src/Hive/Tools.pm");
    let bytes = fs::read(&object).expect("read");
    fs::remove_file(&object).expect("removed");
    fs::write(&object, &bytes[..bytes.len() / 2]).expect("written");
    refused(&root, "PNX-203", SOURCE);
}

#[test]
fn a_truncated_pack() {
    let root = Root::new();
    root.in_git(SOURCE);
    let repository = root.join("upstream").join(SOURCE);
    git(&repository, &["repack", "-q", "-a", "-d"]);
    for file in fs::read_dir(repository.join(".git/objects/pack")).expect("packs") {
        let file = file.expect("a file").path();
        if file.extension().is_some_and(|end| end == "pack") {
            let bytes = fs::read(&file).expect("read");
            fs::remove_file(&file).expect("removed");
            fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
        }
    }
    refused(&root, "PNX-203", SOURCE);
}

#[test]
fn a_missing_blob_that_the_run_needs() {
    for path in [
        "src/Hive/Tools.pm",
        "debian/control",
        "debian/changelog",
        "src/Makefile",
    ] {
        let root = Root::new();
        root.in_git(SOURCE);
        fs::remove_file(root.object(SOURCE, path)).expect("removed");
        refused(&root, "PNX-204", &format!("{SOURCE}/{path}"));
    }
}

#[test]
fn a_missing_blob_that_the_run_does_not_need() {
    let root = Root::new();
    root.write("demo/hive-common/test/disk.img.gz", [0x1f, 0x8b, 0, 7]);
    root.in_git(SOURCE);
    fs::remove_file(root.object(SOURCE, "test/disk.img.gz")).expect("removed");
    let run = root.run(&["scan", "demo", "--sources", "upstream"]);
    assert_ne!(run.code, Some(2), "{}", run.stderr);
    let run = root.regen(&["--sources", "upstream"]);
    assert_ne!(run.code, Some(2), "{}", run.stderr);
}

#[test]
fn a_url_that_git_would_take_for_an_option_or_a_command() {
    for url in [
        "-u./owned",
        "--upload-pack=touch owned",
        "ext::touch owned",
        "file\\n://x",
    ] {
        let root = Root::new();
        root.pin(SOURCE, &"1".repeat(40));
        let line = root.edit(
            "releases/demo.toml",
            "https://upstream.example/hive-common.git",
            url,
        );
        // Without --sources, the URL would be used.
        refused_with(&root, "PNX-208", &format!("releases/demo.toml:{line}"), &[]);
        assert!(!root.join("owned").exists() && !root.join("cache").exists());
    }
}

// Manifests and rules.

#[test]
fn a_malformed_manifest() {
    let path = "releases/demo.toml";
    for (from, to, line) in [
        (
            "version = \"1.2.0\"",
            "version = \"1.2.0\"\nrevision = \"x\"",
            1,
        ),
        ("version = \"1.2.0\"", "version = ", 0),
        ("version = \"1.2.0\"", "version = 12", 0),
        ("path = \"demo/hive-common\"", "path = \"../elsewhere\"", 0),
        ("path = \"demo/hive-common\"", "path = \"/etc\"", 0),
        ("version = \"1.2.0\"", "version = \"1.2${pkgs.x}\"", 0),
        ("version = \"1.2.0\"", "version = \"1.2''\"", 0),
        ("version = \"1.2.0\"", "version = \"1.2\\n3\"", 0),
        (
            "version = \"1.2.0\"",
            "version = \"1.2\"\nversion = \"1.3\"",
            1,
        ),
        ("[source.hive-common]", "[source.\"../hive-common\"]", 0),
    ] {
        let root = Root::new();
        let at = root.edit(path, from, to) + line;
        refused(&root, "PNX-207", &format!("{path}:{at}"));
    }
}

const STATE: &str = "rules/general/state.toml";
const HIVE: &str = "demo/rules/sources/hive-manager.toml";
const PROGRAMS: &str = "rules/nixpkgs/programs.toml";
const DEBIAN: &str = "rules/nixpkgs/debian.toml";

#[test]
fn rules_at_a_place_that_nobody_reads() {
    for (file, remedy) in [
        ("rules/paths.toml", "Rules are in sources/NAME.toml"),
        (
            "rules/sources/more/x.toml",
            "Rules are in sources/NAME.toml",
        ),
        (
            "rules/nixpkgs/program.toml",
            "Did you mean `programs.toml`?",
        ),
    ] {
        let root = Root::new();
        root.write(file, "");
        let run = refused(&root, "PNX-103", file);
        assert!(run.stderr.contains(remedy), "{}", run.stderr);
    }
}

#[test]
fn malformed_rules() {
    let rule = "\n[[path]]\nname = \"mine\"\nwhere.exact = [\"/x\"]\n";
    let kernel = "decide = { keep = \"kernel\" }\n";
    let deciding = |decide: &str| format!("{rule}decide = {decide}\n");
    let of = |name: &str, condition: &str| {
        format!("\n[[path]]\nname = \"{name}\"\nwhere.{condition}\n{kernel}")
    };
    // The file, the text put at its end, the line of the error within that text, the code.
    for (file, text, line, code) in [
        (STATE, format!("{rule}{kernel}colour = 1\n"), 6, "PNX-103"),
        (STATE, rule.to_owned(), 2, "PNX-103"),
        // A verdict that is none, or is two.
        (STATE, deciding("\"wraper\""), 5, "PNX-103"),
        (STATE, deciding("{ }"), 5, "PNX-103"),
        (STATE, deciding("{ moon = \"x\" }"), 5, "PNX-103"),
        (
            STATE,
            deciding("{ keep = \"kernel\", package = \"x\" }"),
            5,
            "PNX-103",
        ),
        // A word that `keep` does not have: a sentence is for `why`.
        (STATE, deciding("{ keep = \"kernl\" }"), 5, "PNX-103"),
        (
            STATE,
            deciding("{ keep = \"kernel\", target = \"x\" }"),
            5,
            "PNX-103",
        ),
        (
            STATE,
            deciding("{ package = \"lvm2\", etc = \"state\" }"),
            5,
            "PNX-103",
        ),
        // Decisions that need a sentence as their reason.
        (STATE, deciding("{ keep = \"nixos\" }"), 3, "PNX-103"),
        (
            STATE,
            deciding("{ keep = \"state\" }") + "why = \" \"\n",
            3,
            "PNX-103",
        ),
        (
            STATE,
            deciding("{ package = \"lvm2\", target = \"x\" }"),
            3,
            "PNX-103",
        ),
        (STATE, deciding("{ system = \"/x\" }"), 3, "PNX-103"),
        (STATE, of("mine", "regex = \"(\""), 3, "PNX-103"),
        (STATE, of("mine", "files = [\"a[\"]"), 3, "PNX-103"),
        (STATE, of("mine", "colours = [\"a\"]"), 4, "PNX-103"),
        (STATE, format!("{rule}{kernel}{rule}{kernel}"), 8, "PNX-104"),
        // The file says which source it is.
        (
            HIVE,
            of("mine", "sources = [\"hive-manager\"]"),
            3,
            "PNX-103",
        ),
        (
            HIVE,
            "\n[[place]]\nbelow = \"x\"\nkeep = \"y\"\n".to_owned(),
            2,
            "PNX-103",
        ),
        (
            STATE,
            "\n[nixpkgs]\nover = \"qemu\"\n".to_owned(),
            2,
            "PNX-103",
        ),
        (
            PROGRAMS,
            "\n[other]\nprograms = [\n  \"lvs\",\n]\n".to_owned(),
            4,
            "PNX-104",
        ),
        (STATE, "\n[[path]\n".to_owned(), 2, "PNX-103"),
        (
            STATE,
            "\n[[context]]\nname = \"mine\"\nwhere.files = [\"a\"]\ncontext = \"moon\"\n"
                .to_owned(),
            5,
            "PNX-103",
        ),
        (
            STATE,
            "\n[[context]]\nname = \"mine\"\nwhere.files = [\"a\"]\ncontext = \"guest\"\n"
                .to_owned(),
            3,
            "PNX-103",
        ),
        (
            PROGRAMS,
            "\n[lvm2]\nprograms = [\"x\"]\n".to_owned(),
            2,
            "PNX-103",
        ),
        (
            "rules/nixpkgs/perl.toml",
            "\n[X]\nmodule = [\"X\"]\n".to_owned(),
            3,
            "PNX-103",
        ),
        (
            "rules/general/calls.toml",
            "\n[[moon]]\n".to_owned(),
            2,
            "PNX-103",
        ),
        (
            STATE,
            "\n[[feature]]\nname = \"x\"\nwhy = \"y\"\nsource = \"z\"\ndrop-moons = []\n"
                .to_owned(),
            6,
            "PNX-103",
        ),
        (
            STATE,
            "\n[[feature]]\nname = \"x\"\nwhy = \"y\"\n".to_owned(),
            3,
            "PNX-103",
        ),
        (
            DEBIAN,
            "\n[some-package]\nmoon = 1\n".to_owned(),
            3,
            "PNX-103",
        ),
        (
            DEBIAN,
            "\n[some-package]\nattr = \"x\"\nnone = \"y\"\n".to_owned(),
            2,
            "PNX-103",
        ),
    ] {
        let root = Root::new();
        let path = file;
        let at = root.text(path).matches('\n').count() + line;
        root.append(path, &text);
        refused(&root, code, &format!("{path}:{at}"));
    }
}

// Packaging.

#[test]
fn a_malformed_control() {
    for (from, to, line) in [
        ("Architecture:", "Architecture", 0),
        ("Source:", " Source:", 0),
        ("Package:", "Paket:", 0),
        ("Package: libhive", "Package: lib${hive", 0),
    ] {
        let root = Root::new();
        let path = "hive-common/debian/control";
        let at = root.edit(&format!("demo/{path}"), from, to) + line;
        refused(&root, "PNX-301", &format!("{path}:{at}"));
    }
}

#[test]
fn a_malformed_changelog() {
    for version in ["", "(1.2 3)", "(1.2${x})", "(1.2'')", "(.x/../y)", "(1.2"] {
        let root = Root::new();
        let path = "hive-common/debian/changelog";
        root.edit(&format!("demo/{path}"), "(1.2.0)", version);
        refused(&root, "PNX-302", &format!("{path}:1"));
    }
}

#[test]
fn a_path_that_leaves_its_tree_in_an_install_file() {
    let root = Root::new();
    let path = "hive-cluster/debian/hive-cluster.install";
    let line = root.text(&format!("demo/{path}")).matches('\n').count() + 1;
    root.append(
        &format!("demo/{path}"),
        "../../../etc/shadow usr/share/hive\n",
    );
    refused(&root, "PNX-303", &format!("{path}:{line}"));
}

#[test]
fn a_path_that_leaves_its_tree_in_a_links_file() {
    let root = Root::new();
    let path = "hive-qemu/debian/hive-qemu.links";
    let line = root.text(&format!("demo/{path}")).matches('\n').count() + 1;
    root.append(&format!("demo/{path}"), "usr/bin/x ../../../etc/x\n");
    refused(&root, "PNX-303", &format!("{path}:{line}"));
}

#[test]
fn a_patch_of_a_series_that_leaves_its_tree() {
    let root = Root::new();
    let path = "hive-qemu/debian/patches/hive/0001-firmware-look-where-the-package-puts-it.patch";
    let line = root.edit(&format!("demo/{path}"), "+++ b/", "+++ b/../../");
    refused(&root, "PNX-303", &format!("{path}:{line}"));
}

#[test]
fn a_series_that_cannot_be_used() {
    for (line, code) in [
        ("hive/0009-not-there.patch\n", "PNX-306"),
        (
            "hive/0001-firmware-look-where-the-package-puts-it.patch --fuzz=3\n",
            "PNX-306",
        ),
        ("../../x.patch\n", "PNX-303"),
    ] {
        let root = Root::new();
        let path = "hive-qemu/debian/patches/series";
        let at = root.text(&format!("demo/{path}")).matches('\n').count() + 1;
        root.append(&format!("demo/{path}"), line);
        refused(&root, code, &format!("{path}:{at}"));
    }
}

// Files and trees.

#[test]
fn perl_that_does_not_parse() {
    let root = Root::new();
    let line = root.edit(TOOLS, "\nsub ", "\nmy $x = ( '/sbin/vgs';\n\nsub ") + 1;
    refused(
        &root,
        "PNX-105",
        &format!("hive-common/src/Hive/Tools.pm:{line}"),
    );
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let root = Root::new();
    root.edit(
        "demo/hive-common/debian/control",
        "Architecture:",
        "Architecture",
    );
    root.edit("demo/hive-cluster/debian/changelog", "(2.0.3)", "");
    let run = refused(&root, "PNX-301", "hive-common/debian/control");
    assert!(
        run.stderr
            .contains("PNX-302: hive-cluster/debian/changelog:1"),
        "{}",
        run.stderr
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_only_bytes() {
    let root = Root::new();
    let mut bytes = b"# caf\xe9 \xff\xfe\nour $NAME = \"\xe4\xf6/sbin/vgs\";\nmy $x = '/sbin/lvs'; # \xc3\x28\n".to_vec();
    bytes.extend(fs::read(root.join(TOOLS)).expect("read"));
    root.write(TOOLS, bytes);
    let run = root.run(&["scan", "demo", "--format", "json"]);
    assert_ne!(run.code, Some(2), "{}", run.stderr);
    let scan: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let of_file =
        |one: &&serde_json::Value| one["path"] == "src/Hive/Tools.pm" && one["text"] == "/sbin/lvs";
    let found = scan["occurrences"]
        .as_array()
        .expect("a list")
        .iter()
        .find(of_file)
        .expect("found");
    assert_eq!(
        (found["line"].as_u64(), found["offset"].as_u64()),
        (Some(3), Some(46)),
        "{found}"
    );
}

#[test]
fn symbolic_links_that_lead_in_a_circle() {
    for (link, target) in [("a", "b"), ("self", "self"), ("src/up", "../src/up/x")] {
        let root = Root::new();
        let source = root.join("demo/hive-common");
        symlink(target, source.join(link)).expect("a link");
        if link == "a" {
            symlink("a", source.join("b")).expect("a link");
        }
        refused(&root, "PNX-209", &format!("hive-common/{link}"));
    }
}

#[test]
fn a_directory_that_links_to_itself_is_not_followed() {
    let root = Root::new();
    symlink(".", root.join("demo/hive-common/again")).expect("a link");
    let run = root.run(&["scan", "demo"]);
    assert_ne!(run.code, Some(2), "{}", run.stderr);
}

#[test]
fn an_entry_that_is_no_file() {
    let root = Root::new();
    let socket = root.join("demo/hive-common/socket");
    let _kept = std::os::unix::net::UnixListener::bind(socket).expect("a socket");
    refused(&root, "PNX-209", "hive-common/socket");
}

#[test]
fn a_name_that_holds_a_newline() {
    let root = Root::new();
    root.write("demo/hive-common/src/a\nb.pm", "1;\n");
    refused(&root, "PNX-209", "hive-common");
}

#[test]
fn a_description_is_escaped_for_nix() {
    let root = Root::new();
    let description = "Description: ${builtins.readFile ./x} ''${y} \"quoted\" \\n back";
    root.edit(
        "demo/hive-common/debian/control",
        "Description: ",
        &format!("{description} "),
    );
    let run = root.regen(&[]);
    assert_ne!(run.code, Some(2), "{}", run.stderr);
    for (path, bytes) in root.written() {
        let text = String::from_utf8_lossy(&bytes);
        for (at, _) in text
            .match_indices("${builtins.readFile")
            .chain(text.match_indices("${y}"))
        {
            assert!(
                Path::new(&path).extension().is_none_or(|end| end != "nix")
                    || text[..at].ends_with(['\\', '\'']),
                "{path}: {}",
                &text[at.saturating_sub(40)..]
            );
        }
    }
}

// Arguments and output.

#[test]
fn a_directory_that_cannot_be_written() {
    let root = Root::new();
    root.write("file", "no directory\n");
    let run = root.regen(&["--out", "file"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("PNX-405: file/pkgs"), "{}", run.stderr);
    assert!(run.stderr.contains("\n  help: "), "{}", run.stderr);
}

#[test]
fn a_release_that_is_not_there() {
    let root = Root::new();
    let run = root.run(&["regen", "pve-0.1"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.starts_with("PNX-501: "), "{}", run.stderr);
}
