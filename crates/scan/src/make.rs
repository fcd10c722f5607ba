//! Scans Makefiles, `*.mk` and `debian/rules`.
//!
//! Recipes go to the shell scanner, make's own references masked so that they read as the shell's expansions of the same
//! length; every offset stays.

use std::ops::Range;

use syntax::make::{self, Assignment, Line, Operator, Piece, RECIPE_FLAGS, Rule, Statement};

use super::calls::Calls;
use super::collect::{Collector, Span};
use super::{FileScan, Form, ParseError, Site, shell};

/// Functions of GNU make whose arguments are scanned as text.
const FUNCTIONS: &[&str] = &[
    "abspath",
    "addprefix",
    "addsuffix",
    "and",
    "basename",
    "call",
    "dir",
    "error",
    "eval",
    "file",
    "filter",
    "filter-out",
    "findstring",
    "firstword",
    "foreach",
    "if",
    "info",
    "join",
    "lastword",
    "let",
    "notdir",
    "or",
    "patsubst",
    "realpath",
    "shell",
    "sort",
    "strip",
    "subst",
    "suffix",
    "warning",
    "wildcard",
    "word",
    "wordlist",
    "words",
];

/// The deepest nesting of references to follow.
const DEEPEST: u32 = 30;

/// The occurrences of a Makefile.
pub fn scan(bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    let switches = out.shebang().map(|(switches, _)| switches);
    let mut make = Make {
        out: &mut out,
        calls,
        open: None,
        recipe: Vec::new(),
    };
    for line in make::lines(bytes) {
        make.line(line);
    }
    make.flush();
    out.residue();
    Ok(out.finish(switches.unwrap_or_default()))
}

struct Make<'o, 'f, 'c> {
    out: &'o mut Collector<'f>,
    calls: &'c Calls,
    /// The targets of the rule, or the name of the `define`, whose recipe is being read.
    open: Option<String>,
    /// The lines of the recipe so far, without their tabs and flags.
    recipe: Vec<Range<usize>>,
}

