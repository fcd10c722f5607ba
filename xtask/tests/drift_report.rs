//! Reports on an invented drift with names and texts that are as hostile as possible.

use std::io;
use std::path::{Path, PathBuf};

use decide::{Context, Decision, RuleId, Table};
use drift::{
    Aspect, At, Change, Closest, Commit, Conflict, Counts, Drift, Excerpt, History, Install,
    InstallKind, Level, LinkDrift, LocalPatch, LostTarget, Need, NeedKind, PlaceDrift, Presence,
    Proposal, Side, SourceDrift, Spot, Structure, Summary, TextDrift, Tied,
};
use problem::{MISSING_SOURCE, Problem, UNMAPPED_PACKAGE};
use report::DriftReport;
use scan::{Kind, Language};
use serde_json::Value;

/// Markup, a mention, a reference, terminal escapes, a change of the writing direction, a backtick,
/// quotes.
const HOSTILE: &str =
    "</script><img src=x onerror=alert(1)>|`x` @team #12 \u{1b}[2J\u{202e}\"'\n# H";
const REV: &str = "0123456789abcdef0123456789abcdef01234567";
const OTHER_REV: &str = "89abcdef0123456789abcdef0123456789abcdef";

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn side(release: &str) -> Side {
    Side {
        release: release.into(),
        version: Some(release.trim_start_matches("hive-").into()),
    }
}

fn at(name: &str, rev: &str, version: &str) -> At {
    At {
        rev: Some(rev.into()),
        version: Some(version.into()),
        date: Some("2026-01-02".into()),
        url: Some(format!("https://git.example.org/hive/{name}.git")),
    }
}

fn commit(subject: &str) -> Commit {
    Commit {
        rev: OTHER_REV.into(),
        date: "2026-02-03".into(),
        subject: subject.into(),
    }
}

fn package(attr: &str, target: &str) -> Decision {
    Decision::Package {
        attr: attr.into(),
        target: target.into(),
    }
}

fn rule(name: &str) -> RuleId {
    RuleId::new(Table::Path, name)
}

fn spot(path: &str, line: u32, text: &str, decision: Decision) -> Spot {
    let rule = (decision != Decision::Unknown).then(|| rule("comb-programs"));
    Spot {
        source: None,
        path: path.into(),
        line,
        column: 19,
        text: text.into(),
        kind: Kind::AbsolutePath,
        language: Language::Perl,
        sub: Some("probe_cells".into()),
        context: Context::Host,
        decision,
        rule,
    }
}

/// Makes the code around `text` on line `line`, to match [`spot`].
fn excerpt(line: u32, text: &str) -> Excerpt {
    let before = "    run_command(['";
    let lines = [
        "sub probe_cells {".to_owned(),
        "\tmy ($self, $device, %options) = @_;".to_owned(),
        format!("{before}{text}', '--fast', $device], outfunc => sub {{ $self->cell(shift) }});"),
        "    return $self->{cells};".to_owned(),
        "}".to_owned(),
    ];
    Excerpt {
        first: line.saturating_sub(2),
        lines: lines.into(),
        at: 2,
        mark: before.len()..before.len() + text.len(),
    }
}

fn place(
    change: Change,
    level: Level,
    why: &'static str,
    old: Option<Spot>,
    new: Option<Spot>,
) -> PlaceDrift {
    let end = new.as_ref().or(old.as_ref()).unwrap();
    PlaceDrift {
        change,
        level,
        differs: Vec::new(),
        why,
        commit: Some(commit("comb: probe the cells before they are mounted")),
        code: (level >= Level::Review).then(|| excerpt(end.line, &end.text)),
        proposal: None,
        hint: None,
        old,
        new,
    }
}

fn proposal(as_before: bool) -> Proposal {
    Proposal {
        file: "rules/sources/a.toml".into(),
        toml: "[[path]]\nname = \"comb-probe\"\nwhere = { texts = [\"/usr/sbin/comb-probe\"] }\npackage = \"comb-tools\"\n".into(),
        before: as_before.then(|| rule("comb-programs")),
        replaces: None,
        as_before,
        closest: vec![Closest {
            rule: rule("comb-programs"),
            fails: strings(&["sources = [\"hive-comb\"]", "context host"]),
        }],
    }
}

fn undecided(path: &str, text: &str) -> PlaceDrift {
    PlaceDrift {
        proposal: Some(proposal(false)),
        ..place(
            Change::Added,
            Level::Broken,
            "no rule decides it",
            None,
            Some(spot(path, 42, text, Decision::Unknown)),
        )
    }
}

fn otherwise() -> PlaceDrift {
    let old = spot(
        "src/Hive/Disk.pm",
        12,
        "/usr/sbin/comb-probe",
        package("comb-tools", "bin/comb-probe"),
    );
    let new = Spot {
        rule: Some(rule("comb-state")),
        ..spot(
            "src/Hive/Disk.pm",
            17,
            "/usr/sbin/comb-probe2",
            Decision::Keep {
                reason: "state".into(),
            },
        )
    };
    PlaceDrift {
        differs: vec![Aspect::Literal, Aspect::Decision, Aspect::Rule],
        proposal: Some(proposal(true)),
        ..place(
            Change::Changed,
            Level::Review,
            "it is kept and was a package's",
            Some(old),
            Some(new),
        )
    }
}

