//! The files that Makefiles install: `install`, `ln` and `mkdir` in the recipes of install targets.
//!
//! Much of what a package puts on a machine is in no file of `debian/`: `make install` makes
//! `/var/log/pveproxy` with its owner, and copies the units. Variables are expanded as far as they can
//! be without running anything, and the recipes go through [`super::shell`].

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use syntax::make::{
    Line, Operator, Piece, RECIPE_FLAGS, Statement, arguments, lines, pieces, text,
};

use super::shell::{self, Command};
use super::tree_path;

/// A file, directory or link that a recipe installs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its kind.
    pub kind: ActionKind,
    /// The origin: the copied file (relative to the source if it lies there, otherwise as written),
    /// a link's target, or empty for a directory.
    pub origin: String,
    /// The destination itself, relative to `DESTDIR`: `usr/bin/qm`.
    pub dest: String,
    /// `install -m`, as written.
    pub mode: Option<String>,
    /// `install -o`.
    pub owner: Option<String>,
    /// `install -g`.
    pub group: Option<String>,
    /// The Makefile, relative to the source.
    pub path: String,
    /// 1-based line in it.
    pub line: u32,
}

/// The result of an [`Action`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionKind {
    /// A copied file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
}

/// A Makefile's statements, by their kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Makefile {
    /// Assignments that hold for every target, in order.
    pub variables: Vec<Variable>,
    /// Files named by `include` and `-include`, unexpanded.
    pub includes: Vec<String>,
    /// The rules, with their recipes.
    pub rules: Vec<Rule>,
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// How it assigns.
    pub operator: Operator,
    /// Unexpanded.
    pub value: String,
}

/// A rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The words before the colon, unexpanded.
    pub targets: Vec<String>,
    /// The text after the colon.
    pub prerequisites: String,
    /// The recipe's lines with their 1-based numbers. Continuations are joined to their line.
    pub recipe: Vec<(u32, String)>,
    /// 1-based line of the target.
    pub line: u32,
}

/// Reads a Makefile. Conditionals are passed over: both branches count, the first assignment
/// of a variable in a conditional wins only if no later one comes.
pub fn parse(source: &str) -> Makefile {
    let mut makefile = Makefile::default();
    for line in lines(source.as_bytes()) {
        makefile.take(source, &line);
    }
    makefile
}

impl Makefile {
    /// Adds the next line of `source`.
    pub(super) fn take(&mut self, source: &str, line: &Line) {
        let text = |range: &Range<usize>| text(source.as_bytes(), range.clone()).trim().to_owned();
        match &line.statement {
            Statement::Assignment(assignment) if assignment.targets.is_none() => {
                self.variables.push(Variable {
                    name: text(&assignment.name),
                    operator: assignment.operator,
                    value: text(&assignment.value),
                });
            }
            Statement::Rule(rule) => self.rules.push(Rule {
                targets: words(&text(&rule.targets)),
                prerequisites: text(&rule.prerequisites),
                recipe: rule
                    .recipe
                    .iter()
                    .map(|range| (line.number, text(range)))
                    .collect(),
                line: line.number,
            }),
            Statement::Recipe(range) => {
                let recipe = source.get(range.clone()).unwrap_or_default();
                if let Some(rule) = self.rules.last_mut() {
                    rule.recipe.push((line.number, recipe.to_owned()));
                }
            }
            Statement::Directive { keyword, arguments }
                if matches!(text(keyword).as_str(), "include" | "-include" | "sinclude") =>
            {
                self.includes.extend(words(&text(arguments)));
            }
            _ => {}
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Variables and their values, as far as these are known.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    values: BTreeMap<String, String>,
    /// The number of references followed in the current expansion.
    steps: Cell<u32>,
    /// The variables that the last expansion read.
    asked: RefCell<BTreeSet<String>>,
    /// For each variable whose value was expanded when it was set, the variables that were unset at
    /// that point.
    unset: BTreeMap<String, BTreeSet<String>>,
}

/// The longest value that a variable may have: `A = $(A)$(A)` must not fill the memory.
const MAX_VALUE: usize = 64 * 1024;
/// The most references that one expansion may follow. Empty values that name each other twice
/// double at every step.
const MAX_STEPS: u32 = 50_000;
/// The deepest chain of variables that refer to one another.
const MAX_DEPTH: u32 = 24;

impl Variables {
    /// Adds a Makefile's assignments in the order in which make reads them.
    pub fn assign(&mut self, makefile: &Makefile) {
        for variable in &makefile.variables {
            self.assign_one(variable);
        }
    }

    fn assign_one(&mut self, variable: &Variable) {
        let Variable {
            name,
            operator,
            value,
        } = variable;
        let value = match operator {
            Operator::Default if self.is_set(name) => return,
            Operator::Append => {
                let known = self.values.entry(name.clone()).or_default();
                if known.len() + value.len() < MAX_VALUE {
                    let separator = if known.is_empty() { "" } else { " " };
                    known.push_str(separator);
                    known.push_str(value);
                }
                return;
            }
            Operator::Simple => {
                let value = self.expand(value);
                let unset = self.unset();
                self.unset.insert(name.clone(), unset);
                value
            }
            // It runs a command: not known.
            Operator::Shell => format!("$(shell {value})"),
            Operator::Default | Operator::Recursive => value.clone(),
        };
        self.values.insert(name.clone(), value);
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), value.to_owned());
    }

