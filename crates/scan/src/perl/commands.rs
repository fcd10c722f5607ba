//! Finds the commands that a Perl file runs, as far as its text shows them.
//!
//! A command is a sequence of words: an array literal, the values that an array receives through
//! assignments and `push`, a list of arguments, or a shell command line. Its first word is the
//! program. A program that runs another (`rules/calls.toml`) has the other one after its options.

mod looks;
mod words;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use self::words::{Line, Word, WordKind, after_prefix, after_runner};
pub use self::words::{is_program, quoted_words};
use super::shell::{self, Unit};
use super::site::{arguments, call_name, is_variable, plain_name, unquoted};
use super::tree::{Id, K, Tree};
use crate::Form;
use crate::calls::{Call, Calls, CommandForm};

/// The longest chain of variables to follow.
const FARTHEST: u32 = 6;

/// The deepest nesting of conditions and lists within a command.
const DEEPEST: u32 = 40;

/// A word of a command.
#[derive(Debug, Clone)]
pub struct InCommand {
    /// The offset of its end.
    pub end: usize,
    /// Whether it is a program's name.
    pub program: bool,
    pub word: u32,
    pub before: String,
    /// The call that runs the command, if known.
    pub call: Option<String>,
    pub form: Form,
    /// The node that contains it.
    pub node: Id,
}

/// A point at which a variable gets values.
#[derive(Debug, Clone, Copy)]
struct Event {
    at: Id,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Declare,
    Set(Id),
    Concatenate(Id),
    Append,
    Prepend,
}

struct Finder<'t> {
    tree: &'t Tree<'t>,
    calls: &'t Calls,
    heredocs: &'t HashMap<Id, Id>,
    events: HashMap<Vec<u8>, Vec<Event>>,
    followed: HashSet<(Id, bool)>,
    literals: HashSet<Id>,
    found: BTreeMap<usize, InCommand>,
    /// The current depth of `flatten`.
    depth: u32,
}

/// Returns every word of every command in the file, by offset. `heredocs` maps each heredoc's token
/// to its body.
pub fn find(
    tree: &Tree<'_>,
    calls: &Calls,
    heredocs: &HashMap<Id, Id>,
) -> BTreeMap<usize, InCommand> {
    let mut finder = Finder {
        tree,
        calls,
        heredocs,
        events: HashMap::new(),
        followed: HashSet::new(),
        literals: HashSet::new(),
        found: BTreeMap::new(),
        depth: 0,
    };
    for id in 0..tree.len() {
        finder.record(id);
    }
    for id in 0..tree.len() {
        finder.run_by_call(id);
    }
    for id in 0..tree.len() {
        finder.run_by_looks(id);
    }
    finder.found
}

