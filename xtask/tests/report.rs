//! Reports on an invented release with names that are as hostile as possible.

use std::io;

use decide::Verdict;
use decide::{Context, Decided, Decision, RuleId, Table};
use problem::{Problem, STALE_RULE, UNDECIDED};
use release::Pin;
use report::{Filter, Format, Layout, ScanReport, ScannedSource};
use scan::{Form, Kind, Language, Occurrence, Site};
use serde_json::Value;

const HOSTILE: &str = "/usr/bin/</script><b>|`\u{1b}[2J\"'";

fn decided(line: u32, kind: Kind, text: &str, context: Context, decision: Decision) -> Decided {
    let rule =
        (decision != Decision::Unknown).then(|| RuleId::new(Table::Path, format!("rule-{line}")));
    Decided {
        path: "src/Hive/Ä b|c.pm".into(),
        language: Language::Perl,
        occurrence: Occurrence {
            offset: line as usize * 40,
            length: text.len(),
            line,
            column: 7,
            kind,
            text: text.into(),
            form: Form::Literal,
            site: Site {
                sub: Some("probe".into()),
                ..Site::default()
            },
        },
        context,
        context_rule: None,
        decision,
        rule,
        etc: None,
    }
}

/// Makes one occurrence for every decision, in several contexts and kinds.
fn every_decision() -> Vec<Decided> {
    let s = str::to_owned;
    vec![
        decided(
            1,
            Kind::AbsolutePath,
            "/usr/bin/comb",
            Context::Host,
            Decision::Package {
                attr: s("comb"),
                target: s("bin/comb"),
            },
        ),
        decided(
            2,
            Kind::AbsolutePath,
            "/usr/share/hive",
            Context::Host,
            Decision::Own {
                target: s("share/hive"),
            },
        ),
        decided(
            3,
            Kind::Module,
            "Hive::Cell",
            Context::Host,
            Decision::Sibling {
                source: s("hive-common"),
                target: s("share/perl5/Hive/Cell.pm"),
            },
        ),
        decided(
            4,
            Kind::BareCommand,
            "comb",
            Context::Host,
            Decision::Command {
                attr: Some(s("comb")),
                source: None,
                program: s("comb"),
            },
        ),
        decided(
            5,
            Kind::BareCommand,
            "hived",
            Context::Remote,
            Decision::Command {
                attr: None,
                source: Some(s("hive-cluster")),
                program: s("hived"),
            },
        ),
        decided(
            6,
            Kind::AbsolutePath,
            "/bin/mount",
            Context::Host,
            Decision::Wrapper {
                program: s("mount"),
            },
        ),
        decided(
            7,
            Kind::AbsolutePath,
            "/etc/localtime",
            Context::Guest,
            Decision::Keep { reason: s("guest") },
        ),
        decided(
            8,
            Kind::Shebang,
            "/usr/bin/apt",
            Context::Build,
            Decision::Disable {
                feature: s("no-apt"),
            },
        ),
        decided(
            9,
            Kind::AbsolutePath,
            HOSTILE,
            Context::Host,
            Decision::Unknown,
        ),
    ]
}

fn source(name: &str, decided: Vec<Decided>) -> ScannedSource {
    let pin = Pin {
        url: Some(format!("https://git.example.org/{name}.git")),
        path: None,
        rev: Some("0123456789abcdef0123456789abcdef01234567".into()),
        date: Some("2026-01-02".into()),
        version: (name != "hive-vm").then(|| "2.1-3".to_owned()),
        ..Pin::default()
    };
    ScannedSource::new(name, &pin, 12, 34_567, decided)
}

fn sample() -> ScanReport {
    let sources = vec![
        source("hive-storage", every_decision()),
        source("hive-vm", Vec::new()),
    ];
    let stale = Problem::new(&STALE_RULE, "rule `old` decides nothing in any release")
        .at("rules/general/state.toml", Some(3));
    let undecided = Problem::new(
        &UNDECIDED,
        format!("no rule decides `{HOSTILE}` (host context)"),
    )
    .in_source("hive-storage")
    .at("src/Hive/Ä b|c.pm", Some(9));
    ScanReport::new("hive-2", sources, vec![stale, undecided])
}

fn clean() -> ScanReport {
    let mut decided = every_decision();
    decided.pop();
    ScanReport::new("hive-3", vec![source("hive-storage", decided)], Vec::new())
}

fn written(reports: &[ScanReport], layout: &Layout) -> String {
    let mut out = Vec::new();
    report::scan(&mut out, reports, layout).unwrap();
    String::from_utf8(out).unwrap()
}

fn layout(format: Format) -> Layout {
    Layout {
        format,
        ..Layout::default()
    }
}

