//! The kinds of wrong decisions that were found on machines, with all their instances in every
//! release and the decisions about them: `data/kinds.tsv`. A release with another instance changes
//! the list, and somebody has to judge it.
//!
//! `KINDS=overwrite` writes the list anew; read the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use analyse::{AnalysedSource, Analysis};
use debian::tree_path;
use decide::etc::{Sort, leads_to};
use decide::{Context, Decided, Decision, depends};
use release::source_name;
use scan::{Kind, Language};

use crate::support::{DEMO, KNOWLEDGE, RELEASES, project, real, real_sources};

/// An instance, with its decision.
type Instance = (String, String);

/// A kind's number and description, with the function that finds its instances.
const KINDS: [(u8, &str, fn(&Analysis) -> BTreeSet<Instance>); 12] = [
    (1, "a directory that several sources fill", shared),
    (2, "a path below /etc", below_etc),
    (3, "a bare program that systemd starts", started),
    (4, "what Debian installs beside the code", beside),
    (5, "a name that is no path", names),
    (6, "a directory that the manual shows", shown),
    (7, "a presence test", presence),
    (8, "a path that is resolved", resolved),
    (9, "a PATH", search_paths),
    (10, "what packagings install for others", packaged),
    (11, "a path that the code completes", completed),
    (12, "a file that a compiler reads", embedded),
];

fn data() -> PathBuf {
    project().join("xtask/tests/data/kinds.tsv")
}

#[test]
fn every_kind_has_a_place_in_the_demo() {
    let without: Vec<&str> = KINDS
        .iter()
        .filter(|(_, _, find)| find(&DEMO).is_empty())
        .map(|(_, what, _)| *what)
        .collect();
    assert!(without.is_empty(), "the demo has none: {without:?}");
}

#[test]
fn every_instance_of_a_kind_was_judged() {
    if real_sources().is_none() {
        return;
    }
    let mut found: BTreeMap<(u8, Instance), Vec<&str>> = BTreeMap::new();
    for analysis in RELEASES.into_iter().skip(1).filter_map(real) {
        let release = analysis.manifest.name.trim_start_matches("pve-");
        for (number, what, find) in KINDS {
            let instances = find(analysis);
            println!("{release}: {number}, {what}: {}", instances.len());
            for instance in instances {
                found.entry((number, instance)).or_default().push(release);
            }
        }
    }
    let rows = found
        .iter()
        .map(|((number, (instance, outcome)), releases)| {
            let releases = if releases.len() + 1 == RELEASES.len() {
                "all".to_owned()
            } else {
                releases.join(" ")
            };
            format!("{number}\t{instance}\t{outcome}\t{releases}\n")
        });
    let head = "#kind\tinstance\twhat became of it\treleases\n".to_owned();
    let table: String = std::iter::once(head).chain(rows).collect();
    if std::env::var_os("KINDS").is_some_and(|what| what == "overwrite") {
        fs::write(data(), &table).expect("written");
    }
    let kept = fs::read_to_string(data()).expect("the list");
    let (kept, now): (BTreeSet<&str>, BTreeSet<&str>) =
        (kept.lines().collect(), table.lines().collect());
    let (gone, new): (Vec<_>, Vec<_>) = (
        kept.difference(&now).collect(),
        now.difference(&kept).collect(),
    );
    assert!(
        gone.is_empty() && new.is_empty(),
        "gone: {gone:#?}\nnew: {new:#?}"
    );
}

/// Returns the decision about a place.
fn outcome(one: &Decided) -> String {
    match &one.decision {
        Decision::Package { attr, target } => format!("package {attr} {target}"),
        Decision::Own { target } => format!("self {target}"),
        Decision::Sibling { source, target } => format!("sibling {source} {target}"),
        Decision::Command {
            attr,
            source,
            program,
        } => {
            let whose = attr.as_ref().or(source.as_ref());
            format!("command {}:{program}", whose.map_or("", String::as_str))
        }
        Decision::Wrapper { program } => format!("wrapper {program}"),
        Decision::System { path } => format!("system {path}"),
        Decision::Embed { source, path } => format!("embed {source} {path}"),
        Decision::Keep { .. } => format!("keep, {}", one.rule_name()),
        Decision::Disable { feature } => format!("disable {feature}"),
        Decision::Unknown => "unknown".to_owned(),
    }
}