impl Finder<'_> {
    /// Records the effect of `id` on a variable.
    fn record(&mut self, id: Id) {
        let tree = self.tree;
        match tree.kind(id) {
            K::Declaration => {
                let variables: Vec<Id> = tree
                    .children(id)
                    .filter(|child| is_variable(tree, *child))
                    .collect();
                for variable in variables {
                    self.note(
                        variable,
                        Event {
                            at: id,
                            what: What::Declare,
                        },
                    );
                }
            }
            K::Assignment => {
                let mut sides = tree
                    .children(id)
                    .filter(|child| tree.kind(*child) != K::Comment);
                let (Some(left), Some(right)) = (sides.next(), sides.last()) else {
                    return;
                };
                let operator = tree
                    .slice(tree.span(left).end..tree.span(right).start)
                    .trim_ascii_start();
                let what = if operator.starts_with(b".=") {
                    What::Concatenate(right)
                } else {
                    What::Set(right)
                };
                let variable = match tree.kind(left) {
                    K::Declaration => {
                        let mut variables = tree
                            .children(left)
                            .filter(|child| is_variable(tree, *child));
                        variables.next().filter(|_| variables.next().is_none())
                    }
                    K::Scalar | K::Array => Some(left),
                    _ => None,
                };
                if let Some(variable) = variable {
                    self.note(variable, Event { at: id, what });
                }
            }
            K::Call => {
                let what = match tree.child(id, K::Function).map(|name| tree.text(name)) {
                    Some(b"push") => What::Append,
                    Some(b"unshift") => What::Prepend,
                    _ => return,
                };
                if let Some(array) = arguments(tree, id).first() {
                    self.note(*array, Event { at: id, what });
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, variable: Id, event: Event) {
        if let Some(key) = self.key(variable) {
            self.events.entry(key).or_default().push(event);
        }
    }

    /// Returns `$x` for the scalar and the array that it refers to, `@x` for the array.
    fn key(&self, mut id: Id) -> Option<Vec<u8>> {
        let tree = self.tree;
        while matches!(tree.kind(id), K::ArrayDeref | K::Refgen) {
            id = tree.children(id).next()?;
        }
        if tree.kind(id) == K::Declaration {
            id = tree.children(id).find(|child| is_variable(tree, *child))?;
        }
        let scalar = |id: Id| {
            tree.child(id, K::Block)
                .is_none()
                .then(|| tree.text(id).to_vec())
        };
        match tree.kind(id) {
            K::Scalar => scalar(id),
            K::Array => match tree.below(id).find(|below| tree.kind(*below) == K::Scalar) {
                Some(inner)
                    if tree
                        .below(id)
                        .all(|below| tree.kind(below) != K::HashElement) =>
                {
                    scalar(inner)
                }
                Some(_) => None,
                None => Some(tree.text(id).to_vec()),
            },
            _ => None,
        }
    }

    fn block(&self, id: Id) -> Id {
        self.tree
            .ancestors(id)
            .find(|up| matches!(self.tree.kind(*up), K::Block | K::Root))
            .unwrap_or(0)
    }

    /// Returns the events of the variable that `key` refers to at `at`, within the scope of its
    /// declaration.
    fn history(&self, key: &[u8], at: Id) -> Vec<Event> {
        let Some(events) = self.events.get(key) else {
            return Vec::new();
        };
        let scopes = self
            .tree
            .ancestors(at)
            .filter(|up| matches!(self.tree.kind(*up), K::Block | K::Root));
        for scope in scopes {
            let within = self.tree.below(scope);
            let declared = events.iter().rev().find(|event| {
                matches!(event.what, What::Declare)
                    && event.at <= at
                    && self.block(event.at) == scope
            });
            if let Some(declared) = declared {
                // The assignment around a declaration comes before it.
                let first = self
                    .tree
                    .parent(declared.at)
                    .filter(|up| self.tree.kind(*up) == K::Assignment)
                    .unwrap_or(declared.at);
                return events
                    .iter()
                    .filter(|event| event.at >= first && within.contains(&event.at))
                    .copied()
                    .collect();
            }
        }
        Vec::new()
    }

    // Calls that run commands.

    fn run_by_call(&mut self, id: Id) {
        match self.tree.kind(id) {
            K::Command => self.shell(id, Some("qx")),
            K::HeredocToken if self.tree.text(id).contains(&b'`') => self.shell(id, Some("qx")),
            K::Call | K::MethodCall | K::CodeCall => {
                let method = self.tree.kind(id) == K::MethodCall;
                let Some(name) = call_name(self.tree, id) else {
                    return;
                };
                if let Some(call) = self.calls.call(&name, method) {
                    self.run_call(id, &name, call);
                }
            }
            _ => {}
        }
    }

    fn run_call(&mut self, id: Id, name: &str, call: &Call) {
        let all = arguments(self.tree, id);
        let mut from = call.argument;
        while all.get(from).is_some_and(|arg| {
            call.skip
                .iter()
                .any(|skip| skip.as_bytes() == self.tree.text(*arg))
        }) {
            from += 1;
        }
        let rest = all.get(from..).unwrap_or_default();
        match call.form {
            CommandForm::Command => {
                if let Some(command) = rest.first() {
                    self.command(*command, Some(name), 0);
                }
            }
            CommandForm::Words => {
                self.indirect_program(id, name);
                self.words_or_line(rest, Some(name));
            }
            CommandForm::Shell => {
                if let Some(line) = rest.first() {
                    self.shell(*line, Some(name));
                }
            }
            CommandForm::Open => self.open(rest, name),
            CommandForm::Arguments => {
                for words in rest {
                    self.leave_alone(*words);
                }
            }
        }
    }

    /// Ignores an array of arguments whose program the callee knows.
    fn leave_alone(&mut self, id: Id) {
        self.literals.insert(id);
        let Some(key) = self.key(id) else { return };
        let history = self.history(&key, id);
        self.followed
            .extend(history.first().map(|first| (first.at, true)));
        self.literals
            .extend(history.iter().filter_map(|event| match event.what {
                What::Set(right) => Some(right),
                _ => None,
            }));
    }

    /// Handles the block of `exec { 'program' } @words`.
    fn indirect_program(&mut self, id: Id, name: &str) {
        let tree = self.tree;
        let Some(block) = tree.child(id, K::IndirectObject) else {
            return;
        };
        let program = tree
            .below(block)
            .find(|below| matches!(tree.kind(*below), K::Literal | K::Interpolated | K::Scalar));
        if let Some(program) = program.filter(|program| {
            tree.ancestors(*program)
                .take(4)
                .all(|up| tree.kind(up) != K::ArrayElement)
        }) {
            let mut words = Vec::new();
            self.flatten(program, self.block(id), &mut words);
            self.analyse(words, Some(name), 0);
        }
    }

    fn words_or_line(&mut self, arguments: &[Id], name: Option<&str>) {
        match arguments {
            [] => {}
            [only] if !matches!(self.tree.kind(*only), K::Array | K::ArrayDeref | K::Words) => {
                self.command(*only, name, 0);
            }
            [only] if self.tree.kind(*only) != K::Words => self.follow(*only, name, 0),
            _ => {
                let mut words = Vec::new();
                for argument in arguments {
                    self.flatten(*argument, self.block(*argument), &mut words);
                }
                self.analyse(words, name, 0);
            }
        }
    }

    fn open(&mut self, rest: &[Id], name: &str) {
        let Some((mode, command)) = rest.split_first() else {
            return;
        };
        let text = unquoted(self.tree, *mode);
        let text = text.trim();
        match command {
            [] if text.starts_with('|') || text.ends_with('|') => self.shell(*mode, Some(name)),
            [] => {}
            _ if text == "-|" || text == "|-" => self.words_or_line(command, Some(name)),
            _ => {}
        }
    }

    /// Handles an argument that is a command: words by reference, or a line for the shell.
    fn command(&mut self, id: Id, call: Option<&str>, depth: u32) {
        if depth > FARTHEST {
            return;
        }
        let tree = self.tree;
        match tree.kind(id) {
            K::AnonArray => self.array(id, call, depth),
            K::Literal | K::Interpolated | K::HeredocToken | K::Command | K::Binary => {
                self.shell(id, call);
            }
            K::Scalar | K::Refgen => self.follow(id, call, depth),
            K::Parenthesized | K::Localization => {
                for child in tree.children(id) {
                    self.command(child, call, depth + 1);
                }
            }
            K::Conditional => {
                for child in tree.children(id).skip(1) {
                    self.command(child, call, depth + 1);
                }
            }
            K::Assignment => {
                if let Some(right) = tree.children(id).last() {
                    self.command(right, call, depth + 1);
                }
            }
            K::Call
                if tree
                    .child(id, K::Function)
                    .is_some_and(|name| tree.text(name) == b"join") =>
            {
                if let Some((_, words)) = arguments(tree, id).split_first() {
                    let words: Vec<Id> = words.to_vec();
                    self.words_or_line(&words, call);
                }
            }
            _ => {}
        }
    }

    fn array(&mut self, id: Id, call: Option<&str>, depth: u32) {
        if !self.literals.insert(id) {
            return;
        }
        let mut words = Vec::new();
        self.flatten_array(id, self.block(id), &mut words);
        self.analyse(words, call, depth);
    }

    /// Follows a variable that contains a command, through everything that is assigned, pushed or
    /// appended to it.
    fn follow(&mut self, id: Id, call: Option<&str>, depth: u32) {
        let Some(key) = self.key(id) else { return };
        let history = self.history(&key, id);
        let (Some(first), true) = (history.first(), depth <= FARTHEST) else {
            return;
        };
        if !self.followed.insert((first.at, call.is_some())) {
            return;
        }
        let mut words: Vec<Word> = Vec::new();
        for event in history {
            let block = self.block(event.at);
            match event.what {
                What::Declare => {}
                What::Set(right) => {
                    self.analyse(std::mem::take(&mut words), call, depth);
                    self.base(id, right, block, &mut words, call, depth);
                }
                What::Concatenate(right) => self.shell(right, call),
                What::Append | What::Prepend => {
                    let mut more = Vec::new();
                    for argument in arguments(self.tree, event.at).into_iter().skip(1) {
                        self.flatten(argument, block, &mut more);
                    }
                    let at = if matches!(event.what, What::Append) {
                        words.len()
                    } else {
                        0
                    };
                    words.splice(at..at, more);
                }
            }
        }
        self.analyse(words, call, depth);
    }

    /// Returns the initial words of a variable.
    fn base(
        &mut self,
        id: Id,
        right: Id,
        block: Id,
        words: &mut Vec<Word>,
        call: Option<&str>,
        depth: u32,
    ) {
        let tree = self.tree;
        match tree.kind(right) {
            K::AnonArray => {
                self.literals.insert(right);
                self.flatten_array(right, block, words);
            }
            K::Parenthesized | K::List | K::Words | K::Array | K::ArrayDeref => {
                self.flatten(right, block, words);
            }
            K::Conditional => {
                for branch in tree.children(right).skip(1) {
                    self.analyse(std::mem::take(words), call, depth);
                    self.base(id, branch, block, words, call, depth + 1);
                }
            }
            K::Call | K::MethodCall | K::CodeCall | K::HashElement
                if tree
                    .child(right, K::Function)
                    .is_none_or(|f| tree.text(f) != b"join") =>
            {
                // The function's result is unknown, but its name may mark it as a runner.
                let callee = call_name(tree, right).unwrap_or_default();
                let own = plain_name(tree, id).unwrap_or_default();
                let text = if self.calls.names_runner(&callee) {
                    callee
                } else {
                    own
                };
                words.push(Word {
                    kind: WordKind::Splice,
                    ..Self::dynamic(right, block, text)
                });
            }
            _ => self.command(right, call, depth + 1),
        }
    }

    // Shell command lines.

    fn shell(&mut self, id: Id, call: Option<&str>) {
        let mut units = Vec::new();
        self.units(id, &mut units, 0);
        self.shell_units(&units, id, call, 0);
    }

    fn shell_units(&mut self, units: &[Unit], node: Id, call: Option<&str>, depth: u32) {
        let block = self.block(node);
        for command in shell::commands(units) {
            let words = command
                .into_iter()
                .map(|word| self.shell_word(word, node, block))
                .collect();
            self.analyse(words, call, depth);
        }
    }

    /// Splits the shell text of a string, a heredoc or a concatenation into units.
    fn units(&self, id: Id, units: &mut Vec<Unit>, depth: u32) {
        let tree = self.tree;
        match tree.kind(id) {
            K::Literal | K::Interpolated | K::Command => {
                if let Some(content) = tree.child(id, K::StringContent) {
                    self.content(content, units);
                }
            }
            K::HeredocToken => {
                if let Some(body) = self.heredocs.get(&id) {
                    self.content(*body, units);
                }
            }
            K::Binary | K::Parenthesized if depth < 200 && !tree.text(id).is_empty() => {
                let children: Vec<Id> = tree
                    .children(id)
                    .filter(|child| tree.kind(*child) != K::Comment)
                    .collect();
                for child in children {
                    self.units(child, units, depth + 1);
                }
            }
            _ => units.push(Unit {
                byte: None,
                span: tree.span(id),
                node: Some(id),
            }),
        }
    }

    fn content(&self, content: Id, units: &mut Vec<Unit>) {
        let tree = self.tree;
        let span = tree.span(content);
        let mut at = span.start;
        let plain = |from: usize, to: usize, units: &mut Vec<Unit>| {
            let bytes = tree.slice(from..to);
            units.extend(bytes.iter().enumerate().map(|(i, b)| Unit {
                byte: Some(*b),
                span: from + i..from + i + 1,
                node: None,
            }));
        };
        for child in tree.children(content) {
            let inner = tree.span(child);
            plain(at, inner.start, units);
            at = inner.end;
            match tree.kind(child) {
                K::HeredocEnd => return,
                K::Escape => {
                    let byte = match tree.text(child).get(1) {
                        Some(b'n') => b'\n',
                        Some(b't') => b'\t',
                        Some(byte) => *byte,
                        None => b'\\',
                    };
                    units.push(Unit {
                        byte: Some(byte),
                        span: inner,
                        node: None,
                    });
                }
                _ => units.push(Unit {
                    byte: None,
                    span: inner,
                    node: Some(child),
                }),
            }
        }
        plain(at, span.end, units);
    }

    // From words to programs.

    fn analyse(&mut self, words: Vec<Word>, call: Option<&str>, depth: u32) {
        if words.is_empty() || depth > FARTHEST {
            return;
        }
        if words.iter().any(|word| word.kind == WordKind::Nested) {
            for word in &words {
                match word.kind {
                    WordKind::Nested => self.array(word.node, call, depth + 1),
                    WordKind::Scalar => self.follow(word.node, call, depth + 1),
                    _ => {}
                }
            }
            return;
        }
        let line = Line::new(words);
        self.annotate(&line, call);
        for at in 0..line.words.len() {
            if (0..at).all(|before| line.may_miss(self.tree, before, at)) {
                self.program(&line, at, call, depth);
            }
        }
    }

    /// Returns the span of a word: its own bytes or, if it contains interpolations, the literal's.
    fn extent(&self, word: &Word) -> Option<Range<usize>> {
        let tree = self.tree;
        let whole = || match tree.kind(word.node) {
            K::Literal | K::Interpolated | K::Binary => Some(tree.span(word.node)),
            _ => None,
        };
        let pieces = || Some(word.units.first()?.span.start..word.units.last()?.span.end);
        word.span
            .clone()
            .or_else(pieces)
            .or_else(whole)
            .filter(|span| !span.is_empty())
    }

    /// Records the place of every word. Programs among them are marked later.
    fn annotate(&mut self, line: &Line, call: Option<&str>) {
        for (at, word) in line.words.iter().enumerate() {
            if let Some(span) = self.extent(word) {
                self.note_word(span, line, at, call);
            }
            if word.kind == WordKind::Splice && line.is_behind_runner(self.calls, at) {
                self.behind(word.node, &line.before(at));
            }
        }
    }

    /// Records a command that is spliced in after a runner (`[@$ssh, @$cmd]`). Its words come after
    /// the runner, even if it also runs here.
    fn behind(&mut self, array: Id, before: &str) {
        let history = self
            .key(array)
            .map_or_else(Vec::new, |key| self.history(&key, array));
        let mut words = Vec::new();
        for event in history {
            match event.what {
                What::Set(right) => {
                    self.note_behind(std::mem::take(&mut words), before);
                    match self.tree.kind(right) {
                        K::AnonArray => self.flatten_array(right, 0, &mut words),
                        K::Parenthesized | K::Words => self.flatten(right, 0, &mut words),
                        _ => {}
                    }
                }
                What::Append => {
                    for argument in arguments(self.tree, event.at).into_iter().skip(1) {
                        self.flatten(argument, 0, &mut words);
                    }
                }
                What::Declare | What::Concatenate(_) | What::Prepend => {}
            }
        }
        self.note_behind(words, before);
    }

    fn note_behind(&mut self, words: Vec<Word>, before: &str) {
        let is_command = |first: &Word| first.kind == WordKind::Fixed && self.starts_command(first);
        if !words.first().is_some_and(is_command) {
            return;
        }
        let line = Line::new(words);
        for (at, word) in line.words.iter().enumerate() {
            let Some(span) = self.extent(word) else {
                continue;
            };
            self.note_word(span.clone(), &line, at, None);
            if let Some(found) = self.found.get_mut(&span.start)
                && found.end == span.end
            {
                let words = [before.to_owned(), line.before(at)];
                found.before = words.join(" ").trim_end().into();
            }
        }
    }

    /// A line for `sh -c` starts at its first word, so the narrower span is the word.
    fn note_word(&mut self, span: Range<usize>, line: &Line, at: usize, call: Option<&str>) {
        let Some(word) = line.words.get(at) else {
            return;
        };
        if self
            .found
            .get(&span.start)
            .is_none_or(|known| known.end > span.end)
        {
            let (form, node) = (word.form, word.node);
            let call = call.map(str::to_owned);
            let found = InCommand {
                end: span.end,
                program: false,
                word: line.index(at),
                before: line.before(at),
                call,
                form,
                node,
            };
            self.found.insert(span.start, found);
        }
    }

    /// Marks the word at `at` as a program, and continues with programs that it runs.
    fn program(&mut self, line: &Line, at: usize, call: Option<&str>, depth: u32) {
        let Some(word) = line.words.get(at) else {
            return;
        };
        if depth > FARTHEST {
            return;
        }
        let names: Vec<String> = match word.kind {
            WordKind::Fixed => {
                self.mark(word);
                vec![word.text.clone()]
            }
            WordKind::Scalar => self.scalar_program(word.node, line, at, call, 0),
            WordKind::Splice => {
                if self.tree.kind(word.node) != K::Map {
                    self.follow(word.node, call, depth + 1);
                }
                self.first_words(word.node)
            }
            WordKind::Nested | WordKind::Dynamic => Vec::new(),
        };
        let calls = self.calls;
        if let Some(prefix) = names.iter().find_map(|name| calls.prefix(name)) {
            if let Some(next) = after_prefix(prefix, line, at, word.kind == WordKind::Splice) {
                self.program(line, next, call, depth + 1);
            }
        } else if names.iter().any(|name| calls.is_shell(name)) {
            self.command_line(line, at, call, depth);
        } else if word.kind != WordKind::Fixed
            && calls.names_runner(&word.text)
            && let Some(next) = after_runner(line, at)
        {
            self.program(line, next, call, depth + 1);
        }
        if line.words.get(at + 1).is_some_and(|next| next.alternative) {
            self.program(line, at + 1, call, depth + 1);
        }
    }

    fn mark(&mut self, word: &Word) {
        let builtin = (word.form == Form::Command && self.calls.is_builtin(&word.text))
            || self.calls.is_never(&word.text);
        let Some(span) = word
            .span
            .clone()
            .filter(|_| !builtin && is_program(&word.text))
        else {
            return;
        };
        if let Some(found) = self.found.get_mut(&span.start) {
            found.program = true;
        }
    }

    /// Records the possible names of a scalar in a program's place, where they are assigned.
    fn scalar_program(
        &mut self,
        scalar: Id,
        line: &Line,
        at: usize,
        call: Option<&str>,
        depth: u32,
    ) -> Vec<String> {
        let Some(key) = self.key(scalar).filter(|_| depth < FARTHEST) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for event in self.history(&key, scalar) {
            let What::Set(right) = event.what else {
                continue;
            };
            let mut words = Vec::new();
            match self.tree.kind(right) {
                K::Scalar => names.extend(self.scalar_program(right, line, at, call, depth + 1)),
                K::Literal | K::Interpolated | K::Conditional | K::Parenthesized => {
                    self.flatten(right, self.block(right), &mut words);
                }
                K::Binary => {
                    let defaults: Vec<Id> = self.tree.children(right).collect();
                    for side in defaults {
                        self.flatten(side, self.block(right), &mut words);
                    }
                }
                _ => {}
            }
            for word in words
                .into_iter()
                .filter(|word| word.kind == WordKind::Fixed)
            {
                if word.text.contains(char::is_whitespace) {
                    self.shell(word.node, call);
                    continue;
                }
                let Some(span) = word.span.clone() else {
                    continue;
                };
                if is_program(&word.text) || word.text.starts_with('/') {
                    let found = InCommand {
                        end: span.end,
                        program: is_program(&word.text) && !self.calls.is_never(&word.text),
                        word: line.index(at),
                        before: line.before(at),
                        call: call.map(str::to_owned),
                        form: word.form,
                        node: word.node,
                    };
                    // It runs here and on other machines, so it must exist here.
                    if self
                        .found
                        .get(&span.start)
                        .is_none_or(|known| known.word > found.word)
                    {
                        self.found.insert(span.start, found);
                    }
                }
                names.push(word.text);
            }
        }
        names
    }

    /// Returns the first words of the arrays assigned to a spliced variable.
    fn first_words(&mut self, array: Id) -> Vec<String> {
        let Some(key) = self.key(array) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for event in self.history(&key, array) {
            let (What::Set(_) | What::Append) = event.what else {
                continue;
            };
            let mut words = Vec::new();
            match event.what {
                What::Set(right) if self.tree.kind(right) == K::AnonArray => {
                    self.flatten_array(right, 0, &mut words);
                }
                What::Set(right)
                    if matches!(self.tree.kind(right), K::Parenthesized | K::Words) =>
                {
                    self.flatten(right, 0, &mut words);
                }
                _ => {}
            }
            names.extend(
                words
                    .into_iter()
                    .next()
                    .filter(|word| word.kind == WordKind::Fixed)
                    .map(|word| word.text),
            );
        }
        names
    }

    /// Handles `sh -c '…'` among the words.
    fn command_line(&mut self, line: &Line, at: usize, call: Option<&str>, depth: u32) {
        let is_option = |word: &Word| {
            word.kind == WordKind::Fixed
                && (word.text == self.calls.shell_option()
                    || (word.text.starts_with('-')
                        && !word.text.starts_with("--")
                        && word.text.ends_with('c')
                        && word.text.len() < 5))
        };
        let Some(option) = line.words.iter().skip(at + 1).position(is_option) else {
            return;
        };
        let Some(word) = line.words.get(at + 1 + option + 1).cloned() else {
            return;
        };
        if word.units.is_empty() {
            match word.kind {
                WordKind::Scalar => self.follow(word.node, call, depth + 1),
                _ => self.command(word.node, call, depth + 1),
            }
        } else {
            self.shell_units(&word.units, word.node, call, depth + 1);
        }
    }
}