    /// Returns the variables that the last expansion read, directly or through another.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.borrow().clone()
    }

    /// Returns those of [`Variables::asked`] that nothing sets. They are empty unless the
    /// environment sets them.
    pub fn unset(&self) -> BTreeSet<String> {
        let mut unset = BTreeSet::new();
        for name in self.asked.borrow().iter() {
            if !self.values.contains_key(name) {
                unset.insert(name.clone());
            }
            unset.extend(self.unset.get(name).into_iter().flatten().cloned());
        }
        unset
    }

    /// Whether something sets a variable.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Expands variables and simple functions in `text`. Unknown parts stay: `$(shell …)`, `$@`. As
    /// in make, an unset variable is empty.
    pub fn expand(&self, text: &str) -> String {
        let mut out = String::new();
        self.steps.set(0);
        self.asked.borrow_mut().clear();
        self.expand_into(text, 0, &BTreeMap::new(), &mut out);
        out
    }

    fn expand_into(&self, text: &str, depth: u32, local: &BTreeMap<&str, &str>, out: &mut String) {
        for piece in pieces(text.as_bytes()) {
            if out.len() > MAX_VALUE {
                return;
            }
            match piece {
                Piece::Reference { inner, .. } => {
                    let inner = text.get(inner).unwrap_or_default();
                    self.reference(inner, depth, local, out);
                }
                Piece::Text(range) | Piece::Dollar(range) | Piece::Short(range) => {
                    out.push_str(text.get(range).unwrap_or_default());
                }
            }
        }
    }

    /// Expands the inside of a `$(…)`.
    fn reference(&self, inner: &str, depth: u32, local: &BTreeMap<&str, &str>, out: &mut String) {
        self.steps.set(self.steps.get() + 1);
        if depth > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return;
        }
        let expand = |text: &str| {
            let mut value = String::new();
            self.expand_into(text, depth + 1, local, &mut value);
            value
        };
        if let Some((function, arguments)) = inner.split_once([' ', '\t']) {
            if let Some(value) = self.function(function, arguments.trim_start(), depth, local) {
                out.push_str(&value);
            } else {
                out.push_str("$(");
                out.push_str(inner);
                out.push(')');
            }
        } else if let Some((name, pattern)) = inner.split_once(':') {
            let value = expand(&format!("$({name})"));
            match pattern.split_once('=') {
                Some((from, to)) => out.push_str(&substitute(&value, &expand(from), &expand(to))),
                None => out.push_str(&value),
            }
        } else {
            let name = expand(inner);
            let local_value = local.get(name.as_str()).copied();
            let automatic = name.starts_with(['@', '<', '^', '*']);
            if local_value.is_none() && !automatic {
                self.asked.borrow_mut().insert(name.clone());
            }
            match local_value.or_else(|| self.values.get(&name).map(String::as_str)) {
                Some(value) => self.expand_into(value, depth + 1, local, out),
                // `$(@D)` and the like are automatic variables of make.
                None if automatic => {
                    out.push_str("$(");
                    out.push_str(&name);
                    out.push(')');
                }
                None => {}
            }
        }
    }

    /// Evaluates the functions whose value depends only on their arguments.
    fn function(
        &self,
        name: &str,
        list: &str,
        depth: u32,
        local: &BTreeMap<&str, &str>,
    ) -> Option<String> {
        let expand = |text: &str, local: &BTreeMap<&str, &str>| {
            let mut value = String::new();
            self.expand_into(text, depth + 1, local, &mut value);
            value
        };
        let parts = arguments(list);
        let part = |index: usize| {
            parts
                .get(index)
                .map(|text| expand(text, local))
                .unwrap_or_default()
        };
        let each = |list: &str, map: &dyn Fn(&str) -> String| {
            list.split_whitespace()
                .map(map)
                .collect::<Vec<_>>()
                .join(" ")
        };
        Some(match name {
            "addprefix" => each(&part(1), &|word| format!("{}{word}", part(0))),
            "addsuffix" => each(&part(1), &|word| format!("{word}{}", part(0))),
            "notdir" => each(&part(0), &|word| tree_path::file_name(word).to_owned()),
            "basename" => each(&part(0), &|word| {
                word.rsplit_once('.')
                    .map_or(word, |(stem, _)| stem)
                    .to_owned()
            }),
            "patsubst" => substitute(&part(2), &part(0), &part(1)),
            "subst" => {
                let from = part(0);
                if from.is_empty() {
                    part(2)
                } else {
                    part(2).replace(&from, &part(1))
                }
            }
            "strip" | "sort" => each(&part(0), &str::to_owned),
            "filter" | "filter-out" => {
                let patterns = part(0);
                let wanted = name == "filter";
                let chosen = |word: &str| {
                    let mut patterns = patterns.split_whitespace();
                    let matches = patterns.any(|pattern| fits(word, pattern)) == wanted;
                    if matches {
                        word.to_owned()
                    } else {
                        String::new()
                    }
                };
                let list = each(&part(1), &chosen);
                list.split_whitespace().collect::<Vec<_>>().join(" ")
            }
            "findstring" => {
                let wanted = part(0);
                if part(1).contains(&wanted) {
                    wanted
                } else {
                    String::new()
                }
            }
            "foreach" => {
                let (variable, list) = (part(0), part(1));
                let body = parts.get(2..)?.join(",");
                let mut values = Vec::new();
                for word in list.split_whitespace().take(512) {
                    let mut local = local.clone();
                    local.insert(variable.as_str(), word);
                    values.push(expand(&body, &local));
                }
                values.join(" ")
            }
            _ => return None,
        })
    }
}