/// Returns the matching places on the host in a release, with their sources' names.
fn host<'a>(
    analysis: &'a Analysis,
    holds: impl Fn(&Decided) -> bool + 'a,
) -> impl Iterator<Item = (&'a str, &'a Decided)> {
    analysis.sources.iter().flat_map(move |source| {
        let name = source_name(&source.source.name);
        let places = source.decided.iter();
        let places: Vec<&Decided> = places
            .filter(|one| one.context == Context::Host && holds(one))
            .collect();
        places.into_iter().map(move |one| (name, one))
    })
}

fn instances<'a>(places: impl Iterator<Item = (&'a str, &'a Decided)>) -> BTreeSet<Instance> {
    places
        .map(|(source, one)| {
            let text = one.occurrence.text.replace(['\t', '\n'], " ");
            (format!("{source}/{}: {text}", one.path), outcome(one))
        })
        .collect()
}

fn is_path(one: &Decided) -> bool {
    one.occurrence.kind == Kind::AbsolutePath
}

/// Returns the installed paths of all files of a source, without a leading slash.
fn installed(source: &AnalysedSource) -> Vec<String> {
    let mut found = Vec::new();
    for packaging in &source.packagings {
        found.extend(packaging.made.iter().map(|one| one.dest.clone()));
        found.extend(packaging.files.installed.iter().map(|one| {
            if one.renames {
                one.dest.clone()
            } else {
                format!("{}/{}", one.dest, tree_path::file_name(&one.origin))
            }
        }));
    }
    found
}

fn shared(analysis: &Analysis) -> BTreeSet<Instance> {
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for source in &analysis.sources {
        for dest in installed(source) {
            let mut directory = dest.trim_start_matches('/');
            while let Some((above, _)) = directory.rsplit_once('/') {
                let whose = owners.entry(format!("/{above}")).or_default();
                whose.insert(source_name(&source.source.name));
                directory = above;
            }
        }
    }
    let is_shared = move |one: &Decided| {
        let directory = one.occurrence.text.trim_end_matches('/');
        is_path(one)
            && !matches!(directory, "/usr" | "/usr/share" | "/usr/lib" | "/etc")
            && owners.get(directory).is_some_and(|owners| owners.len() > 1)
    };
    instances(host(analysis, is_shared))
}

fn below_etc(analysis: &Analysis) -> BTreeSet<Instance> {
    let sorted = host(analysis, |one| {
        one.etc.is_some_and(|etc| etc.sort != Sort::Own) && leads_to(one).is_some()
    });
    sorted
        .map(|(source, one)| {
            let etc = one.etc.expect("it has a sort");
            let sort = match etc.sort {
                Sort::State => "state",
                Sort::Nixos if etc.written => "NixOS' own, a write is dealt with",
                Sort::Nixos => "NixOS' own, read",
                Sort::Conffile => "another package's",
                Sort::Own => "own",
            };
            let what = format!("{sort}: {}", outcome(one));
            (
                format!("{source}/{}: {}", one.path, one.occurrence.text),
                what,
            )
        })
        .collect()
}

fn started(analysis: &Analysis) -> BTreeSet<Instance> {
    let is_started = |one: &Decided| {
        let site = &one.occurrence.site;
        one.language == Language::Unit
            && one.occurrence.kind == Kind::BareCommand
            && site.word == Some(0)
            && site
                .call
                .as_deref()
                .is_some_and(|call| call.starts_with("Exec"))
    };
    instances(host(analysis, is_started))
}

