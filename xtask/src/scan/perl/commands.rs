//! The commands a Perl file runs, as far as they can be read from its text.
//!
//! A command is a sequence of words: an array literal, the values that reach an array through assignments and `push`, a list of
//! arguments, a shell command line. The first word is its program, and programs that run another (`rules/calls.toml`) have that one
//! after their options.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::shell::{self, ShellWord, Unit};
use super::site::{arguments, call_name, elements, is_variable, plain_name, target, unquoted};
use super::tree::{Id, K, Tree};
use crate::scan::Form;
use crate::scan::calls::{Call, Calls, CommandForm, Prefix};

/// How far a command is followed from variable to variable.
const FARTHEST: u32 = 6;

/// How deep conditions and lists within a command are opened.
const DEEPEST: u32 = 40;

/// One word of a command.
#[derive(Debug, Clone)]
struct Word {
    /// Its text, or what an interpolation or splice is called.
    text: String,
    /// The file's bytes of a word that is fixed.
    span: Option<Range<usize>>,
    form: Form,
    kind: WordKind,
    /// The node it comes from.
    node: Id,
    /// The block in which it joins the command.
    block: Id,
    /// It may be missing (a branch that gives nothing).
    optional: bool,
    /// It stands in the same place as the word before (`$x ? 'a' : 'b'`).
    alternative: bool,
    /// What it is made of, for a word of a shell command line.
    units: Vec<Unit>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum WordKind {
    Fixed,
    /// One value of a variable.
    Scalar,
    /// Any number of values of an array.
    Splice,
    /// An array within an array: a command of a pipeline.
    Nested,
    /// A value that is not followed.
    Dynamic,
}

/// What a file's text says about a word of a command.
#[derive(Debug, Clone)]
pub struct InCommand {
    /// The word's end.
    pub end: usize,
    /// It is a program's name.
    pub program: bool,
    pub word: u32,
    pub before: String,
    /// The call that runs the command, where that is known.
    pub call: Option<String>,
    pub form: Form,
    /// The node it stands in.
    pub node: Id,
}

/// Where a variable gets its values.
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
    /// How deep `flatten` is.
    depth: u32,
}

