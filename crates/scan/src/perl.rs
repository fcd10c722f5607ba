//! Scans Perl: modules, programs, tests, POD.
//!
//! A file is parsed once into a flat list of nodes ([`tree`]). Paths come from its literals
//! ([`super::paths`]), modules from `use` and `require`. The commands that it runs are assembled
//! word by word ([`commands`]). The ancestors of a node determine its site ([`site`]).

mod commands;
pub mod joined;
pub mod pam;
mod shell;
mod site;
mod tree;

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use memchr::memmem;

use self::commands::{InCommand, quoted_words};
use self::tree::{Id, K, Tree};
use super::calls::Calls;
use super::names::{Text, is_listed_unit, names};
use super::paths::{self, Notation, Piece};
use super::{FileScan, Form, Kind, Occurrence, ParseError, Site};

/// Returns everything in `bytes` that assumes Debian, the modules that it uses and the commands
/// that it runs by the rules in `calls`.
pub fn scan(bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    scan_keeping(bytes, calls).map(|(scan, _)| scan)
}

/// As [`scan`], and also returns tree-sitter's tree, from which edited content can be parsed
/// quickly.
///
/// # Errors
/// The first syntax error.
pub fn scan_keeping(
    bytes: &[u8],
    calls: &Calls,
) -> Result<(FileScan, tree_sitter::Tree), ParseError> {
    let parsed = tree::parsed(bytes, None)?;
    let tree = Tree::of(bytes, &parsed);
    let heredocs = heredocs(&tree);
    let commands = commands::find(&tree, calls, &heredocs);
    let tokens = heredocs
        .iter()
        .map(|(token, body)| (*body, *token))
        .collect();
    let mut scanner = Scanner {
        tree: &tree,
        commands: &commands,
        lists: calls.unit_lists(),
        tokens,
        found: FileScan::default(),
        assigned: Vec::new(),
    };
    scanner.shebang();
    for id in 0..tree.len() {
        scanner.node(id);
    }
    scanner.bare_commands();
    for service in pam::find(&parsed, bytes) {
        let site = Site {
            call: Some("new".to_owned()),
            argument: Some(0),
            ..Site::default()
        };
        scanner.add(service, Kind::PamService, Form::Literal, site);
    }
    Ok((finish(scanner.found), parsed))
}

/// Checks that `bytes` parse.
///
/// # Errors
/// The first syntax error.
pub fn check(bytes: &[u8]) -> Result<(), ParseError> {
    tree::parsed(bytes, None).map(drop)
}

/// Checks that `bytes` parse, given the tree of `original` and the replacements: sorted, disjoint
/// ranges, each with the length of its new text. An error counts only if a full parse finds it too.
///
/// # Errors
/// The first syntax error.
pub fn check_edited(
    bytes: &[u8],
    original: &[u8],
    tree: &tree_sitter::Tree,
    replaced: &[(Range<usize>, usize)],
) -> Result<(), ParseError> {
    let mut tree = tree.clone();
    // Go backwards, so that earlier offsets stay valid.
    for (range, length) in replaced.iter().rev() {
        let start = point(original, range.start);
        tree.edit(&tree_sitter::InputEdit {
            start_byte: range.start,
            old_end_byte: range.end,
            new_end_byte: range.start + length,
            start_position: start,
            old_end_position: point(original, range.end),
            new_end_position: tree_sitter::Point::new(start.row, start.column + length),
        });
    }
    tree::parsed(bytes, Some(&tree))
        .map(drop)
        .or_else(|_| check(bytes))
}

/// Returns the row and column of an offset, from 0.
fn point(bytes: &[u8], offset: usize) -> tree_sitter::Point {
    let head = bytes.get(..offset).unwrap_or(bytes);
    let row = memchr::memchr_iter(b'\n', head).count();
    let line = memchr::memrchr(b'\n', head).map_or(0, |at| at + 1);
    tree_sitter::Point::new(row, head.len() - line)
}