impl Make<'_, '_, '_> {
    fn line(&mut self, line: Line) {
        let is_shebang = line.range.start == 0 && self.out.bytes().starts_with(b"#!");
        if let Some(comment) = line.comment
            && !is_shebang
        {
            let span = Span::whole(comment.start, comment.end);
            self.out.literal(span, Form::Comment, &Site::default());
        }
        match line.statement {
            Statement::Comment => {}
            Statement::Recipe(range) | Statement::Body(range) => self.command_line(range),
            Statement::Assignment(assignment) => self.assignment(assignment),
            Statement::Rule(rule) => self.rule(rule),
            Statement::Directive { keyword, arguments } => self.directive(keyword, arguments),
            Statement::Define(name) => self.opens(Some(self.name(name))),
            Statement::Endef => self.opens(None),
            Statement::Other(range) => self.expand(range, &self.site(), 0),
        }
    }

    /// A text with one blank in place of each run of blanks.
    fn name(&self, range: Range<usize>) -> String {
        let text = self.out.text_of(range.start, range.end);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn site(&self) -> Site {
        Site {
            sub: self.open.clone(),
            ..Site::default()
        }
    }

    /// Ends the recipe so far; that of `open` follows.
    fn opens(&mut self, open: Option<String>) {
        self.flush();
        self.open = open;
    }

    fn directive(&mut self, keyword: Range<usize>, arguments: Range<usize>) {
        let keyword = self.name(keyword);
        // The branches of a conditional may each have a part of a recipe.
        let is_conditional = matches!(
            keyword.as_str(),
            "else" | "endif" | "ifeq" | "ifneq" | "ifdef" | "ifndef"
        );
        if !is_conditional {
            self.opens(None);
        }
        let site = Site {
            call: Some(keyword),
            ..self.site()
        };
        self.expand(arguments, &site, 0);
    }

    fn assignment(&mut self, assignment: Assignment) {
        self.opens(None);
        let sub = assignment.targets.clone().map(|targets| self.name(targets));
        if let Some(targets) = assignment.targets {
            let site = Site {
                sub: sub.clone(),
                ..Site::default()
            };
            self.expand(targets, &site, 0);
        }
        let name = self.name(assignment.name);
        let is_path = name == "PATH";
        let site = Site {
            sub,
            target: Some(name),
            ..Site::default()
        };
        if is_path && self.path_assignment(&assignment.value, &site) {
            return;
        }
        if assignment.operator == Operator::Shell {
            self.shell(assignment.value, &site);
        } else {
            self.expand(assignment.value, &site, 0);
        }
    }

    /// Scans `export PATH := …`. Returns whether the value names a directory.
    fn path_assignment(&mut self, value: &Range<usize>, site: &Site) -> bool {
        let text = self.out.slice(value.start, value.end);
        let blank = text.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let length = text.trim_ascii().len();
        if !text.contains(&b'/') {
            return false;
        }
        self.out.mark(
            value.start + blank,
            value.start + blank + length,
            super::Kind::PathAssignment,
            Form::Bare,
            site.clone(),
        );
        true
    }

    fn rule(&mut self, rule: Rule) {
        self.opens(Some(self.name(rule.targets.clone())));
        let site = self.site();
        self.expand(rule.targets, &site, 0);
        self.expand(rule.prerequisites, &site, 0);
        if let Some(recipe) = rule.recipe {
            self.shell(recipe, &site);
        }
    }

    /// One logical line of a recipe or `define`.
    fn command_line(&mut self, range: Range<usize>) {
        let line = self.out.slice(range.start, range.end);
        let is_flag = |b: &u8| b.is_ascii_whitespace() || RECIPE_FLAGS.contains(&char::from(*b));
        let flags = line.iter().take_while(|b| is_flag(b)).count();
        if flags < line.len() {
            self.recipe.push(range.start + flags..range.end);
        }
    }

    /// Passes the recipe so far to the shell scanner, as one script, or line by line (as make runs
    /// it) if the grammar fails.
    fn flush(&mut self) {
        let lines = std::mem::take(&mut self.recipe);
        let site = self.site();
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return;
        };
        let base = first.start;
        let mut text = vec![b' '; last.end - base];
        for line in &lines {
            let masked = self.mask(line.clone());
            if let Some(place) = text.get_mut(line.start - base..line.end - base) {
                place.copy_from_slice(&masked);
            }
            if let Some(newline) = text.get_mut(line.end - base) {
                *newline = b'\n';
            }
            self.references(line.clone(), &site, 0);
        }
        let mut whole = Collector::new(self.out.bytes());
        if shell::script(&mut whole, &text, base, self.calls, &site) {
            self.out.absorb(whole);
            return;
        }
        for line in lines {
            if let Some(text) = text.get(line.start - base..line.end - base) {
                shell::script(self.out, text, line.start, self.calls, &site);
            }
        }
    }

    /// Scans a command line outside of a recipe.
    fn shell(&mut self, range: Range<usize>, site: &Site) {
        let text = self.mask(range.clone());
        shell::script(self.out, &text, range.start, self.calls, site);
        self.references(range, site, 0);
    }

    /// Rewrites make's references in a range as the shell's: `$(X)` as `${X}`, `$$x` as `$x` after
    /// a letter.
    fn mask(&self, range: Range<usize>) -> Vec<u8> {
        let source = self.out.slice(range.start, range.end);
        let mut text = Vec::with_capacity(source.len());
        for piece in make::pieces(source) {
            match piece {
                Piece::Text(range) => text.extend(source.get(range).unwrap_or_default()),
                Piece::Reference { inner, .. } => {
                    let name = source.get(inner).unwrap_or_default();
                    text.extend(b"${");
                    text.extend(variable_of_length(name));
                    text.push(b'}');
                }
                Piece::Dollar(_) => text.extend(b"_$"),
                Piece::Short(range) => text.extend(b"$_".iter().take(range.len())),
            }
        }
        text
    }

    /// Scans text outside of recipes: the pieces between references, and the references.
    fn expand(&mut self, range: Range<usize>, site: &Site, depth: u32) {
        let source = self.out.slice(range.start, range.end);
        let mut pieces = make::pieces(source).peekable();
        let mut after = false;
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Text(text) => {
                    let span = Span {
                        start: range.start + text.start,
                        end: range.start + text.end,
                        after,
                        before: pieces.peek().is_some(),
                    };
                    self.out.literal(span, Form::Bare, site);
                }
                Piece::Reference { inner, .. } => {
                    self.reference(
                        range.start + inner.start..range.start + inner.end,
                        site,
                        depth,
                    );
                }
                Piece::Dollar(_) | Piece::Short(_) => {}
            }
            after = true;
        }
    }

    /// Scans the arguments of functions in the references of a range.
    fn references(&mut self, range: Range<usize>, site: &Site, depth: u32) {
        for piece in make::pieces(self.out.slice(range.start, range.end)) {
            if let Piece::Reference { inner, .. } = piece {
                self.reference(
                    range.start + inner.start..range.start + inner.end,
                    site,
                    depth,
                );
            }
        }
    }

    /// Scans the inside of `$(…)`: a function with its arguments, or a variable's name with a
    /// substitution.
    fn reference(&mut self, inner: Range<usize>, site: &Site, depth: u32) {
        if depth > DEEPEST {
            return;
        }
        let text = self.out.slice(inner.start, inner.end);
        let name = text
            .split(u8::is_ascii_whitespace)
            .next()
            .unwrap_or_default();
        let function = FUNCTIONS
            .iter()
            .find(|function| function.as_bytes() == name && name.len() < text.len());
        match function {
            Some(&"shell") => self.shell(inner.start + name.len()..inner.end, site),
            Some(function) => {
                let site = Site {
                    call: Some((*function).to_owned()),
                    ..site.clone()
                };
                self.expand(inner.start + name.len()..inner.end, &site, depth + 1);
            }
            None => self.expand(inner, site, depth + 1),
        }
    }
}

