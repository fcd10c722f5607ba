//! Decides occurrences by trying the rules in order.
//!
//! 1. The context: the first `[[context]]` rule that matches, else the first `[[last-context]]`; `host` without one.
//! 2. `[[path]]` rules.
//! 3. The tables, by kind: modules (core list, declared by a source, `nixpkgs/perl.toml`, `nixpkgs/python.toml`);
//!    files that a source installs; `data` of sources (longest prefix first); programs.
//! 4. `[[last-path]]` rules.
//! 5. Nothing: `unknown`.
//!
//! Within a stage, the files of `sources/` are asked before those of `general/` and `nixpkgs/`.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::matcher::Subject;
use super::rules::{ModuleProvider, PathRule, Provider, Rules, Ruling, provider_decision};
use super::{Context, Decided, Decision, RuleId, Table};
use layout::{PROGRAM_DIRECTORIES, fold, program_of};
use scan::{FileScan, Kind, Language, Occurrence};

/// The facts about a release that decisions need.
pub struct World<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// The release's name.
    pub release: &'a str,
    /// Perl packages that a source declares, with the source and the file.
    pub declared: HashMap<String, (String, String)>,
    /// Files that exactly one pinned source installs: path on Debian to source.
    pub installed: HashMap<String, String>,
    /// Files that a compiler reads during a build and that a pinned source has in its tree: path on
    /// Debian to source and file.
    pub embedded: HashMap<String, (String, String)>,
    /// Units that a source's packages ship, with the source. Templates are listed without an
    /// instance.
    pub units: HashMap<String, String>,
    /// Perl core modules.
    pub core: HashSet<&'static str>,
}

/// Perl's core modules, one a line. The file's header says how it was made.
static PERL_CORE: &str = include_str!("perl_core.txt");

/// Python's standard library, one module a line.
static PYTHON_CORE: &str = include_str!("python_core.txt");

/// Whether the compiler reads the file at this place.
pub fn is_embedded(language: Language, occurrence: &Occurrence) -> bool {
    let call = occurrence.site.call.as_deref();
    language == Language::Rust
        && matches!(call, Some("include!" | "include_bytes!" | "include_str!"))
}

/// A decision and the rule behind it.
type Ruled = (Decision, Option<RuleId>);

impl<'a> World<'a> {
    /// Collects the declarations in the scans: `(source, file, scan)`.
    pub fn new<'s>(
        rules: &'a Rules,
        release: &'a str,
        scans: impl Iterator<Item = (&'s str, &'s str, &'s FileScan)>,
        installed: HashMap<String, String>,
        embedded: HashMap<String, (String, String)>,
    ) -> Self {
        let mut declared: HashMap<String, (String, String)> = HashMap::new();
        let mut within: HashMap<String, (String, String)> = HashMap::new();
        for (source, path, scan) in scans {
            // A test's mock declares nothing that host code could use.
            if layout::is_test(path) || layout::is_example(path) {
                continue;
            }
            for module in modules_of(path, scan) {
                let file = format!("{}.pm", module.replace("::", "/"));
                declared
                    .entry(module)
                    .or_insert_with(|| (source.to_owned(), file));
            }
            for package in &scan.declares {
                within
                    .entry(package.clone())
                    .or_insert_with(|| (source.to_owned(), path.to_owned()));
            }
        }
        // Packages declared in a file of another name, unless a file is named after them.
        for (package, place) in within {
            declared.entry(package).or_insert(place);
        }
        let core = PERL_CORE
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .collect();
        Self {
            rules,
            release,
            declared,
            installed,
            embedded,
            units: HashMap::new(),
            core,
        }
    }

    /// Decides every occurrence in one file.
    pub fn decide(
        &self,
        source: &str,
        path: &str,
        language: Language,
        scan: &FileScan,
    ) -> Vec<Decided> {
        let decide = |occurrence: &Occurrence| {
            let mut subject = Subject {
                release: self.release,
                source,
                path,
                language,
                occurrence,
                context: None,
            };
            let found = self
                .rules
                .contexts
                .iter()
                .find(|rule| rule.matcher.matches(&subject).is_some());
            let context = found.map_or(Context::Host, |rule| rule.context);
            subject.context = Some(context);
            let (decision, rule) = self.decision(&subject);
            let etc = rule.as_ref().and_then(|rule| self.rules.etc(rule));
            Decided {
                path: path.to_owned(),
                language,
                occurrence: occurrence.clone(),
                context,
                context_rule: found.map(|rule| rule.id.clone()),
                decision,
                rule,
                etc,
            }
        };
        scan.occurrences.iter().map(decide).collect()
    }