/// Whether a word fits a pattern of `$(filter …)`.
fn fits(word: &str, pattern: &str) -> bool {
    match pattern.split_once('%') {
        Some((before, after)) => {
            word.len() >= before.len() + after.len()
                && word.starts_with(before)
                && word.ends_with(after)
        }
        None => word == pattern,
    }
}

/// Expands `$(VALUE:from=to)`, with `%` or as a suffix.
fn substitute(value: &str, from: &str, to: &str) -> String {
    let word = |word: &str| {
        let (before, after) = from.split_once('%').unwrap_or(("", from));
        let stem = word
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        match stem {
            Some(stem) if from.contains('%') => to.replacen('%', stem, 1),
            Some(stem) => format!("{stem}{to}"),
            None => word.to_owned(),
        }
    };
    value
        .split_whitespace()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A Makefile's path and text.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Relative to the source.
    pub path: &'a str,
    /// Its content.
    pub text: &'a str,
}

/// Returns the actions of these Makefiles' install targets, sorted by path and line.
///
/// `exists` says whether the source contains a path, so that origins can be relative to it.
pub fn actions(files: &[File], exists: &dyn Fn(&str) -> bool) -> Vec<Action> {
    let parsed: BTreeMap<&str, Makefile> = files
        .iter()
        .map(|file| (file.path, parse(file.text)))
        .collect();
    let mut actions = Vec::new();
    for (path, makefile) in &parsed {
        let installs = makefile.rules.iter().filter(|rule| is_install(rule));
        let mut rules = installs.peekable();
        if rules.peek().is_none() {
            continue;
        }
        let variables = variables(path, &parsed);
        for rule in rules {
            let makefile = Place { path, exists };
            recipe(rule, &variables, &makefile, &mut actions);
        }
    }
    actions
}

