//! Lists the commands that a shell script runs, with their words as far as these are known.
//!
//! `tree-sitter-bash` parses the script. A small abstract run then follows assignments, `for` loops
//! over known words and calls of the script's own functions, so that a loop over `$UNITS` yields
//! one command for each unit. If a variable may have several values, the command is listed once for
//! each. Unknown parts of a word stay as written.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use tree_sitter::Node;

use syntax::shell::{Part, Quoting, functions, parts, unescape};
use syntax::{Grammar, children, parse};

/// A command that the script may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Command {
    /// 1-based line of its first word.
    pub line: u32,
    /// Its words, the program first; never empty.
    pub words: Vec<Word>,
    /// The files to which it writes its output: `> file`, `>> file`.
    pub writes: Vec<String>,
    /// The patterns of the `case` branches around it, outermost first: `configure`.
    pub branches: Vec<String>,
    /// Whether it runs only if a `dpkg --compare-versions` succeeds: on an upgrade from an older
    /// version.
    pub upgrade: bool,
    /// Whether it runs depends on something unknown: `if`, `case`, a loop, `||`, a test before
    /// `&&`.
    pub guarded: bool,
}

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Word {
    /// Its value. Unknown expansions stay as written.
    pub text: String,
    /// Whether all of it is known.
    pub known: bool,
}

impl Word {
    fn known(text: String) -> Self {
        Self { text, known: true }
    }

    fn unknown(written: &str) -> Self {
        Self {
            text: written.to_owned(),
            known: false,
        }
    }
}

impl Command {
    /// Returns the texts of the words.
    pub fn texts(&self) -> Vec<&str> {
        self.words.iter().map(|word| word.text.as_str()).collect()
    }
}

/// The result of an abstract run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// The commands in the script's order, each once.
    pub commands: Vec<Command>,
    /// The 1-based line and text of the first syntax error.
    pub unparsed: Option<(u32, String)>,
    /// Whether the run stopped early because of the script's size or depth.
    pub truncated: bool,
}

/// The most commands to collect, more than any maintainer script has. A hostile script could
/// multiply them without end.
const MAX_COMMANDS: usize = 20_000;
/// The deepest nesting of syntax and calls to follow.
const MAX_DEPTH: u32 = 150;
/// The most values of a variable, or alternatives of a command's words, to follow.
const MAX_VALUES: usize = 64;

/// Runs a script abstractly.
pub fn run(script: &str) -> Run {
    run_with(script, &BTreeMap::new())
}

/// As [`run`], with some variables set beforehand.
pub fn run_with(script: &str, variables: &BTreeMap<String, String>) -> Run {
    let Some(tree) = parse(Grammar::Bash, script.as_bytes()) else {
        return Run {
            unparsed: Some((1, "the parser gave up".into())),
            ..Run::default()
        };
    };
    let mut shell = Shell::new(script, variables);
    shell.define(tree.root_node());
    shell.statement(tree.root_node(), 0);
    shell.uncalled();
    if tree.root_node().has_error() {
        shell.run.unparsed = error(tree.root_node(), script);
    }
    shell.run
}

/// Finds the first syntax error.
fn error(root: Node, script: &str) -> Option<(u32, String)> {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            let text = script.get(node.byte_range()).unwrap_or_default();
            return Some((
                line(node),
                text.lines().next().unwrap_or_default().to_owned(),
            ));
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
        }
    }
}

fn line(node: Node) -> u32 {
    u32::try_from(node.start_position().row).unwrap_or(u32::MAX - 1) + 1
}

/// The state of the abstract run.
struct Shell<'s, 't> {
    script: &'s str,
    /// Every value that a variable may have. Variables that may have any value are absent.
    variables: HashMap<String, Vec<String>>,
    functions: HashMap<&'s str, Function<'t>>,
    seen: HashMap<(u32, Vec<String>), usize>,
    branches: Vec<String>,
    upgrade: bool,
    /// Whether the current statement may be skipped. An assignment then adds a value instead of
    /// replacing.
    maybe: bool,
    /// Whether an unknown condition decides if the current statement runs.
    guarded: bool,
    run: Run,
}

#[derive(Clone, Copy)]
struct Function<'t> {
    body: Node<'t>,
    called: bool,
}

impl<'s, 't> Shell<'s, 't> {
    fn new(script: &'s str, variables: &BTreeMap<String, String>) -> Self {
        Self {
            script,
            variables: variables
                .iter()
                .map(|(name, value)| (name.clone(), vec![value.clone()]))
                .collect(),
            functions: HashMap::new(),
            seen: HashMap::new(),
            branches: Vec::new(),
            upgrade: false,
            maybe: false,
            guarded: false,
            run: Run::default(),
        }
    }