fn beside(analysis: &Analysis) -> BTreeSet<Instance> {
    let rules = &KNOWLEDGE.rules;
    let asked = analysis.sources.iter().map(|one| {
        let name = one.source.name.as_str();
        (name, one.packagings.as_slice(), one.decided.as_slice())
    });
    let asked = depends::Sources::new(asked, rules);
    let mut found = BTreeSet::new();
    for source in &analysis.sources {
        let name = source_name(&source.source.name);
        for rule in depends::hold(&source.source.name, &source.packagings, &asked).used {
            found.insert((format!("{name}: {rule}"), "a reason".to_owned()));
        }
        for closure in rules.closures.iter().filter(|one| one.source == name) {
            let programs = closure.programs.join(" ");
            found.insert((
                format!("{name}: closure.{}", closure.name),
                format!("on the PATH: {programs}"),
            ));
        }
    }
    found
}

fn names(analysis: &Analysis) -> BTreeSet<Instance> {
    let named = host(analysis, |one| one.occurrence.kind.is_name());
    named
        .map(|(source, one)| {
            let kind = one.occurrence.kind.word();
            let what = match &one.decision {
                Decision::Keep { reason } if one.rule_name() == "unit.shipped" => reason.clone(),
                _ => outcome(one),
            };
            (format!("{source}: {kind} {}", one.occurrence.text), what)
        })
        .collect()
}

/// Returns the paths in the manual below directories that are in the store on NixOS, and code's use
/// of them; and directories there in which code uses whatever files it finds.
fn shown(analysis: &Analysis) -> BTreeSet<Instance> {
    let is_below = |text: &str| text.starts_with("/usr/share/") || text.starts_with("/usr/lib");
    let takes_all = |one: &Decided| {
        let call = one.occurrence.site.call.as_deref().unwrap_or_default();
        let lists = [
            "dir_glob_foreach",
            "dir_glob_regex",
            "opendir",
            "glob",
            "read_dir",
        ];
        let text = one.occurrence.text.as_str();
        is_path(one) && is_below(text) && (lists.contains(&call) || text.contains('*'))
    };
    let mut found = instances(host(analysis, takes_all));
    for source in &analysis.sources {
        let shown = source.decided.iter().filter(|one| {
            one.context == Context::Doc
                && is_path(one)
                && is_below(&one.occurrence.text)
                && (one.path.ends_with(".adoc")
                    || one.path.ends_with(".txt")
                    || one.path.ends_with("README"))
        });
        for one in shown {
            let text = one.occurrence.text.trim_end_matches(['/', '*']);
            let below = |other: &Decided| {
                is_path(other) && other.occurrence.text.trim_end_matches('/') == text
            };
            let code: BTreeSet<String> =
                host(analysis, below).map(|(_, one)| outcome(one)).collect();
            let what = if code.is_empty() {
                "no code names it".to_owned()
            } else {
                code.into_iter().collect::<Vec<_>>().join("; ")
            };
            found.insert((
                format!("{}: {text}", source_name(&source.source.name)),
                what,
            ));
        }
    }
    found
}

