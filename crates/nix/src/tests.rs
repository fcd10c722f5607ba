//! Written expressions evaluate to the value they were written from.

use std::io::Write as _;
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn variable(text: &str) -> Expr {
    Expr::variable(text).unwrap()
}

/// Runs `nix-instantiate --eval --strict --json` on `source`. Returns `None` if Nix is not
/// installed.
fn evaluate(source: &str) -> Option<serde_json::Value> {
    let mut child = Command::new("nix-instantiate")
        .args(["--eval", "--strict", "--json", "-"])
        .env("NIX_REMOTE", "dummy://")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child
        .stdin
        .take()
        .unwrap()
        .write_all(source.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{source}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

/// Writes the text and reads the one string literal back, without Nix.
fn unescape(written: &str) -> String {
    let written = written.trim_end_matches('\n');
    if let Some(inner) = written
        .strip_prefix("''\n")
        .and_then(|rest| rest.strip_suffix("''"))
    {
        let indent = inner
            .lines()
            .filter(|l| !l.trim().is_empty())
            .map(|l| l.len() - l.trim_start().len())
            .min();
        let lines = inner
            .lines()
            .map(|l| l.get(indent.unwrap_or(0)..).unwrap_or(""));
        let mut text = lines.collect::<Vec<_>>().join("\n");
        text.push('\n');
        return text.replace("''$", "$");
    }
    let inner = written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .expect("a quoted string");
    let mut chars = inner.chars();
    let mut text = String::new();
    while let Some(c) = chars.next() {
        text.push(match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('t')) => '\t',
            ('\\', Some(escaped)) => escaped,
            (plain, _) => plain,
        });
    }
    text
}

const AWKWARD: &[&str] = &[
    "",
    "$",
    "$$",
    "${x}",
    "$${x}",
    "$$${",
    "\\${",
    "a''b",
    "''${x}",
    "'''\n'''\n",
    "a\n${b}\n$\n",
    "a\n  b\n\n  c\n",
    "  a\n  b\n",
    "\na\nb\n",
    "a \nb\n",
    "a\n\tb\n",
    "a\r\nb\r\n",
    "it's\n'$x'\n",
    "echo '${x}'\necho ''\n",
    "a\n'\n",
    "\u{1b}[0m\u{7f}",
    "ä€😀\nb\n",
    "x\n \ny\n",
    "\"quoted\" \\ back",
    "@pve@/bin/qm",
];