fn moved(number: u32) -> PlaceDrift {
    let spot = |path: &str| {
        spot(
            path,
            number,
            "/usr/bin/comb",
            package("comb-tools", "bin/comb"),
        )
    };
    PlaceDrift {
        differs: vec![Aspect::File],
        ..place(
            Change::Moved,
            Level::Moved,
            "decided as before",
            Some(spot("src/Hive/Old.pm")),
            Some(spot("src/Hive/New.pm")),
        )
    }
}

fn removed() -> PlaceDrift {
    let old = spot(
        "src/Hive/Gone.pm",
        9,
        "/usr/bin/wax",
        package("wax", "bin/wax"),
    );
    place(Change::Removed, Level::Moved, "it is gone", Some(old), None)
}

fn source(name: &str, level: Level) -> SourceDrift {
    SourceDrift {
        name: name.into(),
        level,
        old: Some(at(name, REV, "2.1-3")),
        new: Some(at(name, OTHER_REV, "2.2-1")),
        history: Some(History::Forward { commits: 7 }),
        counts: Counts {
            unchanged: 1204,
            shifted: 30,
            ..Counts::default()
        },
        text: TextDrift {
            clean: 20,
            offset: 4,
            fuzz: 1,
            failed: 2,
        },
        ..SourceDrift::default()
    }
}

fn need(kind: NeedKind, name: &str, level: Level, old: Option<&str>, new: Option<&str>) -> Need {
    Need {
        kind,
        name: name.into(),
        level,
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
    }
}

fn install(kind: InstallKind, name: &str, level: Level, new: bool) -> Install {
    let value = Some("root:root 0644".to_owned());
    Install {
        kind,
        name: name.into(),
        level,
        old: (!new).then(|| value.clone()).flatten(),
        new: new.then_some(value).flatten(),
    }
}

fn local_patch() -> LocalPatch {
    LocalPatch {
        path: "patches/local/hive-manager/logo.patch".into(),
        level: Level::Broken,
        hunks: TextDrift {
            clean: 1,
            offset: 1,
            fuzz: 0,
            failed: 1,
        },
        conflicts: vec![
            Conflict {
                file: "www/index.html.tpl".into(),
                line: 14,
                hunk: "@@ -14,3 +14,3 @@\n <body>\n-  <img src=\"/hive2/logo.png\">\n+  <img src=\"/hive2/ours.png\">\n   <div id=\"frame\"></div>\n".into(),
                upstream: Some(excerpt(14, "/hive2/logo.svg")),
            },
            Conflict {
                file: "www/css/gone.css".into(),
                line: 3,
                hunk: format!("@@ -3,1 +3,1 @@\n-a\n+```{HOSTILE}\n"),
                upstream: None,
            },
        ],
    }
}

fn storage() -> SourceDrift {
    SourceDrift {
        places: vec![
            undecided("src/Hive/Disk.pm", "/usr/sbin/comb-weld"),
            otherwise(),
            moved(3),
            removed(),
        ],
        needs: vec![
            need(
                NeedKind::Depends,
                "libcomb-perl",
                Level::Review,
                None,
                Some(">= 2.1"),
            ),
            need(NeedKind::Command, "wax", Level::Moved, Some(""), None),
            need(
                NeedKind::Depends,
                "hive-common",
                Level::Moved,
                Some(">= 8.1"),
                Some(">= 8.2"),
            ),
        ],
        counts: Counts {
            unchanged: 812,
            shifted: 120,
            moved: 1,
            changed: 1,
            added: 1,
            removed: 1,
        },
        ..source("hive-storage", Level::Broken)
    }
}

fn manager() -> SourceDrift {
    SourceDrift {
        lost_targets: vec![LostTarget {
            feature: "no-apt".into(),
            target: "module Hive::API::APT".into(),
            level: Level::Broken,
            nearest: Some("module Hive::API::Packages".into()),
            commit: Some(commit("api: rename APT to Packages")),
        }],
        installs: vec![
            install(InstallKind::Unit, "hive-sweep.timer", Level::Review, true),
            install(
                InstallKind::File,
                "/usr/share/hive/old.js",
                Level::Moved,
                false,
            ),
        ],
        local: vec![local_patch()],
        problems: vec![
            Problem::new(
                &UNMAPPED_PACKAGE,
                format!("nothing maps `libwax-perl` {HOSTILE}"),
            )
            .in_source("hive-manager")
            .at("debian/control", Some(12)),
        ],
        ..source("hive-manager", Level::Broken)
    }
}

