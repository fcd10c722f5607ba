//! Scans Makefiles, `*.mk` and `debian/rules`.
//!
//! The scanner works on logical lines (GNU make's manual, chapter 3): a recipe's line, an
//! assignment, a rule, a directive or a comment. It passes recipes to the shell scanner, with
//! make's references masked as shell expansions of the same length, so that every offset stays the
//! same.

use std::ops::Range;

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

/// The longest reference to look for, in bytes, so that an unclosed one does not cost a search of
/// the whole file.
const LONGEST: usize = 1 << 14;

/// Returns the occurrences of a Makefile.
pub fn scan(bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    let switches = out.shebang().map(|(switches, _)| switches);
    let mut make = Make {
        out: &mut out,
        calls,
        target: None,
        define: None,
        recipe: Vec::new(),
    };
    let mut start = 0;
    while start < bytes.len() {
        let end = logical_end(bytes, start);
        make.line(start, end);
        start = end + 1;
    }
    make.flush();
    out.residue();
    Ok(out.finish(switches.unwrap_or_default()))
}

/// Returns the offset of the newline that ends the logical line at `start`.
fn logical_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(length) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let newline = at + length;
        let backslashes = bytes
            .get(at..newline)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|b| **b == b'\\')
            .count();
        if backslashes % 2 == 0 {
            return newline;
        }
        at = newline + 1;
    }
    bytes.len()
}

struct Make<'o, 'f, 'c> {
    out: &'o mut Collector<'f>,
    calls: &'c Calls,
    /// The targets of the rule to which a recipe would belong.
    target: Option<String>,
    /// The name of the open `define`.
    define: Option<String>,
    /// The lines of the recipe so far, without tabs and flags.
    recipe: Vec<Range<usize>>,
}

