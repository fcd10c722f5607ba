//! The scanners of every language but Perl, on hostile bytes and on the real sources.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use regex::bytes::Regex;
use release::{Manifest, Mode};
use scan::calls::Calls;
use scan::{FileScan, Kind, Language, language, scan};

const LANGUAGES: &[Language] = &[
    Language::Shell,
    Language::Make,
    Language::Unit,
    Language::C,
    Language::Javascript,
    Language::Python,
    Language::Config,
    Language::Text,
];

fn calls() -> Calls {
    Calls::parse(
        include_str!("../../rules/general/calls.toml"),
        "rules/general/calls.toml",
    )
    .expect("the rules in this repository are good")
}

/// Checks the invariants of every scan: spans within the file that contain their text, in order,
/// without overlaps of one kind.
fn check(scan: &FileScan, bytes: &[u8]) {
    let mut ends: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut last = (0, Kind::AbsolutePath);
    for found in &scan.occurrences {
        let end = found.offset + found.length;
        let text = bytes
            .get(found.offset..end)
            .unwrap_or_else(|| panic!("outside the file: {found:?}"));
        assert_eq!(String::from_utf8_lossy(text), found.text);
        assert!(!text.is_empty(), "{found:?}");
        assert!(
            last <= (found.offset, found.kind),
            "out of order: {found:?}"
        );
        last = (found.offset, found.kind);
        let done = ends.entry(found.kind).or_default();
        assert!(found.offset >= *done, "overlap: {found:?}");
        *done = end;
        let head = &bytes[..found.offset];
        let line = head.split(|b| *b == b'\n').count();
        let start = head
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        assert_eq!(
            (found.line as usize, found.column as usize),
            (line, found.offset - start + 1),
            "{found:?}"
        );
    }
}

/// Generates bytes, and text made of what the scanners look for.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "/usr/bin/x",
        "PATH=",
        "/sbin:/bin",
        "\n",
        "\t",
        " ",
        "\\\n",
        "\"",
        "'",
        "`",
        "$(",
        "${",
        "$",
        "}",
        ")",
        "(",
        "#",
        "#!",
        "/*",
        "*/",
        "//",
        "<!--",
        "-->",
        "<<EOF\n",
        "EOF\n",
        "ExecStart=",
        "[Service]",
        "x86_64-linux-gnu",
        "define x\n",
        "endef\n",
        "all: ",
        "X := ",
        "X != ",
        "$(shell ",
        "sh -c '",
        "if ",
        "system(\"",
        "import os\n",
        "f\"{",
        "\"\"\"",
        "postrotate\n",
        "endscript\n",
        "RUN+=\"",
        "lxc.hook.x = ",
        "* * * * * root ",
        "@reboot root ",
        ";",
        "|",
        "&&",
        "=",
        ":",
        "é",
        "\u{2028}",
        "\\",
        "\0",
        "-exec ",
        "sudo ",
    ];
    let piece = prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_break_a_scanner(bytes in hostile()) {
        let calls = calls();
        for language in LANGUAGES {
            for path in ["debian/x.udev", "x.logrotate", "etc/cron.d/x", "x.conf", "README"] {
                let scan = scan(*language, path, &bytes, &calls).expect("only Perl is refused");
                check(&scan, &bytes);
                if !matches!(language, Language::Config | Language::Text) {
                    break;
                }
            }
        }
    }

    #[test]
    fn detection_takes_any_name(path in "\\PC{0,40}", head in proptest::collection::vec(any::<u8>(), 0..40)) {
        for mode in [Mode::File, Mode::Executable, Mode::Symlink, Mode::Submodule] {
            let _ = language(&path, mode, &head);
        }
    }
}

#[test]
fn nesting_without_end_is_survived() {
    let calls = calls();
    for open in ["(", "$(", "{", "[", "`", "\"$(", "if ", "f(", "$(shell "] {
        let text = [open.repeat(20_000), "/usr/bin/x\n".to_owned()].concat();
        for language in LANGUAGES {
            let scan =
                scan(*language, "x.conf", text.as_bytes(), &calls).expect("only Perl is refused");
            check(&scan, text.as_bytes());
        }
    }
}

/// The real sources, if `PVE_SOURCES` names them.
struct Real {
    folder: PathBuf,
    manifest: Manifest,
}

/// One file of a real source.
struct RealFile {
    source: String,
    path: String,
    mode: Mode,
    bytes: Vec<u8>,
}

impl Real {
    fn open(release: &str) -> Option<Self> {
        let Some(folder) = std::env::var_os("PVE_SOURCES") else {
            eprintln!("skipped: PVE_SOURCES does not name the real sources");
            return None;
        };
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../releases/{release}.toml"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let manifest = toml::from_str(&text).expect("the manifests in this repository are good");
        Some(Self {
            folder: folder.into(),
            manifest,
        })
    }

    /// Returns every file whose blob at the pin is available.
    fn files(&self) -> Vec<RealFile> {
        let mut files = Vec::new();
        for (source, pin) in &self.manifest.sources {
            let rev = pin.rev.as_deref().expect("a real release pins commits");
            let folder = ["", ".git"].map(|end| self.folder.join(format!("{source}{end}")));
            let folder = folder.iter().find(|folder| folder.exists());
            files.extend(files_of(
                source,
                folder.expect("PVE_SOURCES holds every source"),
                rev,
            ));
        }
        files
    }
}