/// Whether a rule is part of `make install`.
fn is_install(rule: &Rule) -> bool {
    rule.targets.iter().any(|target| {
        target == "install" || target.starts_with("install") || target.ends_with("-install")
    })
}

/// Collects the variables that a Makefile sees: those of the Makefiles above it, those of its
/// includes, and its own.
fn variables(path: &str, parsed: &BTreeMap<&str, Makefile>) -> Variables {
    let mut variables = Variables::default();
    let directory = tree_path::parent(path);
    let mut above: Vec<&str> = directory.split('/').collect();
    let mut chain = Vec::new();
    while !directory.is_empty() && !above.is_empty() {
        above.pop();
        chain.push(above.join("/"));
    }
    for directory in chain.iter().rev() {
        let makefile = if directory.is_empty() {
            "Makefile".to_owned()
        } else {
            format!("{directory}/Makefile")
        };
        with_includes(&makefile, parsed, &mut variables, 0);
    }
    with_includes(path, parsed, &mut variables, 0);
    // dh passes DESTDIR to `make install`. Empty, it leaves paths relative to the package's root.
    variables.set("DESTDIR", "");
    variables.set("MAKE", "make");
    variables
}

fn with_includes(
    path: &str,
    parsed: &BTreeMap<&str, Makefile>,
    variables: &mut Variables,
    depth: u32,
) {
    let Some(makefile) = parsed.get(path).filter(|_| depth < 8) else {
        return;
    };
    for include in &makefile.includes {
        if let Some(included) =
            tree_path::beside(tree_path::parent(path), &variables.expand(include))
        {
            with_includes(&included, parsed, variables, depth + 1);
        }
    }
    variables.assign(makefile);
}

/// The Makefile that contains the recipe.
struct Place<'a> {
    path: &'a str,
    exists: &'a dyn Fn(&str) -> bool,
}

fn recipe(rule: &Rule, variables: &Variables, place: &Place, actions: &mut Vec<Action>) {
    for (line, text) in &rule.recipe {
        // Most lines copy nothing, and parsing shell is the expensive part.
        let expanded = variables.expand(text);
        if !["install", "mkdir", "ln "]
            .iter()
            .any(|word| expanded.contains(word))
        {
            continue;
        }
        for command in shell_commands(&expanded) {
            let line = line + command.line - 1;
            installs(&command, line, place, actions);
        }
    }
}

/// Parses the shell commands of one recipe line.
pub fn commands(text: &str, variables: &Variables) -> Vec<Command> {
    shell_commands(&variables.expand(text))
}