fn hostile() -> SourceDrift {
    let path = format!("src/{HOSTILE}.pm");
    let place = PlaceDrift {
        commit: Some(commit(HOSTILE)),
        code: Some(excerpt(42, HOSTILE)),
        proposal: Some(Proposal {
            file: HOSTILE.into(),
            toml: format!("name = '''{HOSTILE}'''\n````\n<script>"),
            closest: vec![Closest {
                rule: rule(HOSTILE),
                fails: strings(&[HOSTILE]),
            }],
            before: None,
            replaces: Some(HOSTILE.into()),
            as_before: true,
        }),
        ..undecided(&path, HOSTILE)
    };
    let odd = Spot {
        source: Some(HOSTILE.into()),
        sub: Some(HOSTILE.into()),
        rule: Some(rule(HOSTILE)),
        decision: Decision::Keep {
            reason: HOSTILE.into(),
        },
        ..spot(&path, 7, HOSTILE, Decision::Unknown)
    };
    let changed = PlaceDrift {
        differs: vec![Aspect::Literal, Aspect::Decision],
        old: Some(odd),
        ..place.clone()
    };
    SourceDrift {
        places: vec![place, changed],
        needs: vec![need(
            NeedKind::Module,
            HOSTILE,
            Level::Review,
            Some(HOSTILE),
            Some(HOSTILE),
        )],
        installs: vec![install(InstallKind::Script, HOSTILE, Level::Review, true)],
        old: Some(At {
            url: Some("https://x.example.org/\"onclick=\"alert(1)".into()),
            version: Some(HOSTILE.into()),
            ..at("x", REV, "1")
        }),
        history: Some(History::Diverged {
            old: 2,
            new: 5,
            base: Some(REV.into()),
        }),
        ..source(HOSTILE, Level::Broken)
    }
}

fn came() -> SourceDrift {
    SourceDrift {
        presence: Presence::Came,
        old: None,
        history: None,
        ..source("hive-sweep", Level::Review)
    }
}

fn cluster() -> SourceDrift {
    SourceDrift {
        history: Some(History::Backward { commits: 3 }),
        ..source("hive-cluster", Level::Review)
    }
}

fn structure() -> Structure {
    Structure {
        level: Level::Review,
        objects_entered: strings(&["hive-sweep"]),
        objects_left: strings(&["hive-guests"]),
        knot_entered: vec![Tied {
            source: "hive-sweep".into(),
            by: strings(&["hive-manager uses hive-sweep (src/Hive/API.pm:9: use Hive::Sweep)"]),
        }],
        knot_left: strings(&["hive-guests"]),
        links: vec![LinkDrift {
            link: "hive".into(),
            presence: Presence::Stayed,
            gained: strings(&["hive-sweep"]),
            lost: strings(&["hive-wax", "hive-guests"]),
        }],
    }
}

fn drift(mut sources: Vec<SourceDrift>, structure: Structure) -> Drift {
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    let mut summary = Summary {
        text: TextDrift {
            clean: 810,
            offset: 90,
            fuzz: 12,
            failed: 9,
        },
        ..Summary::default()
    };
    for source in &sources {
        summary.sources[source.level as usize] += 1;
        for place in &source.places {
            summary.places[place.level as usize] += 1;
        }
        let (all, one) = (&mut summary.counts, &source.counts);
        all.unchanged += one.unchanged;
        all.shifted += one.shifted;
        all.moved += one.moved;
        all.changed += one.changed;
        all.added += one.added;
        all.removed += one.removed;
    }
    Drift {
        old: side("hive-1"),
        new: side("hive-2"),
        level: sources
            .iter()
            .map(|one| one.level)
            .max()
            .unwrap_or_default()
            .max(structure.level),
        sources,
        structure,
        idle_rules: Vec::new(),
        summary,
        problems: Vec::new(),
    }
}

/// Makes a drift with one of everything.
fn sample() -> Drift {
    let mut sources = vec![storage(), manager(), came(), cluster()];
    sources.push(SourceDrift {
        places: (1..=60).map(moved).collect(),
        ..source("hive-common", Level::Moved)
    });
    let quiet = [
        "hive-apiclient",
        "hive-comb",
        "hive-docs",
        "hive-firewall",
        "hive-ha",
        "hive-vm",
    ];
    sources.extend(quiet.map(|name| source(name, Level::Clean)));
    let missing =
        Problem::new(&MISSING_SOURCE, "no repository of `hive-wax` at hand").in_source("hive-wax");
    Drift {
        idle_rules: vec![rule("comb-legacy"), rule("wax")],
        problems: vec![missing],
        ..drift(sources, structure())
    }
}

fn with_hostile() -> Drift {
    let mut sample = sample();
    sample.sources.push(hostile());
    sample.old.release = HOSTILE.into();
    sample.idle_rules.push(rule(HOSTILE));
    sample.structure.links[0].link = HOSTILE.into();
    sample.structure.knot_entered[0].by.push(HOSTILE.into());
    sample
}

fn nothing() -> Drift {
    drift(
        vec![source("hive-common", Level::Clean)],
        Structure::default(),
    )
}