/// Finds existence checks, on the literal or on the variable or constant that receives it.
fn presence(analysis: &Analysis) -> BTreeSet<Instance> {
    let mut found = BTreeSet::new();
    for source in &analysis.sources {
        let mut texts: BTreeMap<&str, String> = BTreeMap::new();
        let rewritten: Vec<&Decided> = source
            .decided
            .iter()
            .filter(|one| {
                one.context == Context::Host
                    && is_path(one)
                    && matches!(one.language, Language::Perl | Language::Shell)
                    && !matches!(one.decision, Decision::Keep { .. })
            })
            .collect();
        let entries = source.source.tree.entries();
        for one in &rewritten {
            texts.entry(&one.path).or_insert_with(|| {
                let entry = entries.iter().find(|entry| entry.path == one.path);
                let bytes = source.source.tree.read(&[entry.expect("a file")]);
                String::from_utf8_lossy(&bytes.expect("readable")[0]).into_owned()
            });
        }
        for one in rewritten {
            let site = &one.occurrence.site;
            let direct = matches!(site.call.as_deref(), Some("-e" | "-x" | "-f" | "-d" | "-r"));
            let by_name = site.target.as_deref().is_some_and(|target| {
                let asked = format!(
                    r"-[exfdr]\s*\(?\s*[\x22']?\$?\{{?{}\b",
                    regex::escape(target)
                );
                regex::Regex::new(&asked)
                    .expect("a pattern")
                    .is_match(&texts[one.path.as_str()])
            });
            if direct || by_name {
                let place = format!(
                    "{}/{}: {}",
                    source_name(&source.source.name),
                    one.path,
                    one.occurrence.text
                );
                found.insert((place, outcome(one)));
            }
        }
    }
    found
}

fn resolved(analysis: &Analysis) -> BTreeSet<Instance> {
    let pattern = regex::Regex::new(r"\b(?:abs_path|realpath|readlink)\s*\(([^;]{0,60}?)\)")
        .expect("a pattern");
    let mut found = BTreeSet::new();
    for source in &analysis.sources {
        let name = source_name(&source.source.name);
        let files = source.scanned.files.iter().filter(|file| {
            let aside = |part: &str| matches!(part, "test" | "tests" | "t" | "examples" | "debian");
            file.language == Language::Perl && !file.path.split('/').any(aside)
        });
        for file in files {
            let entry = &source.source.tree.entries()[file.entry];
            let bytes = source.source.tree.read(&[entry]).expect("readable");
            let text = String::from_utf8_lossy(&bytes[0]).into_owned();
            let code: String = text
                .lines()
                .filter(|line| !line.trim_start().starts_with('#'))
                .collect::<Vec<_>>()
                .join("\n");
            for argument in pattern.captures_iter(&code).filter_map(|call| call.get(1)) {
                let features = &KNOWLEDGE.rules.features;
                let edited = features.iter().find(|feature| {
                    feature.source == name
                        && feature.replace.iter().any(|one| {
                            one.file == file.path && one.text.contains(argument.as_str())
                        })
                });
                let what = edited.map_or_else(
                    || "stays on this node".to_owned(),
                    |one| format!("feature.{}", one.name),
                );
                let argument = argument
                    .as_str()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ");
                found.insert((format!("{name}/{}: {argument}", file.path), what));
            }
        }
    }
    found
}

fn search_paths(analysis: &Analysis) -> BTreeSet<Instance> {
    instances(host(analysis, |one| {
        one.occurrence.kind == Kind::PathAssignment
    }))
}

fn packaged(analysis: &Analysis) -> BTreeSet<Instance> {
    let rules = &KNOWLEDGE.rules;
    let mut found = BTreeSet::new();
    for source in &analysis.sources {
        let name = source_name(&source.source.name);
        for dest in installed(source) {
            let Some(place) = rules.place(&dest) else {
                continue;
            };
            let what = if place.leave_out.is_some() {
                "left out"
            } else {
                "laid out"
            };
            found.insert((format!("{name}: {}", place.below), what.to_owned()));
        }
    }
    found
}

fn completed(analysis: &Analysis) -> BTreeSet<Instance> {
    let is_open = |one: &Decided| {
        is_path(one) && one.occurrence.site.open && !matches!(one.decision, Decision::Keep { .. })
    };
    instances(host(analysis, is_open))
}

fn embedded(analysis: &Analysis) -> BTreeSet<Instance> {
    let is_read = |one: &Decided| {
        let call = one.occurrence.site.call.as_deref();
        matches!(call, Some("include!" | "include_str!" | "include_bytes!")) && is_path(one)
    };
    instances(host(analysis, is_read))
}