    fn text(&self, node: Node) -> &'s str {
        self.script.get(node.byte_range()).unwrap_or_default()
    }

    /// Notes every function before the run: a script may call one that stands below.
    fn define(&mut self, root: Node<'t>) {
        for (name, body) in functions(root) {
            let function = Function {
                body,
                called: false,
            };
            self.functions.insert(self.text(name), function);
        }
    }

    /// Runs functions that nothing calls, at the end, so that no command is missed.
    fn uncalled(&mut self) {
        let mut bodies: Vec<Node> = self
            .functions
            .values()
            .filter(|function| !function.called)
            .map(|function| function.body)
            .collect();
        bodies.sort_by_key(Node::start_byte);
        for body in bodies {
            self.statement(body, 1);
        }
    }

    fn statement(&mut self, node: Node<'t>, depth: u32) {
        if depth > MAX_DEPTH || self.run.commands.len() >= MAX_COMMANDS {
            self.run.truncated = true;
            return;
        }
        match node.kind() {
            "command" => self.command(node, &[], depth),
            "redirected_statement" => self.redirected(node, depth),
            "variable_assignment" => self.assign(node, depth),
            "for_statement" => self.for_loop(node, depth),
            "case_item" => self.case_item(node, depth),
            "if_statement" | "elif_clause" => self.conditional(node, depth),
            "list" => self.list(node, depth),
            "while_statement" | "else_clause" => self.guarded(|shell| shell.children(node, depth)),
            // It runs where it is called.
            "function_definition" => {}
            _ => self.children(node, depth),
        }
    }

    fn children(&mut self, node: Node<'t>, depth: u32) {
        for child in children(node) {
            self.statement(child, depth + 1);
        }
    }

    fn perhaps(&mut self, what: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.maybe, true);
        what(self);
        self.maybe = before;
    }

    fn guarded(&mut self, what: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.guarded, true);
        self.perhaps(what);
        self.guarded = before;
    }

    /// Runs `if` and `elif`. A condition that compares versions marks the commands that it guards.
    fn conditional(&mut self, node: Node<'t>, depth: u32) {
        let mut cursor = node.walk();
        let children: Vec<Node> = node.children(&mut cursor).collect();
        let before = self.upgrade;
        let mut guards: Vec<&str> = Vec::new();
        let mut in_body = false;
        for child in children {
            match child.kind() {
                "then" => {
                    in_body = true;
                    self.upgrade = before || guards.iter().any(|guard| compares_versions(guard));
                }
                "elif_clause" | "else_clause" => {
                    self.upgrade = before;
                    self.guarded(|shell| shell.statement(child, depth + 1));
                }
                _ if !child.is_named() => {}
                _ if in_body => self.guarded(|shell| shell.statement(child, depth + 1)),
                _ => {
                    guards.push(self.text(child));
                    self.statement(child, depth + 1);
                }
            }
        }
        self.upgrade = before;
    }

    /// Runs `a && b`. Commands after a version comparison run on upgrades only.
    fn list(&mut self, node: Node<'t>, depth: u32) {
        let children = children(node);
        let before = self.upgrade;
        let guarded = children
            .first()
            .is_some_and(|first| is_test(first.kind(), self.text(*first)))
            || self.text(node).contains("||");
        for (index, child) in children.iter().enumerate() {
            if index == 0 {
                self.statement(*child, depth + 1);
                self.upgrade = before || compares_versions(self.text(*child));
            } else if guarded {
                self.guarded(|shell| shell.statement(*child, depth + 1));
            } else {
                self.perhaps(|shell| shell.statement(*child, depth + 1));
            }
        }
        self.upgrade = before;
    }

    fn case_item(&mut self, node: Node<'t>, depth: u32) {
        let patterns = fields(node, "value");
        let texts: Vec<&str> = patterns.iter().map(|value| self.text(*value)).collect();
        self.branches.push(texts.join("|"));
        for child in children(node) {
            if patterns.contains(&child) {
                continue;
            }
            self.guarded(|shell| shell.statement(child, depth + 1));
        }
        self.branches.pop();
    }

    fn for_loop(&mut self, node: Node<'t>, depth: u32) {
        let mut words = Vec::new();
        for value in fields(node, "value") {
            for alternative in self.words(value, depth) {
                words.extend(alternative);
            }
        }
        words.truncate(MAX_VALUES);
        let (Some(variable), Some(body)) = (
            node.child_by_field_name("variable"),
            node.child_by_field_name("body"),
        ) else {
            return self.children(node, depth);
        };
        let name = self.text(variable).to_owned();
        if words.is_empty() || words.iter().any(|word| !word.known) {
            self.variables.remove(&name);
            return self.guarded(|shell| shell.children(body, depth + 1));
        }
        for word in words {
            self.variables.insert(name.clone(), vec![word.text]);
            self.perhaps(|shell| shell.children(body, depth + 1));
        }
    }

    /// Runs an assignment. If it may be skipped, the earlier values remain possible.
    fn assign(&mut self, node: Node<'t>, depth: u32) {
        let Some(name) = node.child_by_field_name("name") else {
            return;
        };
        let name = self.text(name).to_owned();
        let value = node.child_by_field_name("value");
        let mut values = Vec::new();
        if let Some(value) = value {
            self.substitutions(value, depth);
            for word in self.values(value, depth) {
                if !word.known {
                    self.variables.remove(&name);
                    return;
                }
                values.push(word.text);
            }
        } else {
            values.push(String::new());
        }
        let known = self.variables.entry(name).or_default();
        if !self.maybe {
            known.clear();
        }
        for value in values {
            if !known.contains(&value) && known.len() < MAX_VALUES {
                known.push(value);
            }
        }
    }

    fn redirected(&mut self, node: Node<'t>, depth: u32) {
        let mut writes = Vec::new();
        for redirect in fields(node, "redirect") {
            self.substitutions(redirect, depth);
            writes.extend(self.written(redirect, depth));
        }
        match node.child_by_field_name("body") {
            Some(body) if body.kind() == "command" => self.command(body, &writes, depth),
            Some(body) => {
                self.statement(body, depth + 1);
                self.written_by_group(node, &writes);
            }
            None => self.written_by_group(node, &writes),
        }
    }

    /// Records a file that a group of commands writes to, or a redirection without a command (`>
    /// file`).
    fn written_by_group(&mut self, node: Node<'t>, writes: &[String]) {
        if !writes.is_empty() {
            self.push(line(node), vec![Word::known(":".into())], writes);
        }
    }

    /// Returns the file that a redirection writes, unless it is a descriptor or `/dev/null`.
    fn written(&mut self, redirect: Node<'t>, depth: u32) -> Option<String> {
        if redirect.kind() != "file_redirect"
            || !self.text(redirect).contains('>')
            || self.text(redirect).contains(">&")
        {
            return None;
        }
        let target = redirect.child_by_field_name("destination")?;
        let word = self.values(target, depth).into_iter().next()?;
        (word.text != "/dev/null").then_some(word.text)
    }

    fn command(&mut self, node: Node<'t>, writes: &[String], depth: u32) {
        let mut commands: Vec<Vec<Word>> = vec![Vec::new()];
        let mut writes = writes.to_vec();
        for child in children(node) {
            self.substitutions(child, depth);
            match child.kind() {
                // `NAME=value command` sets a variable for that command only.
                "variable_assignment" | "heredoc_redirect" | "herestring_redirect" => {}
                "file_redirect" => writes.extend(self.written(child, depth)),
                _ => commands = self.vary(&commands, child, depth),
            }
        }
        for words in commands {
            self.execute(line(node), words, &writes, depth);
        }
    }

    /// Extends each command so far by each value of the next word.
    fn vary(&mut self, commands: &[Vec<Word>], node: Node<'t>, depth: u32) -> Vec<Vec<Word>> {
        let alternatives = self.words(node, depth);
        let mut varied = Vec::new();
        for command in commands {
            for words in &alternatives {
                if varied.len() < MAX_VALUES {
                    varied.push(command.iter().chain(words).cloned().collect());
                }
            }
        }
        varied
    }

    /// Runs a function's body, or records the command.
    fn execute(&mut self, line: u32, words: Vec<Word>, writes: &[String], depth: u32) {
        let Some(program) = words.first().filter(|word| !word.text.is_empty()) else {
            return;
        };
        if let Some(function) = self.functions.get_mut(program.text.as_str()) {
            function.called = true;
            let body = function.body;
            // Limits recursion by counting each call as 20 levels; functions in maintainer scripts
            // are flat.
            if depth + 20 < MAX_DEPTH {
                let before = self.positional(&words);
                self.statement(body, depth + 20);
                for (name, values) in before {
                    match values {
                        Some(values) => self.variables.insert(name, values),
                        None => self.variables.remove(&name),
                    };
                }
            } else {
                self.run.truncated = true;
            }
            return;
        }
        self.push(line, words, writes);
    }

    /// Sets `$1` … to a call's arguments. Returns their previous values.
    fn positional(&mut self, words: &[Word]) -> Vec<(String, Option<Vec<String>>)> {
        let mut before = Vec::new();
        for index in 1..10_usize {
            let name = index.to_string();
            before.push((name.clone(), self.variables.remove(&name)));
            match words.get(index) {
                Some(word) if word.known => {
                    self.variables.insert(name, vec![word.text.clone()]);
                }
                _ => {}
            }
        }
        before
    }

    fn push(&mut self, line: u32, words: Vec<Word>, writes: &[String]) {
        let key = (
            line,
            words
                .iter()
                .map(|word| word.text.clone())
                .collect::<Vec<_>>(),
        );
        if let Some(earlier) = self
            .seen
            .get(&key)
            .and_then(|index| self.run.commands.get_mut(*index))
        {
            earlier.upgrade &= self.upgrade;
            earlier.guarded &= self.guarded;
            return;
        }
        self.seen.insert(key, self.run.commands.len());
        let (branches, upgrade) = (self.branches.clone(), self.upgrade);
        self.run.commands.push(Command {
            line,
            words,
            writes: writes.to_vec(),
            branches,
            upgrade,
            guarded: self.guarded,
        });
    }

    /// Runs the commands in `$(…)` and backticks below a word.
    fn substitutions(&mut self, node: Node<'t>, depth: u32) {
        if depth > MAX_DEPTH {
            self.run.truncated = true;
            return;
        }
        if matches!(node.kind(), "command_substitution" | "process_substitution") {
            return self.children(node, depth + 1);
        }
        for child in children(node) {
            self.substitutions(child, depth + 1);
        }
    }

    /// Returns the words that a node of a command expands to, one list for each possible value.
    /// `$UNITS` splits at blanks.
    fn words(&mut self, node: Node<'t>, depth: u32) -> Vec<Vec<Word>> {
        let splits = matches!(node.kind(), "simple_expansion" | "expansion");
        let values = self.values(node, depth);
        if !splits {
            return values.into_iter().map(|word| vec![word]).collect();
        }
        let split = |word: Word| {
            if !word.known {
                return vec![word];
            }
            let parts = word.text.split_whitespace();
            parts.map(|part| Word::known(part.to_owned())).collect()
        };
        values.into_iter().map(split).collect()
    }

    /// Every value a word may have, its parts joined in every combination; never empty.
    fn values(&mut self, node: Node<'t>, depth: u32) -> Vec<Word> {
        self.run.truncated |= depth > MAX_DEPTH;
        if depth > MAX_DEPTH || !is_word(node) {
            return vec![Word::unknown(self.text(node))];
        }
        let mut values = vec![Word::known(String::new())];
        for part in parts(node) {
            let parts = self.part(&part);
            let mut next = Vec::new();
            for (value, part) in values
                .iter()
                .flat_map(|value| parts.iter().map(move |part| (value, part)))
            {
                if next.len() < MAX_VALUES {
                    next.push(Word {
                        text: format!("{}{}", value.text, part.text),
                        known: value.known && part.known,
                    });
                }
            }
            values = next;
        }
        values
    }

    fn part(&self, part: &Part) -> Vec<Word> {
        match part {
            Part::Text { range, quoting } => {
                let text = self.script.get(range.clone()).unwrap_or_default();
                vec![match quoting {
                    Quoting::AnsiC => Word::unknown(text),
                    _ => Word::known(unescape(text, *quoting)),
                }]
            }
            Part::Expansion(node) => self.variable(*node),
        }
    }

    /// `$name` and `${name}`; other expansions are not known.
    fn variable(&self, node: Node) -> Vec<Word> {
        let written = self.text(node);
        let name = written
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'))
            .or_else(|| written.strip_prefix('$'));
        match name.and_then(|name| self.variables.get(name)) {
            Some(values) if !values.is_empty() => values.iter().cloned().map(Word::known).collect(),
            _ => vec![Word::unknown(written)],
        }
    }
}