/// Makes fifty thousand places that all need a person, in fifty sources.
fn many() -> Drift {
    let sources = (0..50).map(|number| {
        let name = format!("hive-cell-{number:02}");
        let places = (0..1000).map(|line| {
            let path = format!("src/Hive/Cell{number}/Comb{line}.pm");
            match line % 3 {
                // Each has a cause of its own, because a cause is reported once.
                0 => undecided(&path, &format!("/usr/sbin/comb-weld-{line}")),
                1 => {
                    let mut place = otherwise();
                    let new = place.new.as_mut().unwrap();
                    new.rule = Some(rule(&format!("comb-{line}")));
                    place
                }
                _ => moved(line + 1),
            }
        });
        SourceDrift {
            places: places.collect(),
            ..source(&name, Level::Broken)
        }
    });
    let mut many = drift(sources.collect(), Structure::default());
    many.idle_rules = (0..5000)
        .map(|number| rule(&format!("comb-rule-{number}")))
        .collect();
    many
}

type Writer = fn(&DriftReport, &mut dyn io::Write) -> io::Result<()>;

const FORMATS: [(&str, Writer); 5] = [
    ("text", |report, out| report.text(out, Some(100))),
    ("json", |report, out| report.json(out)),
    ("markdown", |report, out| report.markdown(out)),
    ("sarif", |report, out| report.sarif(out)),
    ("html", |report, out| report.html(out)),
];

fn written(report: &DriftReport, format: &str) -> String {
    let (_, write) = FORMATS.iter().find(|(name, _)| *name == format).unwrap();
    let mut out = Vec::new();
    write(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(report: &DriftReport, width: Option<usize>) -> String {
    let mut out = Vec::new();
    report.text(&mut out, width).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn errors(schema: &Value, instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors = validator.iter_errors(instance);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Keeps a page for inspection and for `ci/browser`.
fn kept(name: &str, page: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, page).unwrap();
    path
}

#[test]
fn the_json_follows_its_schema() {
    let schema = json(include_str!("../../docs/drift.schema.json"));
    for drift in [sample(), with_hostile(), nothing(), Drift::default()] {
        let json = json(&written(&DriftReport::new(&drift), "json"));
        assert_eq!(errors(&schema, &json), Vec::<String>::new());
    }
}

#[test]
fn the_schema_describes_every_field_and_refuses_what_is_not_the_format() {
    fn walk(at: &str, schema: &Value) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            assert!(field["description"].is_string(), "{at}: {name}");
            walk(&format!("{at}.{name}"), field);
        }
        for (number, one) in schema["oneOf"].as_array().into_iter().flatten().enumerate() {
            walk(&format!("{at}[{number}]"), one);
        }
    }
    let schema = json(include_str!("../../docs/drift.schema.json"));
    walk("drift", &schema);
    for (name, part) in schema["$defs"].as_object().unwrap() {
        walk(name, part);
    }
    let drift = sample();
    let good = json(&written(&DriftReport::new(&drift), "json"));
    // hive-storage is the third-last source.
    for (pointer, bad) in [
        ("/level", Value::from("grave")),
        ("/sources/8/places/0/change", Value::from("touched")),
        ("/sources/8/places/0/new/line", Value::from(0)),
        ("/sources/8/places/0/new/decision/type", Value::from("self")),
        ("/sources/8/new/rev", Value::from("main")),
        ("/sources/8/history", json("{\"relation\":\"forward\"}")),
        ("/summary/sources", json("[1, 2, 3]")),
        ("/structure/links/0", json("{}")),
    ] {
        let mut bent = good.clone();
        *bent
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("{pointer}")) = bad;
        assert!(!errors(&schema, &bent).is_empty(), "{pointer}");
    }
}

#[test]
fn the_json_has_every_place_on_a_line_of_its_own() {
    let drift = sample();
    let whole = written(&DriftReport::new(&drift), "json");
    let places = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("{\"change\":"))
            .count()
    };
    assert_eq!(places(&whole), 64);
    let listed = json(&written(
        &DriftReport {
            from: Level::Review,
            only: &strings(&["hive-storage"]),
            ..DriftReport::new(&drift)
        },
        "json",
    ));
    assert_eq!(listed["sources"].as_array().unwrap().len(), 1);
    assert_eq!(listed["sources"][0]["places"].as_array().unwrap().len(), 2);
    assert_eq!(listed["sources"][0]["counts"]["moved"], 1);
    assert_eq!(listed["summary"]["sources"], json("[6, 1, 2, 2]"));
}

#[test]
fn the_text_begins_with_the_verdict_and_tells_the_riskiest_first() {
    let drift = sample();
    let text = text(&DriftReport::new(&drift), Some(100));
    assert!(text.starts_with(
        "hive-1 → hive-2: broken\n  5 things stop `regen` or the build, and 9 things want a look.\n"
    ), "{text}");
    let order = [
        "broken hive-manager\n  PNX-808",
        "broken hive-manager/debian/control:12\n  PNX-304",
        "broken patches/local/hive-manager/logo.patch\n  PNX-805",
        "broken hive-storage/src/Hive/Disk.pm:42\n  PNX-101",
        "review hive-storage/src/Hive/Disk.pm:17\n  PNX-802",
        "review hive-storage\n  PNX-803",
        "review hive-cluster\n  PNX-807",
        "review hive-sweep\n  PNX-806",
        "  source ",
        "Decided as before\n",
        "Rules that decide nothing any more\n  path.comb-legacy, path.wax\n",
    ];
    let places: Vec<usize> = order
        .iter()
        .map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}")))
        .collect();
    assert!(places.is_sorted(), "{places:?}\n{text}");
}