    fn decision(&self, subject: &Subject) -> Ruled {
        self.by_rules(&self.rules.first, subject)
            .or_else(|| self.by_tables(subject))
            .or_else(|| self.by_rules(&self.rules.last, subject))
            .map_or((Decision::Unknown, None), |(decision, rule)| {
                (absolute(decision, subject), rule)
            })
    }

    fn by_rules(&self, rules: &[PathRule], subject: &Subject) -> Option<Ruled> {
        rules.iter().find_map(|rule| {
            let prefix = rule.matcher.matches(subject)?;
            let decision = self.apply(rule, prefix, subject)?;
            Some((decision, Some(rule.id.clone())))
        })
    }

    /// Applies a matching rule to the occurrence. Returns `None` if a `program` rule meets a name
    /// that no table has.
    fn apply(&self, rule: &PathRule, prefix: &str, subject: &Subject) -> Option<Decision> {
        let text = subject.occurrence.text.as_str();
        let name = text
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or(text);
        let target = || match &rule.target {
            Some(template) => {
                let rest = text
                    .strip_prefix(prefix.trim_end_matches('/'))
                    .unwrap_or("");
                template.replace("{rest}", rest).replace("{name}", name)
            }
            None => fold(text),
        };
        Some(match &rule.ruling {
            Ruling::Keep(_, reason) => Decision::Keep {
                reason: reason.clone(),
            },
            Ruling::Package(attr) => Decision::Package {
                attr: attr.clone(),
                target: target(),
            },
            Ruling::Own(source) if source == subject.source => Decision::Own { target: target() },
            Ruling::Own(source) => Decision::Sibling {
                source: source.clone(),
                target: target(),
            },
            Ruling::Bare => self.named_program(name, subject.source).map_or_else(
                || Decision::Command {
                    attr: None,
                    source: None,
                    program: name.to_owned(),
                },
                |(decision, _)| decision,
            ),
            Ruling::SearchPath => Decision::Command {
                attr: None,
                source: None,
                program: "PATH".to_owned(),
            },
            Ruling::Wrapper => Decision::Wrapper {
                program: name.to_owned(),
            },
            Ruling::System(path) => Decision::System {
                path: path.replace(
                    "{rest}",
                    text.strip_prefix(prefix.trim_end_matches('/'))
                        .unwrap_or(""),
                ),
            },
            Ruling::Disable(feature) => Decision::Disable {
                feature: feature.clone(),
            },
            Ruling::Program => {
                provider_decision(self.rules.programs.get(name)?, name, subject.source)
            }
        })
    }

    fn by_tables(&self, subject: &Subject) -> Option<Ruled> {
        let text = subject.occurrence.text.as_str();
        match subject.occurrence.kind {
            Kind::Module if subject.language == Language::Python => self.python_module(text),
            Kind::Module => self.perl_module(text, subject.source),
            Kind::BareCommand => self.named_program(text, subject.source),
            Kind::UnitName => self.shipped_unit(text),
            Kind::AbsolutePath if is_embedded(subject.language, subject.occurrence) => {
                self.embedded_path(text)
            }
            Kind::AbsolutePath | Kind::Shebang => self
                .installed_path(text, subject.source)
                .or_else(|| self.own_path(text, subject.source))
                .or_else(|| self.program_path(text, subject.source)),
            _ => None,
        }
    }

    fn perl_module(&self, module: &str, source: &str) -> Option<Ruled> {
        if let Some(provider) = self.rules.perl.get(module) {
            // A module that a rule lists as missing may be available all the same.
            let there = matches!(provider, ModuleProvider::Missing(_))
                .then(|| self.declared_module(module, source))
                .flatten();
            return Some((
                there.unwrap_or_else(|| module_decision(provider, module, "perlPackages")),
                Some(RuleId::new(Table::Perl, module)),
            ));
        }
        if let Some(decision) = self.declared_module(module, source) {
            return Some((decision, Some(RuleId::new(Table::Module, "declared"))));
        }
        let core = self.core.contains(module);
        core.then(|| {
            (
                Decision::Keep {
                    reason: "Perl core".to_owned(),
                },
                Some(RuleId::new(Table::Module, "perl-core")),
            )
        })
    }

