//! `prefetch` into a store of the test's own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::support::{Root, Run, git};

/// Makes a root whose only fetched source is hive-common, in Git. Returns its commit.
fn root() -> (Root, String) {
    let root = Root::new();
    let rev = root.in_git("hive-common");
    // Crates need cargo, which may have no network.
    fs::remove_dir_all(root.join("releases/demo")).expect("removed");
    (root, rev)
}

/// Returns the command, with a store below the root.
pub fn command(root: &Root, more: &[&str]) -> Command {
    let arguments = ["prefetch", "demo", "--sources", "upstream"];
    let mut command = root.command(&[&arguments, more].concat());
    command
        .env("NIX_REMOTE", root.join("store"))
        .env("NIX_CONFIG", "build-users-group =\nsubstituters =\n")
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("NIX_STORE_DIR");
    command
}

fn run(root: &Root, more: &[&str]) -> (Run, Value) {
    let run = Run::of(&mut command(root, &[more, &["--format", "json"]].concat()));
    let json = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    (run, json)
}

/// Returns the place of a store path on disk.
fn on_disk(root: &Root, path: &Value) -> PathBuf {
    root.join(&format!("store{}", path.as_str().expect("a path")))
}

fn in_store(root: &Root) -> Vec<String> {
    let names = fs::read_dir(root.join("store/nix/store"))
        .into_iter()
        .flatten();
    let names = names.map(|name| name.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name != ".links").collect()
}

#[test]
fn a_tree_gets_the_path_of_its_hash_and_is_not_written_twice() {
    let (root, rev) = root();
    let (first, told) = run(&root, &[]);
    assert_eq!(first.code, Some(0), "{first:?}");
    let source = &told["sources"][0];
    assert_eq!(source["state"], "added");
    let hash = source["hash"].as_str().expect("a hash").to_owned();
    assert_eq!(source["pinned"], false);
    // The hash that the pin lacks is reported, so that it can be added.
    let text = Run::of(&mut command(&root, &[]));
    assert!(text.stdout.contains(&hash), "{text:?}");
    let path = source["path"].as_str().expect("a path").to_owned();
    assert!(
        path.ends_with(&format!("-hive-common-{}", &rev[..7])),
        "{path}"
    );
    let kept = fs::read(on_disk(&root, &source["path"]).join("src/Hive/CLI.pm")).expect("there");
    assert_eq!(
        kept,
        root.text("demo/hive-common/src/Hive/CLI.pm").into_bytes()
    );
    // With the hash in the pin, nothing is read or written.
    root.edit(
        "releases/demo.toml",
        &format!("rev = \"{rev}\""),
        &format!("rev = \"{rev}\"\nnar-hash = \"{hash}\""),
    );
    fs::remove_dir_all(root.join("upstream")).expect("removed");
    fs::create_dir(root.join("upstream")).expect("a directory");
    let (second, told) = run(&root, &[]);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!(told["sources"][0]["state"], "there");
    assert_eq!(told["sources"][0]["path"], path.as_str());
}

#[test]
fn a_tree_that_is_not_the_pinned_one_is_refused() {
    let (root, rev) = root();
    let other = format!("rev = \"{rev}\"\nnar-hash = \"sha256-{}=\"", "A".repeat(43));
    root.edit("releases/demo.toml", &format!("rev = \"{rev}\""), &other);
    let (run, told) = run(&root, &[]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("PNX-206: hive-common"), "{run:?}");
    assert_eq!(told["sources"][0]["state"], "refused");
    assert_eq!(told["problems"][0]["code"], "PNX-206");
    assert_eq!(in_store(&root), Vec::<String>::new());
}