/// Maps each heredoc's token to its body. Both come in the same order.
fn heredocs(tree: &Tree<'_>) -> HashMap<Id, Id> {
    let of = |kind: K| (0..tree.len()).filter(move |id| tree.kind(*id) == kind);
    of(K::HeredocToken).zip(of(K::Heredoc)).collect()
}

struct Scanner<'t> {
    tree: &'t Tree<'t>,
    commands: &'t BTreeMap<usize, InCommand>,
    /// Variables that contain lists of units.
    lists: &'t [String],
    tokens: HashMap<Id, Id>,
    found: FileScan,
    /// The values of assignments to `PATH`.
    assigned: Vec<Range<usize>>,
}

impl Scanner<'_> {
    fn node(&mut self, id: Id) {
        let tree = self.tree;
        match tree.kind(id) {
            K::Package
                if tree
                    .parent(id)
                    .is_some_and(|parent| tree.kind(parent) == K::PackageStatement) =>
            {
                self.found
                    .declares
                    .push(String::from_utf8_lossy(tree.text(id)).into_owned());
            }
            K::Use => self.used(id),
            K::Require => self.required(id),
            K::MethodCall => self.imported(id),
            K::Eval => self.evaluated(id),
            K::Assignment => self.path_assigned(id),
            K::Literal => self.quoted(id, Form::Literal),
            K::Interpolated => self.quoted(id, Form::Interpolated),
            K::Command | K::Glob => self.quoted(id, Form::Command),
            K::Words => self.words(id),
            K::Heredoc => {
                let token = self.tokens.get(&id).copied().unwrap_or(id);
                self.content(id, token, Form::Heredoc, Notation::Plain);
            }
            K::Match | K::QuotedRegexp | K::Substitution => self.regexp(id),
            K::Comment => self.comment(id),
            K::Pod => self.whole(id, Form::Pod),
            K::Data | K::Format => self.whole(id, Form::Heredoc),
            _ => {}
        }
    }

    // Literals.

    fn quoted(&mut self, id: Id, form: Form) {
        if let Some(content) = self.tree.child(id, K::StringContent) {
            self.path_pair(id, content, form);
            self.content(content, id, form, Notation::Plain);
        }
    }

    fn words(&mut self, id: Id) {
        for span in quoted_words(self.tree, id) {
            self.piece(span, id, Form::Word, Notation::Plain, false, false);
        }
    }

    fn regexp(&mut self, id: Id) {
        if let Some(content) = self.tree.child(id, K::Regexp) {
            self.content(content, id, Form::Regex, Notation::Regex);
        }
        if let Some(replacement) = self.tree.child(id, K::Replacement) {
            self.content(replacement, id, Form::Interpolated, Notation::Plain);
        }
    }

    fn comment(&mut self, id: Id) {
        let span = self.tree.span(id);
        if span.start > 0 || self.tree.text(id).get(..2) != Some(b"#!") {
            self.piece(span, id, Form::Comment, Notation::Plain, false, false);
        }
    }

    fn whole(&mut self, id: Id, form: Form) {
        self.piece(self.tree.span(id), id, form, Notation::Plain, false, false);
    }

    /// Marks the static pieces of a literal's content. `owner` is the literal.
    fn content(&mut self, content: Id, owner: Id, form: Form, notation: Notation) {
        let tree = self.tree;
        if form != Form::Regex {
            self.shell_path_assignments(tree.span(content), owner, form);
        }
        let span = tree.span(content);
        let (mut start, mut joined) = (span.start, false);
        for child in tree.children(content) {
            match tree.kind(child) {
                K::Escape | K::HeredocEnd => {}
                _ => {
                    let inner = tree.span(child);
                    self.piece(start..inner.start, owner, form, notation, joined, true);
                    (start, joined) = (inner.end, true);
                }
            }
        }
        self.piece(start..span.end, owner, form, notation, joined, false);
    }

    fn piece(
        &mut self,
        span: Range<usize>,
        owner: Id,
        form: Form,
        notation: Notation,
        after: bool,
        before: bool,
    ) {
        let bytes = self.tree.slice(span.clone());
        let piece = Piece {
            bytes,
            notation,
            after_interpolation: after,
            before_interpolation: before,
        };
        let first = self.found.occurrences.len();
        for path in paths::paths(piece) {
            let place = span.start + path.start..span.start + path.end;
            if !self.within_assigned(&place) {
                let site = Site {
                    joined: path.joined,
                    open: path.open,
                    ..self.site_at(place.start, owner)
                };
                self.add(place, Kind::AbsolutePath, form, site);
            }
        }
        let text = Text {
            bytes,
            after,
            before,
        };
        let site = self.site_at(span.start, owner);
        if is_listed_unit(text, &site, self.lists) {
            self.add(span.clone(), Kind::UnitName, form, site.clone());
        }
        for name in names(text, form, &site) {
            let place = span.start + name.start..span.start + name.end;
            let site = Site {
                open: name.open,
                ..self.site_at(place.start, owner)
            };
            self.add(place, name.kind, form, site);
        }
        for (start, end) in paths::triplets(bytes) {
            let place = span.start + start..span.start + end;
            let reported = self.found.occurrences.get(first..).unwrap_or_default();
            if !reported.iter().any(|other| {
                other.offset <= place.start && place.start < other.offset + other.length
            }) {
                let site = self.site_at(place.start, owner);
                self.add(place, Kind::ArchitectureTriplet, form, site);
            }
        }
    }

    // `PATH`.

    /// Handles `$ENV{PATH} = '…'`, with or without `local`, and `.=`.
    fn path_assigned(&mut self, id: Id) {
        let tree = self.tree;
        let mut sides = tree
            .children(id)
            .filter(|child| tree.kind(*child) != K::Comment);
        let (Some(left), Some(right)) = (sides.next(), sides.last()) else {
            return;
        };
        if site::plain_name(tree, left).as_deref() != Some("PATH")
            || !tree.text(left).windows(3).any(|text| text == b"ENV")
        {
            return;
        }
        let form = match tree.kind(right) {
            K::Literal => Form::Literal,
            K::Interpolated => Form::Interpolated,
            _ => return,
        };
        if let Some(content) = tree.child(right, K::StringContent) {
            self.add_path_value(tree.span(content), right, form);
        }
    }

    /// Handles `PATH => '…'` in a hash.
    fn path_pair(&mut self, id: Id, content: Id, form: Form) {
        let tree = self.tree;
        let key = tree.pair_key(id).map(|key| site::unquoted(tree, key));
        if key.as_deref() == Some("PATH") && tree.text(content).contains(&b'/') {
            self.add_path_value(tree.span(content), id, form);
        }
    }

    /// Handles `PATH=…` in shell text.
    fn shell_path_assignments(&mut self, span: Range<usize>, owner: Id, form: Form) {
        for (start, end) in paths::path_assignments(self.tree.slice(span.clone())) {
            self.add_path_value(span.start + start..span.start + end, owner, form);
        }
    }

    fn add_path_value(&mut self, span: Range<usize>, owner: Id, form: Form) {
        let site = Site {
            target: Some("PATH".to_owned()),
            ..site::site(self.tree, owner)
        };
        self.add(span.clone(), Kind::PathAssignment, form, site);
        self.assigned.push(span);
    }

    fn within_assigned(&self, place: &Range<usize>) -> bool {
        self.assigned
            .iter()
            .any(|value| value.start <= place.start && place.end <= value.end)
    }

    // Modules.

    fn used(&mut self, id: Id) {
        let tree = self.tree;
        let Some(module) = tree.child(id, K::Package) else {
            return;
        };
        self.module(tree.span(module), module, "use");
        let mut given = Vec::new();
        for child in tree.children(id).filter(|child| *child > module) {
            site::elements(tree, child, &mut given);
        }
        match tree.text(module) {
            b"parent" | b"base" => self.parents(&given),
            b"if" => {
                if let Some(name) = given.get(1) {
                    self.module_string(*name, "use");
                }
            }
            _ => {}
        }
    }

    /// Marks the classes of `use parent`, unless `-norequire` says that they are already loaded.
    fn parents(&mut self, given: &[Id]) {
        let tree = self.tree;
        if given
            .iter()
            .any(|id| tree.text(*id).trim_ascii_start().starts_with(b"-norequire"))
        {
            return;
        }
        for id in given {
            if tree.kind(*id) == K::Words {
                for span in quoted_words(tree, *id).collect::<Vec<_>>() {
                    if is_module(tree.slice(span.clone())) {
                        self.module(span, *id, "parent");
                    }
                }
            } else {
                self.module_string(*id, "parent");
            }
        }
    }

    fn module_string(&mut self, id: Id, call: &str) {
        let tree = self.tree;
        let fixed = tree
            .child(id, K::StringContent)
            .filter(|content| tree.children(*content).next().is_none());
        if let Some(content) = fixed.filter(|content| is_module(tree.text(*content))) {
            self.module(tree.span(content), id, call);
        }
    }

    fn required(&mut self, id: Id) {
        let tree = self.tree;
        let Some(what) = tree
            .children(id)
            .find(|child| tree.kind(*child) != K::Comment)
        else {
            return;
        };
        match tree.kind(what) {
            K::Bareword => self.module(tree.span(what), what, "require"),
            K::Literal | K::Interpolated => {
                let fixed = tree
                    .child(what, K::StringContent)
                    .filter(|content| tree.children(*content).next().is_none());
                if let Some(content) =
                    fixed.filter(|content| !tree.text(*content).starts_with(b"/"))
                {
                    self.module(tree.span(content), what, "require");
                }
            }
            _ => {}
        }
    }

    /// Handles `Module->import(…)`.
    fn imported(&mut self, id: Id) {
        let tree = self.tree;
        let Some(class) = tree
            .children(id)
            .next()
            .filter(|class| tree.kind(*class) == K::Bareword)
        else {
            return;
        };
        if tree
            .child(id, K::Method)
            .is_some_and(|method| tree.text(method) == b"import")
            && is_module(tree.text(class))
        {
            self.module(tree.span(class), class, "use");
        }
    }

    /// Handles `eval "require Module"` and `eval "use Module; 1"`.
    fn evaluated(&mut self, id: Id) {
        let tree = self.tree;
        let code = tree
            .children(id)
            .find(|child| matches!(tree.kind(*child), K::Literal | K::Interpolated));
        let Some(content) = code.and_then(|code| tree.child(code, K::StringContent)) else {
            return;
        };
        let (start, bytes) = (tree.span(content).start, tree.text(content));
        for keyword in ["use", "require"] {
            for at in memmem::find_iter(bytes, keyword.as_bytes()) {
                let boundary = at
                    .checked_sub(1)
                    .and_then(|i| bytes.get(i))
                    .is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'_' && *b != b'$');
                let rest = bytes.get(at + keyword.len()..).unwrap_or_default();
                let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
                let name = rest.get(blanks..).unwrap_or_default();
                let length = name
                    .iter()
                    .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'))
                    .count();
                let from = at + keyword.len() + blanks;
                let ends = name
                    .get(length)
                    .is_none_or(|b| !matches!(b, b'$' | b'-' | b'('));
                if boundary && blanks > 0 && ends && name.get(..length).is_some_and(is_module) {
                    self.module(start + from..start + from + length, content, keyword);
                }
            }
        }
    }

    fn module(&mut self, span: Range<usize>, node: Id, call: &str) {
        let form = match self.tree.kind(node) {
            K::Literal => Form::Literal,
            K::Words => Form::Word,
            K::Interpolated | K::StringContent => Form::Interpolated,
            _ => Form::Bare,
        };
        let site = Site {
            sub: site::site(self.tree, node).sub,
            call: Some(call.to_owned()),
            ..Site::default()
        };
        self.add(span, Kind::Module, form, site);
    }

    // Shebang and commands.

    fn shebang(&mut self) {
        let Some(line) = self.tree.bytes.strip_prefix(b"#!") else {
            return;
        };
        let line = line
            .split(|b| *b == b'\n')
            .next()
            .unwrap_or_default()
            .trim_ascii_end();
        let blanks = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let rest = line.get(blanks..).unwrap_or_default();
        let length = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(rest.len());
        let (interpreter, switches) = rest.split_at(length);
        if !interpreter.starts_with(b"/") {
            return;
        }
        let switches = String::from_utf8_lossy(switches).trim().to_owned();
        let is_env = interpreter.ends_with(b"/env");
        self.found.switches = if is_env {
            after_first_word(&switches).to_owned()
        } else {
            switches.clone()
        };
        let before = is_env
            .then_some(switches)
            .filter(|switches| !switches.is_empty());
        // The program that `env` runs becomes the `target`. It is looked up on `PATH`.
        let target = before.map(|switches| {
            switches
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        });
        let span = 2 + blanks..2 + blanks + length;
        self.add(
            span,
            Kind::Shebang,
            Form::Shebang,
            Site {
                target,
                ..Site::default()
            },
        );
    }

    fn bare_commands(&mut self) {
        for (start, word) in self.commands {
            let span = *start..word.end;
            if word.program
                && commands::is_program(&String::from_utf8_lossy(self.tree.slice(span.clone())))
            {
                let site = self.site_at(*start, word.node);
                self.add(span, Kind::BareCommand, word.form, site);
            }
        }
    }

    /// Returns the site of `owner`, with the index in its command of the word at `offset`.
    fn site_at(&self, offset: usize, owner: Id) -> Site {
        let mut site = site::site(self.tree, owner);
        if let Some((_, word)) = self
            .commands
            .range(..=offset)
            .next_back()
            .filter(|(_, word)| offset < word.end)
        {
            site.word = Some(word.word);
            site.before = Some(word.before.clone()).filter(|before| !before.is_empty());
            if let Some(call) = word.call.as_ref().filter(|_| {
                matches!(
                    site.call.as_deref(),
                    None | Some("push" | "unshift" | "join")
                )
            }) {
                site.call = Some(call.clone());
                site.argument = None;
            }
        }
        site
    }

    fn add(&mut self, span: Range<usize>, kind: Kind, form: Form, site: Site) {
        let (line, column) = self.tree.position(span.start);
        let text = String::from_utf8_lossy(self.tree.slice(span.clone())).into_owned();
        self.found.occurrences.push(Occurrence {
            offset: span.start,
            length: span.len(),
            line,
            column,
            kind,
            text,
            form,
            site,
        });
    }
}

