//! A run that is killed or cannot write leaves either the old output or the new one, intact.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use sha2::{Digest, Sha256};

use crate::support::{Root, Run, contents};

/// Makes a root with the output of a run.
fn prepared() -> Root {
    let root = Root::new();
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    root
}

/// Changes the version, which is in every patch's header, so that the next run writes other output.
fn toggle(root: &Root) {
    let path = "releases/demo.toml";
    let text = root.text(path);
    let (old, new) = ("version = \"1.4.1\"", "version = \"1.4.1+x\"");
    let (from, to) = if text.contains(old) {
        (old, new)
    } else {
        (new, old)
    };
    root.edit(path, from, to);
}

/// Returns the text of `MANIFEST`, after checking every file against it.
fn whole(out: &Path) -> String {
    let dir = out.join("pkgs/demo");
    let manifest = fs::read_to_string(dir.join("MANIFEST")).expect("a manifest");
    let mut listed: BTreeMap<String, String> = manifest
        .lines()
        .map(|line| {
            let (hash, path) = line.split_once("  ").expect("hash and path");
            (dir.join(path).display().to_string(), hash.to_owned())
        })
        .collect();
    for (path, bytes) in contents(&dir) {
        if Path::new(&path).is_dir() || path.ends_with("/MANIFEST") {
            continue;
        }
        let hash: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(listed.remove(&path).as_deref(), Some(&*hash), "{path}");
    }
    assert!(listed.is_empty(), "not there: {listed:?}");
    manifest
}

fn stages(out: &Path) -> Vec<String> {
    let names = fs::read_dir(out.join("pkgs")).expect("a directory");
    names
        .map(|entry| entry.expect("an entry").file_name().display().to_string())
        .filter(|name| name.starts_with('.'))
        .collect()
}

#[test]
fn a_kill_at_any_moment_leaves_the_old_output_or_the_new_one() {
    let root = prepared();
    let out = root.path();
    let mut manifest = whole(out);
    toggle(&root);
    let start = Instant::now();
    assert_eq!(root.regen(&[]).code, Some(0));
    let usual = start.elapsed();
    let mut other = whole(out);
    assert_ne!(
        manifest, other,
        "the runs must differ for the kills to mean something"
    );
    let (mut old, mut new) = (0, 0);
    for step in 0..300_u32 {
        if step >= 30 && new >= 3 {
            break;
        }
        // The output is `other`; the run should write `manifest`.
        toggle(&root);
        let mut child = root
            .command(&["regen", "demo"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        std::thread::sleep(usual * step / 24);
        child.kill().expect("killed");
        child.wait().expect("waited for");
        match whole(out) {
            there if there == other => old += 1,
            there if there == manifest => new += 1,
            there => panic!("neither the old nor the new output:\n{there}"),
        }
        let run = root.regen(&[]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert_eq!(whole(out), manifest);
        assert_eq!(stages(out), [""; 0]);
        std::mem::swap(&mut manifest, &mut other);
    }
    assert!(
        old >= 3 && new >= 3,
        "{old} killed before, {new} after the exchange"
    );
}

#[test]
fn what_a_killed_run_left_goes_even_when_nothing_changes() {
    let root = prepared();
    root.write("pkgs/.regen-demo-killed/new/hive-common/package.nix", "");
    root.write("pkgs/.regen-other-running/new/x", "");
    assert_eq!(root.regen(&[]).code, Some(0));
    assert_eq!(stages(root.path()), [".regen-other-running"]);
}

#[test]
fn a_file_that_cannot_grow_is_a_full_disk() {
    let root = prepared();
    let before = root.written();
    toggle(&root);
    let mut failed = 0;
    for blocks in [0, 1, 2, 4, 8] {
        let mut shell = Command::new("bash");
        root.place(&mut shell);
        // A write past the limit returns an error instead of raising a signal.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" regen demo");
        let run = Run::of(shell.args(["-c", &script, env!("CARGO_BIN_EXE_pve-nix")]));
        if run.code == Some(0) {
            continue;
        }
        failed += 1;
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        assert!(run.stderr.starts_with("PNX-405: "), "{}", run.stderr);
        assert!(run.stderr.contains("File too large"), "{}", run.stderr);
        assert!(
            before == root.written(),
            "{blocks} blocks: the old output is not whole"
        );
        assert_eq!(stages(root.path()), [""; 0]);
    }
    assert!(failed > 0, "the limit was never met");
}

#[test]
fn a_full_disk_leaves_the_old_output() {
    let root = prepared();
    let size: usize = root
        .written()
        .iter()
        .filter(|(path, _)| Path::new(path).is_file())
        .map(|(_, bytes)| bytes.len().next_multiple_of(4096))
        .sum();
    toggle(&root);
    // A file system of its own, in a mount namespace of its own.
    let script = format!(
        "set -e; mkdir -p out; mount -t tmpfs -o size={} none out || exit 77; cp -a pkgs patches out
         if \"$0\" regen demo --out out; then exit 98; else code=$?; fi
         cd out/pkgs/demo; sha256sum --quiet --check MANIFEST; [ $(find . -type f | wc -l) = $(($(wc -l < MANIFEST) + 1)) ]
         ls -A .. | grep -q '^[.]regen' && exit 97
         exit $code",
        size * 5 / 4
    );
    let mut shell = Command::new("unshare");
    root.place(&mut shell);
    let run = Run::of(shell.args([
        "--map-root-user",
        "--mount",
        "bash",
        "-c",
        &script,
        env!("CARGO_BIN_EXE_pve-nix"),
    ]));
    if run.code == Some(77) || run.stderr.starts_with("unshare: ") {
        println!("skipped: no right to mount: {}", run.stderr);
        return;
    }
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("PNX-405: "), "{}", run.stderr);
    assert!(
        run.stderr.contains("No space left on device"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_read_only_output_is_an_error() {
    let root = prepared();
    let before = root.written();
    toggle(&root);
    // Root may write anywhere, so a file blocks the way.
    fs::remove_dir_all(root.join("patches")).expect("removed");
    root.write("patches", "a file\n");
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.starts_with("PNX-405: "), "{}", run.stderr);
    let pkgs = |path: &&String| path.contains("/pkgs/");
    let after = root.written();
    assert!(before.keys().filter(pkgs).eq(after.keys().filter(pkgs)));
    whole(root.path());
}

#[test]
fn two_runs_at_once_leave_one_whole_output() {
    let root = prepared();
    toggle(&root);
    let children: Vec<_> = (0..4)
        .map(|_| {
            root.command(&["regen", "demo"])
                .stdout(Stdio::null())
                .spawn()
                .expect("started")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("waited for").success());
    }
    whole(root.path());
    assert_eq!(stages(root.path()), [""; 0]);
    // All wrote the same, so nothing is left to do.
    let run = root.regen(&["--check"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}