/// A variable's name as long as a reference's: the same where the shell takes it for one.
fn variable_of_length(name: &[u8]) -> Vec<u8> {
    let is_plain = !name.is_empty()
        && !name.first().is_some_and(u8::is_ascii_digit)
        && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    if is_plain {
        name.to_vec()
    } else {
        vec![b'_'; name.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::collect::testing::{calls, only, texts};

    fn make(text: &str) -> FileScan {
        scan(text.as_bytes(), &calls()).expect("a Makefile is never refused")
    }

    #[test]
    fn recipes_are_scripts_with_their_target() {
        let scan = make("all: x.o\n\t@install -m 755 x $(DESTDIR)/usr/bin/x\n\t-rm -f $@\n");
        assert_eq!(texts(&scan, Kind::BareCommand), ["install", "rm"]);
        let found = only(&scan, "/usr/bin/x");
        assert_eq!(found.site.sub.as_deref(), Some("all"));
        assert_eq!(found.site.call.as_deref(), Some("install"));
        assert!(found.site.joined);
    }

    #[test]
    fn a_line_goes_on_after_a_backslash() {
        let scan = make("x:\n\tcp a \\\n\t  /usr/share/b\n\ty=$$(git x); \\\n\tdu $$y\n");
        assert_eq!(texts(&scan, Kind::BareCommand), ["cp", "git", "du"]);
        assert_eq!(only(&scan, "/usr/share/b").line, 3);
    }

    #[test]
    fn variables_take_paths() {
        for text in [
            "BIN=/usr/bin/x",
            "export BIN := /usr/bin/x # why",
            "BIN ?= /usr/bin/x",
            "BIN ::= a \\\n /usr/bin/x",
            "all: BIN += /usr/bin/x",
        ] {
            let scan = make(text);
            let found = only(&scan, "/usr/bin/x");
            assert_eq!(found.site.target.as_deref(), Some("BIN"), "{text}");
            assert!(!found.site.joined, "{text}");
        }
        assert!(
            only(&make("D=$(P)/share/$(X)\nE=/usr/share/$(X)"), "/usr/share/")
                .site
                .open
        );
    }

    #[test]
    fn references_are_followed() {
        let scan = make("A := $(shell pkg-config --x /usr/lib/y)\nB != uname -m\n");
        assert_eq!(texts(&scan, Kind::BareCommand), ["pkg-config", "uname"]);
        assert_eq!(only(&scan, "/usr/lib/y").site.target.as_deref(), Some("A"));
        let scan =
            make("ifneq \"$(wildcard /usr/share/q)\" \"\"\ninclude /usr/share/dpkg/x.mk\nendif\n");
        assert_eq!(
            only(&scan, "/usr/share/q").site.call.as_deref(),
            Some("wildcard")
        );
        assert_eq!(
            only(&scan, "/usr/share/dpkg/x.mk").site.call.as_deref(),
            Some("include")
        );
        let scan = make("x:\n\tfoo $(if $(A),/usr/a,$(shell bar))\n");
        assert_eq!(texts(&scan, Kind::BareCommand), ["foo", "bar"]);
    }

    #[test]
    fn a_recipe_may_stand_beside_its_rule_or_in_a_define() {
        let scan = make("x: y ; touch /usr/z\ndefine f\ncurl $(1)\nendef\n");
        assert_eq!(texts(&scan, Kind::BareCommand), ["touch", "curl"]);
        assert_eq!(only(&scan, "curl").site.sub.as_deref(), Some("f"));
    }

    #[test]
    fn the_path_is_one_value() {
        let scan = make("export PATH := /opt/x/bin:$(PATH)\n");
        assert_eq!(texts(&scan, Kind::PathAssignment), ["/opt/x/bin:$(PATH)"]);
        assert_eq!(texts(&scan, Kind::AbsolutePath), [""; 0]);
    }

    #[test]
    fn comments_are_comments() {
        let scan = make("# /usr/a\nX = y # /usr/b\n");
        assert!(scan.occurrences.iter().all(|o| o.form == Form::Comment));
        assert_eq!(scan.occurrences.len(), 2);
    }
}