fn after_first_word(text: &str) -> &str {
    text.split_once(char::is_whitespace)
        .map_or("", |(_, rest)| rest.trim())
}

fn is_module(name: &[u8]) -> bool {
    name.first()
        .is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':'))
        && !name.ends_with(b":")
}

/// Sorts the occurrences. Of overlapping ones of one kind, the first stays.
fn finish(mut found: FileScan) -> FileScan {
    found.occurrences.sort_by_key(|occurrence| {
        (
            occurrence.offset,
            occurrence.kind,
            std::cmp::Reverse(occurrence.length),
        )
    });
    let mut ends: HashMap<Kind, usize> = HashMap::new();
    found.occurrences.retain(|occurrence| {
        let end = ends.entry(occurrence.kind).or_default();
        let free = occurrence.offset >= *end;
        if free {
            *end = occurrence.offset + occurrence.length.max(1);
        }
        free
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_file_is_parsed_from_the_tree_of_the_original() {
        let original = b"my $x = '/sbin/lvs';\nrun($x);\n";
        let tree = tree::parsed(original, None).expect("it parses");
        let edited = |with: &str| {
            let mut bytes = original.to_vec();
            bytes.splice(9..18, with.bytes());
            check_edited(&bytes, original, &tree, &[(9..18, with.len())])
        };
        assert!(edited("/nix/store/x-lvm2/bin/lvs").is_ok());
        assert!(edited("").is_ok());
        assert!(edited("'}}}'").is_err());
    }
}
