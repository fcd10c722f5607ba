//! Opens, reads, hashes and locks pinned sources, in repositories made here and, if `PVE_SOURCES`
//! names them, in the real ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use problem::Problem;
use rayon::prelude::*;
use release::{
    At, Entry, Manifest, Mode, NarHash, OpenOptions, Opened, Pin, Source, check_nar_hash, lock,
    nar_hash, open, unsatisfied,
};
use tempfile::TempDir;

/// Runs Git in a directory without the machine's configuration, with the given committer's and
/// author's time.
fn git(directory: &Path, time: &str, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(directory)
        .env_remove("GIT_DIR")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs([("GIT_AUTHOR_DATE", time), ("GIT_COMMITTER_DATE", time)])
        .args([
            "-c",
            "user.name=A Person",
            "-c",
            "user.email=person@example.org",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned()
}

const NOON: &str = "2025-03-01T12:00:00+0100";

/// A repository under construction.
struct Repository(PathBuf);

impl Repository {
    fn new(path: PathBuf) -> Self {
        fs::create_dir_all(&path).expect("a directory");
        git(&path, NOON, &["init", "-q", "-b", "master"]);
        Self(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        fs::write(path, content).expect("written");
    }

    fn commit(&self, time: &str, subject: &str) -> String {
        git(&self.0, time, &["add", "-A"]);
        git(
            &self.0,
            time,
            &["commit", "-q", "--allow-empty", "-m", subject],
        );
        git(&self.0, time, &["rev-parse", "HEAD"])
    }

    /// Commits `version` as the changelog's newest.
    fn bump(&self, package: &str, version: &str, time: &str, subject: &str) -> String {
        let old = fs::read_to_string(self.0.join("debian/changelog")).unwrap_or_default();
        let entry = format!(
            "{package} ({version}) trixie; urgency=medium\n\n  * change\n\n -- A Person <p@example.org>  date\n\n"
        );
        self.write("debian/changelog", entry + &old);
        self.commit(time, subject)
    }
}

fn pin(rev: &str) -> Pin {
    Pin {
        url: Some("https://example.org/x.git".to_owned()),
        rev: Some(rev.to_owned()),
        ..Pin::default()
    }
}

fn manifest(pins: impl IntoIterator<Item = (&'static str, Pin)>) -> Manifest {
    let sources = pins
        .into_iter()
        .map(|(name, pin)| (name.to_owned(), pin))
        .collect();
    Manifest {
        name: "pve-1.0".to_owned(),
        version: Some("1.0".to_owned()),
        sources,
        ..Manifest::default()
    }
}

fn options(sources: &Path) -> OpenOptions {
    OpenOptions {
        sources: Some(sources.to_owned()),
        ..OpenOptions::default()
    }
}

fn codes(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code.id).collect()
}

fn open_one(sources: &Path, rev: &str) -> Result<Source, Problem> {
    let opened = open(&manifest([("x", pin(rev))]), &options(sources));
    opened
        .map(|mut opened| opened.sources.remove(0))
        .map_err(|mut problems| problems.remove(0))
}

fn read_all(source: &Source) -> Vec<(String, Mode, Vec<u8>)> {
    let wanted: Vec<&Entry> = source
        .tree
        .entries()
        .iter()
        .filter(|e| e.mode != Mode::Submodule)
        .collect();
    let contents = source.tree.read(&wanted).expect("read");
    wanted
        .into_iter()
        .zip(contents)
        .map(|(entry, content)| (entry.path.clone(), entry.mode, content))
        .collect()
}

/// Makes a tree with every kind of entry, whose NAR hash `nix hash path` computed.
fn sample(path: &Path) {
    let write = |name: &str, content: &str| {
        let file = path.join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("directories");
        fs::write(file, content).expect("written");
    };
    write("file", "hello\n");
    write("run", "#!/bin/sh\nexit 0\n");
    write("empty", "");
    write("sub/deep/eight", "12345678");
    // As paths, `a.b` sorts before `a/c`; in an archive the directory `a` comes first.
    write("a.b", "x");
    write("a/c", "y");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        fs::set_permissions(path.join("run"), fs::Permissions::from_mode(0o755))
            .expect("executable");
        symlink("file", path.join("link")).expect("a link");
    }
}

const SAMPLE_HASH: &str = "sha256-lTpNXoP5/xBhjQEpEwOYevAaWEQfdNxx8hl3jS/62Qo=";

/// Commits the sample, with the empty directory `module` as a submodule.
fn sample_repository(path: PathBuf) -> (Repository, String) {
    let repository = Repository::new(path);
    sample(&repository.0);
    repository.commit(NOON, "the sample");
    let cacheinfo = format!("160000,{},module", "1".repeat(40));
    git(
        &repository.0,
        NOON,
        &["update-index", "--add", "--cacheinfo", &cacheinfo],
    );
    git(
        &repository.0,
        NOON,
        &["commit", "-q", "-m", "with a submodule"],
    );
    let rev = git(&repository.0, NOON, &["rev-parse", "HEAD"]);
    (repository, rev)
}

#[test]
fn git_trees_and_plain_trees_are_the_same_files() {
    let dir = TempDir::new().expect("a directory");
    let (repository, rev) = sample_repository(dir.path().join("git/x"));
    let plain = dir.path().join("plain/x");
    fs::create_dir_all(plain.join("module")).expect("a directory");
    sample(&plain);
    fs::create_dir_all(plain.join(".git-not/.git")).expect("a directory");
    fs::write(plain.join(".git-not/.git/HEAD"), "left out").expect("written");

    let from_git = open_one(&dir.path().join("git"), &rev).expect("opened");
    let paths: Vec<&str> = from_git
        .tree
        .entries()
        .iter()
        .map(|entry| entry.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "a.b",
            "a/c",
            "empty",
            "file",
            "link",
            "module",
            "run",
            "sub/deep/eight"
        ]
    );
    assert_eq!(from_git.tree.entries()[7].size, 8);
    let from_directory = open_one(&dir.path().join("plain"), &rev).expect("opened");
    assert_eq!(read_all(&from_git), read_all(&from_directory));
    assert!(read_all(&from_git).contains(&("link".to_owned(), Mode::Symlink, b"file".to_vec())));
    assert!(
        read_all(&from_git)
            .iter()
            .any(|(path, mode, _)| path == "run" && *mode == Mode::Executable)
    );

    // The commit matters, not the work tree.
    fs::write(repository.0.join("file"), "changed").expect("written");
    assert_eq!(read_all(&from_git), read_all(&from_directory));
}

#[test]
fn repositories_may_be_bare_and_may_have_the_suffix() {
    let dir = TempDir::new().expect("a directory");
    let (repository, rev) = sample_repository(dir.path().join("work"));
    for (place, name) in [("a", "x"), ("b", "x.git")] {
        let bare = dir.path().join(place).join(name);
        fs::create_dir_all(dir.path().join(place)).expect("a directory");
        git(
            &repository.0,
            NOON,
            &["clone", "-q", "--bare", ".", &bare.display().to_string()],
        );
        let source = open_one(&dir.path().join(place), &rev).expect("opened");
        assert_eq!(source.tree.entries().len(), 8);
    }
}

#[test]
fn nar_hash_is_what_nix_computes() {
    let dir = TempDir::new().expect("a directory");
    let (_, rev) = sample_repository(dir.path().join("x"));
    let mut source = open_one(dir.path(), &rev).expect("opened");
    assert_eq!(
        nar_hash(source.tree.as_ref()).expect("hashed"),
        NarHash::Known(SAMPLE_HASH.to_owned())
    );
    source.pin.nar_hash = Some(SAMPLE_HASH.to_owned());
    check_nar_hash(&source).expect("the same");
    source.pin.nar_hash = Some(format!("sha256-{}=", "A".repeat(43)));
    assert_eq!(
        check_nar_hash(&source).expect_err("differs").code.id,
        "PNX-206"
    );
}

#[test]
fn nar_hash_is_not_claimed_where_checkout_changes_files() {
    let dir = TempDir::new().expect("a directory");
    let repository = Repository::new(dir.path().join("x"));
    repository.write(
        "doc/.gitattributes",
        "# eol=crlf\n*.bin binary\n*.txt export-subst\n",
    );
    let harmless = repository.commit(NOON, "harmless");
    repository.write("doc/.gitattributes", "*.txt text eol=crlf\n");
    let converted = repository.commit(NOON, "converted");
    let hash = |rev: &str| {
        nar_hash(open_one(dir.path(), rev).expect("opened").tree.as_ref()).expect("hashed")
    };
    assert!(matches!(hash(&harmless), NarHash::Known(_)));
    assert_eq!(
        hash(&converted),
        NarHash::Converted("doc/.gitattributes".to_owned())
    );
}

#[test]
fn a_pin_that_is_not_there_says_what_is() {
    let dir = TempDir::new().expect("a directory");
    let (_, rev) = sample_repository(dir.path().join("x"));
    let problem = open_one(dir.path(), &"ab".repeat(20))
        .err()
        .expect("missing");
    assert_eq!(problem.code.id, "PNX-202");
    assert!(problem.cause.contains(&rev), "{problem}");
    assert_eq!(problem.place.source.as_deref(), Some("x"));
}

#[test]
fn all_missing_sources_are_told_at_once_and_may_be_allowed() {
    let dir = TempDir::new().expect("a directory");
    let (_, rev) = sample_repository(dir.path().join("x"));
    let manifest = manifest([("x", pin(&rev)), ("y", pin(&rev)), ("z", pin(&rev))]);
    let problems = open(&manifest, &options(dir.path()))
        .err()
        .expect("missing");
    assert_eq!(codes(&problems), ["PNX-201", "PNX-201"]);
    let allowed = OpenOptions {
        allow_missing: true,
        ..options(dir.path())
    };
    let Opened {
        sources, missing, ..
    } = open(&manifest, &allowed).expect("opened");
    assert_eq!(
        (sources.len(), codes(&missing)),
        (1, vec!["PNX-201", "PNX-201"])
    );
    assert_eq!(missing[1].place.source.as_deref(), Some("z"));
}

#[test]
fn a_missing_blob_matters_only_when_it_is_read() {
    let dir = TempDir::new().expect("a directory");
    let (repository, rev) = sample_repository(dir.path().join("x"));
    let blob = git(&repository.0, NOON, &["rev-parse", "HEAD:a.b"]);
    fs::remove_file(
        repository
            .0
            .join(".git/objects")
            .join(&blob[..2])
            .join(&blob[2..]),
    )
    .expect("removed");
    let source = open_one(dir.path(), &rev).expect("opened");
    let entries = source.tree.entries();
    assert_eq!((entries[0].path.as_str(), entries[0].size), ("a.b", 0));
    assert_eq!(
        source.tree.read(&[&entries[1], &entries[3]]).expect("read"),
        [&b"y"[..], b"hello\n"]
    );
    let problem = source
        .tree
        .read(&[&entries[1], &entries[0]])
        .expect_err("missing");
    assert_eq!(
        (problem.code.id, problem.place.path.as_deref()),
        ("PNX-204", Some("a.b"))
    );
    assert_eq!(
        nar_hash(source.tree.as_ref()).expect("no problem"),
        NarHash::MissingBlob("a.b".to_owned())
    );
}

#[test]
fn damaged_repositories_are_told_with_gits_words() {
    let dir = TempDir::new().expect("a directory");
    let (repository, rev) = sample_repository(dir.path().join("work"));
    let bare = dir.path().join("x.git");
    let fresh = || {
        let _ = fs::remove_dir_all(&bare);
        git(
            &repository.0,
            NOON,
            &[
                "clone",
                "-q",
                "--bare",
                "--no-local",
                ".",
                &bare.display().to_string(),
            ],
        );
    };
    let packs = || {
        let packs = fs::read_dir(bare.join("objects/pack")).expect("packs");
        let mut files: Vec<_> = packs.map(|file| file.expect("a pack").path()).collect();
        files.retain(|file| {
            file.extension()
                .is_some_and(|extension| extension == "pack")
        });
        files
    };
    let expect_broken = |what: &str| match open_one(dir.path(), &rev) {
        Err(problem) => {
            assert_eq!(problem.code.id, "PNX-203", "{what}: {problem}");
            assert!(!problem.cause.contains("no reason"), "{what}: {problem}");
        }
        Ok(source) => {
            let wanted: Vec<&Entry> = source
                .tree
                .entries()
                .iter()
                .filter(|e| e.mode != Mode::Submodule)
                .collect();
            let problem = source.tree.read(&wanted).expect_err(what);
            assert_eq!(problem.code.id, "PNX-203", "{what}: {problem}");
        }
    };
    fresh();
    fs::remove_file(bare.join("HEAD")).expect("removed");
    expect_broken("no HEAD");
    for keep in [0, 10, 40, 120] {
        fresh();
        for pack in packs() {
            let bytes = fs::read(&pack).expect("a pack");
            fs::remove_file(&pack).expect("removed");
            fs::write(&pack, &bytes[..keep.min(bytes.len())]).expect("truncated");
        }
        expect_broken(&format!("a pack of {keep} bytes"));
    }
    fresh();
    for pack in packs() {
        let mut bytes = fs::read(&pack).expect("a pack");
        for byte in bytes.iter_mut().skip(12) {
            *byte ^= 0x55;
        }
        fs::remove_file(&pack).expect("removed");
        fs::write(&pack, bytes).expect("written");
    }
    expect_broken("a pack of noise");
}

/// Commits a tree that `git mktree` would reject or that no checkout creates.
fn commit_of_tree(repository: &Repository, records: &[(&str, &[u8])]) -> String {
    let blob = git(&repository.0, NOON, &["rev-parse", "HEAD:file"]);
    let raw: Vec<u8> = (0..20)
        .map(|i| u8::from_str_radix(&blob[2 * i..2 * i + 2], 16).expect("hex"))
        .collect();
    let mut tree = Vec::new();
    for (mode, name) in records {
        tree.extend_from_slice(mode.as_bytes());
        tree.push(b' ');
        tree.extend_from_slice(name);
        tree.push(0);
        tree.extend_from_slice(&raw);
    }
    fs::write(repository.0.join("tree"), tree).expect("written");
    let tree = git(
        &repository.0,
        NOON,
        &["hash-object", "--literally", "-t", "tree", "-w", "tree"],
    );
    git(
        &repository.0,
        NOON,
        &["commit-tree", &tree, "-m", "hostile"],
    )
}

#[test]
fn paths_that_leave_the_tree_are_refused() {
    let dir = TempDir::new().expect("a directory");
    let (repository, _) = sample_repository(dir.path().join("x"));
    let hostile: [&[(&str, &[u8])]; 9] = [
        &[("100644", b"..")],
        &[("100644", b"a/../../b")],
        &[("100644", b"/etc/passwd")],
        &[("100644", b".GIT")],
        &[("100644", b"a//b")],
        &[("100644", b"\xff")],
        &[("100644", b"a\nb")],
        &[("100644", b"a"), ("100644", b"a")],
        &[("120000", b"a"), ("100644", b"a-"), ("100644", b"a/b")],
    ];
    for records in hostile {
        let rev = commit_of_tree(&repository, records);
        let problem = open_one(dir.path(), &rev)
            .err()
            .unwrap_or_else(|| panic!("{records:?} was taken"));
        assert_eq!(problem.code.id, "PNX-209", "{problem}");
    }
    let strange = commit_of_tree(&repository, &[("100644", b"a b'$ {c}")]);
    assert_eq!(
        open_one(dir.path(), &strange)
            .expect("opened")
            .tree
            .entries()[0]
            .path,
        "a b'$ {c}"
    );
}

#[cfg(unix)]
#[test]
fn links_in_plain_trees_are_not_followed() {
    use std::os::unix::fs::symlink;
    let dir = TempDir::new().expect("a directory");
    let tree = dir.path().join("x");
    fs::create_dir_all(tree.join("d")).expect("directories");
    symlink("..", tree.join("d/up")).expect("a link");
    symlink("/etc", tree.join("etc")).expect("a link");
    symlink("self", tree.join("self")).expect("a link");
    let circle = open_one(dir.path(), &"a".repeat(40)).err();
    assert_eq!(circle.expect("a circle is refused").code.id, "PNX-209");
    fs::remove_file(tree.join("self")).expect("removed");
    let source = open_one(dir.path(), &"a".repeat(40)).expect("opened");
    let all = read_all(&source);
    let found: Vec<(&str, &[u8])> = all
        .iter()
        .map(|(path, _, content)| (path.as_str(), &content[..]))
        .collect();
    assert_eq!(found, [("d/up", &b".."[..]), ("etc", b"/etc")]);

    // Reading a pipe would block the run for ever.
    let made = Command::new("mkfifo").arg(tree.join("pipe")).status();
    if made.is_ok_and(|status| status.success()) {
        assert_eq!(
            open_one(dir.path(), &"a".repeat(40))
                .err()
                .expect("refused")
                .code
                .id,
            "PNX-209"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_path_of_a_pin_stays_in_the_project() {
    let dir = TempDir::new().expect("a directory");
    fs::create_dir_all(dir.path().join("project/demo/x")).expect("directories");
    fs::create_dir_all(dir.path().join("outside")).expect("directories");
    std::os::unix::fs::symlink("../../outside", dir.path().join("project/demo/y")).expect("a link");
    let options = OpenOptions {
        root: dir.path().join("project"),
        ..OpenOptions::default()
    };
    let at = |path: &str| {
        manifest([(
            "x",
            Pin {
                path: Some(path.to_owned()),
                ..Pin::default()
            },
        )])
    };
    assert!(open(&at("demo/x"), &options).is_ok());
    assert_eq!(
        codes(&open(&at("demo/y"), &options).err().expect("refused")),
        ["PNX-207"]
    );
    assert_eq!(
        codes(&open(&at("demo/z"), &options).err().expect("missing")),
        ["PNX-201"]
    );
}

#[test]
fn clones_are_kept_whole_and_fetched_when_a_pin_is_new() {
    let dir = TempDir::new().expect("a directory");
    let (repository, rev) = sample_repository(dir.path().join("upstream"));
    let cache = dir.path().join("cache");
    let options = OpenOptions {
        cache: Some(cache.clone()),
        ..OpenOptions::default()
    };
    let url = format!("file://{}", repository.0.display());
    let at = |rev: &str| {
        manifest([(
            "x",
            Pin {
                url: Some(url.clone()),
                ..pin(rev)
            },
        )])
    };
    let files =
        |rev: &str| open(&at(rev), &options).map(|opened| opened.sources[0].tree.entries().len());
    assert_eq!(files(&rev).ok(), Some(8));
    // The submodule has no directory, so `git add` removes it.
    repository.write("new", "new");
    repository.write("newer", "newer");
    let newer = repository.commit(NOON, "newer");
    assert_eq!(files(&newer).ok(), Some(9));
    assert_eq!(
        codes(&files(&"b".repeat(40)).expect_err("not there")),
        ["PNX-202"]
    );
    // Nothing partial is left, and the clone still works without its origin.
    assert_eq!(fs::read_dir(&cache).expect("the cache").count(), 1);
    fs::rename(&repository.0, dir.path().join("moved")).expect("moved");
    assert_eq!(files(&rev).ok(), Some(8));
    assert_eq!(
        codes(&files(&"b".repeat(40)).expect_err("not there")),
        ["PNX-201"]
    );
    fs::remove_dir_all(cache.join("x.git")).expect("removed");
    assert_eq!(codes(&files(&rev).expect_err("not there")), ["PNX-201"]);
    assert_eq!(fs::read_dir(&cache).expect("the cache").count(), 0);
}

/// Three sources with a history: the naming one, one with a changelog, one without.
struct Histories {
    dir: TempDir,
    naming: Repository,
    tool: Repository,
    many: Repository,
}

impl Histories {
    fn new() -> Self {
        let dir = TempDir::new().expect("a directory");
        let [naming, tool, many] = ["pve-manager", "tool", "many"]
            .map(|name| Repository::new(dir.path().join("sources").join(name)));
        let rules = dir.path().join("rules/sources");
        fs::create_dir_all(&rules).expect("a directory");
        for name in ["pve-manager", "tool", "many"] {
            let url = format!("[repository]\nurl = \"https://example.org/{name}.git\"\n");
            fs::write(rules.join(format!("{name}.toml")), url).expect("written");
        }
        Self {
            dir,
            naming,
            tool,
            many,
        }
    }

    fn options(&self) -> OpenOptions {
        OpenOptions {
            root: self.dir.path().to_owned(),
            sources: Some(self.dir.path().join("sources")),
            ..OpenOptions::default()
        }
    }
}

#[test]
fn lock_takes_the_bumps_up_to_a_day_later() {
    let histories = Histories::new();
    let Histories {
        naming, tool, many, ..
    } = &histories;
    naming.write("debian/control", "Source: pve-manager\nBuild-Depends: many-dev (>= 3),\n  tool (>= 2.0~) | other,\n\nPackage: pve-manager\nDepends: tool (>= 2.1),\n libc6 (>= 9),\n pve-manager (= ${binary:Version})\n");
    naming.bump(
        "pve-manager",
        "8.9",
        "2025-02-01T10:00:00+0100",
        "bump version to 8.9",
    );
    let bump = naming.bump(
        "pve-manager",
        "9.0",
        "2025-03-01T10:00:00+0100",
        "bump version to 9.0",
    );
    naming.bump(
        "pve-manager",
        "9.1",
        "2025-05-01T10:00:00+0100",
        "bump version to 9.1",
    );
    tool.write(
        "debian/control",
        "Source: tool\n\nPackage: tool\nDescription: a tool\n",
    );
    tool.bump(
        "tool",
        "2.0",
        "2025-02-20T10:00:00+0100",
        "bump version to 2.0",
    );
    let in_time = tool.bump(
        "tool",
        "2.1",
        "2025-03-02T09:59:59+0100",
        "bump version to 2.1",
    );
    tool.bump(
        "tool",
        "2.2",
        "2025-03-02T10:00:01+0100",
        "bump version to 2.2",
    );
    many.commit("2025-01-01T00:00:00Z", "the first");
    many.write(
        "one/debian/control",
        "Source: many\n\nPackage: many-one-dev\nProvides: many-dev (= ${binary:Version})\n",
    );
    many.write(
        "one/debian/changelog",
        "many-one (3.1-1) trixie; urgency=medium\n",
    );
    let last = many.commit("2025-03-02T00:30:00+0100", "some change");
    many.commit("2025-03-03T00:30:00+0100", "another");

    let locked = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    assert_eq!(
        locked
            .problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    let pins = &locked.manifest.sources;
    let of = |name: &str| {
        (
            pins[name].rev.as_deref(),
            pins[name].version.as_deref(),
            pins[name].date.as_deref(),
        )
    };
    assert_eq!(
        of("pve-manager"),
        (Some(&*bump), Some("9.0"), Some("2025-03-01"))
    );
    assert_eq!(
        of("tool"),
        (Some(&*in_time), Some("2.1"), Some("2025-03-02"))
    );
    // The date is in the committer's time zone, although it is still the day before in UTC.
    assert_eq!(of("many"), (Some(&*last), None, Some("2025-03-02")));
    let source = open(&locked.manifest, &histories.options()).expect("opened");
    assert!(
        source
            .sources
            .iter()
            .all(|source| source.pin.nar_hash.is_some() && check_nar_hash(source).is_ok())
    );
    assert_eq!(
        Manifest::parse("pve-9.0", &locked.manifest.to_toml()).expect("parsed"),
        locked.manifest
    );

    let at = |time: &str| {
        let at: At = time.parse().expect("a time");
        lock("pve-9.0", Some(at), &histories.options(), None)
            .expect("locked")
            .manifest
            .sources["tool"]
            .version
            .clone()
    };
    assert_eq!(at("2025-03-01").as_deref(), Some("2.1"));
    assert_eq!(at("2025-03-02").as_deref(), Some("2.2"));
    assert_eq!(at("2025-02-28").as_deref(), Some("2.0"));
    assert_eq!(at("2025-03-01T09:00:01Z").as_deref(), Some("2.2"));
}

#[test]
fn lock_tells_who_asks_for_what_no_pin_offers() {
    let histories = Histories::new();
    let Histories {
        naming, tool, many, ..
    } = &histories;
    naming.write(
        "debian/control",
        "Source: pve-manager\nBuild-Depends: tool:any (>= 2.0) <!nocheck>,\n\nPackage: pve-manager\nDepends: tool (<< 2.0),\n tool (>> 1:0) | tool (= 2.0-1),\n tool (<= 2.0),\n tool (>= 2.0.1) [amd64]\n",
    );
    naming.bump("pve-manager", "9.0", NOON, "bump version to 9.0");
    tool.write("debian/control", "Source: tool\n\nPackage: tool\n");
    tool.bump("tool", "2.0", NOON, "bump version to 2.0");
    many.commit(NOON, "nothing yet");
    let locked = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    assert_eq!(codes(&locked.problems), ["PNX-205", "PNX-205", "PNX-205"]);
    let lines: Vec<_> = locked
        .problems
        .iter()
        .map(|problem| problem.place.line)
        .collect();
    assert_eq!(lines, [Some(5), Some(6), Some(8)]);
    let first = locked.problems[0].to_string();
    assert!(
        first.contains(
            "pve-manager/debian/control:5: Depends asks for tool (<< 2.0), but tool makes tool 2.0"
        ),
        "{first}"
    );
}

#[test]
fn lock_keeps_hashes_it_cannot_compute_and_compares_those_it_can() {
    let histories = Histories::new();
    let bump = histories
        .naming
        .bump("pve-manager", "9.0", NOON, "bump version to 9.0");
    let cacheinfo = format!("160000,{},module", "1".repeat(40));
    histories
        .tool
        .write("debian/changelog", "tool (1.0) trixie; urgency=medium\n");
    git(&histories.tool.0, NOON, &["add", "-A"]);
    git(
        &histories.tool.0,
        NOON,
        &["update-index", "--add", "--cacheinfo", &cacheinfo],
    );
    git(
        &histories.tool.0,
        NOON,
        &["commit", "-q", "-m", "bump version to 1.0"],
    );
    let rev = git(&histories.tool.0, NOON, &["rev-parse", "HEAD"]);
    histories.many.commit(NOON, "a commit");
    let other = format!("sha256-{}=", "A".repeat(43));
    let mut previous = manifest([("tool", pin(&rev)), ("pve-manager", pin(&bump))]);
    for pin in previous.sources.values_mut() {
        pin.nar_hash = Some(other.clone());
    }
    let none = lock("pve-9.0", None, &histories.options(), None).expect_err("no hash");
    assert_eq!(codes(&none), ["PNX-225"]);
    let told = none[0].to_string();
    for part in [
        &*"1".repeat(40),
        "module",
        "tool.submodules",
        "sources/tool.toml",
    ] {
        assert!(told.contains(part), "{told}");
    }
    if let Some(tool) = previous.sources.get_mut("tool") {
        tool.submodules = true;
    }
    let kept = lock("pve-9.0", None, &histories.options(), Some(&previous)).expect("locked");
    assert_eq!(kept.manifest.sources["tool"].nar_hash, Some(other.clone()));
    let naming = &kept.manifest.sources["pve-manager"];
    assert!(naming.nar_hash.is_some() && naming.nar_hash != Some(other));
    assert_eq!(codes(&kept.problems), ["PNX-206"]);
}

/// Returns the output of Nix' `nix-hash` for a directory; `None` without Nix.
fn nix_hash(directory: &Path) -> Option<String> {
    let mut command = Command::new("nix-hash");
    let output = command.args(["--type", "sha256"]).arg(directory).output();
    let output = output.ok()?;
    assert!(output.status.success(), "{output:?}");
    let hex = String::from_utf8(output.stdout).expect("text");
    let digest = store::path::parse_hex(hex.trim()).expect("a digest");
    Some(release::sri(&digest))
}

#[test]
fn what_is_left_out_is_what_is_gone_after_fetching() {
    let histories = Histories::new();
    let Histories {
        dir,
        naming,
        tool,
        many,
    } = &histories;
    naming.bump("pve-manager", "9.0", NOON, "bump version to 9.0");
    many.commit(NOON, "a commit");
    tool.write("apt/src/lib.rs", "pub fn one() {}\n");
    tool.write("apt/tests/data/Packages", "Package: one\n");
    tool.write("apt/tests-too", "stays\n");
    tool.write("lone/tests/x", "x\n");
    tool.commit(NOON, "a commit");
    let rules = dir.path().join("rules/sources/tool.toml");
    let text = fs::read_to_string(&rules).expect("read");
    let omit = "url = \"https://example.org/tool.git\"\nomit = [\"apt/tests\", \"lone/tests\"]";
    let text = text.replace("url = \"https://example.org/tool.git\"", omit);
    fs::write(&rules, text).expect("written");
    let locked = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    let pin = &locked.manifest.sources["tool"];
    assert_eq!(pin.omit, ["apt/tests", "lone/tests"]);
    let opened = open(&locked.manifest, &histories.options()).expect("opened");
    let source = opened.sources.iter().find(|one| one.name == "tool");
    let entries = source.expect("there").tree.entries().iter();
    let paths: Vec<&str> = entries.map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["apt/src/lib.rs", "apt/tests-too", "lone"]);
    // As `fetchgit` leaves it: a checkout without Git's directory, then `postFetch`.
    let checkout = dir.path().join("checkout");
    fs::create_dir(&checkout).expect("made");
    let place = checkout.display().to_string();
    git(
        &tool.0,
        NOON,
        &["--work-tree", &place, "checkout", "-f", "HEAD", "--", "."],
    );
    for path in &pin.omit {
        fs::remove_dir_all(checkout.join(path)).expect("removed");
    }
    let found = release::directory_hash(&checkout).expect("hashed");
    assert_eq!(pin.nar_hash, Some(release::sri(&found)));
    if let Some(hash) = nix_hash(&checkout) {
        assert_eq!(pin.nar_hash, Some(hash));
    }
    // A clone that lacks the omitted files has the same hash.
    let blob = git(
        &tool.0,
        NOON,
        &["rev-parse", "HEAD:apt/tests/data/Packages"],
    );
    let object = format!(".git/objects/{}/{}", &blob[..2], &blob[2..]);
    fs::remove_file(tool.0.join(object)).expect("removed");
    let again = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    assert_eq!(again.manifest, locked.manifest);
}

/// Adds the submodule `lib/wax` to `tool`, with its repository at `place` below the sources.
/// Returns its commit.
fn with_submodule(histories: &Histories, place: &str) -> String {
    let Histories {
        dir,
        naming,
        tool,
        many,
    } = histories;
    naming.bump("pve-manager", "9.0", NOON, "bump version to 9.0");
    many.commit(NOON, "a commit");
    let wax = Repository::new(dir.path().join(place));
    wax.write("wax.c", "int wax;\n");
    let rev = wax.commit(NOON, "the wax");
    let modules = "[submodule \"wax\"]\n\tpath = lib/wax\n\turl = ../wax-mirror\n";
    tool.write(".gitmodules", modules);
    tool.write("debian/changelog", "tool (1.0) trixie; urgency=medium\n");
    git(&tool.0, NOON, &["add", "-A"]);
    let info = format!("160000,{rev},lib/wax");
    git(
        &tool.0,
        NOON,
        &["update-index", "--add", "--cacheinfo", &info],
    );
    git(
        &tool.0,
        NOON,
        &["commit", "-q", "-m", "bump version to 1.0"],
    );
    git(&tool.0, NOON, &["rev-parse", "HEAD"])
}

/// Adds `[[repository.known]]` to the rules.
fn known(histories: &Histories, rev: &str, more: &str, hash: &str) {
    let rules = histories.dir.path().join("rules/sources/tool.toml");
    let text = fs::read_to_string(&rules).expect("read");
    let more = format!(
        "\n[[repository.known]]\nversion = \"1.0\"\nrev = \"{rev}\"\n{more}hash = \"{hash}\"\n"
    );
    fs::write(&rules, text + &more).expect("written");
}

#[test]
fn lock_puts_submodules_together_and_holds_them_against_what_is_published() {
    let histories = Histories::new();
    let rev = with_submodule(&histories, "sources/wax-mirror");
    let locked = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    let pin = &locked.manifest.sources["tool"];
    let checkout = histories.dir.path().join("checkout");
    for (path, text) in [
        (
            ".gitmodules",
            &*git(&histories.tool.0, NOON, &["show", "HEAD:.gitmodules"]),
        ),
        ("debian/changelog", "tool (1.0) trixie; urgency=medium"),
        ("lib/wax/wax.c", "int wax;"),
    ] {
        let path = checkout.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, format!("{text}\n")).expect("written");
    }
    let found = release::directory_hash(&checkout).expect("hashed");
    let hash = release::sri(&found);
    assert_eq!(pin.nar_hash.as_ref(), Some(&hash));
    assert!(pin.submodules && pin.tree_hash.is_some() && pin.tree_hash != pin.nar_hash);
    known(&histories, &rev, "submodules = true\n", &hash);
    let agreed = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    assert_eq!(codes(&agreed.problems), [""; 0]);
    let rules = histories.dir.path().join("rules/sources/tool.toml");
    let text = fs::read_to_string(&rules).expect("read");
    let other = format!("sha256-{}=", "A".repeat(43));
    fs::write(&rules, text.replace(&hash, &other)).expect("written");
    let differing = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    assert_eq!(codes(&differing.problems), ["PNX-206"]);
    let told = differing.problems[0].to_string();
    assert!(told.contains(&hash) && told.contains(&other), "{told}");
    // No repository has the submodule, so the published hash is used.
    fs::remove_dir_all(histories.dir.path().join("sources/wax-mirror")).expect("removed");
    let published = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    assert_eq!(published.manifest.sources["tool"].nar_hash, Some(other));
}

#[test]
fn lock_takes_an_earlier_commit_whose_hash_is_published() {
    let histories = Histories::new();
    let old = with_submodule(&histories, "nowhere/wax-mirror");
    let hash = format!("sha256-{}=", "A".repeat(43));
    // Without a directory, Git has no reason to remove the submodule.
    fs::create_dir_all(histories.tool.0.join("lib/wax")).expect("made");
    let released = histories
        .tool
        .bump("tool", "1.1", NOON, "bump version to 1.1");
    let refused = lock("pve-9.0", None, &histories.options(), None).expect_err("no hash");
    assert_eq!(codes(&refused), ["PNX-225"]);
    known(
        &histories,
        &old,
        "date = \"2025-03-01\"\nsubmodules = true\n",
        &hash,
    );
    let locked = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    let pin = &locked.manifest.sources["tool"];
    assert_eq!(pin.rev.as_ref(), Some(&old));
    assert_eq!(pin.version.as_deref(), Some("1.0"));
    assert_eq!(pin.nar_hash.as_ref(), Some(&hash));
    assert!(pin.submodules && pin.tree_hash.is_some() && !pin.commit_only);
    assert_eq!(codes(&locked.problems), ["PNX-227"]);
    let told = locked.problems[0].to_string();
    assert!(
        told.contains("1.0 is pinned, not the release's 1.1"),
        "{told}"
    );
    assert!(told.contains(&released), "{told}");
}

#[test]
fn lock_leaves_out_submodules_that_no_build_reads() {
    let histories = Histories::new();
    with_submodule(&histories, "nowhere/wax-mirror");
    let rules = histories.dir.path().join("rules/sources/tool.toml");
    let text = fs::read_to_string(&rules).expect("read");
    let without = |said: &str| {
        let said = format!("tool.git\"\nwithout-submodules = {said}");
        fs::write(&rules, text.replace("tool.git\"", &said)).expect("written");
        lock("pve-9.0", None, &histories.options(), None)
    };
    for said in ["true", "{ until = \"2025-03-02\" }"] {
        let locked = without(said).expect("locked");
        let pin = &locked.manifest.sources["tool"];
        assert!(!pin.submodules && pin.nar_hash.is_some() && pin.tree_hash.is_none());
        assert_eq!(codes(&locked.problems), [""; 0]);
    }
    for said in ["false", "{ until = \"2025-03-01\" }"] {
        let refused = without(said).expect_err("no hash");
        assert_eq!(codes(&refused), ["PNX-225"]);
    }
}

#[test]
fn lock_leaves_paths_out_since_a_day() {
    let histories = Histories::new();
    histories
        .naming
        .bump("pve-manager", "9.0", NOON, "bump version to 9.0");
    histories.many.commit(NOON, "a commit");
    histories.tool.write("big", "1\n");
    histories.tool.write("small", "2\n");
    histories
        .tool
        .bump("tool", "1.0", NOON, "bump version to 1.0");
    let rules = histories.dir.path().join("rules/sources/tool.toml");
    let text = fs::read_to_string(&rules).expect("read");
    let locked = |since: &str| {
        let omit =
            format!("tool.git\"\nomit = [\"tests\", {{ path = \"big\", since = \"{since}\" }}]");
        fs::write(&rules, text.replace("tool.git\"", &omit)).expect("written");
        let locked = lock("pve-9.0", None, &histories.options(), None).expect("locked");
        locked.manifest.sources["tool"].clone()
    };
    let (without, with) = (locked("2025-03-01"), locked("2025-03-02"));
    assert_eq!(without.omit, ["tests", "big"]);
    assert_eq!(with.omit, ["tests"]);
    assert_ne!(without.nar_hash, with.nar_hash);
}

#[test]
fn lock_clones_submodules_where_it_clones_sources() {
    let histories = Histories::new();
    with_submodule(&histories, "sources/wax-mirror");
    let here = format!("file://{}/", histories.dir.path().join("sources").display());
    for entry in fs::read_dir(histories.dir.path().join("rules/sources")).expect("sources") {
        let rules = entry.expect("readable").path();
        let text = fs::read_to_string(&rules).expect("read");
        let text = text
            .replace("https://example.org/", &here)
            .replace(".git\"", "\"");
        fs::write(&rules, text).expect("written");
    }
    let options = OpenOptions {
        sources: None,
        cache: Some(histories.dir.path().join("cache")),
        ..histories.options()
    };
    let cloned = lock("pve-9.0", None, &options, None).expect("locked");
    let beside = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    let hash = |locked: &release::Locked| locked.manifest.sources["tool"].nar_hash.clone();
    assert!(hash(&cloned).is_some() && hash(&cloned) == hash(&beside));
}

#[test]
fn a_source_without_history_is_pinned_by_its_known_commit() {
    let histories = Histories::new();
    histories.naming.bump(
        "pve-manager",
        "9.0",
        "2025-03-01T10:00:00Z",
        "bump version to 9.0",
    );
    histories.many.commit("2025-02-01T10:00:00Z", "a commit");
    let (old, new, newest) = ("1".repeat(40), "2".repeat(40), "3".repeat(40));
    let hash = format!("sha256-{}=", "A".repeat(43));
    known(&histories, &old, "date = \"2025-01-01\"\n", &hash);
    known(&histories, &newest, "date = \"2025-04-01\"\n", &hash);
    let rules = histories.dir.path().join("rules/sources/tool.toml");
    let text = fs::read_to_string(&rules).expect("read");
    let more =
        format!("\n[[repository.known]]\nversion = \"1.10\"\nrev = \"{new}\"\nhash = \"{hash}\"\n");
    fs::write(&rules, text + &more).expect("written");
    let check = |locked: &release::Locked| {
        let pin = &locked.manifest.sources["tool"];
        assert_eq!(pin.rev.as_ref(), Some(&new));
        assert_eq!(pin.version.as_deref(), Some("1.10"));
        assert_eq!(pin.nar_hash.as_ref(), Some(&hash));
        assert!(pin.commit_only && !pin.outside);
    };
    // A copy that ends before the commit is not upstream's history.
    histories
        .tool
        .bump("tool", "0.9", "2024-01-01T10:00:00Z", "bump version to 0.9");
    let ending = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    check(&ending);
    let opened = open(&ending.manifest, &histories.options()).expect("opened");
    let unread: Vec<&str> = opened
        .unread
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(unread, ["tool"]);
    assert_eq!(opened.sources.len(), 2);
    // Its tree is scanned if it is available.
    fs::remove_dir_all(histories.tool.0.join(".git")).expect("removed");
    let plain = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    check(&plain);
    let opened = open(&plain.manifest, &histories.options()).expect("opened");
    assert_eq!((opened.sources.len(), opened.unread.len()), (3, 0));
    fs::remove_dir_all(&histories.tool.0).expect("removed");
    let none = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    check(&none);
    // A source with a history must be available.
    let mut other = none.manifest.clone();
    if let Some(tool) = other.sources.get_mut("tool") {
        tool.commit_only = false;
    }
    let missing = open(&other, &histories.options()).err().expect("refused");
    assert_eq!(codes(&missing), ["PNX-201"]);
    // Sources packaged by hand are not needed at all.
    if let Some(tool) = other.sources.get_mut("tool") {
        tool.outside = true;
    }
    assert_eq!(
        open(&other, &histories.options())
            .expect("opened")
            .sources
            .len(),
        2
    );
}

#[test]
fn lock_takes_the_archive_that_is_packaged() {
    let histories = Histories::new();
    let rev = with_submodule(&histories, "nowhere/wax-mirror");
    let rules = histories.dir.path().join("rules/sources/tool.toml");
    let text = fs::read_to_string(&rules).expect("read");
    let text = text.replace("tool.git\"", "tool.git\"\narchive = \"wax\"");
    let listed = |version: &str| {
        let archive = format!(
            "\n[[archive]]\nversion = \"{version}\"\nurl = \"https://example.org/wax-{version}.tar.xz\"\nhash = \"sha256-{}=\"\nwhy = \"published\"\n",
            "A".repeat(43)
        );
        fs::write(&rules, format!("{text}{archive}")).expect("written");
    };
    listed("0.9");
    let refused = lock("pve-9.0", None, &histories.options(), None).expect_err("unlisted");
    assert_eq!(codes(&refused), ["PNX-223"]);
    listed("1.0");
    let locked = lock("pve-9.0", None, &histories.options(), None).expect("locked");
    let pin = &locked.manifest.sources["tool"];
    assert_eq!(pin.rev.as_ref(), Some(&rev));
    // The archive includes the submodule, so only the tree is fetched, and its hash is known.
    assert!(!pin.submodules && pin.nar_hash.is_some() && pin.tree_hash.is_none());
    assert_eq!(pin.archive.as_deref(), Some("wax"));
    let archive = &locked.manifest.archives["wax"];
    assert_eq!(archive.url, "https://example.org/wax-1.0.tar.xz");
    let text = locked.manifest.to_toml();
    assert_eq!(
        Manifest::parse("pve-9.0", &text).expect("parsed"),
        locked.manifest
    );
}

#[test]
fn lock_finds_a_bump_on_a_stable_branch() {
    let histories = Histories::new();
    let Histories {
        naming, tool, many, ..
    } = &histories;
    naming.bump(
        "pve-manager",
        "8.4",
        "2025-01-01T12:00:00Z",
        "bump version to 8.4",
    );
    git(&naming.0, NOON, &["checkout", "-q", "-b", "stable-8"]);
    naming.bump(
        "pve-manager",
        "8.5",
        "2025-03-01T12:00:00Z",
        "bump version to 8.5",
    );
    git(&naming.0, NOON, &["checkout", "-q", "master"]);
    naming.bump(
        "pve-manager",
        "9.0",
        "2025-02-01T12:00:00Z",
        "bump version to 9.0",
    );
    tool.bump("tool", "1.0", "2025-01-01T12:00:00Z", "bump version to 1.0");
    git(&tool.0, NOON, &["checkout", "-q", "-b", "stable-trixie"]);
    tool.bump("tool", "1.1", "2025-02-20T12:00:00Z", "bump version to 1.1");
    git(&tool.0, NOON, &["checkout", "-q", "master"]);
    tool.bump("tool", "2.0", "2025-02-10T12:00:00Z", "bump version to 2.0");
    many.commit("2025-01-01T12:00:00Z", "a commit");
    let version = |release: &str| {
        lock(release, None, &histories.options(), None)
            .expect("locked")
            .manifest
            .sources["tool"]
            .version
            .clone()
    };
    assert_eq!(version("pve-8.5").as_deref(), Some("1.1"));
    assert_eq!(version("pve-9.0").as_deref(), Some("1.0"));
}

#[test]
fn lock_refuses_what_it_cannot_resolve() {
    let histories = Histories::new();
    histories
        .naming
        .bump("pve-manager", "9.0", NOON, "bump version to 9.0");
    histories.tool.commit(NOON, "a commit");
    histories.many.commit(NOON, "a commit");
    let problems = |release: &str, options: &OpenOptions| {
        lock(release, None, options, None).expect_err("refused")
    };
    assert_eq!(codes(&problems("demo", &histories.options())), ["PNX-501"]);
    let unknown = problems("pve-9.9", &histories.options());
    assert_eq!(codes(&unknown), ["PNX-202"]);
    assert!(
        unknown[0].cause.contains("bump version to 9.0"),
        "{}",
        unknown[0]
    );
    fs::remove_dir_all(histories.tool.0.join(".git")).expect("removed");
    fs::remove_dir_all(&histories.many.0).expect("removed");
    assert_eq!(
        codes(&problems("pve-9.0", &histories.options())),
        ["PNX-201", "PNX-201"]
    );
    fs::write(
        histories.dir.path().join("rules/sources/x.toml"),
        "[repository]\nurl = \"ext::sh -c id\"\n",
    )
    .expect("written");
    let unsafe_url = problems("pve-9.0", &histories.options());
    assert_eq!(
        (codes(&unsafe_url), unsafe_url[0].place.line),
        (vec!["PNX-208"], Some(2))
    );
}

/// Returns the real repositories, if there are any.
fn real_sources() -> Option<PathBuf> {
    let sources = std::env::var_os("PVE_SOURCES").map(PathBuf::from);
    if sources.is_none() {
        eprintln!("skipped: PVE_SOURCES names no directory of repositories");
    }
    sources
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the project's root")
        .to_owned()
}

#[test]
fn the_kept_manifests_read_and_write_alike() {
    let names = Manifest::names(&root()).expect("listed");
    for name in [
        "pve-8.4.1",
        "pve-9.0.3",
        "pve-9.1.1",
        "pve-9.1.4",
        "pve-9.1.7",
        "pve-9.1.8",
        "pve-9.2.11",
    ] {
        assert!(names.iter().any(|kept| kept == name), "{name}");
        let manifest = Manifest::named(&root(), name).expect("read");
        let kept = fs::read_to_string(root().join(format!("releases/{name}.toml"))).expect("read");
        assert!(manifest.sources.len() >= 44, "{name}");
        assert!(
            manifest.to_toml() == kept,
            "{name} is not as `lock` writes it"
        );
    }
}

#[test]
fn no_pin_of_the_newest_releases_lacks_a_hash() {
    for name in ["pve-9.1.4", "pve-9.1.7", "pve-9.1.8", "pve-9.2.11"] {
        let manifest = Manifest::named(&root(), name).expect("read");
        for (source, pin) in manifest.pins() {
            assert!(pin.nar_hash.is_some(), "{name}: {source}");
        }
        let archive = &manifest.archives["qemu"];
        let packaged = manifest.sources["pve-qemu"].version.as_deref();
        let packaged = packaged.and_then(|version| version.split('-').next());
        assert_eq!(packaged, Some(archive.version.as_str()), "{name}");
    }
}

#[test]
fn lock_gives_the_kept_manifests_from_the_real_histories() {
    let Some(sources) = real_sources() else {
        return;
    };
    let options = OpenOptions {
        root: root(),
        sources: Some(sources),
        ..OpenOptions::default()
    };
    for name in Manifest::names(&root())
        .expect("listed")
        .iter()
        .filter(|name| name.starts_with("pve-"))
    {
        let mut kept = Manifest::named(&root(), name).expect("read");
        // Programs' own pins are resolved after the release's.
        kept.programs.clear();
        let without = kept.sources.iter();
        let without = without.filter(|(_, pin)| pin.nar_hash.is_none());
        let without: Vec<&str> = without.map(|(source, _)| source.as_str()).collect();
        let locked = match lock(name, None, &options, None) {
            // No repository has the submodules.
            Err(problems) if !without.is_empty() => {
                let told = problems.iter().map(|one| {
                    assert_eq!(one.code.id, "PNX-225", "{one}");
                    one.place.source.as_deref().unwrap_or_default()
                });
                assert_eq!(told.collect::<Vec<_>>(), without, "{name}");
                continue;
            }
            locked => locked.unwrap_or_else(|problems| panic!("{problems:#?}")),
        };
        assert_eq!(locked.manifest, kept);
        let told: Vec<String> = locked.problems.iter().map(ToString::to_string).collect();
        if name == "pve-9.2.11" {
            // The local histories of upstream end before it.
            let older = ["PNX-205", "PNX-227"];
            assert!(
                codes(&locked.problems)
                    .iter()
                    .all(|code| older.contains(code))
            );
            assert_eq!(told.len(), 14, "{told:#?}");
        } else {
            assert_eq!(told, Vec::<String>::new(), "{name}");
        }
    }
}

#[test]
fn the_real_sources_open_at_every_release() {
    let Some(sources) = real_sources() else {
        return;
    };
    for name in Manifest::names(&root())
        .expect("listed")
        .iter()
        .filter(|name| name.starts_with("pve-"))
    {
        let manifest = Manifest::named(&root(), name).expect("read");
        let opened =
            open(&manifest, &options(&sources)).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let pins = manifest.pins();
        let scanned = pins.values().filter(|pin| !pin.outside).count();
        assert_eq!(opened.sources.len() + opened.unread.len(), scanned);
        opened.sources.par_iter().for_each(|source| {
            let submodules = source
                .tree
                .entries()
                .iter()
                .any(|entry| entry.mode == Mode::Submodule);
            // Sources of translations, which no build reads, or that nobody can fetch.
            let without = ["proxmox-i18n", "pve-yew-mobile-gui"].contains(&source.name.as_str());
            let without = without && source.pin.nar_hash.is_some() && !source.pin.submodules;
            let fetched = source.pin.submodules || source.pin.archive.is_some() || without;
            assert_eq!(submodules, fetched, "{name} {}", source.name);
        });
    }
}

#[test]
fn published_hashes_are_those_of_the_real_trees() {
    let Some(sources) = real_sources() else {
        return;
    };
    let known = fs::read_to_string(root().join("xtask/tests/data/known-hashes.tsv")).expect("read");
    let mut compared = 0;
    for line in known.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, rev, published] = fields[..] else {
            panic!("{line}")
        };
        let manifest = Manifest {
            sources: [(name.to_owned(), pin(rev))].into(),
            ..manifest([])
        };
        let opened =
            open(&manifest, &options(&sources)).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let hash = nar_hash(opened.sources[0].tree.as_ref())
            .expect("hashed")
            .known();
        assert_eq!(hash.as_deref(), Some(published), "{name} {rev}");
        compared += 1;
    }
    assert_eq!(compared, 18);
}

#[test]
fn a_source_of_another_release_does_not_satisfy_the_real_ones() {
    let Some(sources) = real_sources() else {
        return;
    };
    let read = |name: &str| Manifest::named(&root(), name).expect("read");
    let mut mixed = read("pve-9.1.4");
    mixed.sources.extend(
        read("pve-8.4.1")
            .sources
            .into_iter()
            .filter(|(name, _)| name == "pve-common"),
    );
    let opened =
        open(&mixed, &options(&sources)).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let problems = unsatisfied(&opened.sources).expect("read");
    assert!(
        problems
            .iter()
            .all(|problem| problem.code.id == "PNX-205" && problem.place.line.is_some())
    );
    for asking in ["pve-manager", "qemu-server", "pve-network"] {
        let asks = |problem: &Problem| {
            problem.place.source.as_deref() == Some(asking)
                && problem
                    .cause
                    .contains("pve-common makes libpve-common-perl 8.3.1")
        };
        assert!(problems.iter().any(asks), "{asking}: {problems:#?}");
    }
}