#[test]
fn a_tree_that_lacks_files_is_put_there_without_what_the_pin_leaves_out() {
    let (root, rev) = root();
    fs::remove_file(root.object("hive-common", "src/Hive/CLI.pm")).expect("removed");
    let (refused, _) = run(&root, &[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(
        refused
            .stderr
            .contains("PNX-204: hive-common/src/Hive/CLI.pm"),
        "{refused:?}"
    );
    assert_eq!(in_store(&root), Vec::<String>::new());
    root.edit(
        "releases/demo.toml",
        &format!("rev = \"{rev}\""),
        &format!("rev = \"{rev}\"\nomit = [\"src/Hive/CLI.pm\"]"),
    );
    let (allowed, told) = run(&root, &[]);
    assert_eq!(allowed.code, Some(0), "{allowed:?}");
    let tree = on_disk(&root, &told["sources"][0]["path"]);
    assert!(tree.join("Makefile").exists() && !tree.join("src/Hive/CLI.pm").exists());
}

#[test]
fn an_archive_is_taken_from_the_directory_or_its_url_and_held_against_its_hash() {
    let (root, _) = root();
    let digest = "sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=";
    root.write("far/vm-1.0.tar.xz", "hello world");
    let url = format!("file://{}", root.join("far/vm-1.0.tar.xz").display());
    root.append(
        "releases/demo.toml",
        &format!("\n[archive.vm]\nversion = \"1.0\"\nurl = \"{url}\"\nhash = \"{digest}\"\n"),
    );
    root.write("upstream/vm-1.0.tar.xz", "another");
    let (other, told) = run(&root, &[]);
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.stderr.contains("PNX-206"), "{other:?}");
    assert!(other.stderr.contains("vm-1.0.tar.xz: "), "{other:?}");
    assert!(other.stderr.contains(digest), "{other:?}");
    assert_eq!(told["archives"][0]["state"], "refused");
    fs::remove_file(root.join("upstream/vm-1.0.tar.xz")).expect("removed");
    let (fetched, told) = run(&root, &[]);
    assert_eq!(fetched.code, Some(0), "{fetched:?}");
    assert_eq!(told["archives"][0]["state"], "added");
    let stored = on_disk(&root, &told["archives"][0]["path"]);
    assert_eq!(fs::read_to_string(stored).expect("there"), "hello world");
    fs::remove_file(root.join("far/vm-1.0.tar.xz")).expect("removed");
    let (again, told) = run(&root, &[]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert_eq!(told["archives"][0]["state"], "there");
}

#[test]
fn submodules_are_taken_from_whichever_repository_has_their_commit() {
    let (root, _) = root();
    root.write("comb/wax.c", "int wax;\n");
    let comb = root.join("comb");
    git(&comb, &["init", "-q", "-b", "master"]);
    git(&comb, &["add", "-A"]);
    git(&comb, &["commit", "-q", "-m", "one"]);
    let commit = git(&comb, &["rev-parse", "HEAD"]);
    let source = root.join("upstream/hive-common");
    let before = git(&source, &["rev-parse", "HEAD"]);
    let modules = "[submodule \"lib/comb\"]\n\tpath = lib/comb\n\turl = ../wax-comb.git\n";
    root.write("upstream/hive-common/.gitmodules", modules);
    let link = format!("160000,{commit},lib/comb");
    git(&source, &["update-index", "--add", "--cacheinfo", &link]);
    git(&source, &["add", ".gitmodules"]);
    git(&source, &["commit", "-q", "-m", "two"]);
    let rev = git(&source, &["rev-parse", "HEAD"]);
    root.edit(
        "releases/demo.toml",
        &before,
        &format!("{rev}\"\nsubmodules = true #"),
    );

    let (lacking, _) = run(&root, &[]);
    assert_eq!(lacking.code, Some(1), "{lacking:?}");
    assert!(
        lacking.stderr.contains("PNX-221: hive-common/lib/comb"),
        "{lacking:?}"
    );
    assert!(lacking.stderr.contains(&commit), "{lacking:?}");
    assert_eq!(in_store(&root), Vec::<String>::new());

    let mut hashes = Vec::new();
    for place in [
        "upstream/wax-comb",
        "upstream/hive-common.submodules/lib/comb",
        "upstream/hive-common/.git/modules/lib/comb",
    ] {
        let place = root.join(place);
        fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        let from = if place.components().any(|part| part.as_os_str() == ".git") {
            comb.join(".git")
        } else {
            comb.clone()
        };
        fs::rename(from, &place).expect("moved");
        let (whole, told) = run(&root, &[]);
        assert_eq!(whole.code, Some(0), "{whole:?}");
        hashes.push(told["sources"][0]["hash"].clone());
        let tree = on_disk(&root, &told["sources"][0]["path"]);
        let wax = fs::read_to_string(tree.join("lib/comb/wax.c")).expect("there");
        assert_eq!(wax, "int wax;\n");
        assert!(!tree.join("lib/comb/.git").exists());
        let back = if place.ends_with(".git/modules/lib/comb") {
            comb.join(".git")
        } else {
            comb.clone()
        };
        fs::rename(&place, back).expect("moved");
    }
    assert!(
        hashes
            .iter()
            .all(|hash| hash.is_string() && *hash == hashes[0]),
        "{hashes:?}"
    );
}
