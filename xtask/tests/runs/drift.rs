//! `drift` on the demo's history: the report contains each kind of change, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use analyse::{Analysis, Knowledge};
use decide::rules::Directory;
use decide::{Decision, RuleId, Table};
use drift::{Aspect, Drift, Level, PlaceDrift, Proposal, SourceDrift};
use serde_json::Value;

use crate::support::{DEMO, KNOWLEDGE, RELEASES, Root, Run, analysed, copy, git, project, real};

/// The subject of the commit under test.
const SUBJECT: &str = "the change under test";

/// Two releases of the demo, `demo` and `after`. In the latter, one source has another commit.
pub struct Bump {
    pub root: Root,
    source: &'static str,
}

impl Bump {
    /// Makes the demo with `source` in Git, before the commit.
    pub fn of(source: &'static str) -> Self {
        Self::from(source, |_| {})
    }

    /// As [`Self::of`], with a demo that was modified first.
    fn from(source: &'static str, change: impl FnOnce(&Root)) -> Self {
        let root = Root::new();
        change(&root);
        root.in_git(source);
        Self { root, source }
    }

    /// Returns the path of a source's file, relative to the root.
    fn path(&self, file: &str) -> String {
        format!("upstream/{}/{file}", self.source)
    }

    pub fn edit(&self, file: &str, from: &str, to: &str) {
        self.root.edit(&self.path(file), from, to);
    }

    fn write(&self, file: &str, text: &str) {
        self.root.write(&self.path(file), text);
    }

    fn text(&self, file: &str) -> String {
        self.root.text(&self.path(file))
    }

    /// Commits the changes, and pins `after` to the commit.
    pub fn commit(&self) -> String {
        self.commit_as(&[])
    }

    pub fn commit_as(&self, more: &[&str]) -> String {
        let repository = self.root.join("upstream").join(self.source);
        let before = git(&repository, &["rev-parse", "HEAD"]);
        git(&repository, &["add", "-A", "-f"]);
        git(
            &repository,
            &[&["commit", "-q", "-m", SUBJECT], more].concat(),
        );
        let rev = git(&repository, &["rev-parse", "HEAD"]);
        self.release();
        self.root.edit("releases/after.toml", &before, &rev);
        rev
    }

    /// Writes the release `after` with the same pins.
    pub fn release(&self) {
        let manifest = self.root.text("releases/demo.toml");
        self.root.write("releases/after.toml", manifest);
        copy(
            &self.root.join("releases/demo"),
            &self.root.join("releases/after"),
        );
    }

    pub fn run(&self, more: &[&str]) -> Run {
        let always = ["drift", "demo", "after", "--sources", "upstream"];
        self.root.run(&[&always, more].concat())
    }