/// Every word of every command in the file, by offset. `heredocs` gives the body of each heredoc's token.
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
    /// Notes what `id` does to a variable.
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

    /// `$x` for the scalar and what it refers to, `@x` for the array.
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

    /// What happens to the variable that `key` means at `at`, in the scope of its declaration.
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
                // The assignment that declares stands before its own declaration.
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

    /// An array of arguments to a program that the callee knows.
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

    /// The block of `exec { 'program' } @words`.
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
                self.command(*only, name, 0)
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

    /// An argument that is a command: words by reference, or a line for the shell.
    fn command(&mut self, id: Id, call: Option<&str>, depth: u32) {
        if depth > FARTHEST {
            return;
        }
        let tree = self.tree;
        match tree.kind(id) {
            K::AnonArray => self.array(id, call, depth),
            K::Literal | K::Interpolated | K::HeredocToken | K::Command | K::Binary => {
                self.shell(id, call)
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

    /// A variable that holds a command: everything that is assigned, pushed or appended to it.
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

    /// The words a variable starts with.
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
                self.flatten(right, block, words)
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
                // What it returns is not known; whether it is a runner may be told from its name.
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

    // Words.

    fn dynamic(node: Id, block: Id, text: String) -> Word {
        Word {
            text,
            span: None,
            form: Form::Literal,
            kind: WordKind::Dynamic,
            node,
            block,
            optional: false,
            alternative: false,
            units: Vec::new(),
        }
    }

    fn shown(&self, id: Id) -> String {
        let text = String::from_utf8_lossy(self.tree.text(id));
        text.chars()
            .take(60)
            .map(|c| if c.is_whitespace() { ' ' } else { c })
            .collect()
    }

    fn flatten_array(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        let mut found = Vec::new();
        for child in self.tree.children(id) {
            elements(self.tree, child, &mut found);
        }
        for element in found {
            self.flatten(element, block, words);
        }
    }

    /// The words that an expression in a list gives.
    fn flatten(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        if self.depth < DEEPEST {
            self.depth += 1;
            self.flatten_one(id, block, words);
            self.depth -= 1;
        }
    }

    fn flatten_one(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        let tree = self.tree;
        let word = Self::dynamic(id, block, String::new());
        let kind = match tree.kind(id) {
            K::Comment => return,
            K::Literal | K::Interpolated | K::Key => {
                words.push(self.string_word(id, word));
                return;
            }
            K::Words => {
                words.extend(quoted_words(tree, id).map(|span| {
                    let text = String::from_utf8_lossy(tree.slice(span.clone())).into_owned();
                    Word {
                        text,
                        span: Some(span),
                        form: Form::Word,
                        kind: WordKind::Fixed,
                        ..word.clone()
                    }
                }));
                return;
            }
            K::List | K::Parenthesized => {
                let mut found = Vec::new();
                elements(tree, id, &mut found);
                for element in found {
                    self.flatten(element, block, words);
                }
                return;
            }
            K::Conditional => return self.flatten_branches(id, block, words),
            K::AnonArray => WordKind::Nested,
            K::Array | K::ArrayDeref | K::Map => WordKind::Splice,
            K::Scalar => WordKind::Scalar,
            _ => WordKind::Dynamic,
        };
        words.push(Word {
            text: self.shown(id),
            kind,
            ..word
        });
    }

    fn string_word(&self, id: Id, word: Word) -> Word {
        let tree = self.tree;
        let (span, form) = match tree.kind(id) {
            K::Key => (Some(tree.span(id)), Form::Bare),
            kind => {
                let content = tree.child(id, K::StringContent);
                let fixed = content.filter(|content| tree.children(*content).next().is_none());
                let empty = content
                    .is_none()
                    .then(|| tree.span(id).end..tree.span(id).end);
                let form = if kind == K::Literal {
                    Form::Literal
                } else {
                    Form::Interpolated
                };
                (fixed.map(|content| tree.span(content)).or(empty), form)
            }
        };
        match span {
            Some(span) => {
                let text = String::from_utf8_lossy(tree.slice(span.clone())).into_owned();
                Word {
                    text,
                    span: Some(span),
                    form,
                    kind: WordKind::Fixed,
                    ..word
                }
            }
            None => Word {
                text: unquoted(tree, id),
                form,
                ..word
            },
        }
    }

    fn flatten_branches(&mut self, id: Id, block: Id, words: &mut Vec<Word>) {
        let branches: Vec<Vec<Word>> = self
            .tree
            .children(id)
            .filter(|child| self.tree.kind(*child) != K::Comment)
            .skip(1)
            .map(|branch| {
                let mut found = Vec::new();
                if self.tree.text(branch) != b"()" {
                    self.flatten(branch, block, &mut found);
                }
                found
            })
            .collect();
        let single = branches.iter().all(|branch| branch.len() == 1);
        for (at, branch) in branches.into_iter().enumerate() {
            words.extend(branch.into_iter().map(|word| Word {
                optional: word.optional || !single,
                alternative: single && at > 0,
                ..word
            }));
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

    fn shell_word(&self, word: ShellWord, node: Id, block: Id) -> Word {
        let tree = self.tree;
        let blank = Self::dynamic(node, block, String::new());
        if let Some(fixed) = word.fixed() {
            let span = word
                .span()
                .filter(|span| tree.slice(span.clone()) == fixed.as_bytes());
            return Word {
                text: fixed,
                span,
                form: Form::Command,
                kind: WordKind::Fixed,
                units: word.units,
                ..blank
            };
        }
        if let Some(variable) = word.variable() {
            let kind = if tree.kind(variable) == K::Scalar {
                WordKind::Scalar
            } else {
                WordKind::Dynamic
            };
            return Word {
                text: self.shown(variable),
                kind,
                node: variable,
                units: word.units,
                ..blank
            };
        }
        let text = word
            .span()
            .map(|span| String::from_utf8_lossy(tree.slice(span)).into_owned());
        Word {
            text: text.unwrap_or_default(),
            units: word.units,
            ..blank
        }
    }

    /// What the shell is given by a string, a heredoc or a concatenation.
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

    /// Where a word stands: its own bytes, or, when it holds interpolations, the literal's.
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

    /// Notes where every word stands; those that are programs are marked later.
    fn annotate(&mut self, line: &Line, call: Option<&str>) {
        for (at, word) in line.words.iter().enumerate() {
            if let Some(span) = self.extent(word) {
                self.note_word(span, line, at, call);
            }
        }
    }

    /// A line for `sh -c` starts where its first word does: the narrower one is the word.
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

    /// The word at `at` is a program; so may be one after it.
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

    /// The names a scalar in a program's place may have; each is noted where it stands.
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
                    self.flatten(right, self.block(right), &mut words)
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
                    // Run on this machine and on others: the former is what must be there.
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

    /// The first words of the arrays assigned to a spliced variable.
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
                    self.flatten_array(right, 0, &mut words)
                }
                What::Set(right)
                    if matches!(self.tree.kind(right), K::Parenthesized | K::Words) =>
                {
                    self.flatten(right, 0, &mut words)
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

    /// `sh -c '…'` among the words.
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

    // Arrays that look like commands.

    fn run_by_looks(&mut self, id: Id) {
        let tree = self.tree;
        match tree.kind(id) {
            K::AnonArray => self.literal_by_looks(id),
            K::Parenthesized | K::Words => {
                let Some(parent) = tree
                    .parent(id)
                    .filter(|parent| tree.kind(*parent) == K::Assignment)
                else {
                    return;
                };
                let Some(left) = tree.children(parent).next().filter(|left| *left != id) else {
                    return;
                };
                if tree.text(left).contains(&b'@') && tree.kind(left) != K::HashElement {
                    self.literal_by_looks(id);
                }
            }
            K::Call
                if tree
                    .child(id, K::Function)
                    .is_some_and(|name| tree.text(name) == b"push") =>
            {
                self.lines_pushed(id)
            }
            K::Return => self.returned(id),
            _ => {}
        }
    }

    fn literal_by_looks(&mut self, id: Id) {
        if self.literals.contains(&id) {
            return;
        }
        let tree = self.tree;
        let nested = tree
            .ancestors(id)
            .take_while(|up| tree.kind(*up) != K::Statement)
            .any(|up| tree.kind(up) == K::AnonArray);
        let name = if nested {
            String::new()
        } else {
            target(tree, id).unwrap_or_default()
        };
        let mut found = Vec::new();
        for child in tree.children(id) {
            elements(tree, child, &mut found);
        }
        if self.calls.names_commands(&name)
            && found
                .iter()
                .any(|element| matches!(tree.kind(*element), K::Literal | K::Interpolated))
        {
            self.lines(&found);
            return;
        }
        if found
            .iter()
            .any(|element| tree.pair_key(*element).is_some())
        {
            return;
        }
        let words = self.literal_words(id);
        let named = self.calls.names_command(&name);
        let looks = match words.first() {
            Some(first) if first.kind == WordKind::Fixed => {
                self.starts_command(first)
                    && (named || has_option(&words) || self.sibling_has_option(id))
            }
            Some(first) => {
                self.calls.names_runner(&first.text) || (first.kind == WordKind::Nested && named)
            }
            None => false,
        };
        if looks && !self.is_spliced_as_arguments(id) {
            self.literals.insert(id);
            self.analyse(words, None, 0);
        }
    }

    fn literal_words(&mut self, id: Id) -> Vec<Word> {
        let mut words = Vec::new();
        if self.tree.kind(id) == K::AnonArray {
            self.flatten_array(id, self.block(id), &mut words);
        } else {
            self.flatten(id, self.block(id), &mut words);
        }
        words
    }

    fn starts_command(&self, word: &Word) -> bool {
        let program = is_program(&word.text)
            && !word.text.contains(|c: char| c.is_ascii_uppercase())
            && !self.calls.is_never(&word.text);
        program || word.text.starts_with('/')
    }

    /// `{ gz => ['zcat'], zst => ['zstd', '-d'] }`: one of several commands.
    fn sibling_has_option(&mut self, id: Id) -> bool {
        let tree = self.tree;
        if tree.kind(id) != K::AnonArray || tree.pair_key(id).is_none() {
            return false;
        }
        let siblings: Vec<Id> = tree
            .parent(id)
            .into_iter()
            .flat_map(|parent| tree.children(parent))
            .collect();
        siblings.into_iter().any(|sibling| {
            let words = if tree.kind(sibling) == K::AnonArray {
                self.literal_words(sibling)
            } else {
                Vec::new()
            };
            words
                .first()
                .is_some_and(|first| first.kind == WordKind::Fixed && self.starts_command(first))
                && has_option(&words)
        })
    }

    /// Whether the variable this literal is assigned to is spliced in after other words: `['zfs', @$cmd]`.
    fn is_spliced_as_arguments(&self, id: Id) -> bool {
        let tree = self.tree;
        let Some(assignment) = tree
            .parent(id)
            .filter(|parent| tree.kind(*parent) == K::Assignment)
        else {
            return false;
        };
        let Some(key) = tree
            .children(assignment)
            .next()
            .and_then(|left| self.key(left))
        else {
            return false;
        };
        tree.below(self.block(assignment)).any(|node| {
            let splice = matches!(tree.kind(node), K::Array | K::ArrayDeref)
                && self.key(node).as_ref() == Some(&key);
            let list = tree
                .parent(node)
                .filter(|parent| splice && tree.kind(*parent) == K::List);
            let callee = list
                .and_then(|list| tree.parent(list))
                .and_then(|call| tree.child(call, K::Function));
            let pushes = callee.is_some_and(|name| {
                matches!(
                    tree.text(name),
                    b"push" | b"unshift" | b"join" | b"open" | b"open3" | b"open2"
                )
            });
            list.is_some()
                && !pushes
                && tree.previous(node).is_some_and(|before| {
                    !self
                        .calls
                        .names_runner(&String::from_utf8_lossy(tree.text(before)))
                })
        })
    }

    /// What a sub that gives command lines returns.
    fn returned(&mut self, id: Id) {
        let tree = self.tree;
        let sub = tree
            .ancestors(id)
            .find(|up| tree.kind(*up) == K::Subroutine)
            .and_then(|sub| tree.child(sub, K::Bareword));
        if sub.is_some_and(|name| self.calls.returns_line(&unquoted(tree, name))) {
            let mut values = Vec::new();
            for child in tree.children(id) {
                elements(tree, child, &mut values);
            }
            self.lines(values.get(..1).unwrap_or_default());
        }
    }

    fn lines(&mut self, elements: &[Id]) {
        for element in elements
            .iter()
            .filter(|element| matches!(self.tree.kind(**element), K::Literal | K::Interpolated))
        {
            self.shell(*element, None);
        }
    }

    /// An array named as a command to which words are pushed, and that no call is seen to run.
    fn built_by_looks(&mut self, array: Id) {
        let Some(key) = self.key(array) else { return };
        let Some(first) = self.history(&key, array).first().copied() else {
            return;
        };
        let literal = match first.what {
            What::Set(right) => Some(right),
            _ => None,
        };
        let known = self.followed.contains(&(first.at, true))
            || literal.is_some_and(|literal| self.literals.contains(&literal));
        if !known && !literal.is_some_and(|literal| self.is_spliced_as_arguments(literal)) {
            self.follow(array, None, 0);
        }
    }

    fn lines_pushed(&mut self, id: Id) {
        let all = arguments(self.tree, id);
        let Some((array, lines)) = all.split_first() else {
            return;
        };
        let name = plain_name(self.tree, *array).unwrap_or_default();
        if self.calls.names_commands(&name) {
            self.lines(lines);
        } else if self.calls.names_command(&name) {
            self.built_by_looks(*array);
        }
    }
}

/// A command's words with their places.
struct Line {
    words: Vec<Word>,
}

impl Line {
    fn new(words: Vec<Word>) -> Self {
        Self { words }
    }

    fn index(&self, at: usize) -> u32 {
        let alternatives = self
            .words
            .iter()
            .take(at + 1)
            .filter(|word| word.alternative)
            .count();
        u32::try_from(at - alternatives.min(at)).unwrap_or(u32::MAX)
    }

    fn before(&self, at: usize) -> String {
        let end = if self.words.get(at).is_some_and(|word| word.alternative) {
            at.saturating_sub(1)
        } else {
            at
        };
        let words: Vec<&str> = self
            .words
            .iter()
            .take(end)
            .filter(|word| !word.alternative)
            .map(|word| word.text.as_str())
            .collect();
        words.join(" ")
    }

    /// Whether the word `before` may be missing when the one at `at` is there: it is optional, or joins in a branch of its own.
    fn may_miss(&self, tree: &Tree<'_>, before: usize, at: usize) -> bool {
        let (Some(before), Some(at)) = (self.words.get(before), self.words.get(at)) else {
            return false;
        };
        before.optional
            || (before.block != at.block && !tree.below(before.block).contains(&at.block))
    }
}

fn has_option(words: &[Word]) -> bool {
    words.iter().skip(1).any(|word| {
        word.kind == WordKind::Fixed && word.text.len() > 1 && word.text.starts_with('-')
    })
}

fn after_prefix(prefix: &Prefix, line: &Line, at: usize, spliced: bool) -> Option<usize> {
    let rest = line.words.iter().enumerate().skip(at + 1);
    let is_separator = |word: &Word| word.kind == WordKind::Fixed && word.text == "--";
    if let Some((dashes, _)) = rest
        .clone()
        .find(|(_, word)| prefix.separator && is_separator(word))
    {
        return Some(dashes + 1);
    }
    let mut positional = prefix.positional;
    let mut value = false;
    for (next, word) in rest {
        if word.alternative || std::mem::take(&mut value) {
            continue;
        }
        if is_separator(word) {
            return Some(next + 1);
        }
        match word.kind {
            WordKind::Splice => {}
            WordKind::Fixed | WordKind::Dynamic if word.text.starts_with('-') => {
                value = prefix.value_options.contains(&word.text);
            }
            _ if prefix.assignments && word.text.contains('=') => {}
            // The words before the program may already stand in the spliced array.
            _ if positional > 0 && (!spliced || is_host(word)) => positional -= 1,
            _ => return Some(next),
        }
    }
    None
}

/// Whether a word that is not fixed looks like the host that ssh is given.
fn is_host(word: &Word) -> bool {
    word.kind != WordKind::Fixed
        && ["@", "host", "addr", "ip", "node", "target"]
            .iter()
            .any(|part| word.text.contains(part))
}

/// The program after a spliced ssh command or its like.
fn after_runner(line: &Line, at: usize) -> Option<usize> {
    let (next, word) = line
        .words
        .iter()
        .enumerate()
        .skip(at + 1)
        .filter(|(_, word)| !word.alternative)
        .find(|(_, word)| {
            word.text == "--"
                || (word.kind != WordKind::Splice && !word.text.starts_with('-') && !is_host(word))
        })?;
    Some(if word.text == "--" { next + 1 } else { next })
}

/// The spans of the words of `qw(…)`.
pub fn quoted_words<'t>(tree: &'t Tree<'_>, id: Id) -> impl Iterator<Item = Range<usize>> + 't {
    let content = tree
        .child(id, K::StringContent)
        .map_or(0..0, |content| tree.span(content));
    let bytes = tree.slice(content.clone());
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at
            + bytes
                .get(at..)?
                .iter()
                .position(|b| !b.is_ascii_whitespace())?;
        let rest = bytes.get(start..)?;
        at = start
            + rest
                .iter()
                .position(u8::is_ascii_whitespace)
                .unwrap_or(rest.len());
        Some(content.start + start..content.start + at)
    })
}

/// Whether a word can be a program's name.
pub fn is_program(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-'))
        && text.bytes().any(|b| b.is_ascii_alphabetic())
}