fn files_of(source: &str, folder: &Path, rev: &str) -> Vec<RealFile> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(arguments);
        command
    };
    let listing = git(&["ls-tree", "-r", "-z", rev])
        .output()
        .expect("git runs");
    assert!(listing.status.success(), "{source} lacks {rev}");
    let entries: Vec<(String, String, Mode)> = listing
        .stdout
        .split(|b| *b == 0)
        .filter_map(|entry| {
            let (meta, path) = std::str::from_utf8(entry).ok()?.split_once('\t')?;
            let mut meta = meta.split(' ');
            let mode = match meta.next()? {
                "100644" => Mode::File,
                "100755" => Mode::Executable,
                _ => return None,
            };
            Some((meta.nth(1)?.to_owned(), path.to_owned(), mode))
        })
        .collect();
    let mut child = git(&["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut input = child.stdin.take().expect("stdin is piped");
    let names: Vec<&str> = entries.iter().map(|(id, ..)| id.as_str()).collect();
    let names = names.join(
        "
",
    ) + "
";
    let writer = std::thread::spawn(move || input.write_all(names.as_bytes()));
    let mut output = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let mut files = Vec::new();
    for (_, path, mode) in entries {
        let mut header = String::new();
        output.read_line(&mut header).expect("git answers");
        let Some(size) = header
            .trim()
            .rsplit(' ')
            .next()
            .and_then(|size| size.parse::<usize>().ok())
        else {
            continue;
        };
        let mut bytes = vec![0; size + 1];
        output
            .read_exact(&mut bytes)
            .expect("git gives what it announced");
        bytes.pop();
        files.push(RealFile {
            source: source.to_owned(),
            path,
            mode,
            bytes,
        });
    }
    writer
        .join()
        .expect("the writer ends")
        .expect("git reads its input");
    child.wait().expect("git ends");
    files
}

/// Returns the measure: lines that assume Debian's layout.
fn measure() -> Regex {
    Regex::new(r"(/usr)?/s?bin/|/usr/(share|lib|libexec)/|/lib/systemd").expect("a good expression")
}

/// Returns the 1-based lines that occurrences of any kind touch.
fn covered(scan: &FileScan) -> Vec<usize> {
    scan.occurrences
        .iter()
        .flat_map(|found| {
            let first = found.line as usize;
            first..=first + found.text.matches('\n').count()
        })
        .collect()
}

fn every_line_is_covered(release: &str) {
    let Some(real) = Real::open(release) else {
        return;
    };
    let (calls, measure) = (calls(), measure());
    let mut missed = Vec::new();
    let mut lines = 0;
    for file in real.files() {
        let Some(language) = language(&file.path, file.mode, &file.bytes) else {
            continue;
        };
        if matches!(language, Language::Perl | Language::Rust) {
            continue;
        }
        let scan = scan(language, &file.path, &file.bytes, &calls).expect("only Perl is refused");
        check(&scan, &file.bytes);
        let covered = covered(&scan);
        for (index, line) in file.bytes.split(|b| *b == b'\n').enumerate() {
            if measure.is_match(line) {
                lines += 1;
                if !covered.contains(&(index + 1)) {
                    let line = String::from_utf8_lossy(line).into_owned();
                    missed.push(format!(
                        "{}/{}:{}: {line}",
                        file.source,
                        file.path,
                        index + 1
                    ));
                }
            }
        }
    }
    assert!(lines > 1000, "only {lines} lines were looked at");
    assert!(
        missed.is_empty(),
        "{} lines:\n{}",
        missed.len(),
        missed.join("\n")
    );
}

#[test]
fn every_line_of_9_1_4_is_covered() {
    every_line_is_covered("pve-9.1.4");
}

#[test]
fn every_line_of_9_1_7_is_covered() {
    every_line_is_covered("pve-9.1.7");
}

/// Lists the files with lines of the measure that are not scanned. The name of each shows the
/// reason.
#[test]
fn what_is_not_scanned_is_known() {
    let Some(real) = Real::open("pve-9.1.4") else {
        return;
    };
    let measure = measure();
    let reasons = [
        (
            r"\.rs$|\.toml$|(^|/)\.cargo/|/pve-api\.json$",
            "the room `cargo`",
        ),
        (
            r"(^|/)debian/(.*\.)?(install|links|triggers|lintian-overrides)$|(^|/)debian/source/",
            "read as data by the room `debian`",
        ),
        (r"(^|/)debian/changelog$", "history"),
        (
            r"\.(patch|diff)$",
            "changes another program, applied as it is",
        ),
        (
            r"\.(svg|map|po|pot)$",
            "an image, a source map, a translation",
        ),
        (r"(^|/)\.gitignore$", "Git's"),
    ]
    .map(|(name, reason)| (regex::Regex::new(name).expect("a good expression"), reason));
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    for file in real.files() {
        let is_scanned = language(&file.path, file.mode, &file.bytes).is_some();
        if is_scanned || file.bytes.contains(&0) || !measure.is_match(&file.bytes) {
            continue;
        }
        let reason = reasons.iter().find(|(name, _)| name.is_match(&file.path));
        let (_, reason) = reason.unwrap_or_else(|| panic!("{}/{}", file.source, file.path));
        *skipped.entry(reason).or_default() += 1;
    }
    eprintln!("not scanned: {skipped:?}");
    assert!(!skipped.is_empty());
}