    /// Returns the report as JSON.
    fn drift(&self) -> Value {
        let run = self.run(&["--format", "json", "--level", "clean", "--fail-on", "never"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        serde_json::from_str(&run.stdout).expect("JSON")
    }

    /// Returns the whole report, one line for each entry.
    fn told(&self) -> Vec<String> {
        told(&self.drift())
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn words(value: &Value) -> String {
    list(value).iter().map(text).collect::<Vec<_>>().join("+")
}

fn spot(spot: &Value) -> String {
    if spot.is_null() {
        return "-".to_owned();
    }
    let source = spot
        .get("source")
        .map_or(String::new(), |source| format!("{}:", text(source)));
    format!("{source}{} `{}`", text(&spot["path"]), text(&spot["text"]))
}

/// Returns a whole report without unchanged entries, one line for each.
fn told(drift: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for source in list(&drift["sources"]) {
        let name = text(&source["name"]);
        if source["presence"] != "stayed" {
            lines.push(format!("{name} {}", text(&source["presence"])));
        }
        for place in list(&source["places"]) {
            lines.push(format!(
                "{name} {} {} [{}] {} -> {} ({})",
                text(&place["level"]),
                text(&place["change"]),
                words(&place["differs"]),
                spot(&place["old"]),
                spot(&place["new"]),
                text(&place["new"]["rule"]),
            ));
        }
        for (what, key) in [("need", "needs"), ("install", "installs")] {
            for one in list(&source[key]) {
                let (kind, level, called) =
                    (text(&one["kind"]), text(&one["level"]), text(&one["name"]));
                let (old, new) = (text(&one["old"]), text(&one["new"]));
                lines.push(format!(
                    "{name} {what} {level} {kind} {called}: `{old}` -> `{new}`"
                ));
            }
        }
        for lost in list(&source["lost_targets"]) {
            let (level, target, nearest) = (
                text(&lost["level"]),
                text(&lost["target"]),
                text(&lost["nearest"]),
            );
            lines.push(format!("{name} lost {level} {target}, nearest {nearest}"));
        }
        for problem in list(&source["problems"]) {
            lines.push(format!(
                "{name} {} {}",
                text(&problem["code"]),
                text(&problem["cause"])
            ));
        }
        for patch in list(&source["local"]) {
            lines.push(format!(
                "{name} local {} {}",
                text(&patch["level"]),
                text(&patch["path"])
            ));
        }
    }
    let structure = &drift["structure"];
    for key in ["objects_entered", "objects_left", "knot_left"] {
        lines.extend(
            list(&structure[key])
                .iter()
                .map(|one| format!("{key} {}", text(one))),
        );
    }
    for tied in list(&structure["knot_entered"]) {
        lines.push(format!(
            "knot_entered {} by {}",
            text(&tied["source"]),
            words(&tied["by"])
        ));
    }
    for link in list(&structure["links"]) {
        let (gained, lost) = (words(&link["gained"]), words(&link["lost"]));
        lines.push(format!(
            "link {} {} +{gained} -{lost}",
            text(&link["link"]),
            text(&link["presence"])
        ));
    }
    lines.extend(
        list(&drift["idle_rules"])
            .iter()
            .map(|rule| format!("idle {}", text(rule))),
    );
    lines.extend(
        list(&drift["problems"])
            .iter()
            .map(|one| format!("problem {}", text(&one["cause"]))),
    );
    lines
}

/// Expects every place of the source with a commit to name the one under test.
fn is_blamed(drift: &Value, rev: &str) {
    for place in list(&drift["sources"])
        .iter()
        .flat_map(|source| list(&source["places"]))
    {
        assert_eq!(text(&place["commit"]["rev"]), rev, "{place}");
        assert_eq!(text(&place["commit"]["subject"]), SUBJECT);
    }
}

#[test]
fn nothing_is_different_between_a_release_and_itself() {
    let bump = Bump::of("hive-common");
    bump.release();
    let drift = bump.drift();
    assert_eq!(told(&drift), Vec::<String>::new());
    assert_eq!(drift["level"], "clean");
    assert!(drift["summary"]["counts"]["unchanged"].as_u64() > Some(600));
}

/// Removes a sub from a file's text.
fn cut_sub(text: &str, name: &str) -> (String, String) {
    let start = text
        .find(&format!("sub {name} "))
        .expect("the sub is there");
    let end = start + text[start..].find("\n}\n").expect("its end") + 3;
    (
        text[start..end].to_owned(),
        text.replacen(&text[start..end], "", 1),
    )
}

#[test]
fn a_path_that_no_rule_knows_is_added() {
    let bump = Bump::of("hive-guests");
    let call = "    run_command(['/sbin/vgfrob', $group, $device]);\n    return $group;\n";
    bump.edit("src/Hive/Storage/LVM.pm", "    return $group;\n", call);
    let rev = bump.commit();
    let drift = bump.drift();
    assert_eq!(
        told(&drift),
        ["hive-guests broken added [] - -> src/Hive/Storage/LVM.pm `/sbin/vgfrob` (-)"]
    );
    is_blamed(&drift, &rev);
    assert_eq!(drift["level"], "broken");
    let sources = list(&drift["sources"]);
    let place = sources
        .iter()
        .find_map(|source| list(&source["places"]).first())
        .expect("a place");
    let lines = list(&place["code"]["lines"]);
    let at = usize::try_from(place["code"]["at"].as_u64().expect("a line")).expect("small");
    assert_eq!(
        lines[at],
        "    run_command(['/sbin/vgfrob', $group, $device]);"
    );
    // No evidence says whose it is, so nothing is proposed.
    assert!(place["proposal"].is_null(), "{place}");
    assert_eq!(bump.run(&[]).code, Some(1));
}

/// Returns the places of a report that are undecided or have a proposal.
fn wanting(drift: &Value) -> Vec<&Value> {
    let sources = list(&drift["sources"]).iter();
    let places = sources.flat_map(|source| list(&source["places"]));
    let wants = |place: &&Value| {
        !place["proposal"].is_null() || place["new"]["decision"]["type"] == "unknown"
    };
    places.filter(wants).collect()
}

/// Parses the rule before which a proposal goes, as a report shows it.
fn rule_id(shown: &str) -> RuleId {
    let (_, name) = shown.split_once('.').expect("a rule's name");
    let table = [Table::Context, Table::Path].into_iter();
    let mut table = table.filter(|one| shown.starts_with(one.word()));
    RuleId::new(table.next().expect("a table in order"), name)
}

/// Pastes each proposal of a report once, and returns the next run's report.
fn after_pasting(bump: &Bump, drift: &Value) -> Run {
    let rules = bump.root.path().to_path_buf();
    let mut pasted = BTreeSet::new();
    for place in wanting(drift) {
        let proposal = &place["proposal"];
        let of = |key: &str| proposal[key].as_str().map(str::to_owned);
        let proposal = Proposal {
            file: of("file").unwrap_or_else(|| panic!("{place}")),
            toml: of("toml").expect("a rule"),
            before: of("before").map(|shown| rule_id(&shown)),
            replaces: of("replaces"),
            as_before: false,
            closest: Vec::new(),
        };
        if pasted.insert(proposal.toml.clone()) {
            paste(&rules, &proposal);
        }
    }
    bump.root
        .run(&["regen", "after", "--sources", "upstream", "--out", "out"])
}

#[test]
fn a_program_of_almost_the_same_name_is_of_the_same_package() {
    let bump = Bump::of("hive-guests");
    bump.edit("src/Hive/Storage.pm", "/sbin/zpool", "/sbin/zzpool");
    bump.commit();
    let drift = bump.drift();
    let [place] = wanting(&drift)[..] else {
        panic!("{drift}")
    };
    assert_eq!(place["proposal"]["replaces"], "[zfs]");
    let toml = text(&place["proposal"]["toml"]);
    assert!(
        toml.contains("\"zpool\"") && toml.contains("\"zzpool\""),
        "{toml}"
    );
    let run = after_pasting(&bump, &drift);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

#[test]
fn another_program_in_the_place_of_one_is_not_guessed() {
    let bump = Bump::of("hive-guests");
    bump.edit("src/Hive/Storage.pm", "/sbin/zpool", "/sbin/comb-weld");
    bump.commit();
    let drift = bump.drift();
    let [place] = wanting(&drift)[..] else {
        panic!("{drift}")
    };
    assert!(place["proposal"].is_null(), "{place}");
}

#[test]
fn a_module_of_a_known_distribution_joins_it_and_one_that_stands_apart_does_not() {
    let bump = Bump::of("hive-guests");
    bump.edit(
        "src/Hive/Storage.pm",
        "use warnings;\n",
        "use warnings;\nuse Net::LDAP::Filter;\nuse Net::LDAP::SID;\nuse Honey::Comb;\n",
    );
    bump.commit();
    let drift = bump.drift();
    let places = wanting(&drift);
    assert_eq!(places.len(), 3, "{drift}");
    for place in places {
        let proposal = &place["proposal"];
        if place["new"]["text"] == "Net::LDAP::Filter" {
            assert_eq!(proposal["replaces"], "[perlldap]");
            assert!(text(&proposal["toml"]).contains("\"Net::LDAP::Filter\""));
        } else {
            assert!(proposal.is_null(), "{place}");
        }
    }
}

#[test]
fn many_of_one_directory_are_one_rule_where_one_source_has_them() {
    let bump = Bump::of("hive-guests");
    let names = ["cell.tpl", "comb.tpl", "wax.tpl"];
    let uses = names.map(|name| format!("'/usr/share/honey/templates/{name}'"));
    bump.edit(
        "src/Hive/Storage.pm",
        "use warnings;\n",
        &format!(
            "use warnings;\nmy @honey = ({}, '/usr/share/brood/x.tpl');\n",
            uses.join(", ")
        ),
    );
    for name in names {
        bump.write(&format!("src/templates/{name}"), "cell\n");
    }
    bump.commit();
    let drift = bump.drift();
    let mut tomls = BTreeSet::new();
    for place in wanting(&drift) {
        if place["new"]["text"] == "/usr/share/brood/x.tpl" {
            assert!(place["proposal"].is_null(), "{place}");
        } else {
            tomls.insert(text(&place["proposal"]["toml"]));
        }
    }
    let [toml] = tomls.into_iter().collect::<Vec<_>>()[..] else {
        panic!("{drift}")
    };
    assert!(
        toml.contains("below = [\"/usr/share/honey/templates\"]"),
        "{toml}"
    );
    assert!(
        toml.ends_with("decide = { source = \"hive-guests\" }"),
        "{toml}"
    );
}

#[test]
fn a_rule_by_its_file_follows_the_file() {
    let (from, to) = ("src/Hive/Storage/LVM.pm", "src/Hive/Storage/Volumes.pm");
    let rule = format!(
        "[[context]]\nname = \"of-a-file\"\ncontext = \"guest\"\nwhere.files = [\"{from}\"]\nwhy = \"a test\"\n\n"
    );
    let bump = Bump::from("hive-guests", |root| {
        root.append("demo/rules/sources/hive-guests.toml", &format!("\n{rule}"));
    });
    let content = bump.text(from);
    bump.write(to, &content);
    fs::remove_file(bump.root.join(&bump.path(from))).expect("removed");
    bump.commit();
    let drift = bump.drift();
    let tomls: BTreeSet<&str> = wanting(&drift)
        .iter()
        .map(|place| text(&place["proposal"]["toml"]))
        .collect();
    let [toml] = tomls.into_iter().collect::<Vec<_>>()[..] else {
        panic!("{drift}")
    };
    assert!(
        toml.contains(&format!("files = [\"{from}\", \"{to}\"]")),
        "{toml}"
    );
}

#[test]
fn a_module_that_a_pin_is_too_old_for_is_said_with_source_and_version() {
    let bump = Bump::from("hive-guests", |root| {
        root.in_git("hive-common");
    });
    bump.edit(
        "src/Hive/Storage.pm",
        "use warnings;\n",
        "use warnings;\nuse Hive::Tools::Wax;\n",
    );
    bump.commit();
    let common = bump.root.join("upstream/hive-common");
    let write = |path: &str, text: &str, subject: &str| {
        bump.root
            .write(&format!("upstream/hive-common/{path}"), text);
        git(&common, &["add", "-A", "-f"]);
        git(&common, &["commit", "-q", "-m", subject]);
    };
    write(
        "src/Hive/Tools/Wax.pm",
        "package Hive::Tools::Wax;\n\n1;\n",
        "wax",
    );
    let hint = |drift: &Value| {
        let [place] = wanting(drift)[..] else {
            panic!("{drift}")
        };
        assert!(place["proposal"].is_null(), "{place}");
        text(&place["hint"]).to_owned()
    };
    let told = hint(&bump.drift());
    assert!(
        told.contains("hive-common has `Hive::Tools::Wax` since commit"),
        "{told}"
    );
    assert!(told.contains("which no release has yet"), "{told}");
    let entry = "hive-common (7.8.9) trixie; urgency=medium\n\n  * wax\n\n -- A B <a@b.example>  Mon, 01 Jan 2024 00:00:00 +0000\n\n";
    let changelog = bump.root.text("upstream/hive-common/debian/changelog");
    write(
        "debian/changelog",
        &format!("{entry}{changelog}"),
        "bump version to 7.8.9",
    );
    let told = hint(&bump.drift());
    assert!(
        told.contains("hive-common has `Hive::Tools::Wax` since 7.8.9 (commit"),
        "{told}"
    );
    let text = bump.run(&[]).stdout;
    assert!(text.contains("since 7.8.9"), "{text}");
}

#[test]
fn a_path_that_is_decided_elsewhere_is_added() {
    let bump = Bump::of("hive-guests");
    let call = "    run_command(['/sbin/vgs', $group]);\n    return $group;\n";
    bump.edit("src/Hive/Storage/LVM.pm", "    return $group;\n", call);
    let rev = bump.commit();
    let drift = bump.drift();
    assert_eq!(
        told(&drift),
        ["hive-guests moved added [] - -> src/Hive/Storage/LVM.pm `/sbin/vgs` (command.vgs)"]
    );
    is_blamed(&drift, &rev);
    assert_eq!(bump.run(&[]).code, Some(0));
    assert_eq!(bump.run(&["--fail-on", "moved"]).code, Some(1));
}

#[test]
fn a_sub_is_moved_to_another_file() {
    let bump = Bump::of("hive-guests");
    let (from, to) = ("src/Hive/Storage/LVM.pm", "src/Hive/Storage/Disk.pm");
    let (sub, rest) = cut_sub(&bump.text(from), "volume_groups");
    bump.write(from, &rest);
    bump.edit(to, "\n1;\n", &format!("\n{sub}\n1;\n"));
    let rev = bump.commit();
    let drift = bump.drift();
    assert_eq!(
        told(&drift),
        [
            "hive-guests moved moved [file] src/Hive/Storage/LVM.pm `/sbin/vgs` -> src/Hive/Storage/Disk.pm `/sbin/vgs` (command.vgs)"
        ]
    );
    is_blamed(&drift, &rev);
}

#[test]
fn a_command_is_replaced() {
    let bump = Bump::of("hive-guests");
    bump.edit(
        "src/Hive/Guest/Backup.pm",
        "['pigz', '--rsyncable']",
        "['gzip', '--rsyncable']",
    );
    let rev = bump.commit();
    let drift = bump.drift();
    assert_eq!(
        told(&drift),
        [
            "hive-guests review changed [literal+decision+rule] src/Hive/Guest/Backup.pm `pigz` -> src/Hive/Guest/Backup.pm `gzip` (command.gzip)",
            "hive-guests need review input gzip: `-` -> ``",
            "hive-guests need moved command gzip: `-` -> ``",
            "hive-guests need moved command pigz: `` -> `-`",
            "hive-guests need moved input pigz: `` -> `-`",
            "hive-guests PNX-310 Debian installs `pigz` beside hive-guests, and no code of hive-guests names anything of nixpkgs' `pigz`",
            "idle command.pigz",
        ]
    );
    is_blamed(&drift, &rev);
}

#[test]
fn a_module_is_dropped() {
    let bump = Bump::of("hive-manager");
    bump.edit("Hive/Report.pm", "use Hive::Cluster;\n", "");
    let rev = bump.commit();
    let drift = bump.drift();
    assert_eq!(
        told(&drift),
        ["hive-manager moved removed [] Hive/Report.pm `Hive::Cluster` -> - (-)"]
    );
    is_blamed(&drift, &rev);
}

#[test]
fn a_file_that_is_reindented_and_reordered_shows_nothing() {
    let bump = Bump::of("hive-guests");
    let path = "src/Hive/Storage/LVM.pm";
    let text = bump.text(path).replace("\n    ", "\n\t");
    let (sub, rest) = cut_sub(&text, "volume_groups");
    bump.write(
        path,
        &rest.replacen(
            "sub physical_volume",
            &format!("{sub}\nsub physical_volume"),
            1,
        ),
    );
    bump.commit();
    let drift = bump.drift();
    assert_eq!(told(&drift), Vec::<String>::new());
    assert_eq!(drift["level"], "clean");
    assert!(drift["summary"]["counts"]["shifted"].as_u64() > Some(3));
}

#[test]
fn a_unit_is_added() {
    let bump = Bump::of("hive-cluster");
    bump.write(
        "debian/hive-cluster.hive-sync.service",
        "[Unit]\nDescription=Hive's state, written again\n\n[Service]\nType=oneshot\nExecStart=/usr/bin/hivecm sync\n\n[Install]\nWantedBy=multi-user.target\n",
    );
    bump.edit(
        "debian/rules",
        "--name=hived\n",
        "--name=hived\n\tdh_installsystemd --name=hive-sync\n",
    );
    let rev = bump.commit();
    let drift = bump.drift();
    assert_eq!(
        told(&drift),
        [
            "hive-cluster moved added [] - -> debian/hive-cluster.hive-sync.service `/usr/bin/hivecm` (installed)",
            "hive-cluster moved added [] - -> debian/hive-cluster.hive-sync.service `multi-user.target` (path.systemd-targets)",
            "hive-cluster moved added [] - -> debian/rules `dh_installsystemd` (path.build)",
            "hive-cluster install review unit hive-sync.service: `-` -> `enabled, started, restarted on upgrades`",
            "hive-cluster install moved file /usr/lib/systemd/system/hive-sync.service: `-` -> ``",
        ]
    );
    is_blamed(&drift, &rev);
}

#[test]
fn a_crate_is_bumped() {
    let bump = Bump::of("hive-rs");
    bump.release();
    let lock = "releases/after/cargo/hive-rs.lock";
    let text = bump.root.text(lock);
    let at = text.find("name = \"itoa\"").expect("it is locked");
    let version = text[at..].split('"').nth(3).expect("a version").to_owned();
    bump.root.edit(
        lock,
        &format!("version = \"{version}\""),
        "version = \"1.0.99\"",
    );
    assert_eq!(
        bump.told(),
        [format!(
            "hive-rs need moved crate itoa: `{version}` -> `1.0.99`"
        )]
    );
}

#[test]
fn a_circle_is_closed() {
    let files = ["Hive/Report.pm", "Hive/CLI/hive.pm", "Hive/API.pm"];
    let bump = Bump::from("hive-manager", |root| {
        for file in files {
            root.edit(
                &format!("demo/hive-manager/{file}"),
                "use Hive::Guest;\n",
                "",
            );
        }
    });
    bump.edit(
        "Hive/Report.pm",
        "use Hive::Cluster;\n",
        "use Hive::Cluster;\nuse Hive::Guest;\n",
    );
    let rev = bump.commit();
    let drift = bump.drift();
    assert_eq!(
        told(&drift),
        [
            "hive-manager moved added [] - -> Hive/Report.pm `Hive::Guest` (module.declared)",
            "hive-manager need moved module Hive::Guest: `-` -> ``",
            "knot_entered hive-guests by hive-manager uses hive-guests (Hive/Report.pm:7: Hive::Guest)",
        ]
    );
    is_blamed(&drift, &rev);
    assert_eq!(drift["level"], "review");
}

#[test]
fn a_source_is_split() {
    let bump = Bump::of("hive-guests");
    let (file, place) = ("src/Hive/Storage/LVM.pm", "Hive/Storage/LVM.pm");
    bump.root
        .write(&format!("demo/hive-volumes/{place}"), bump.text(file));
    bump.root.write(
        "demo/hive-volumes/debian/control",
        "Source: hive-volumes\nMaintainer: A Person <person@example.org>\n\nPackage: libhive-volumes-perl\nArchitecture: all\nDescription: volumes\n",
    );
    let repository = bump.root.join("upstream/hive-guests");
    git(&repository, &["rm", "-q", file]);
    bump.edit("src/Makefile", " Storage/LVM.pm", "");
    bump.commit();
    bump.root.append(
        "releases/after.toml",
        "\n[source.hive-volumes]\npath = \"demo/hive-volumes\"\n",
    );
    let literals = [
        "strict",
        "warnings",
        "Hive::Tools",
        "/sbin/pvs",
        "/sbin/pvcreate",
        "/sbin/vgcreate",
        "/sbin/vgs",
        "/sbin/lvs",
    ];
    let told = bump.told();
    let moved: Vec<&str> = told
        .iter()
        .filter(|line| line.contains(" moved [source+file] "))
        .map(String::as_str)
        .collect();
    assert_eq!(moved.len(), literals.len());
    for (line, literal) in moved.iter().zip(literals) {
        let expected = format!(
            "hive-volumes moved moved [source+file] hive-guests:{file} `{literal}` -> {place} `{literal}` ("
        );
        assert!(line.starts_with(&expected), "{line}");
    }
    let rest: Vec<&str> = told
        .iter()
        .filter(|line| !line.contains(" moved [source+file] "))
        .map(String::as_str)
        .collect();
    assert_eq!(
        rest,
        [
            "hive-guests moved changed [decision] src/Hive/Storage.pm `Hive::Storage::LVM` -> src/Hive/Storage.pm `Hive::Storage::LVM` (module.declared)",
            "hive-guests need moved module Hive::Storage::LVM: `-` -> ``",
            "hive-guests need moved source hive-volumes: `-` -> ``",
            "hive-guests install moved file /usr/share/perl5/Hive/Storage/LVM.pm: `` -> `-`",
            "hive-volumes came",
            "hive-volumes need moved module Hive::Tools: `-` -> ``",
            "hive-volumes need moved source hive-common: `-` -> ``",
            "objects_entered hive-volumes",
            "knot_entered hive-volumes by hive-guests uses hive-volumes (src/Hive/Storage.pm:8: Hive::Storage::LVM)+hive-volumes uses hive-common (Hive/Storage/LVM.pm:8: Hive::Tools)",
            "link hive-cluster stayed +hive-volumes -",
            "link hive-common stayed +hive-volumes -",
            "link hive-guests stayed +hive-volumes -",
            "link hive-manager stayed +hive-volumes -",
            "link hive-volumes came +hive-cluster+hive-common+hive-guests+hive-manager+hive-qemu+hive-volumes -",
            "link pve stayed +hive-volumes -",
        ]
    );
}

#[test]
fn a_structural_edits_target_is_renamed() {
    let bump = Bump::of("hive-manager");
    let repository = bump.root.join("upstream/hive-manager");
    git(
        &repository,
        &["mv", "Hive/API/APT.pm", "Hive/API/Packages.pm"],
    );
    bump.edit(
        "Hive/API/Packages.pm",
        "package Hive::API::APT;",
        "package Hive::API::Packages;",
    );
    bump.edit("Hive/Makefile", "API/APT.pm", "API/Packages.pm");
    bump.edit(
        "Hive/API/Nodes.pm",
        "use Hive::API::APT;",
        "use Hive::API::Packages;",
    );
    bump.edit(
        "Hive/API/Nodes.pm",
        "\"Hive::API::APT\"",
        "\"Hive::API::Packages\"",
    );
    let rev = bump.commit();
    let drift = bump.drift();
    let changed = |literal: &str, level: &str, rule: &str| {
        format!(
            "hive-manager {level} changed [file+decision+rule] Hive/API/APT.pm `{literal}` -> Hive/API/Packages.pm `{literal}` ({rule})"
        )
    };
    assert_eq!(
        told(&drift),
        [
            changed("dpkg-query", "broken", "-"),
            changed("strict", "review", "module.perl-core"),
            changed("warnings", "review", "module.perl-core"),
            changed("Hive::Tools", "review", "module.declared"),
            changed("parent", "review", "module.perl-core"),
            changed("Hive::RESTHandler", "review", "module.declared"),
            changed("/var/lib/apt/lists", "review", "path.package-database"),
            changed("/usr/bin/apt-get", "review", "command.apt-get"),
            "hive-manager moved added [] - -> Hive/API/Nodes.pm `Hive::API::Packages` (module.declared)".to_owned(),
            "hive-manager moved removed [] Hive/API/Nodes.pm `Hive::API::APT` -> - (-)".to_owned(),
            "hive-manager install moved file /usr/share/perl5/Hive/API/APT.pm: `` -> `-`".to_owned(),
            "hive-manager install moved file /usr/share/perl5/Hive/API/Packages.pm: `-` -> ``".to_owned(),
            "hive-manager lost broken file Hive/API/APT.pm, nearest Hive/API/Packages.pm".to_owned(),
            "hive-manager lost broken module Hive::API::APT, nearest Hive::API::Packages".to_owned(),
            "idle path.demo-apt-feature".to_owned(),
            "idle path.demo-apt-module".to_owned(),
        ]
    );
    let manager = list(&drift["sources"])
        .iter()
        .find(|source| source["name"] == "hive-manager");
    for lost in list(&manager.expect("it is there")["lost_targets"]) {
        assert_eq!(text(&lost["commit"]["rev"]), rev);
    }
}

#[test]
fn an_instruction_of_one_processor_is_gone() {
    let bump = Bump::of("hive-qemu");
    bump.edit(
        "src/hive-emu.c",
        "asm volatile (\"cpuid\"",
        "asm volatile (\"nop\"",
    );
    let rev = bump.commit();
    let drift = bump.drift();
    let lost = "hive-qemu lost broken instruction cpuid in src/hive-emu.c, nearest -";
    assert_eq!(told(&drift), [lost]);
    assert_eq!(
        text(&source(&drift, "hive-qemu")["lost_targets"][0]["commit"]["rev"]),
        rev
    );
}

#[test]
fn an_instruction_of_one_processor_is_in_another_file_that_its_rule_names() {
    let bump = Bump::from("hive-qemu", |root| {
        let entry =
            "{ file = \"src/hive-emu.c\", macro = \"__x86_64__\", instruction = \"cpuid\" }";
        let both = format!("{entry}, {}", entry.replace("hive-emu", "host"));
        root.edit("demo/rules/sources/hive-qemu.toml", entry, &both);
    });
    let repository = bump.root.join("upstream/hive-qemu");
    git(&repository, &["mv", "src/hive-emu.c", "src/host.c"]);
    bump.edit(
        "Makefile",
        "src/hive-emu: src/hive-emu.c",
        "src/hive-emu: src/host.c",
    );
    bump.commit();
    let drift = bump.drift();
    let qemu = source(&drift, "hive-qemu");
    assert!(list(&qemu["lost_targets"]).is_empty(), "{qemu}");
    assert!(list(&qemu["problems"]).is_empty(), "{qemu}");
}

/// Returns a source of a report.
fn source<'a>(drift: &'a Value, name: &str) -> &'a Value {
    let found = list(&drift["sources"])
        .iter()
        .find(|source| source["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn a_pin_that_goes_back_is_told_and_its_commits_are_undone() {
    let bump = Bump::of("hive-guests");
    let call = "    run_command(['/sbin/vgs', $group]);\n    return $group;\n";
    bump.edit("src/Hive/Storage/LVM.pm", "    return $group;\n", call);
    let rev = bump.commit();
    let arguments = [
        "drift",
        "after",
        "demo",
        "--sources",
        "upstream",
        "--format",
        "json",
    ];
    let run = bump.root.run(&arguments);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let drift: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(
        told(&drift),
        ["hive-guests moved removed [] src/Hive/Storage/LVM.pm `/sbin/vgs` -> - (-)"]
    );
    is_blamed(&drift, &rev);
    let guests = source(&drift, "hive-guests");
    assert_eq!(guests["level"], "review");
    assert_eq!(guests["history"]["relation"], "backward");
}

#[test]
fn a_history_that_was_rewritten_is_told() {
    let bump = Bump::of("hive-common");
    bump.commit_as(&["--amend"]);
    let drift = bump.drift();
    assert_eq!(told(&drift), Vec::<String>::new());
    let common = source(&drift, "hive-common");
    assert_eq!(common["history"]["relation"], "diverged");
    assert_eq!(common["history"]["base"], Value::Null);
    assert_eq!(drift["level"], "review");
}

#[test]
fn releases_that_share_no_source_are_told_whole() {
    let bump = Bump::of("hive-common");
    bump.release();
    bump.root.write(
        "releases/after.toml",
        "[source.hive-other]\npath = \"demo/hive-other\"\n",
    );
    bump.root.write(
        "demo/hive-other/x.pm",
        "package x;\nsystem('/sbin/vgs');\n1;\n",
    );
    fs::remove_dir_all(bump.root.join("releases/after")).expect("it is there");
    let drift = bump.drift();
    let sources = list(&drift["sources"]);
    let presence: Vec<&str> = sources
        .iter()
        .map(|source| text(&source["presence"]))
        .collect();
    assert_eq!(
        presence,
        ["went", "went", "went", "went", "came", "went", "went"]
    );
    assert_eq!(drift["summary"]["counts"]["unchanged"], 0);
    assert_eq!(drift["level"], "review");
}

#[test]
fn a_hand_kept_patch_that_no_longer_applies_is_told_with_what_is_there() {
    let bump = Bump::of("hive-manager");
    let patch = "--- a/Hive/Report.pm\n+++ b/Hive/Report.pm\n@@ -10,3 +10,3 @@\n # Commands of the report in each way that Perl has of quoting them.\n my @commands = (\n-    'hostname',\n+    'hostnamectl',\n";
    bump.root
        .write("patches/local/hive-manager/name.patch", patch);
    bump.root
        .write("patches/local/hive-manager/README", "not a patch");
    bump.edit("Hive/Report.pm", "    'hostname',\n", "    'uname',\n");
    bump.commit();
    let drift = bump.drift();
    let manager = source(&drift, "hive-manager");
    let [local] = list(&manager["local"]) else {
        panic!("{manager}")
    };
    assert_eq!(
        (text(&local["path"]), text(&local["level"])),
        ("patches/local/hive-manager/name.patch", "broken")
    );
    let [conflict] = list(&local["conflicts"]) else {
        panic!("{local}")
    };
    assert!(
        text(&conflict["hunk"]).starts_with("@@ -10,3 +10,3 @@\n"),
        "{conflict}"
    );
    assert!(
        words(&conflict["upstream"]["lines"]).contains("'uname'"),
        "{conflict}"
    );
    assert_eq!(drift["level"], "broken");
}

/// Returns `DIR/rules` without one rule; `None` if the other rules need it.
mod without {
    use std::path::Path;

    use analyse::Knowledge;
    use decide::rules::NO_RULES;
    use toml_edit::{DocumentMut, Item, Table};

    /// Writes the rules of the project below `dir` without the one named, in the way its file has it.
    pub fn rule(project: &Path, dir: &Path, name: &str) -> Option<Knowledge> {
        let (kind, rest) = name.split_once('.')?;
        let keys: &[&str] = match kind {
            "context" => &["context", "last-context"],
            "path" => &["path", "last-path"],
            "own" => &["data"],
            "command" => &["programs"],
            "perl" => &["perl", "modules"],
            "python" => &["modules"],
            _ => return None,
        };
        for directory in ["rules", "demo/rules"] {
            super::copy(&project.join(directory), &dir.join(directory));
        }
        let mut taken = 0;
        for entry in walkdir::WalkDir::new(dir) {
            let path = entry.expect("readable").into_path();
            let no_rules = NO_RULES.iter().any(|other| path.ends_with(other));
            if no_rules || path.extension().is_none_or(|end| end != "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a rule file");
            if !text.contains(rest) {
                continue;
            }
            let mut document: DocumentMut = text.parse().expect("TOML");
            let before = taken;
            taken += take(document.as_table_mut(), keys, rest);
            if taken > before {
                std::fs::write(path, document.to_string()).expect("written");
            }
        }
        // No file has a rule for a program that a source installs.
        if taken == 0 {
            return None;
        }
        Knowledge::read_rules(&super::directories_in(dir)).ok()
    }

    fn take(table: &mut Table, keys: &[&str], name: &str) -> usize {
        let mut taken = 0;
        for (key, item) in table.iter_mut() {
            let is_one = keys.contains(&key.get());
            if let Item::ArrayOfTables(tables) = item {
                if !is_one {
                    continue;
                }
                let before = tables.len();
                tables.retain(|one| one.get("name").and_then(Item::as_str) != Some(name));
                taken += before - tables.len();
            } else if let Some(list) = item.as_array_mut().filter(|_| is_one) {
                let before = list.len();
                list.retain(|one| one.as_str() != Some(name));
                taken += before - list.len();
            } else if let Some(inner) = item.as_table_mut() {
                taken += take(inner, keys, name);
            }
        }
        taken
    }
}

/// Pastes a proposal.
fn paste(rules: &Path, proposal: &Proposal) {
    let path = rules.join(&proposal.file);
    // A source may have no file yet.
    let text = fs::read_to_string(&path).unwrap_or_default();
    let text = match (&proposal.before, &proposal.replaces) {
        // A list of the file itself.
        _ if !proposal.toml.starts_with('[') => {
            let mut document: toml_edit::DocumentMut = text.parse().expect("TOML");
            let list: toml_edit::DocumentMut = proposal.toml.parse().expect("TOML");
            for (key, item) in list.iter() {
                document[key] = item.clone();
            }
            document.to_string()
        }
        (Some(rule), _) => {
            let at = text
                .find(&format!("name = \"{}\"", rule.name()))
                .expect("the rule");
            let at = text[..at].rfind("[[").expect("its head");
            format!("{}{}\n\n{}", &text[..at], proposal.toml, &text[at..])
        }
        (None, Some(header)) => {
            let mut document: toml_edit::DocumentMut = text.parse().expect("TOML");
            let parts: Vec<&str> = header
                .trim_matches(['[', ']'])
                .split('.')
                .map(|part| part.trim_matches('"'))
                .collect();
            let whole = header.trim_matches(['[', ']', '"']);
            let removed = document.remove(whole).is_some()
                || document
                    .get_mut(parts[0])
                    .and_then(|item| item.as_table_mut()?.remove(parts[1]))
                    .is_some();
            assert!(removed, "{header}");
            format!("{document}\n{}\n", proposal.toml)
        }
        (None, None) => format!("{text}\n{}\n", proposal.toml),
    };
    fs::write(path, text).expect("written");
}

/// The directories of rules of a copy of the project.
fn directories_in(root: &Path) -> Vec<Directory> {
    ["rules", "demo/rules"]
        .map(|shown| Directory::of_project(root, shown))
        .to_vec()
}

/// The demo by these rules, against the demo by the kept ones.
fn against_the_kept(knowledge: &Knowledge, dir: &Path) -> Drift {
    let old = analyse::directories(&project());
    let new = analysed("demo", None, knowledge);
    let request = drift::Request {
        old: &DEMO,
        new: &new,
        old_knowledge: &KNOWLEDGE,
        new_knowledge: knowledge,
        rules: (&old, &directories_in(dir)),
        root: &project(),
        cache: None,
    };
    drift::drift(&request).unwrap_or_else(|problems| panic!("{}", crate::support::told(&problems)))
}

/// A place by source, path, line and column.
type Key = (String, String, u32, u32);

/// Returns the places that need a person.
fn flagged(drift: &Drift) -> BTreeSet<Key> {
    let places = drift
        .sources
        .iter()
        .flat_map(|source| source.places.iter().map(move |place| (source, place)));
    let risky = places.filter(|(_, place)| place.level >= Level::Review);
    let key = |(source, place): (&SourceDrift, &PlaceDrift)| {
        let spot = place.new.as_ref().expect("the trees are the same");
        (
            source.name.clone(),
            spot.path.clone(),
            spot.line,
            spot.column,
        )
    };
    risky.map(key).collect()
}

#[test]
fn a_rule_that_is_removed_is_missed_at_the_places_it_decided_and_proposed_again() {
    let mut decided: BTreeMap<RuleId, BTreeSet<Key>> = BTreeMap::new();
    for source in &DEMO.sources {
        for one in &source.decided {
            let place = &one.occurrence;
            let key = (
                source.source.name.clone(),
                one.path.clone(),
                place.line,
                place.column,
            );
            for rule in [&one.rule, &one.context_rule].into_iter().flatten() {
                decided.entry(rule.clone()).or_default().insert(key.clone());
            }
            // A rule of paths.toml may rely on the program's own rule.
            if let Decision::Command { program, .. } = &one.decision {
                let rule = RuleId::new(Table::Command, program);
                decided.entry(rule).or_default().insert(key);
            }
        }
    }
    let mut tried = 0;
    for (rule, places) in decided {
        let dir = tempfile::tempdir().expect("a directory");
        let rules = dir.path().to_path_buf();
        let Some(knowledge) = without::rule(&project(), &rules, &rule.to_string()) else {
            continue;
        };
        tried += 1;
        let drift = against_the_kept(&knowledge, &rules);
        assert_eq!(flagged(&drift), places, "{rule}");
        let mut pasted = BTreeSet::new();
        for place in drift
            .sources
            .iter()
            .flat_map(|source| &source.places)
            .filter(|place| place.level >= Level::Review)
        {
            let proposal = place
                .proposal
                .as_ref()
                .unwrap_or_else(|| panic!("{rule}: nothing is proposed for {place:?}"));
            assert!(proposal.as_before, "{rule}: {proposal:?}");
            if pasted.insert((proposal.file.clone(), proposal.toml.clone())) {
                paste(&rules, proposal);
            }
        }
        let again = Knowledge::read_rules(&directories_in(&rules))
            .unwrap_or_else(|problems| panic!("{rule}: {}", crate::support::told(&problems)));
        let drift = against_the_kept(&again, &rules);
        assert_eq!(
            drift.level,
            Level::Clean,
            "{rule}: {pasted:?} {:?}",
            flagged(&drift)
        );
    }
    println!("{tried} rules");
    assert!(tried > 100, "{tried}");
}

/// In the real version bumps, no place is lost or reported twice, and none is undecided.
#[test]
fn every_place_of_two_real_releases_is_told_once() {
    for pair in RELEASES.windows(2) {
        let (Some(old), Some(new)) = (real(pair[0]), real(pair[1])) else {
            return;
        };
        let rules = analyse::directories(&project());
        let request = drift::Request {
            old,
            new,
            old_knowledge: &KNOWLEDGE,
            new_knowledge: &KNOWLEDGE,
            rules: (&rules, &rules),
            root: &project(),
            cache: None,
        };
        let drift = drift::drift(&request)
            .unwrap_or_else(|problems| panic!("{}", crate::support::told(&problems)));
        assert!(drift.level < Level::Broken, "{pair:?}");
        let pinned = |analysis: &Analysis, name: &str| {
            let own = format!("{name}+");
            analysis
                .sources
                .iter()
                .any(|one| one.source.name.starts_with(&own))
        };
        let places = |analysis: &Analysis, name: &str| {
            let found = analysis.sources.iter().find(|one| one.source.name == name);
            found.map_or(0, |one| one.decided.len() as u64)
        };
        for source in drift
            .sources
            .iter()
            .filter(|source| !source.name.contains('+'))
        {
            // A program's own pin reports its changes itself.
            if pinned(old, &source.name) || pinned(new, &source.name) {
                continue;
            }
            let counts = source.counts;
            let taken = source
                .places
                .iter()
                .filter(|place| place.differs.contains(&Aspect::Source))
                .count() as u64;
            let both = counts.unchanged + counts.moved + counts.changed;
            assert_eq!(
                both + counts.added,
                places(new, &source.name),
                "{pair:?} {}",
                source.name
            );
            assert!(
                both - taken + counts.removed <= places(old, &source.name),
                "{pair:?} {}",
                source.name
            );
        }
    }
}