/// Strips make's own prefixes and undoubles dollar signs, then parses.
fn shell_commands(expanded: &str) -> Vec<Command> {
    let is_flag = |letter: char| RECIPE_FLAGS.contains(&letter) || matches!(letter, ' ' | '\t');
    let text = expanded.trim_start_matches(is_flag);
    shell::run(&text.replace("$$", "$")).commands
}

/// Adds the actions of an `install`, `mkdir` or `ln` in a recipe.
fn installs(command: &Command, line: u32, place: &Place, actions: &mut Vec<Action>) {
    if command.words.iter().any(|word| !word.known) {
        return;
    }
    let words = command.texts();
    let Some((program, arguments)) = words.split_first() else {
        return;
    };
    let action = |kind, origin: &str, dest: &str, options: &InstallOptions| Action {
        kind,
        origin: place.origin(origin, kind),
        dest: tree_path::join("", dest).unwrap_or_default(),
        mode: options.mode.clone(),
        owner: options.owner.clone(),
        group: options.group.clone(),
        path: place.path.to_owned(),
        line,
    };
    match *program {
        "install" => {
            let options = InstallOptions::read(arguments);
            for (origin, dest) in options.pairs() {
                let kind = if options.directory {
                    ActionKind::Directory
                } else {
                    ActionKind::File
                };
                actions.push(action(kind, &origin, &dest, &options));
            }
        }
        "mkdir" => {
            for directory in arguments.iter().filter(|word| word.starts_with('/')) {
                actions.push(action(
                    ActionKind::Directory,
                    "",
                    directory,
                    &InstallOptions::default(),
                ));
            }
        }
        "ln" if arguments
            .iter()
            .any(|word| word.starts_with('-') && word.contains('s')) =>
        {
            let paths: Vec<&str> = arguments
                .iter()
                .copied()
                .filter(|word| !word.starts_with('-'))
                .collect();
            if let [target, link] = paths.as_slice()
                && link.starts_with('/')
            {
                let name = if link.ends_with('/') {
                    tree_path::file_name(target)
                } else {
                    ""
                };
                actions.push(action(
                    ActionKind::Link,
                    target,
                    &format!("{link}{name}"),
                    &InstallOptions::default(),
                ));
            }
        }
        _ => {}
    }
}

impl Place<'_> {
    /// Returns a file named in a recipe, relative to the source if it is there.
    fn origin(&self, word: &str, kind: ActionKind) -> String {
        match tree_path::beside(tree_path::parent(self.path), word) {
            Some(path)
                if kind == ActionKind::File
                    && ((self.exists)(&path) || (self.exists)(&format!("{path}.in"))) =>
            {
                path
            }
            _ => word.to_owned(),
        }
    }
}

/// The arguments of `install(1)`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct InstallOptions {
    /// `-d`
    pub directory: bool,
    /// `-D`: creates the directories above the destination, which is thus the file itself.
    pub leading: bool,
    /// `-t DIRECTORY`
    pub target: Option<String>,
    /// `-m`
    pub mode: Option<String>,
    /// `-o`
    pub owner: Option<String>,
    /// `-g`
    pub group: Option<String>,
    /// The other arguments.
    pub paths: Vec<String>,
}