    /// Returns the module of a scanned source.
    fn declared_module(&self, module: &str, source: &str) -> Option<Decision> {
        let (owner, target) = self.declared.get(module)?;
        let target = format!("lib/perl5/site_perl/{target}");
        Some(if owner == source {
            Decision::Own { target }
        } else {
            Decision::Sibling {
                source: owner.clone(),
                target,
            }
        })
    }

    fn python_module(&self, module: &str) -> Option<Ruled> {
        let top = module.split('.').next().unwrap_or(module);
        if let Some(provider) = self.rules.python.get(top) {
            return Some((
                module_decision(provider, top, "python3Packages"),
                Some(RuleId::new(Table::Python, top)),
            ));
        }
        let core = PYTHON_CORE.lines().any(|line| line == top);
        let reason = "Python standard library".to_owned();
        core.then(|| {
            (
                Decision::Keep { reason },
                Some(RuleId::new(Table::Module, "python-core")),
            )
        })
    }

    /// Looks up a program by its name: the source's own first, then the tables.
    fn named_program(&self, name: &str, source: &str) -> Option<Ruled> {
        let place = |dir: &&str| self.installed.get(&format!("{dir}{name}"));
        if let Some(owner) = PROGRAM_DIRECTORIES.iter().find_map(place) {
            let decision = Decision::Command {
                attr: None,
                source: Some(owner.clone()),
                program: name.to_owned(),
            };
            return Some((decision, Some(RuleId::of(Table::Installed))));
        }
        let provider = self.rules.programs.get(name)?;
        let decision = command_decision(provider, name, source);
        Some((decision, Some(RuleId::new(Table::Command, name))))
    }

    /// Looks up a file that a source installs by its Makefiles and `debian/`.
    fn installed_path(&self, text: &str, source: &str) -> Option<Ruled> {
        let owner = self.installed.get(text)?;
        let target = fold(text);
        let decision = if owner == source {
            Decision::Own { target }
        } else {
            Decision::Sibling {
                source: owner.clone(),
                target,
            }
        };
        Some((decision, Some(RuleId::of(Table::Installed))))
    }

    /// Looks up a unit that a source ships: by its whole name, without the suffix, or by the start
    /// of an instance's name.
    fn shipped_unit(&self, text: &str) -> Option<Ruled> {
        let name = text.replace('\\', "");
        let (stem, kind) = match name.rsplit_once('.') {
            Some((stem, kind)) if kind.chars().all(|letter| letter.is_ascii_lowercase()) => {
                (stem, kind)
            }
            _ => (name.as_str(), "service"),
        };
        let template = stem.find('@').map_or(stem, |at| &stem[..=at]);
        let source = self.units.get(&format!("{template}.{kind}"))?;
        let reason = format!("a unit of {source}");
        Some((
            Decision::Keep { reason },
            Some(RuleId::new(Table::Unit, "shipped")),
        ))
    }

    /// Looks up a file that the compiler reads. It must be in a tree, because no output exists
    /// during compilation.
    fn embedded_path(&self, text: &str) -> Option<Ruled> {
        let (source, path) = self.embedded.get(text)?.clone();
        Some((
            Decision::Embed { source, path },
            Some(RuleId::of(Table::Embedded)),
        ))
    }

    fn own_path(&self, text: &str, source: &str) -> Option<Ruled> {
        let (prefix, owner) = self
            .rules
            .own
            .iter()
            .find(|(prefix, _)| super::matcher::is_below(text, prefix))?;
        let target = fold(text);
        let decision = if owner == source {
            Decision::Own { target }
        } else {
            Decision::Sibling {
                source: owner.clone(),
                target,
            }
        };
        Some((decision, Some(RuleId::new(Table::Own, prefix))))
    }