impl Make<'_, '_, '_> {
    fn line(&mut self, start: usize, end: usize) {
        let line = self.out.slice(start, end);
        if self.define.is_some() {
            if line.trim_ascii() == b"endef" {
                self.flush();
                self.define = None;
            } else {
                self.command_line(start, end);
            }
            return;
        }
        if line.first() == Some(&b'\t') && self.target.is_some() {
            return self.command_line(start, end);
        }
        let blank = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let (start, line) = (start + blank, line.get(blank..).unwrap_or_default());
        if line.is_empty() {
            return;
        }
        if start == 0 && line.starts_with(b"#!") {
            return;
        }
        if line.starts_with(b"#") {
            let span = Span::whole(start, end);
            return self.out.literal(span, Form::Comment, &Site::default());
        }
        let comment = comment_start(line).map_or(end, |at| start + at);
        self.out
            .literal(Span::whole(comment, end), Form::Comment, &Site::default());
        self.statement(start, comment);
    }

    /// Scans a directive, an assignment or a rule.
    fn statement(&mut self, start: usize, end: usize) {
        let line = self.out.slice(start, end);
        let word = line
            .split(|b| b.is_ascii_whitespace() || *b == b'(')
            .next()
            .unwrap_or_default();
        let keyword = std::str::from_utf8(word).unwrap_or_default();
        match keyword {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" | "else" | "endif" | "include" | "-include"
            | "sinclude" | "vpath" | "unexport" | "undefine" => {
                if !matches!(
                    keyword,
                    "else" | "endif" | "ifeq" | "ifneq" | "ifdef" | "ifndef"
                ) {
                    self.rule_ends();
                }
                let site = Site {
                    call: Some(keyword.to_owned()),
                    ..self.site()
                };
                self.expand(start + word.len()..end, &site, 0);
            }
            "define" => {
                self.rule_ends();
                let name = line.get(word.len()..).unwrap_or_default().trim_ascii();
                let name = name
                    .split(|b| b.is_ascii_whitespace() || *b == b'=' || *b == b':')
                    .next()
                    .unwrap_or_default();
                self.define = Some(String::from_utf8_lossy(name).into_owned());
            }
            _ => match separator(line) {
                Some(Separator::Assign(at, length)) => {
                    self.rule_ends();
                    self.assignment(start, at, length, end, None);
                }
                Some(Separator::Rule(at, length)) => self.rule(start, at, length, end),
                None => self.expand(start..end, &self.site(), 0),
            },
        }
    }

    fn assignment(
        &mut self,
        start: usize,
        at: usize,
        length: usize,
        end: usize,
        sub: Option<String>,
    ) {
        let name = self.out.slice(start, start + at).trim_ascii();
        let is_shell = self.out.slice(start + at, start + at + length) == b"!=";
        let name = name
            .rsplit(u8::is_ascii_whitespace)
            .next()
            .unwrap_or_default();
        let site = Site {
            sub,
            target: Some(String::from_utf8_lossy(name).into_owned()),
            ..Site::default()
        };
        let value = start + at + length..end;
        let is_path = name == b"PATH";
        if is_path && self.path_assignment(&value, &site) {
            return;
        }
        if is_shell {
            self.shell(value, &site);
        } else {
            self.expand(value, &site, 0);
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

    fn rule(&mut self, start: usize, at: usize, length: usize, end: usize) {
        self.rule_ends();
        let targets = self.out.slice(start, start + at);
        let name = String::from_utf8_lossy(targets)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        self.target = Some(name.clone());
        let site = Site {
            sub: Some(name.clone()),
            ..Site::default()
        };
        self.expand(start..start + at, &site, 0);
        let rest = start + at + length;
        let text = self.out.slice(rest, end);
        if let Some(Separator::Assign(at, length)) = separator(text) {
            return self.assignment(rest, at, length, end, Some(name));
        }
        match top_level(text, |b, _| b == b';') {
            Some(semicolon) => {
                self.expand(rest..rest + semicolon, &site, 0);
                self.shell(rest + semicolon + 1..end, &site);
            }
            None => self.expand(rest..end, &site, 0),
        }
    }

    fn site(&self) -> Site {
        Site {
            sub: self.target.clone().or_else(|| self.define.clone()),
            ..Site::default()
        }
    }

    fn rule_ends(&mut self) {
        self.flush();
        self.target = None;
    }

    /// Scans one logical line of a recipe or `define`.
    fn command_line(&mut self, start: usize, end: usize) {
        let line = self.out.slice(start, end);
        let flags = line
            .iter()
            .take_while(|b| b.is_ascii_whitespace() || matches!(b, b'@' | b'-' | b'+'))
            .count();
        if flags < line.len() {
            self.recipe.push(start + flags..end);
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
        let mut text = source.to_vec();
        let mut at = 0;
        while let Some(dollar) = source
            .get(at..)
            .and_then(|rest| memchr::memchr(b'$', rest))
            .map(|found| at + found)
        {
            let (end, patch): (usize, Vec<u8>) = match reference(source, dollar) {
                Some(inner) => {
                    let name = source.get(inner.clone()).unwrap_or_default();
                    let plain = !name.is_empty()
                        && !name.first().is_some_and(u8::is_ascii_digit)
                        && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
                    let name = if plain {
                        name.to_vec()
                    } else {
                        vec![b'_'; inner.len()]
                    };
                    (inner.end + 1, [b"${".as_slice(), &name, b"}"].concat())
                }
                None if source.get(dollar + 1) == Some(&b'$') => (dollar + 2, b"_$".to_vec()),
                None => (dollar + 2, b"$_".to_vec()),
            };
            let end = end.min(text.len());
            if let (Some(place), Some(patch)) =
                (text.get_mut(dollar..end), patch.get(..end - dollar))
            {
                place.copy_from_slice(patch);
            }
            at = end;
        }
        text
    }

    /// Scans text outside of recipes: the pieces between references, and the references.
    fn expand(&mut self, range: Range<usize>, site: &Site, depth: u32) {
        let source = self.out.slice(range.start, range.end);
        let mut at = 0;
        let mut after = false;
        while at <= source.len() {
            let next = source
                .get(at..)
                .and_then(|rest| memchr::memchr(b'$', rest))
                .map(|found| at + found);
            let stop = next.unwrap_or(source.len());
            let span = Span {
                start: range.start + at,
                end: range.start + stop,
                after,
                before: next.is_some(),
            };
            self.out.literal(span, Form::Bare, site);
            let Some(dollar) = next else { return };
            at = match reference(source, dollar) {
                Some(inner) => {
                    let (from, to) = (range.start + inner.start, range.start + inner.end);
                    self.reference(from..to, site, depth);
                    inner.end + 1
                }
                None => dollar + 2,
            };
            after = true;
        }
    }

    /// Scans the arguments of functions in the references of a range.
    fn references(&mut self, range: Range<usize>, site: &Site, depth: u32) {
        let source = self.out.slice(range.start, range.end);
        let mut at = 0;
        while let Some(dollar) = source
            .get(at..)
            .and_then(|rest| memchr::memchr(b'$', rest))
            .map(|found| at + found)
        {
            at = match reference(source, dollar) {
                Some(inner) => {
                    self.reference(
                        range.start + inner.start..range.start + inner.end,
                        site,
                        depth,
                    );
                    inner.end + 1
                }
                None => dollar + 2,
            };
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

/// Returns the inside of the reference whose `$` is at `dollar`, or `None` for `$x` and `$$`.
fn reference(source: &[u8], dollar: usize) -> Option<Range<usize>> {
    let open = *source.get(dollar + 1)?;
    let close = match open {
        b'(' => b')',
        b'{' => b'}',
        _ => return None,
    };
    let mut depth = 0_usize;
    for (at, byte) in source.iter().enumerate().skip(dollar + 1).take(LONGEST) {
        if *byte == open {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(dollar + 2..at);
            }
        }
    }
    None
}

enum Separator {
    /// Offset and length of an assignment's operator.
    Assign(usize, usize),
    /// Offset and length of a rule's colons.
    Rule(usize, usize),
}

/// Finds the first of make's operators outside of references, which separates a line that is not a
/// directive.
fn separator(line: &[u8]) -> Option<Separator> {
    let at = top_level(line, |b, _| matches!(b, b'=' | b':'))?;
    let rest = line.get(at..)?;
    if rest.starts_with(b"=") {
        let operator = match at.checked_sub(1).and_then(|i| line.get(i)) {
            Some(b'?' | b'+' | b'!') => 1,
            _ => 0,
        };
        return Some(Separator::Assign(at - operator, 1 + operator));
    }
    let colons = rest.iter().take_while(|b| **b == b':').count();
    if rest.get(colons) == Some(&b'=') {
        return Some(Separator::Assign(at, colons + 1));
    }
    Some(Separator::Rule(at, colons))
}

/// Returns the offset of a comment's `#`.
fn comment_start(line: &[u8]) -> Option<usize> {
    top_level(line, |b, before| {
        b == b'#' && before.is_none_or(|b| b.is_ascii_whitespace())
    })
}

/// Returns the offset of the first byte outside of references for which `found` holds. `found` also
/// gets the byte before.
fn top_level(line: &[u8], found: impl Fn(u8, Option<u8>) -> bool) -> Option<usize> {
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        if byte == b'$' {
            at = match reference(line, at) {
                Some(inner) => inner.end + 1,
                None => at + 2,
            };
            continue;
        }
        if found(byte, at.checked_sub(1).and_then(|i| line.get(i)).copied()) {
            return Some(at);
        }
        at += 1;
    }
    None
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