impl InstallOptions {
    /// Parses the words after `install`. Options may be clustered (`-dm755`) or contain their value
    /// (`-m0644`).
    pub fn read(arguments: &[&str]) -> Self {
        let mut options = Self::default();
        let mut words = arguments.iter().copied();
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                let (name, value) = long
                    .split_once('=')
                    .map_or((long, None), |(name, value)| (name, Some(value)));
                let letter = match name {
                    "directory" => 'd',
                    "mode" => 'm',
                    "owner" => 'o',
                    "group" => 'g',
                    "target-directory" => 't',
                    _ => continue,
                };
                options.option(
                    letter,
                    value.or_else(|| if letter == 'd' { None } else { words.next() }),
                );
            } else if let Some(cluster) =
                word.strip_prefix('-').filter(|cluster| !cluster.is_empty())
            {
                for (at, letter) in cluster.char_indices() {
                    if !"mogtS".contains(letter) {
                        options.option(letter, None);
                        continue;
                    }
                    let rest = cluster.get(at + 1..).filter(|rest| !rest.is_empty());
                    options.option(letter, rest.or_else(|| words.next()));
                    break;
                }
            } else {
                options.paths.push(word.to_owned());
            }
        }
        options
    }

    fn option(&mut self, letter: char, value: Option<&str>) {
        let value = value.map(str::to_owned);
        match letter {
            'd' => self.directory = true,
            'D' => self.leading = true,
            'm' => self.mode = value,
            'o' => self.owner = value,
            'g' => self.group = value,
            't' => self.target = value,
            _ => {}
        }
    }

    /// Returns the origin and destination of each file. A directory has no origin.
    fn pairs(&self) -> Vec<(String, String)> {
        let into = |directory: &str, path: &String| {
            (
                path.clone(),
                format!("{directory}/{}", tree_path::file_name(path)),
            )
        };
        if self.directory {
            return self
                .paths
                .iter()
                .map(|path| (String::new(), path.clone()))
                .collect();
        }
        if let Some(target) = &self.target {
            return self.paths.iter().map(|path| into(target, path)).collect();
        }
        let Some((dest, origins)) = self.paths.split_last() else {
            return Vec::new();
        };
        match origins {
            // The recipe does not show whether the destination is a directory. Unless its last
            // component looks like a file name, as the origin's does, `install` recipes mean a
            // directory.
            [origin] if !dest.ends_with('/') && (self.leading || names_a_file(dest, origin)) => {
                vec![(origin.clone(), dest.clone())]
            }
            origins => origins.iter().map(|origin| into(dest, origin)).collect(),
        }
    }
}