#[test]
fn the_text_tells_all_there_is_to_a_place() {
    let drift = sample();
    let text = text(&DriftReport::new(&drift), Some(100));
    let (_, rest) = text
        .split_once("review hive-storage/src/Hive/Disk.pm:17\n")
        .unwrap();
    let (found, _) = rest.split_once("\n\n").unwrap();
    assert_eq!(
        found,
        "  PNX-802  changed `/usr/sbin/comb-probe` → `/usr/sbin/comb-probe2`: it is kept and was a package's
  kind     absolute-path
  was      hive-storage/src/Hive/Disk.pm:12
  differs  literal, decision, rule
  sub      probe_cells
  context  host
  decision package comb-tools, bin/comb-probe → keep: state
  rule     path.comb-programs → path.comb-state
  commit   89abcdef0123 2026-02-03 comb: probe the cells before they are mounted
    15 │ sub probe_cells {
    16 │         my ($self, $device, %options) = @_;
  > 17 │     run_command(['/usr/sbin/comb-probe2', '--fast', $device], outfunc => sub { $self->cell…
       │                   ^^^^^^^^^^^^^^^^^^^^^
    18 │     return $self->{cells};
    19 │ }
  help     paste into `rules/sources/a.toml` before the rule `path.comb-programs` (decides it as
           before):
    [[path]]
    name = \"comb-probe\"
    where = { texts = [\"/usr/sbin/comb-probe\"] }
    package = \"comb-tools\"
  closest  path.comb-programs, but for sources = [\"hive-comb\"], context host"
    );
}

#[test]
fn the_text_fits_a_terminal() {
    for drift in [sample(), with_hostile(), nothing()] {
        for columns in [40, 80, 120] {
            let text = text(&DriftReport::new(&drift), Some(columns));
            // Places and proposals are not wrapped, because a broken one could not be copied.
            let whole = |line: &&str| {
                [
                    "hive-",
                    "patches/",
                    "src/",
                    "</script>",
                    "    where = ",
                    "name = '''",
                ]
                .iter()
                .any(|part| line.contains(part))
            };
            for line in text.lines().filter(|line| !whole(line)) {
                assert!(line.chars().count() <= columns, "{columns}: {line}");
            }
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\t']), "{text}");
        }
        assert!(text(&DriftReport::new(&drift), None).lines().count() > 2);
    }
}

#[test]
fn the_text_folds_what_moved_and_tells_what_is_below() {
    let drift = sample();
    let report = DriftReport::new(&drift);
    // Sixty, one of hive-storage, one removed, two dependencies, one file, one link. Forty are
    // listed.
    assert!(text(&report, Some(100)).contains("\n  and 26 more\n"));
    let report = DriftReport {
        from: Level::Review,
        ..report
    };
    let text = text(&report, Some(100));
    assert!(!text.contains("Decided as before"), "{text}");
    assert!(
        text.ends_with("\nbelow what is listed: 66 moved\n"),
        "{text}"
    );
}

#[test]
fn only_the_sources_asked_for_are_listed() {
    let drift = sample();
    let only = strings(&["hive-cluster"]);
    let report = DriftReport {
        only: &only,
        ..DriftReport::new(&drift)
    };
    for (format, _) in FORMATS {
        let text = written(&report, format);
        assert!(text.contains("hive-cluster"), "{format}");
        assert!(!text.contains("hive-storage"), "{format}: {text}");
    }
}

#[test]
fn a_drift_of_nothing_says_so() {
    let drift = nothing();
    let report = DriftReport::new(&drift);
    let text = text(&report, Some(80));
    assert_eq!(
        text,
        "hive-1 → hive-2: clean
  Nothing that the output depends on is different.
  1 source: 1 clean
  places: 1,204 unchanged (30 on another line)
  as text patches: 921 hunks apply: 9 nowhere, 12 with less context, 90 at
  another line, 810 where they were

  1 source is clean

"
    );
    assert!(
        written(&report, "markdown").contains("Nothing that the output depends on is different.")
    );
    let html = written(&report, "html");
    assert!(html.contains("Nothing here needs a person."), "{html}");
    let sarif = json(&written(&report, "sarif"));
    assert_eq!(sarif["runs"][0]["results"], json("[]"));
    kept("drift-nothing.html", &html);
}

/// Returns the text that Markdown interprets: everything but fences, code spans and `<code>`.
fn open_text(markdown: &str) -> String {
    let mut text = String::new();
    let mut fence: Option<String> = None;
    for line in markdown.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if line.trim_end() == open => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 && !line[ticks.len()..].contains('`') => fence = Some(ticks),
            None => {
                text += &unspanned(line);
                text.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence is left open");
    text
}

fn unspanned(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(['`', '<', '\\']) {
        text.push_str(&rest[..start]);
        rest = &rest[start..];
        if let Some(escaped) = rest.strip_prefix('\\') {
            let mut chars = escaped.chars();
            let _ = chars.next();
            rest = chars.as_str();
        } else if let Some((_, after)) = rest
            .strip_prefix("<code>")
            .and_then(|r| r.split_once("</code>"))
        {
            rest = after;
        } else if rest.starts_with('`') {
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            let (open, after) = rest.split_at(ticks);
            let mut from = 0;
            let end = loop {
                let found = after[from..]
                    .find(open)
                    .unwrap_or_else(|| panic!("no end: {line}"))
                    + from;
                let run = after[found..].len() - after[found..].trim_start_matches('`').len();
                if run == ticks {
                    break found;
                }
                from = found + run;
            };
            rest = &after[end + ticks..];
        } else {
            text.push('<');
            rest = &rest[1..];
        }
    }
    text + rest
}

#[test]
fn nothing_from_upstream_is_markup_in_markdown() {
    let drift = with_hostile();
    let markdown = written(&DriftReport::new(&drift), "markdown");
    let open = open_text(&markdown);
    for bad in [
        "<script", "</script", "<img", "@team", "#12", "\u{202e}", "\u{1b}",
    ] {
        assert!(!open.contains(bad), "{bad}: {open}");
    }
    assert!(markdown.contains("</script>"), "it is told all the same");
    let bars = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut columns = None;
    for line in markdown.lines() {
        if line.starts_with('|') {
            let first = *columns.get_or_insert(bars(line));
            assert_eq!(bars(line), first, "{line}");
        } else {
            columns = None;
        }
    }
    let tags = |tag: &str| open.matches(tag).count();
    assert_eq!(tags("<details"), tags("</details>"));
}

#[test]
fn markdown_tells_a_place_with_both_sides() {
    let drift = sample();
    let markdown = written(&DriftReport::new(&drift), "markdown");
    assert!(
        markdown.starts_with("# Drift: `hive-1` → `hive-2`\n\n**broken**: 5 things stop"),
        "{markdown}"
    );
    for part in [
        "<details><summary><b>review</b> PNX-802 <code>hive-storage/src/Hive/Disk.pm:17</code> changed <code>/usr/sbin/comb-probe</code> → <code>/usr/sbin/comb-probe2</code>: it is kept and was a package's</summary>\n\n| | old | new |\n",
        "| decision | `package comb-tools, bin/comb-probe` | `keep: state` |\n",
        "| context | `host` | the same |\n",
        "> 17 |     run_command(['/usr/sbin/comb-probe2',",
        "\n     |                   ^^^^^^^^^^^^^^^^^^^^^\n",
        "To paste into `rules/sources/a.toml` before the rule `path.comb-programs` (decides it as before):\n\n```toml\n[[path]]\n",
        "<details><summary>66 things decided as before</summary>\n",
        "| `hive-storage` | broken | `2.1-3 → 2.2-1` | 812 unchanged (120 on another line), 1 moved, 1 changed, 1 added, 1 removed |",
        "Rules that decide nothing any more: `path.comb-legacy`, `path.wax`.\n",
    ] {
        assert!(markdown.contains(part), "{part}\n{markdown}");
    }
}

/// Makes twelve templates in one directory, and places that only a build reads.
fn alike() -> Drift {
    let template = |number: usize| {
        let text = format!("/usr/share/hive/templates/cell-{number}.jinja");
        undecided(&format!("src/Hive/Template{number}.pm"), &text)
    };
    let program = undecided("src/Hive/Weld.pm", "/usr/sbin/comb-weld");
    let mut built = otherwise();
    if let Some(new) = built.new.as_mut() {
        new.context = Context::Build;
    }
    let mut places = vec![built, otherwise()];
    places.extend((0..12).map(template));
    places.push(program);
    let source = SourceDrift {
        places,
        ..source("hive-cell", Level::Broken)
    };
    drift(vec![source], Structure::default())
}

#[test]
fn one_cause_is_told_once_and_what_only_a_build_reads_last() {
    let drift = alike();
    let report = DriftReport::new(&drift);
    let text = text(&report, Some(100));
    assert!(
        text.contains(
            "13 things stop `regen` or the build, and 2 things want a look, of 4 causes."
        ),
        "{text}"
    );
    assert_eq!(text.matches("PNX-101").count(), 2, "{text}");
    assert!(
        text.contains("and 11 places more of this cause\n"),
        "{text}"
    );
    for number in 1..12 {
        let place = format!("    hive-cell/src/Hive/Template{number}.pm:");
        assert!(text.contains(&place), "{text}");
    }
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    assert!(
        at("context  host\n  decision package") < at("context  host → build"),
        "{text}"
    );
    let html = written(&report, "html");
    assert!(html.contains("15, of 4 causes"), "{html}");
    assert!(html.contains("data-many=\"12\""), "{html}");
    let needs = html.find("id=\"needs\"").unwrap();
    assert!(
        needs < html.find("id=\"map\"").unwrap(),
        "it begins with what needs a person"
    );
    let markdown = written(&report, "markdown");
    assert!(
        markdown.contains("And 11 places more of this cause:"),
        "{markdown}"
    );
    let sarif = json(&written(&report, "sarif"));
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 15);
}

#[test]
fn every_format_of_a_great_drift_is_bounded_and_says_what_it_left_out() {
    let drift = many();
    let report = DriftReport::new(&drift);
    let text = text(&report, Some(100));
    assert!(text.lines().count() < 6000, "{}", text.lines().count());
    assert!(
        text.contains("and more that is not listed here: 16,200 broken, 16,650 review"),
        "{text}"
    );

    let markdown = written(&report, "markdown");
    assert!(
        (50_000..=60_000).contains(&markdown.len()),
        "{}",
        markdown.len()
    );
    assert!(
        markdown.contains("**Left out here, for its length: 16,"),
        "{markdown}"
    );
    assert!(markdown.contains(" broken, 16,650 review.**"), "{markdown}");
    assert!(markdown.contains("> Not listed: 16,"), "{markdown}");
    open_text(&markdown);

    let sarif = written(&report, "sarif");
    assert!(sarif.len() < 10_000_000, "{}", sarif.len());
    let run = &json(&sarif)["runs"][0];
    let results = run["results"].as_array().unwrap().len();
    assert!((1000..=5000).contains(&results), "{results}");
    assert_eq!(run["properties"]["leftOut"], 50_000 - results);
    let notes = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(notes.contains("left out for the file's size: 1"), "{notes}");

    let html = written(&report, "html");
    assert!(html.len() < 3_000_000, "{}", html.len());
    let articles = html.matches("<article").count();
    assert!((500..=2000).contains(&articles), "{articles}");
    assert!(
        html.contains("Left out for the page&#x27;s size"),
        "it is told"
    );
    kept("drift-many.html", &html);

    let places = json(&written(&report, "json"));
    let places = places["sources"].as_array().unwrap().iter();
    let places = places.map(|source| source["places"].as_array().unwrap().len());
    assert_eq!(places.sum::<usize>(), 50_000, "the JSON has all");
}

#[test]
fn long_and_hostile_names_do_not_break_the_bounds() {
    let long = HOSTILE.repeat(40);
    let sources = (0..450).map(|number| {
        let mut one = hostile();
        one.name = format!("{number}{HOSTILE}");
        for place in &mut one.places {
            for spot in [&mut place.old, &mut place.new].into_iter().flatten() {
                spot.path.clone_from(&long);
                spot.text.clone_from(&long);
                spot.sub = Some(long.clone());
            }
        }
        one.places = std::iter::repeat_n(one.places, 10).flatten().collect();
        let need = need(
            NeedKind::Depends,
            &long,
            Level::Moved,
            Some(&long),
            Some(&long),
        );
        one.needs = vec![need; 50];
        one
    });
    let mut drift = drift(sources.collect(), structure());
    drift.idle_rules = vec![rule(HOSTILE); 2000];
    drift.structure.links[0].gained = vec![long.clone(); 500];
    let report = DriftReport::new(&drift);
    for (format, most) in [
        ("markdown", 60_000),
        ("html", 3_000_000),
        ("sarif", 10_000_000),
    ] {
        let length = written(&report, format).len();
        assert!(length <= most, "{format}: {length}");
        assert!(length >= most / 4, "{format}: {length}");
    }
}

#[test]
fn nothing_from_upstream_is_markup_in_html() {
    let drift = with_hostile();
    let html = written(&DriftReport::new(&drift), "html");
    kept("drift-hostile.html", &html);
    assert_eq!(html.matches("<script").count(), 1, "only the page's own");
    assert_eq!(html.matches("</script>").count(), 1);
    for bad in ["<img", "onclick=\"", "\u{1b}", "\u{202e}"] {
        assert!(!html.contains(bad), "{bad}");
    }
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"));
    for outside in ["src=\"", "@import", "url(", "<link", "<iframe", "style=\""] {
        assert!(!html.contains(outside), "the page stands alone: {outside}");
    }
    for (place, _) in html.match_indices("href=\"") {
        let target = &html[place + 6..];
        let own = target.starts_with('#')
            || target.starts_with("https:&#x2f;&#x2f;git.example.org&#x2f;hive&#x2f;");
        assert!(own, "{}", &target[..40]);
    }
}

#[test]
fn the_page_has_what_is_looked_for() {
    let drift = sample();
    let html = written(&DriftReport::new(&drift), "html");
    kept("drift-sample.html", &html);
    assert_eq!(html.matches("<article").count(), 14);
    assert_eq!(html.matches("<li class=\"item ").count(), 66);
    for part in [
        "<h1>hive-1 <span class=\"arrow\">→</span> hive-2</h1>",
        "<a href=\"#source-hive-storage\">",
        "id=\"source-hive-storage\"",
        "<mark>&#x2f;usr&#x2f;sbin&#x2f;comb-probe2</mark>",
        "&#x2f;hive-storage&#x2f;commit&#x2f;89abcdef0123456789abcdef0123456789abcdef\"",
        "data-level=\"review\" data-change=\"changed\" data-kind=\"absolute-path\" data-source=\"hive-storage\"",
        "&#x2f;usr&#x2f;sbin&#x2f;comb-<ins>probe2</ins>",
        "<del>package comb-tools, bin&#x2f;comb-probe</del>",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // Every link on the page has exactly one target.
    for (place, _) in html.match_indices("href=\"#") {
        let (anchor, _) = html[place + 7..].split_once('"').unwrap();
        let id = format!("id=\"{anchor}\"");
        assert_eq!(html.matches(&id).count(), 1, "{id}");
    }
}

#[test]
fn sarif_tells_levels_places_and_what_was_before() {
    let drift = sample();
    let log = json(&written(&DriftReport::new(&drift), "sarif"));
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 14 + 66);
    let of = |code: &str| {
        let found = results.iter().find(|one| one["ruleId"] == code);
        found.unwrap_or_else(|| panic!("{code}"))
    };
    let levels = ["PNX-101", "PNX-802", "PNX-801"].map(|code| of(code)["level"].as_str().unwrap());
    assert_eq!(levels, ["error", "warning", "note"]);
    let states = ["PNX-101", "PNX-802"].map(|code| of(code)["baselineState"].as_str().unwrap());
    assert_eq!(states, ["new", "updated"]);

    let changed = of("PNX-802");
    let place = &changed["locations"][0]["physicalLocation"];
    assert_eq!(
        place["artifactLocation"],
        json(r#"{"uri": "src/Hive/Disk.pm", "uriBaseId": "hive-storage"}"#)
    );
    let region = r#"{"startLine": 17, "endLine": 17, "startColumn": 19, "endColumn": 40,
        "snippet": {"text": "/usr/sbin/comb-probe2"}}"#;
    assert_eq!(place["region"], json(region));
    assert_eq!(place["contextRegion"]["startLine"], 15);
    assert_eq!(place["contextRegion"]["endLine"], 19);
    let before = &changed["relatedLocations"][0]["physicalLocation"];
    assert_eq!(before["artifactLocation"]["uriBaseId"], "hive-storage@old");
    assert_eq!(before["region"], json(r#"{"startLine": 12}"#));

    let gone = results
        .iter()
        .find(|one| one["baselineState"] == "absent")
        .unwrap();
    let gone = &gone["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(gone["uriBaseId"], "hive-storage@old");

    let bases = run["originalUriBaseIds"].as_object().unwrap();
    assert!(bases.contains_key("hive-storage") && bases.contains_key("hive-storage@old"));
    let provenance = run["versionControlProvenance"].as_array().unwrap();
    assert!(provenance.contains(&json(&format!(
        r#"{{"repositoryUri": "https://git.example.org/hive/hive-storage.git", "revisionId": "{OTHER_REV}",
            "mappedTo": {{"uriBaseId": "hive-storage"}}}}"#
    ))));
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
    }
}

#[test]
fn a_results_fingerprint_does_not_know_its_line_and_is_its_own() {
    let prints = |drift: &Drift| -> Vec<String> {
        let log = json(&written(&DriftReport::new(drift), "sarif"));
        let results = log["runs"][0]["results"].as_array().unwrap().iter();
        let print = |one: &Value| one["partialFingerprints"]["pveNixDrift/v1"].to_string();
        results.map(print).collect()
    };
    let first = prints(&sample());
    let mut shifted = sample();
    for place in shifted
        .sources
        .iter_mut()
        .flat_map(|source| &mut source.places)
    {
        for spot in [&mut place.old, &mut place.new].into_iter().flatten() {
            spot.line += 5;
        }
    }
    assert_eq!(first, prints(&shifted));
    let unlike: std::collections::BTreeSet<_> = first.iter().collect();
    assert_eq!(unlike.len(), first.len());
    let mut other = sample();
    let places = other
        .sources
        .iter_mut()
        .flat_map(|source| &mut source.places);
    for place in places {
        if let Some(spot) = &mut place.new {
            spot.text.push('x');
        }
    }
    assert_ne!(first, prints(&other));
}

/// Checks the SARIF 2.1.0 objects that the report uses against the requirements of its schema.
#[test]
fn sarif_follows_its_standard() {
    let schema = json(include_str!("data/sarif-written.schema.json"));
    for drift in [sample(), with_hostile(), nothing(), Drift::default()] {
        let log = json(&written(&DriftReport::new(&drift), "sarif"));
        assert_eq!(errors(&schema, &log), Vec::<String>::new());
    }
}

/// As above, with the official schema, if `SARIF_SCHEMA` names a copy of it.
#[test]
fn sarif_follows_the_official_schema() {
    let Some(path) = std::env::var_os("SARIF_SCHEMA") else {
        eprintln!("skipped: SARIF_SCHEMA does not name sarif-schema-2.1.0.json");
        return;
    };
    let schema = json(&std::fs::read_to_string(path).unwrap());
    for drift in [sample(), with_hostile(), nothing(), many()] {
        let log = json(&written(&DriftReport::new(&drift), "sarif"));
        assert_eq!(errors(&schema, &log), Vec::<String>::new());
    }
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
    let drift = sample();
    for (format, write) in FORMATS {
        let error = write(&DriftReport::new(&drift), &mut Full).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format}");
    }
}