fn fields<'t>(node: Node<'t>, name: &str) -> Vec<Node<'t>> {
    node.children_by_field_name(name, &mut node.walk())
        .collect()
}

/// Whether a node is a word whose parts give its value; arrays and patterns are none.
fn is_word(node: Node) -> bool {
    matches!(
        node.kind(),
        "word"
            | "number"
            | "variable_name"
            | "special_variable_name"
            | "string_content"
            | "raw_string"
            | "command_name"
            | "concatenation"
            | "string"
            | "simple_expansion"
            | "expansion"
    )
}

/// Whether a command does no more than ask: what follows it by `&&` need not run.
fn is_test(kind: &str, text: &str) -> bool {
    let program = text.split_whitespace().next();
    kind == "test_command" || matches!(program, Some("[" | "test" | "grep" | "command" | "which"))
}

fn compares_versions(condition: &str) -> bool {
    condition.contains("--compare-versions")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commands(script: &str) -> Vec<String> {
        let run = run(script);
        assert_eq!(run.unparsed, None, "{script}");
        run.commands
            .iter()
            .map(|command| command.texts().join(" "))
            .collect()
    }

    #[test]
    fn code_points_beyond_latin_are_read() {
        // Each of these once made the grammar's scanner read outside of a table.
        for digit in ['\u{10fffd}', '\u{e9}', '\u{1f600}', '\u{3042}'] {
            for before in ["echo {", "echo {1..", "x=${y:", "<<", "[[ a =~ "] {
                let script = format!("{before}{digit}");
                let _ = run(&script);
            }
        }
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(
            commands("a 'b c' \"d e\" f\\ g h\"i\"j\n"),
            ["a b c d e f g hij"]
        );
        assert_eq!(run("a 'b c'").commands[0].texts(), ["a", "b c"]);
        assert_eq!(
            commands("x 'system\\x2dfoo.slice' \"a\\$b\"\n"),
            ["x system\\x2dfoo.slice a$b"]
        );
    }

    #[test]
    fn variables_loops_and_unknowns() {
        let script = "U=\"a.service b.timer\"\nN=c.path\nfor unit in ${U} $N; do\n  enable \"$unit\" || true\ndone\nend \"$2\" x$3\n";
        assert_eq!(
            commands(script),
            [
                "enable a.service",
                "true",
                "enable b.timer",
                "enable c.path",
                "end $2 x$3"
            ]
        );
        assert!(!run(script).commands.last().unwrap().words[1].known);
    }

    #[test]
    fn a_branch_may_be_passed_by() {
        let script = "if [ -n \"$2\" ]; then\n  act=restart\nelse\n  act=start\nfi\nsystemctl $act x.service\n";
        let found = commands(script);
        assert!(
            found.contains(&"systemctl restart x.service".to_owned()),
            "{found:?}"
        );
        assert!(
            found.contains(&"systemctl start x.service".to_owned()),
            "{found:?}"
        );
    }

    #[test]
    fn functions_run_where_they_are_called() {
        let script = "f() {\n  mkdir -p \"/var/lib/$1\"\n}\ng() { unused; }\nif dpkg --compare-versions \"$2\" lt 2; then\n  f old\nfi\nf new\n";
        let run = run(script);
        let of = |text: &str| {
            run.commands
                .iter()
                .find(|command| command.texts().join(" ") == text)
                .unwrap()
        };
        assert!(of("mkdir -p /var/lib/old").upgrade);
        assert!(!of("mkdir -p /var/lib/new").upgrade);
        assert_eq!(of("unused").line, 4);
    }

    #[test]
    fn recursion_ends() {
        let run = run("f() { echo x; f; f; }\nf\n");
        assert!(run.truncated);
    }

    #[test]
    fn branches_and_redirections_are_noted() {
        let script = "case \"$1\" in\n  configure|triggered)\n    echo x >> /etc/file\n    y > /dev/null 2>&1\n  ;;\nesac\n{ a; b; } > /out\n";
        let run = run(script);
        assert_eq!(run.commands[0].branches, ["configure|triggered"]);
        assert_eq!(run.commands[0].writes, ["/etc/file"]);
        assert!(run.commands[1].writes.is_empty());
        assert_eq!(run.commands.last().unwrap().writes, ["/out"]);
    }

    #[test]
    fn commands_inside_words_count() {
        assert_eq!(
            commands("x=\"$(id -u \"$y\")\"\nz \"`w`\"\n"),
            ["id -u $y", "w", "z `w`"]
        );
    }

    #[test]
    fn what_does_not_parse_is_named() {
        assert!(run("ok\nif then (\n").unparsed.is_some());
    }

    #[test]
    fn deep_nesting_is_cut_off() {
        let script = format!("{}x{}\n", "(".repeat(5000), ")".repeat(5000));
        assert!(run(&script).truncated);
        let script = format!("a {}x{}\n", "\"$(b ".repeat(3000), ")\"".repeat(3000));
        let _ = run(&script);
    }

    proptest! {
        #[test]
        fn any_text_is_read(script in "\\PC{0,80}|([a-z $(){}\"'`;|&<>=\n\\\\]{0,80})|((if|then|fi|for|in|do|done|case|esac|f\\(\\)|\\{|\\}|x=1|\\$x|;;|;|\n| ){0,30})") {
            let _ = run(&script);
        }
    }
}