/// Whether `dest` is a file's name rather than a directory's: it has an extension or the origin's
/// name.
fn names_a_file(dest: &str, origin: &str) -> bool {
    let name = tree_path::file_name(dest);
    let stem = |name: &str| {
        name.split('.')
            .next()
            .unwrap_or_default()
            .trim_start_matches('_')
            .to_owned()
    };
    let directory = matches!(name.rsplit_once('.'), Some((_, "d" | "wants")));
    !directory && (name.contains('.') || stem(name) == stem(tree_path::file_name(origin)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(files: &[(&str, &str)]) -> Vec<(ActionKind, String, String)> {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File { path, text })
            .collect();
        let actions = actions(&files, &|path| {
            path == "units/a.service" || path == "units/b.timer"
        });
        actions
            .into_iter()
            .map(|action| (action.kind, action.origin, action.dest))
            .collect()
    }

    #[test]
    fn recipes_of_install_targets() {
        let top = "include defines.mk\nexport PACKAGE = demo\ninstall: x\n\tinstall -d -m 0700 -o web -g web $(DESTDIR)/var/log/$(PACKAGE)\n\
                   \tset -e && for i in $(SUBDIRS); do $(MAKE) -C $$i $@; done\nclean:\n\tinstall -d /nowhere\n";
        let units = "include ../defines.mk\nUNITS = \\\n\ta.service \\\n\tb.timer\ninstall: $(UNITS)\n\tinstall -m 0644 $(UNITS) $(UNITDIR)\n\
                     \tfor i in $(UNITS); do install -m0644 $$i ${DESTDIR}/etc/$$i; done\n\tln -s a $(DESTDIR)/usr/bin/b\n";
        let defines = "UNITDIR=$(DESTDIR)/usr/lib/systemd/system\n";
        let files = [
            ("Makefile", top),
            ("units/Makefile", units),
            ("defines.mk", defines),
        ];
        let dir = |dest: &str| (ActionKind::Directory, String::new(), dest.to_owned());
        let file =
            |origin: &str, dest: &str| (ActionKind::File, origin.to_owned(), dest.to_owned());
        assert_eq!(
            found(&files),
            [
                dir("var/log/demo"),
                file("units/a.service", "usr/lib/systemd/system/a.service"),
                file("units/b.timer", "usr/lib/systemd/system/b.timer"),
                file("units/a.service", "etc/a.service"),
                file("units/b.timer", "etc/b.timer"),
                (ActionKind::Link, "a".to_owned(), "usr/bin/b".to_owned()),
            ]
        );
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File { path, text })
            .collect();
        let log = &actions(&files, &|_| false)[0];
        assert_eq!(
            (
                log.mode.as_deref(),
                log.owner.as_deref(),
                log.group.as_deref(),
                log.line
            ),
            (Some("0700"), Some("web"), Some("web"), 4)
        );
    }

    #[test]
    fn clusters_and_attached_values() {
        let read = |words: &[&str]| InstallOptions::read(words);
        let directory = read(&["-dm755", "/usr/bin"]);
        assert!(directory.directory && directory.mode.as_deref() == Some("755"));
        assert_eq!(read(&["-D", "-m", "0644", "a", "b"]).paths, ["a", "b"]);
        assert_eq!(
            read(&["--mode=0755", "--owner", "web", "a", "b"])
                .owner
                .as_deref(),
            Some("web")
        );
        assert_eq!(
            read(&["-t", "/d", "a", "b"]).pairs(),
            [("a".into(), "/d/a".into()), ("b".into(), "/d/b".into())]
        );
    }

    #[test]
    fn a_single_file_goes_into_a_directory_or_gets_a_name() {
        let pairs = |words: &[&str]| InstallOptions::read(words).pairs().remove(0).1;
        assert_eq!(
            pairs(&["x.conf", "/usr/lib/sysctl.d/y.conf"]),
            "/usr/lib/sysctl.d/y.conf"
        );
        assert_eq!(
            pairs(&["x.rules", "/usr/lib/udev/rules.d"]),
            "/usr/lib/udev/rules.d/x.rules"
        );
        assert_eq!(pairs(&["qm", "/usr/sbin"]), "/usr/sbin/qm");
        assert_eq!(pairs(&["pct.zsh-completion", "/z/_pct"]), "/z/_pct");
    }

    #[test]
    fn functions_and_substitutions() {
        let mut variables = Variables::default();
        variables.assign(&parse("L = a.x b.x\nP := $(addprefix p/,$(L:.x=.y))\nQ = $(foreach i,$(L),$(i)+ ;)\nR = $(shell date)\nR += z\n"));
        assert_eq!(variables.expand("$(P)"), "p/a.y p/b.y");
        assert_eq!(variables.expand("$(Q)"), "a.x+ ; b.x+ ;");
        assert_eq!(
            variables.expand("$(patsubst %.x,q-%,$(L)) $(notdir u/v)"),
            "q-a q-b v"
        );
        assert_eq!(variables.expand("$(R)"), "$(shell date) z");
        assert_eq!(variables.expand("[$(NONE)] $$i $@"), "[] $$i $@");
    }

    #[test]
    fn references_in_a_circle_end() {
        let mut variables = Variables::default();
        variables.assign(&parse("A = $(B)$(B)\nB = $(A)$(A)\nC := $(C) $(C)\n"));
        assert!(variables.expand("$(A) $(C)").len() < 2 * MAX_VALUE);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC*|([A-Za-z$(){}:=+?! ,%#\t\n\\\\-]{0,120})") {
            let makefile = parse(&text);
            let mut variables = Variables::default();
            variables.assign(&makefile);
            let _ = variables.expand(&text);
            let _ = actions(&[File { path: "Makefile", text: &text }], &|_| true);
        }

        #[test]
        fn any_words_are_options(words in proptest::collection::vec("-{0,2}[a-z=/é]{0,5}", 0..6)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let _ = InstallOptions::read(&words).pairs();
        }
    }
}