fn text(report: &ScanReport, layout: &Layout) -> String {
    let text = written(std::slice::from_ref(report), layout);
    anstream::adapter::strip_str(&text).to_string()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn schema_errors(instance: &Value) -> Vec<String> {
    let schema = json(include_str!("../../docs/scan.schema.json"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn the_json_follows_its_schema() {
    for report in [sample(), clean()] {
        let json = json(&written(&[report], &layout(Format::Json)));
        assert_eq!(schema_errors(&json), Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_is_not_the_format() {
    let good = json(&written(&[sample()], &layout(Format::Json)));
    for (pointer, bad) in [
        ("/occurrences/0/kind", Value::from("colour")),
        ("/occurrences/0/line", Value::from(0)),
        ("/occurrences/0/decision/type", Value::from("self")),
        ("/occurrences/0/decision/rule", Value::Null),
        ("/summary/decisions", json("{}")),
        ("/sources/0/rev", Value::from("main")),
    ] {
        let mut json = good.clone();
        *json.pointer_mut(pointer).unwrap() = bad;
        assert!(!schema_errors(&json).is_empty(), "{pointer}");
    }
}

#[test]
fn the_json_holds_every_occurrence_with_its_decision_and_rule() {
    let json = json(&written(&[sample()], &layout(Format::Json)));
    assert_eq!(json["release"], "hive-2");
    assert_eq!(json["sources"][1]["version"], Value::Null);
    assert_eq!(json["occurrences"].as_array().unwrap().len(), 9);
    assert_eq!(
        json["occurrences"][4]["decision"],
        serde_json::json!({"type": "command", "source": "hive-cluster", "program": "hived", "rule": "path.rule-5"})
    );
    assert_eq!(json["occurrences"][8]["text"], HOSTILE);
    assert_eq!(
        json["occurrences"][8]["decision"],
        serde_json::json!({"type": "unknown", "rule": null})
    );
    assert_eq!(json["summary"]["decisions"]["command"], 2);
    assert_eq!(json["summary"]["contexts"]["host"], 6);
    assert_eq!(json["summary"]["kinds"]["bare-command"], 2);
    assert_eq!(json["summary"]["bytes"], 2 * 34_567);
    let codes: Vec<_> = json["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| &p["code"])
        .collect();
    assert_eq!(codes, ["PNX-101", "PNX-102"]);
}

#[test]
fn several_releases_are_one_json_object_after_the_other() {
    let stream = written(&[sample(), clean()], &layout(Format::Json));
    let releases: Vec<Value> = serde_json::Deserializer::from_str(&stream)
        .into_iter::<Value>()
        .map(|object| object.unwrap()["release"].clone())
        .collect();
    assert_eq!(releases, ["hive-2", "hive-3"]);
}

#[test]
fn filters_narrow_the_list_but_not_the_summary() {
    let filter = |filter| Layout {
        format: Format::Json,
        filter,
        ..Layout::default()
    };
    let lines = |layout: &Layout| -> Vec<u64> {
        let json = json(&written(&[sample()], layout));
        assert_eq!(json["summary"]["occurrences"], 9);
        json["occurrences"]
            .as_array()
            .unwrap()
            .iter()
            .map(|o| o["line"].as_u64().unwrap())
            .collect()
    };
    let host = Filter {
        contexts: vec![Context::Guest, Context::Build],
        ..Filter::default()
    };
    assert_eq!(lines(&filter(host)), [7, 8]);
    let command = Filter {
        verdicts: vec![Verdict::Command],
        ..Filter::default()
    };
    assert_eq!(lines(&filter(command)), [4, 5]);
    let module = Filter {
        kinds: vec![Kind::Module],
        ..Filter::default()
    };
    assert_eq!(lines(&filter(module)), [3]);
    let other = Filter {
        sources: vec!["hive-vm".into()],
        ..Filter::default()
    };
    assert_eq!(lines(&filter(other)), [0; 0]);
}

#[test]
fn findings_are_sorted_by_code_and_a_release_without_is_clean() {
    let report = sample();
    let codes: Vec<&str> = report
        .problems
        .iter()
        .map(|problem| problem.code.id)
        .collect();
    assert_eq!(codes, ["PNX-101", "PNX-102"]);
    assert!(!report.is_clean());
    assert!(clean().is_clean());
}

#[test]
fn the_text_shows_the_summary_and_every_finding_with_its_help() {
    let text = text(&sample(), &layout(Format::Text));
    let row = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(name))
            .unwrap();
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        row("source "),
        [
            "source",
            "occurrences",
            "package",
            "self",
            "sibling",
            "command",
            "wrapper",
            "keep",
            "disable",
            "unknown",
        ]
    );
    assert_eq!(
        row("hive-storage"),
        ["hive-storage", "9", "1", "1", "1", "2", "1", "1", "1", "1"]
    );
    assert_eq!(
        row("hive-vm"),
        ["hive-vm", "0", "0", "0", "0", "0", "0", "0", "0", "0"]
    );
    assert!(text.contains("  hive-storage/src/Hive/Ä b|c.pm:9\n    no rule decides `/usr/bin/"));
    assert!(text.contains("  rules/general/state.toml:3\n    rule `old` decides nothing"));
    assert_eq!(text.matches("help: ").count(), 2);
    assert!(text.ends_with("\n2 findings\n"));
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(
        !text.contains("rule-1"),
        "occurrences are listed on request only"
    );
}

#[test]
fn the_text_lists_occurrences_on_request() {
    let text = text(
        &sample(),
        &Layout {
            list: true,
            ..layout(Format::Text)
        },
    );
    assert!(text.contains(
        "hive-storage/src/Hive/Ä b|c.pm:1:7: /usr/bin/comb (absolute-path, host)\n  package comb, bin/comb by rule path.rule-1\n"
    ), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_clean_release_says_so() {
    assert!(text(&clean(), &layout(Format::Text)).ends_with("\nnothing to report\n"));
    assert!(written(&[clean()], &layout(Format::Markdown)).contains("\nNothing to report.\n"));
}

#[test]
fn the_text_fits_a_narrow_terminal() {
    for columns in [40, 60, 100] {
        let text = text(
            &sample(),
            &Layout {
                width: Some(columns),
                ..layout(Format::Text)
            },
        );
        // Titles and places are not wrapped, because a broken place could not be copied.
        let whole = |line: &&str| line.starts_with("PNX-") || line.contains("/src/Hive/");
        for line in text.lines().filter(|line| !whole(line)) {
            assert!(line.chars().count() <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn markdown_keeps_its_tables_whole() {
    let text = written(
        &[sample()],
        &Layout {
            list: true,
            ..layout(Format::Markdown)
        },
    );
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("| `hive-storage/"))
        .collect();
    assert_eq!(rows.len(), 9);
    for row in rows {
        assert_eq!(bars(row), 7, "{row}");
    }
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn nothing_from_upstream_is_markup_in_html() {
    let mut report = sample();
    report.release = "<i>&hive".into();
    report.problems[0].place.path = Some("<img src=x onerror=alert(1)>".into());
    let html = written(&[report, clean()], &layout(Format::Html));
    assert!(
        !html.contains("<i>") && !html.contains("<b>") && !html.contains("<img"),
        "{html}"
    );
    assert_eq!(
        html.matches("</script>").count(),
        2,
        "only the page's own scripts end"
    );
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"));
    for outside in ["src=\"", "href=\"http", "@import", "url("] {
        assert!(!html.contains(outside), "the page stands alone: {outside}");
    }
}

#[test]
fn the_page_holds_every_row_once() {
    let html = written(&[sample(), clean()], &layout(Format::Html));
    let (_, rest) = html.split_once("id=\"data\">").unwrap();
    let data = json(rest.split_once("</script>").unwrap().0);
    let strings = data["strings"].as_array().unwrap();
    let rows = data["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 17);
    let string = |row: usize, column: usize| {
        &strings[usize::try_from(rows[row][column].as_u64().unwrap()).unwrap()]
    };
    assert_eq!(string(8, 5), &HOSTILE.replace('\u{1b}', "\\u{1b}"));
    assert_eq!(string(8, 8), "unknown");
    assert_eq!(string(16, 0), "hive-3");
}

#[test]
fn sarif_has_what_its_standard_asks_for() {
    let log = json(&written(&[sample(), clean()], &layout(Format::Sarif)));
    assert_eq!(log["version"], "2.1.0");
    assert!(
        log["$schema"]
            .as_str()
            .unwrap()
            .ends_with("/sarif-schema-2.1.0.json")
    );
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for run in runs {
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "pve-nix");
        let bases = run["originalUriBaseIds"].as_object().unwrap();
        for result in run["results"].as_array().unwrap() {
            assert!(result["message"]["text"].is_string());
            assert!(["warning", "error"].contains(&result["level"].as_str().unwrap()));
            let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(driver["rules"][rule]["id"], result["ruleId"]);
            for location in result["locations"].as_array().unwrap() {
                let file = &location["physicalLocation"]["artifactLocation"];
                let uri = file["uri"].as_str().unwrap();
                assert!(
                    uri.bytes().all(|b| b.is_ascii_graphic()) && !uri.contains('|'),
                    "{uri}"
                );
                if let Some(base) = file["uriBaseId"].as_str() {
                    assert!(bases.contains_key(base), "{base}");
                }
            }
        }
    }
    let first = &runs[0]["results"][0];
    let place = &first["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"]["uri"],
        "src/Hive/%C3%84%20b%7Cc.pm"
    );
    assert_eq!(place["artifactLocation"]["uriBaseId"], "hive-storage");
    assert_eq!(place["region"]["startLine"], 9);
    assert_eq!(runs[0]["results"].as_array().unwrap().len(), 2);
    assert_eq!(runs[1]["results"].as_array().unwrap().len(), 0);
}

#[test]
fn a_stream_that_fails_is_an_error_in_every_format() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in [
        Format::Text,
        Format::Json,
        Format::Markdown,
        Format::Html,
        Format::Sarif,
    ] {
        let error = report::scan(&mut Full, &[sample()], &layout(format)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format:?}");
    }
}