#[test]
fn awkward_strings_survive_evaluation() {
    let list = Expr::strings(AWKWARD.iter().copied());
    if let Some(value) = evaluate(&write(&list).unwrap()) {
        assert_eq!(value, serde_json::json!(AWKWARD));
    }
    for text in AWKWARD {
        assert_eq!(unescape(&write(&Expr::string(*text)).unwrap()), *text);
    }
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("${".to_owned()),
        Just("''".to_owned()),
        "[$'\"\\\\{}\n \ta]{0,6}",
        "[^\0]{0,4}",
        "[a-z =\n]{0,12}",
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_string_survives(text in text()) {
        prop_assert_eq!(unescape(&write(&Expr::string(text.clone())).unwrap()), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn any_strings_survive_evaluation(texts in proptest::collection::vec(text(), 60), keys in proptest::collection::hash_set(text(), 20)) {
        // Adjacent interpolations, where a `$` or `'` could swallow the next one.
        let pieces: Vec<Part> = texts.iter().enumerate().map(|(index, text)| {
            if index % 2 == 0 { Part::Text(text.clone()) } else { Part::Interpolation(Expr::string(text.clone())) }
        }).collect();
        let set = Expr::sorted_set(keys.iter().map(|key| (key.clone(), Expr::Bool(true))));
        let pairs = texts.chunks(2).map(|pair| Expr::String(pair.iter().enumerate().map(|(index, text)| {
            if index == 0 { Part::Text(text.clone()) } else { Part::Interpolation(Expr::string(text.clone())) }
        }).collect()));
        let all = Expr::List(vec![Expr::strings(texts.clone()), Expr::String(pieces), set, Expr::List(pairs.collect())]);
        if let Some(value) = evaluate(&write(&all).unwrap()) {
            prop_assert_eq!(&value[0], &serde_json::json!(texts));
            prop_assert_eq!(&value[1], &serde_json::json!(texts.concat()));
            let mut names: Vec<&str> = value[2].as_object().unwrap().keys().map(String::as_str).collect();
            let mut expected: Vec<&str> = keys.iter().map(String::as_str).collect();
            names.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(names, expected);
            let joined: Vec<String> = texts.chunks(2).map(<[String]>::concat).collect();
            prop_assert_eq!(&value[3], &serde_json::json!(joined));
        }
    }

    #[test]
    fn a_comment_never_ends_early(text in "[^\0]{0,40}") {
        let expr = Expr::Commented(text, Box::new(Expr::Set(vec![Binding::Comment("*/ ${".into()), Binding::attr("a", Expr::Int(1))])));
        if let Some(value) = evaluate(&write(&expr).unwrap()) {
            prop_assert_eq!(value, serde_json::json!({"a": 1}));
        }
    }
}

#[test]
fn a_package_reads_as_if_written_by_hand() {
    let patch = variable("replaceVars").apply([
        Expr::Path("0001-paths.patch".into()),
        Expr::Set(vec![
            Binding::attr(
                "lvm2",
                Expr::dotted("lib.getBin")
                    .unwrap()
                    .apply([variable("lvm2")]),
            ),
            Binding::attr("pve", Expr::Null),
        ]),
    ]);
    let body = variable("mkPveObject").apply([Expr::Set(vec![
        Binding::attr("pname", Expr::string("hive-manager")),
        Binding::attr(
            "patches",
            Expr::List(vec![patch, Expr::Path("odd name.patch".into())]),
        ),
        Binding::Blank,
        Binding::Comment("from the code".into()),
        Binding::attr("commands", Expr::List(vec![variable("lvm2")])),
        Binding::Attr(
            vec!["meta".into(), "description".into()],
            Expr::string("costs 5 ${money}"),
        ),
        Binding::attr("postInstall", Expr::string("cd $out\nmake ${x}\n")),
        Binding::attr("3d", Expr::Set(vec![Binding::attr("in", Expr::Int(-1))])),
        Binding::InheritFrom(variable("lib"), vec!["getBin".into(), "or".into()]),
    ])]);
    let formals = vec![
        Formal::required(name("lvm2")),
        Formal::required(name("mkPveObject")),
        Formal::optional(name("pve-rs")),
    ];
    let file = Expr::Commented(
        "Made by pve-nix.".into(),
        Box::new(Expr::Lambda {
            formals,
            ellipsis: false,
            body: Box::new(body),
        }),
    );
    let expected = r#"# Made by pve-nix.
{
  lvm2,
  mkPveObject,
  pve-rs ? null,
}:
mkPveObject {
  pname = "hive-manager";
  patches = [
    (replaceVars ./0001-paths.patch {
      lvm2 = lib.getBin lvm2;
      pve = null;
    })
    (./. + "/odd name.patch")
  ];

  # from the code
  commands = [ lvm2 ];
  meta.description = "costs 5 \${money}";
  postInstall = ''
    cd $out
    make ''${x}
  '';
  "3d" = {
    "in" = -1;
  };
  inherit (lib) getBin "or";
}
"#;
    assert_eq!(write(&file).unwrap(), expected);
}

#[test]
fn what_is_no_variable_is_refused() {
    for text in [
        "", "7zip", "a.b", "in", "null", "a b", "ä", "${x}", "a\n", "-x",
    ] {
        assert_eq!(
            Name::new(text),
            Err(WriteError::InvalidName(text.to_owned())),
            "{text:?}"
        );
    }
    assert!(Expr::dotted("perlPackages.").is_err());
    assert!(Expr::dotted("").is_err());
    for text in ["libpve-rs-perl", "_7zz", "a'"] {
        assert!(Name::new(text).is_ok(), "{text:?}");
    }
    assert_eq!(
        write(&Expr::string("a\0b")),
        Err(WriteError::Nul("a\u{fffd}b".into()))
    );
    assert!(write(&Expr::Set(vec![Binding::attr("\0", Expr::Null)])).is_err());
}

#[test]
fn precedence_is_kept() {
    let set = |key: &str, value| Expr::Set(vec![Binding::attr(key, Expr::Int(value))]);
    let update = |left, right| Expr::Operator(Box::new(left), Operator::Update, Box::new(right));
    let id = Expr::Function(name("x"), Box::new(variable("x")));
    let both = update(
        id.clone().apply([set("a", 1)]),
        update(set("b", -2), set("a", 3)),
    );
    let lists = Expr::Operator(
        Box::new(Expr::List(vec![
            id.clone().apply([Expr::Int(-1)]),
            Expr::Int(i64::MIN),
        ])),
        Operator::Concat,
        Box::new(Expr::Let(
            vec![Binding::attr("y", Expr::Int(4))],
            Box::new(Expr::List(vec![variable("y")])),
        )),
    );
    let or = Expr::SelectOr(
        Box::new(set("a", 1)),
        vec!["b".into()],
        Box::new(id.apply([Expr::Int(7)])),
    );
    let all = Expr::List(vec![
        both,
        lists,
        or,
        Expr::Commented("seven".into(), Box::new(Expr::Int(7))),
    ]);
    if let Some(value) = evaluate(&write(&all).unwrap()) {
        assert_eq!(
            value,
            serde_json::json!([{"a": 3, "b": -2}, [-1, i64::MIN, 4], 7, 7])
        );
    }
}

#[test]
fn formatting_again_changes_nothing() {
    for text in AWKWARD {
        let once = write(&Expr::List(vec![Expr::string(*text), Expr::strings(["a"])])).unwrap();
        assert_eq!(nixfmt_rs::format(&once).unwrap(), once);
    }
}