    fn program_path(&self, text: &str, source: &str) -> Option<Ruled> {
        let name = program_of(text)?;
        // Debian merges its directories for programs: /sbin/qm is /usr/sbin/qm.
        let merged = PROGRAM_DIRECTORIES.iter().map(|dir| format!("{dir}{name}"));
        if let Some(found) = merged
            .filter(|path| path != text)
            .find_map(|path| self.installed_path(&path, source))
        {
            return Some(found);
        }
        let provider = self.rules.programs.get(name)?;
        Some((
            provider_decision(provider, name, source),
            Some(RuleId::new(Table::Command, name)),
        ))
    }
}

/// Makes the decision about a command that systemd starts a path. systemd searches directories of
/// its own, which are empty on NixOS, and never the unit's `PATH` (systemd.service(5), "Command
/// lines").
fn absolute(decision: Decision, subject: &Subject) -> Decision {
    let Decision::Command {
        attr,
        source,
        program,
    } = decision
    else {
        return decision;
    };
    let site = &subject.occurrence.site;
    let is_exec = site
        .call
        .as_deref()
        .is_some_and(|key| key.starts_with("Exec"));
    if subject.language != Language::Unit || !is_exec || site.word != Some(0) {
        return Decision::Command {
            attr,
            source,
            program,
        };
    }
    let target = format!("bin/{program}");
    match (attr, source) {
        (Some(attr), _) => Decision::Package { attr, target },
        (None, Some(owner)) if owner == subject.source => Decision::Own { target },
        (None, Some(source)) => Decision::Sibling { source, target },
        (None, None) => Decision::Unknown,
    }
}

/// Returns the decision for a program that is run by its bare name.
fn command_decision(provider: &Provider, name: &str, source: &str) -> Decision {
    let program = name.to_owned();
    match provider {
        Provider::Package { attr, .. } => Decision::Command {
            attr: Some(attr.clone()),
            source: None,
            program,
        },
        Provider::Source { source, .. } | Provider::Unpinned { source } => Decision::Command {
            attr: None,
            source: Some(source.clone()),
            program,
        },
        other => provider_decision(other, name, source),
    }
}

/// Returns the modules that `require` would find in this file: the ends of its path that begin with
/// the first component of a package that it declares.
fn modules_of(path: &str, scan: &FileScan) -> Vec<String> {
    let Some(stem) = path.strip_suffix(".pm") else {
        return Vec::new();
    };
    let heads: HashSet<&str> = scan
        .declares
        .iter()
        .filter_map(|package| package.split("::").next())
        .collect();
    let parts: Vec<&str> = stem.split('/').collect();
    let starts = (0..parts.len()).filter(|start| heads.contains(parts[*start]));
    starts.map(|start| parts[start..].join("::")).collect()
}

fn module_decision(provider: &ModuleProvider, module: &str, set: &str) -> Decision {
    let target = module.to_owned();
    match provider {
        ModuleProvider::Attr(attr) => Decision::Package {
            attr: format!("{set}.{attr}"),
            target,
        },
        ModuleProvider::Package(attr) => Decision::Package {
            attr: attr.clone(),
            target,
        },
        // A source without a pin is missing, which the graph reports.
        ModuleProvider::Source(source) | ModuleProvider::Missing(source) => Decision::Sibling {
            source: source.clone(),
            target,
        },
    }
}

/// The number of decisions of each rule, over all releases.
#[derive(Debug, Default, Clone)]
pub struct Uses(pub BTreeMap<RuleId, usize>);

impl Uses {
    /// Counts the rules behind `decided`.
    pub fn count<'d>(&mut self, decided: impl Iterator<Item = &'d Decided>) {
        for one in decided {
            for rule in [&one.context_rule, &one.rule].into_iter().flatten() {
                match self.0.get_mut(rule) {
                    Some(count) => *count += 1,
                    None => drop(self.0.insert(rule.clone(), 1)),
                }
            }
        }
    }

    /// Adds the counts of another release.
    pub fn merge(&mut self, other: &Self) {
        for (rule, count) in &other.0 {
            *self.0.entry(rule.clone()).or_default() += count;
        }
    }

    /// Counts one more use of `rule`.
    pub fn add(&mut self, rule: &RuleId) {
        *self.0.entry(rule.clone()).or_default() += 1;
    }

    /// Returns the rules that decided nothing.
    pub fn stale(&self, rules: &Rules) -> Vec<RuleId> {
        rules
            .ids()
            .into_iter()
            .filter(|name| !self.0.contains_key(name))
            .collect()
    }
}
