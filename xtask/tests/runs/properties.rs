//! Properties for arbitrary input: patches change only decided bytes, output is the same for any
//! number of threads, parsers of foreign text never panic.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use decide::rules::Rules;
use decide::{Context, Decided, Decision, RuleId, Table};
use graph::Role;
use output::Output;
use patch::file::{Edited, Header, make};
use patch::rewrite::{Edit, Placing, Theme, apply};
use patch::rust;
use proptest::prelude::*;
use scan::Language;

use crate::support::{KNOWLEDGE, Root, contents, copy};

/// Generates a text of lines: some without a newline, some with carriage returns, some that are not
/// UTF-8.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just(b"/usr/bin/x\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"-- a\r\n".to_vec()),
        Just(b"+++ b/x\n".to_vec()),
        Just(b"@@ -1 +1 @@\n".to_vec()),
        Just(b"\\ No newline at end of file\n".to_vec()),
        Just(b"no end".to_vec()),
        proptest::collection::vec(prop_oneof![1..9_u8, 11..=255_u8], 0..8),
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.concat())
}

/// Generates edits of a text: sorted, not overlapping, each of at least one byte.
fn edits(length: usize) -> impl Strategy<Value = Vec<Edit>> {
    let theme = prop_oneof![
        Just(Theme::Features),
        Just(Theme::Paths),
        Just(Theme::Commands)
    ];
    let one = (0..=length, 1..12_usize, "[@a-z/\n]{0,9}", theme);
    proptest::collection::vec(one, 0..6).prop_map(move |mut drawn| {
        drawn.sort_by_key(|(start, ..)| *start);
        let mut at = 0;
        let mut edits = Vec::new();
        for (start, size, replacement, theme) in drawn {
            let end = (start + size).min(length);
            if start >= at && start < end {
                at = end;
                edits.push(Edit {
                    range: start..end,
                    replacement,
                    theme,
                });
            }
        }
        edits
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_patch_changes_only_what_was_decided(
        (original, edits) in text().prop_flat_map(|text| { let length = text.len(); (Just(text), edits(length)) })
    ) {
        let file = Edited {
            path: "a file".to_owned(),
            language: None,
            original: original.clone(),
            edits: edits.clone(),
            executable: false,
            deleted: false,
            proofs: std::sync::Arc::default(),
            tree: None,
        };
        let rules = std::collections::BTreeMap::new();
        let header = Header { source: "s", version: "1", rules: &rules };
        let patches = make(&[file], &header, &KNOWLEDGE.calls);
        let patches = patches.map_err(|problems| TestCaseError::fail(crate::support::told(&problems)))?;
        let mut bytes = original.clone();
        for patch in &patches {
            let at = patch.bytes.windows(5).position(|window| window == b"diff ");
            let at = at.and_then(|at| patch.bytes[at..].windows(4).position(|window| window == b"--- ").map(|more| at + more));
            // A replacement by the same text changes nothing.
            let Some(at) = at else { continue };
            let read = diffy::Patch::from_bytes(&patch.bytes[at..]).map_err(|error| TestCaseError::fail(error.to_string()))?;
            bytes = diffy::apply_bytes(&bytes, &read).map_err(|error| TestCaseError::fail(error.to_string()))?;
        }
        prop_assert_eq!(&bytes, &apply(&original, &edits, Theme::Commands));
        // The text between the edits is the original's.
        let mut rest = &bytes[..];
        let mut at = 0;
        for edit in &edits {
            let kept = &original[at..edit.range.start];
            prop_assert!(rest.starts_with(kept));
            rest = &rest[kept.len()..];
            prop_assert!(rest.starts_with(edit.replacement.as_bytes()));
            rest = &rest[edit.replacement.len()..];
            at = edit.range.end;
        }
        prop_assert_eq!(rest, &original[at..]);
    }

    #[test]
    fn an_output_never_leaves_its_directory(path in "[a./]{0,6}|(\\.\\./)?[a-b]{1,2}(/\\.\\.?)?(/[a-c])?") {
        let mut output = Output::default();
        let leaves = path.is_empty() || path.split('/').any(|part| matches!(part, "" | "." | ".."));
        prop_assert_eq!(output.add(path.as_str(), *b"x").is_err(), leaves);
        prop_assert!(leaves || output.add(path.as_str(), *b"x").is_err(), "twice");
    }

    #[test]
    fn scanners_do_not_panic_and_spans_are_within(bytes in prop_oneof![text(), proptest::collection::vec(any::<u8>(), 0..80)]) {
        for language in LANGUAGES {
            if let Ok(scan) = scan::scan(language, "a/file", &bytes, &KNOWLEDGE.calls) {
                for place in &scan.occurrences {
                    prop_assert!(place.length > 0 && place.offset + place.length <= bytes.len(), "{:?} {:?}", language, place);
                    let line = bytes[..place.offset].iter().filter(|byte| **byte == b'\n').count() + 1;
                    prop_assert_eq!(place.line as usize, line, "{:?} {:?}", language, place);
                }
            }
        }
    }
}

/// Generates a Rust program of statements and items, with literals wherever the grammar allows
/// them.
fn program() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        Just("/usr/bin/x"),
        Just("a /bin/y -z"),
        Just("/sbin/a /bin/b"),
        Just("é\\n/usr/share/x/"),
        Just("no path"),
        Just("{x} /bin/c"),
        Just("{} /bin/d {{}}"),
        Just("$r/bin/e"),
    ];
    let literal = (text, 0..5_usize).prop_map(|(text, kind)| match kind {
        0 => format!("r#\"{text}\"#"),
        1 => format!("b\"{}\"", text.replace('é', "e")),
        _ => format!("\"{text}\""),
    });
    let frame = prop_oneof![
        Just("const A: &str = @;\n"),
        Just("#[doc = @] #[serde(default = @)] struct S;\r\n"),
        Just("macro_rules! m { () => { @ } }\n"),
        Just("fn f() { g(@, [@]); }\n"),
        Just("fn f() { match x { @ => format!(@, @), _ => h!(@; a => @) } }\n"),
        Just("fn f() { let x = bail!(@); concat!(@, @); x += @; }\n"),
        Just("// /usr/bin/comment @\n"),
        Just("fn f() { Command::new(@).arg(@).args([@, @]).env(\"PATH\", @); }\n"),
        Just("cfg_if! { if #[cfg(a)] { mod b; const C: &str = @; } }\n"),
    ];
    let part = (frame, proptest::collection::vec(literal, 4)).prop_map(|(frame, literals)| {
        let mut text = String::new();
        for (index, piece) in frame.split('@').enumerate() {
            if index > 0 {
                text.push_str(&literals[(index - 1) % literals.len()]);
            }
            text.push_str(piece);
        }
        text
    });
    let head = prop_oneof![Just(""), Just("\u{feff}"), Just("#!/usr/bin/env x\n")];
    (head, proptest::collection::vec(part, 0..6))
        .prop_map(|(head, parts)| head.to_owned() + &parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rust_rewrite_changes_only_decided_literals(text in program()) {
        let found = scan::scan(Language::Rust, "src/main.rs", text.as_bytes(), &KNOWLEDGE.calls);
        let found = found.expect("Rust is never refused");
        prop_assert_eq!(&found.unparsed, &None, "{}", text);
        let decided: Vec<Decided> = found
            .occurrences
            .into_iter()
            .filter(|place| place.kind == scan::Kind::AbsolutePath && !matches!(place.form, scan::Form::Comment | scan::Form::Pod))
            .map(|occurrence| Decided {
                path: "src/main.rs".to_owned(),
                language: Language::Rust,
                occurrence,
                context: Context::Host,
                context_rule: None,
                decision: Decision::Package { attr: "a.b".to_owned(), target: "bin/x".to_owned() },
                rule: Some(RuleId::new(Table::Path, "x")),
                etc: None,
            })
            .collect();
        let roles = std::collections::BTreeMap::new();
        let placing = Placing { source: "s", role: Role::Crate, roles: &roles };
        let (mut placeholders, mut env) = Default::default();
        let names = rust::Names { placeholders: &mut placeholders, env: &mut env };
        let decided: Vec<&Decided> = decided.iter().collect();
        let (literals, problems) = rust::edits(text.as_bytes(), &decided, placing, names).expect("it parses");
        let edited: usize = literals.iter().map(|literal| literal.rules.len()).sum();
        prop_assert_eq!(edited + problems.len(), decided.len());
        let lexed = scan::rust::lexer::lex(text.as_bytes());
        let mut at = 0;
        for literal in &literals {
            let range = &literal.edit.range;
            prop_assert!(at <= range.start, "in order, not overlapping");
            let there = lexed.literal_at(range.start).expect("a literal");
            prop_assert_eq!(there.end, range.end);
            prop_assert!(decided.iter().any(|one| there.open <= one.occurrence.offset && one.occurrence.offset < there.close));
            at = range.end;
        }
        let edits: Vec<Edit> = literals.into_iter().map(|literal| literal.edit).collect();
        let bytes = apply(text.as_bytes(), &edits, Theme::Commands);
        prop_assert!(scan::rust::check(&bytes).is_ok(), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn rust_never_panics(
        parts in proptest::collection::vec(
            prop_oneof![
                Just("fn f() {"), Just("}"), Just("("), Just(")"), Just("m!("), Just("#["), Just("]"), Just("\""), Just("r#\""), Just("'"),
                Just("\\"), Just("/usr/bin/x"), Just("Command::new("), Just("mod x;"), Just("include!("), Just("cfg(a)"), Just(";"), Just(","),
                Just("//"), Just("/*"), Just("*/"), Just("\n"), Just("é"), Just("concat!"), Just("let x = "), Just("b\"/bin/x\""), Just("{"),
            ],
            0..24,
        )
    ) {
        let text = parts.concat();
        let found = scan::scan(Language::Rust, "x.rs", text.as_bytes(), &KNOWLEDGE.calls).expect("Rust is never refused");
        for place in &found.occurrences {
            prop_assert_eq!(&text[place.offset..place.offset + place.length], &place.text);
        }
    }
}

const LANGUAGES: [Language; 10] = [
    Language::Perl,
    Language::Shell,
    Language::Make,
    Language::Unit,
    Language::C,
    Language::Javascript,
    Language::Python,
    Language::Rust,
    Language::Config,
    Language::Text,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rules_never_panic(
        file in prop_oneof![
            Just("general/paths.toml"), Just("sources/hive.toml"), Just("nixpkgs/programs.toml"), Just("nixpkgs/perl.toml"),
            Just("nixpkgs/python.toml"), Just("nixpkgs/debian.toml"), Just("nixpkgs/crates.toml"), Just("nixpkgs/paths.toml"),
        ],
        lines in proptest::collection::vec(
            prop_oneof![
                "\\[\\[?[a-z.\"*]{0,6}\\]?\\]",
                "\\[\\[(path|context|last-path|feature|closure|directory|place)\\]\\]",
                "(name|where|decide|keep|programs|data|modules|where.regex|where.files|attr) = (\"[a-z/*\\[({]{0,5}\"|\\[\"x\"\\]|1|\\{ regex = \"[(a*+\\\\\\[]{0,3}\" \\})",
                "\\PC{0,12}",
            ],
            0..8,
        ),
    ) {
        let dir = tempfile::tempdir().expect("a directory");
        let text = lines.join("\n");
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, &text).expect("written");
        if let Err(problems) = Rules::read(dir.path()) {
            for problem in problems {
                let line = problem.place.line.unwrap_or(1) as usize;
                prop_assert!((1..=text.lines().count() + 1).contains(&line), "{}", problem);
            }
        }
    }
}

#[test]
fn output_is_the_same_for_any_number_of_threads() {
    let root = Root::new();
    let mut outputs = Vec::new();
    for jobs in ["1", "2", "4"] {
        let out = format!("out-{jobs}");
        // Without the cache, so that each run does everything.
        let run = root.run(&["regen", "demo", "--no-cache", "--jobs", jobs, "--out", &out]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        let dir = root.join(&out);
        let relative = |path: String| path.replace(&dir.display().to_string(), "");
        let files: Vec<_> = contents(&dir)
            .into_iter()
            .map(|(path, bytes)| (relative(path), bytes))
            .collect();
        assert!(files.len() > 20, "{files:?}");
        outputs.push((files, run.stdout));
    }
    assert!(outputs[0] == outputs[1] && outputs[1] == outputs[2]);
}

#[test]
fn a_second_regen_writes_nothing_and_says_so() {
    let root = Root::new();
    assert_eq!(root.regen(&[]).code, Some(0));
    let inode = || {
        fs::metadata(root.join("pkgs/demo"))
            .expect("the output")
            .ino()
    };
    let (before, first) = (inode(), root.written());
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("nothing changed"), "{}", run.stdout);
    assert_eq!(before, inode());
    assert!(first == root.written());
    assert_eq!(root.regen(&["--check"]).code, Some(0));
}

#[test]
fn check_tells_drift_from_an_edit_by_hand() {
    let root = Root::new();
    assert_eq!(root.regen(&[]).code, Some(0));
    let patch = "pkgs/demo/patches/hive-guests/0001-paths.patch";
    root.append(patch, "by hand\n");
    let run = root.regen(&["--check"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains(
            "PNX-403: pkgs/demo/patches/hive-guests/0001-paths.patch\n  the file was edited by hand"
        ),
        "{}",
        run.stderr
    );
    assert!(
        root.text(patch).ends_with("by hand\n"),
        "--check writes nothing"
    );
    assert_eq!(root.regen(&[]).code, Some(0));
    root.edit(
        "releases/demo.toml",
        "version = \"1.4.1\"",
        "version = \"1.4.2\"",
    );
    let run = root.regen(&["--check"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(
        run.stderr.contains("a fresh run writes different bytes"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("edited by hand"), "{}", run.stderr);
}

#[test]
fn what_two_releases_have_at_one_commit_has_the_same_patches() {
    let root = Root::new();
    root.write("releases/after.toml", root.text("releases/demo.toml"));
    copy(&root.join("releases/demo"), &root.join("releases/after"));
    for run in [root.run(&["regen", "after"]), root.regen(&[])] {
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    let patches = |release: &str| {
        let directory = root.join(&format!("pkgs/{release}/patches"));
        let all = contents(&directory).into_iter();
        all.map(|(path, bytes)| {
            let below = std::path::Path::new(&path).strip_prefix(&directory);
            (below.expect("below it").to_path_buf(), bytes)
        })
        .collect::<BTreeMap<_, _>>()
    };
    assert!(!patches("after").is_empty());
    assert_eq!(patches("after"), patches("demo"));
}
