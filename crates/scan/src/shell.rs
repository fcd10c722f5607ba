//! Scans shell scripts, hooks and maintainer scripts with tree-sitter's grammar of bash.
//!
//! The grammar does not understand every script. Nodes that it cannot parse are still searched for
//! paths, so no script is rejected.

use std::collections::HashSet;

use tree_sitter::Node;

use super::calls::{Calls, Prefix};
use super::collect::{Collector, DEEPEST, Span, continues, is_command_name};
use super::{FileScan, Form, Kind, ParseError, Site};
use syntax::shell::{Part, Quoting, command, functions, parts};
use syntax::{Grammar, children, parse};

/// Builtins of the shell and keywords that a weak parse may take for a name, in addition to
/// [`Calls::is_builtin`]. Here `command` and the like are prefixes; no such programs exist.
const BUILTINS: &[&str] = &[
    "builtin",
    "caller",
    "command",
    "compgen",
    "complete",
    "compopt",
    "coproc",
    "enable",
    "exec",
    "fc",
    "function",
    "help",
    "history",
    "logout",
    "mapfile",
    "readarray",
    "suspend",
    "time",
];

/// Returns the occurrences of a script.
pub fn scan(bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    let switches = out.shebang().map(|(switches, _)| switches);
    script(&mut out, bytes, 0, calls, &Site::default());
    out.residue();
    Ok(out.finish(switches.unwrap_or_default()))
}

/// Scans a script at `base` in the collector's file. `text`, of the same length, is the version for
/// the grammar to read (a Makefile's variables look different); occurrences are taken from the file
/// itself. Returns whether the grammar understood all of it.
pub(super) fn script(
    out: &mut Collector<'_>,
    text: &[u8],
    base: usize,
    calls: &Calls,
    site: &Site,
) -> bool {
    nested(out, text, base, calls, site, 0)
}

fn nested(
    out: &mut Collector<'_>,
    text: &[u8],
    base: usize,
    calls: &Calls,
    site: &Site,
    depth: u32,
) -> bool {
    let Some(tree) = parse(Grammar::Bash, text) else {
        return false;
    };
    let root = tree.root_node();
    // Calling one runs no program.
    let functions = functions(root)
        .into_iter()
        .map(|(name, _)| text.get(name.byte_range()).unwrap_or_default())
        .collect();
    let mut shell = Shell {
        out,
        text,
        base,
        calls,
        functions,
    };
    shell.node(root, site, depth);
    !root.has_error()
}

struct Shell<'o, 'f, 't> {
    out: &'o mut Collector<'f>,
    text: &'t [u8],
    base: usize,
    calls: &'t Calls,
    functions: HashSet<&'t [u8]>,
}

/// One word of a command.
struct Word<'n> {
    node: Node<'n>,
    /// Its value if it is static, otherwise its text as written, without quotes.
    text: String,
    is_static: bool,
}

impl<'n> Shell<'_, '_, '_> {
    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.out.slice(self.base + start, self.base + end)
    }

    fn literal(&mut self, mut span: Span, form: Form, site: &Site) {
        span.start += self.base;
        span.end += self.base;
        self.out.literal(span, form, site);
    }

    fn each(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        for child in children(node) {
            self.node(child, site, depth + 1);
        }
    }

    fn node(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let range = node.byte_range();
        if depth > DEEPEST {
            return self.literal(Span::whole(range.start, range.end), Form::Bare, site);
        }
        match node.kind() {
            "comment" if self.base + range.start == 0 && self.bytes(0, 2) == b"#!" => {}
            "comment" => self.literal(Span::whole(range.start, range.end), Form::Comment, site),
            "function_definition" => {
                let name = node.child_by_field_name("name");
                let sub = name.map(|name| self.value(name)).or(site.sub.clone());
                let site = Site {
                    sub,
                    ..Site::default()
                };
                self.each(node, &site, depth);
            }
            "variable_assignment" => self.assignment(node, site, depth),
            "command" => self.command(node, site, depth),
            "declaration_command" => self.called(node, site, depth),
            "test_command" => {
                let site = Site {
                    call: Some("[".into()),
                    word: None,
                    before: None,
                    ..site.clone()
                };
                self.each(node, &site, depth);
            }
            "for_statement" => {
                let target = node.child_by_field_name("variable");
                let target = target.map(|name| self.value(name));
                for child in children(node) {
                    let site = Site {
                        target: target.clone(),
                        ..site.clone()
                    };
                    let inner = if child.kind() == "do_group" {
                        &Site {
                            target: None,
                            ..site
                        }
                    } else {
                        &site
                    };
                    self.node(child, inner, depth + 1);
                }
            }
            "expansion" => self.expansion(node, site, depth),
            "redirected_statement" => self.redirected(node, site, depth),
            "array" => {
                for (index, child) in children(node).into_iter().enumerate() {
                    let site = Site {
                        word: u32::try_from(index).ok(),
                        ..site.clone()
                    };
                    self.node(child, &site, depth + 1);
                }
            }
            "word" | "concatenation" | "string" | "translated_string" | "raw_string"
            | "ansi_c_string" | "heredoc_body" | "regex" | "extglob_pattern" => {
                self.word(node, site, depth);
            }
            _ => self.each(node, site, depth),
        }
    }

    /// Scans a word, a string or a heredoc's body: searches static parts for paths and walks
    /// expansions.
    fn word(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let parts = parts(node);
        let part = |index: Option<usize>| index.and_then(|index| parts.get(index));
        for (index, one) in parts.iter().enumerate() {
            match one {
                Part::Text { range, quoting } => {
                    let previous = part(index.checked_sub(1));
                    let span = Span {
                        start: range.start,
                        end: range.end,
                        after: previous.is_some_and(|part| self.joins(part, <[u8]>::last)),
                        before: part(Some(index + 1))
                            .is_some_and(|part| self.joins(part, <[u8]>::first)),
                    };
                    self.literal(span, form(*quoting), site);
                }
                Part::Expansion(node) => self.expansion(*node, site, depth),
            }
        }
    }

    /// Whether a part of a word continues the path beside it; `edge` gives the byte that touches it.
    fn joins(&self, part: &Part<'n>, edge: fn(&[u8]) -> Option<&u8>) -> bool {
        match part {
            Part::Expansion(_) => true,
            Part::Text { range, .. } => {
                edge(self.bytes(range.start, range.end)).is_some_and(|byte| continues(*byte))
            }
        }
    }

    fn expansion(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let mut site = site.clone();
        if node.kind() == "expansion"
            && let Some(name) = children(node)
                .into_iter()
                .find(|c| c.kind() == "variable_name")
        {
            site.target = Some(self.value(name));
        }
        self.each(node, &site, depth);
    }

    /// Returns a static node's value, or its text as written without the outer quotes.
    fn value(&self, node: Node<'n>) -> String {
        let range = node.byte_range();
        let text = self
            .out
            .text_of(self.base + range.start, self.base + range.end);
        match node.kind() {
            "string" | "raw_string" => text
                .get(1..text.len().saturating_sub(1))
                .unwrap_or_default()
                .to_owned(),
            _ => text,
        }
    }

    fn read_word(&self, node: Node<'n>) -> Word<'n> {
        let texts: Option<Vec<String>> = parts(node)
            .into_iter()
            .map(|part| match part {
                Part::Text { range, .. } => Some(
                    self.out
                        .text_of(self.base + range.start, self.base + range.end),
                ),
                Part::Expansion(_) => None,
            })
            .collect();
        Word {
            node,
            is_static: texts.is_some(),
            text: match texts {
                Some(texts) if node.kind() == "concatenation" => texts.concat(),
                _ => self.value(node),
            },
        }
    }

    fn assignment(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let target = node
            .child_by_field_name("name")
            .map(|name| self.value(name));
        let value = node.child_by_field_name("value");
        if target.as_deref() == Some("PATH")
            && let Some(value) = value
            && value.kind() != "array"
        {
            return self.path_assignment(value, site);
        }
        let site = Site {
            target,
            ..site.clone()
        };
        if let Some(value) = value {
            self.node(value, &site, depth + 1);
        }
    }

    fn path_assignment(&mut self, value: Node<'n>, site: &Site) {
        let range = value.byte_range();
        let (quotes, form) = match value.kind() {
            "string" => (1, Form::Interpolated),
            "raw_string" => (1, Form::Literal),
            _ => (0, Form::Bare),
        };
        let (start, end) = (range.start + quotes, range.end.saturating_sub(quotes));
        if start < end && self.bytes(start, end).contains(&b'/') {
            let site = Site {
                target: Some("PATH".into()),
                ..site.clone()
            };
            self.out.mark(
                self.base + start,
                self.base + end,
                Kind::PathAssignment,
                form,
                site,
            );
        }
    }

    /// Handles `export`, `local` and the like. The keyword is the call.
    fn called(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let call = node.child(0).map(|keyword| self.value(keyword));
        let site = Site {
            call,
            word: None,
            before: None,
            ..site.clone()
        };
        self.each(node, &site, depth);
    }

    /// Handles a redirection, which belongs to the command before it, as does a heredoc's body.
    fn redirected(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let body = node.child_by_field_name("body");
        let call = body
            .map(|body| match body.kind() {
                "negated_command" => body.named_child(0).unwrap_or(body),
                _ => body,
            })
            .filter(|body| body.kind() == "command")
            .and_then(|body| body.child_by_field_name("name"))
            .map(|name| self.value(name));
        for child in children(node) {
            if Some(child) == body {
                self.node(child, site, depth + 1);
            } else {
                let site = Site {
                    call: call.clone().or_else(|| site.call.clone()),
                    word: None,
                    before: None,
                    ..site.clone()
                };
                self.node(child, &site, depth + 1);
            }
        }
    }

    fn command(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let command = command(node);
        let words: Vec<Word> = command
            .words
            .iter()
            .map(|word| self.read_word(*word))
            .collect();
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let programs = programs(self.calls, &texts);
        let mut before = String::new();
        let mut call = None;
        for (index, word) in words.iter().enumerate() {
            if programs.contains(&index) {
                call = Some(program(word));
            }
            let site = Site {
                call: call.clone().or_else(|| words.first().map(program)),
                argument: None,
                word: u32::try_from(index).ok(),
                before: (!before.is_empty()).then(|| before.clone()),
                ..site.clone()
            };
            if programs.contains(&index) {
                self.program(word, &site);
            }
            if self.is_script(&words, index) {
                self.inline(word, &site, depth);
            } else {
                self.node(word.node, &site, depth + 1);
            }
            if index > 0 {
                before.push(' ');
            }
            before.push_str(&word.text);
        }
        let site = Site {
            call,
            word: None,
            ..site.clone()
        };
        for child in command.rest {
            self.node(child, &site, depth + 1);
        }
    }

    /// Marks a program's name where it is looked up on `PATH`.
    fn program(&mut self, word: &Word<'n>, site: &Site) {
        let name = word.text.as_str();
        if !word.is_static
            || !is_command_name(name.as_bytes())
            || self.functions.contains(name.as_bytes())
            || self.calls.is_builtin(name)
            || BUILTINS.contains(&name)
        {
            return;
        }
        let range = word.node.byte_range();
        let quotes = usize::from(matches!(word.node.kind(), "string" | "raw_string"));
        let form = match word.node.kind() {
            "string" => Form::Interpolated,
            "raw_string" => Form::Literal,
            _ => Form::Bare,
        };
        if range.len() == name.len() + 2 * quotes {
            self.out.mark(
                self.base + range.start + quotes,
                self.base + range.end - quotes,
                Kind::BareCommand,
                form,
                site.clone(),
            );
        }
    }

    /// Whether a word is itself a script: `sh -c '…'`, `eval '…'`, `trap '…' EXIT`.
    fn is_script(&self, words: &[Word<'n>], index: usize) -> bool {
        let Some(word) = words.get(index) else {
            return false;
        };
        if !matches!(word.node.kind(), "raw_string" | "string") {
            return false;
        }
        let name = words.first().map(|word| base_name(&word.text));
        let before = index.checked_sub(1).and_then(|i| words.get(i));
        match name {
            Some("eval" | "trap") => index == 1,
            _ => {
                before.is_some_and(|flag| {
                    flag.text.starts_with('-')
                        && !flag.text.starts_with("--")
                        && flag.text.ends_with('c')
                }) && words
                    .get(..index)
                    .unwrap_or_default()
                    .iter()
                    .any(|word| self.calls.is_shell(&word.text))
            }
        }
    }

    fn inline(&mut self, word: &Word<'n>, site: &Site, depth: u32) {
        let range = word.node.byte_range();
        let inner = (range.start + 1, range.end.saturating_sub(1));
        let Some(text) = self.text.get(inner.0..inner.1) else {
            return;
        };
        let site = Site {
            sub: site.sub.clone(),
            target: site.target.clone(),
            ..Site::default()
        };
        nested(
            self.out,
            text,
            self.base + inner.0,
            self.calls,
            &site,
            depth + 50,
        );
    }
}

fn form(quoting: Quoting) -> Form {
    match quoting {
        Quoting::Bare => Form::Bare,
        Quoting::Double => Form::Interpolated,
        Quoting::Single | Quoting::AnsiC => Form::Literal,
        Quoting::Heredoc => Form::Heredoc,
    }
}

/// Where a word of a command stands that no shell reads.
pub(super) struct Place {
    /// The command's site with the word's index and the words before it.
    pub site: Site,
    /// Whether it names a program: the command's own, or one that a prefix command runs.
    pub is_program: bool,
}

/// The places of a command's words.
pub(super) fn places(calls: &Calls, words: &[&str], site: &Site) -> Vec<Place> {
    let programs = programs(calls, words);
    let place = |index: usize| Place {
        site: Site {
            word: u32::try_from(index).ok(),
            before: words
                .get(..index)
                .filter(|before| !before.is_empty())
                .map(|before| before.join(" ")),
            ..site.clone()
        },
        is_program: programs.contains(&index),
    };
    (0..words.len()).map(place).collect()
}

/// The indices of the words of a command that name a program: its own, and those that its prefix commands run.
fn programs(calls: &Calls, words: &[&str]) -> Vec<usize> {
    std::iter::successors(Some(0), |at| run_by(calls, words, *at)).collect()
}

/// The index of the word that the program at `at` runs in turn: after `sudo`, `exec`, `find -exec`.
fn run_by(calls: &Calls, words: &[&str], at: usize) -> Option<usize> {
    let name = base_name(words.get(at)?);
    let rest = words.get(at + 1..)?;
    let next = match name {
        "which" | "type" | "hash" => rest.iter().position(|word| !word.starts_with('-'))?,
        "find" => {
            let flag = |word: &&str| matches!(*word, "-exec" | "-execdir" | "-ok" | "-okdir");
            rest.iter().position(flag)? + 1
        }
        _ => after_prefix(calls.prefix(name)?, rest)?,
    };
    (next < rest.len()).then_some(at + 1 + next)
}

/// Returns the index of the program among the words after a prefix command.
fn after_prefix(prefix: &Prefix, rest: &[&str]) -> Option<usize> {
    if prefix.separator
        && let Some(separator) = rest.iter().position(|word| *word == "--")
    {
        return Some(separator + 1);
    }
    let mut positional = prefix.positional;
    let mut at = 0;
    loop {
        let word = *rest.get(at)?;
        if word.starts_with('-') {
            at += 1 + usize::from(prefix.value_options.iter().any(|option| option == word));
        } else if prefix.assignments && word.contains('=') {
            at += 1;
        } else if positional > 0 {
            positional -= 1;
            at += 1;
        } else {
            return Some(at);
        }
    }
}

fn program(word: &Word<'_>) -> String {
    base_name(&word.text).to_owned()
}

/// Returns the file name in a program's path.
pub(super) fn base_name(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::testing::{calls, only, texts};

    fn shell(text: &str) -> FileScan {
        scan(text.as_bytes(), &calls()).expect("a script is never refused")
    }

    fn commands(text: &str) -> Vec<String> {
        let scan = shell(text);
        texts(&scan, Kind::BareCommand)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn what_runs_is_a_command() {
        assert_eq!(commands("vgs | grep -q x && lvs"), ["vgs", "grep", "lvs"]);
        assert_eq!(commands("if ! zpool list; then echo no; fi"), ["zpool"]);
        assert_eq!(commands("x=$(ip addr) y=`ss -l`"), ["ip", "ss"]);
        assert_eq!(commands("FOO=bar thing --x"), ["thing"]);
        assert_eq!(commands("\"qm\" list; 'pct' list"), ["qm", "pct"]);
        assert_eq!(
            commands("cat <<EOF\n$(hostname)\nEOF\n"),
            ["cat", "hostname"]
        );
    }

    #[test]
    fn what_the_shell_does_itself_is_none() {
        assert_eq!(
            commands("cd /tmp; [ -n x ] && echo y; set -e; . /lib/x.sh"),
            [""; 0]
        );
        assert_eq!(
            commands("$cmd list; ${x}y; ./local; f() { :; }; f 1"),
            [""; 0]
        );
    }

    #[test]
    fn prefixes_run_another_program() {
        assert_eq!(commands("sudo -u root lvs"), ["sudo", "lvs"]);
        assert_eq!(commands("exec timeout -k 1 5 qm start"), ["timeout", "qm"]);
        assert_eq!(commands("command -v jq; which rbd"), ["jq", "which", "rbd"]);
        assert_eq!(commands("find . -name x -exec rm {} +"), ["find", "rm"]);
        assert_eq!(commands("env A=b nft -f x"), ["env", "nft"]);
        let scan = shell("ssh \"$host\" systemctl stop x");
        let found = only(&scan, "systemctl");
        assert_eq!(found.site.before.as_deref(), Some("ssh $host"));
        assert_eq!(
            (found.site.word, found.site.call.as_deref()),
            (Some(2), Some("systemctl"))
        );
    }

    #[test]
    fn scripts_in_words_are_scanned() {
        assert_eq!(
            commands("sh -c 'ip link; bridge vlan'"),
            ["sh", "ip", "bridge"]
        );
        assert_eq!(commands("trap 'umount x' EXIT"), ["umount"]);
    }

    #[test]
    fn words_strings_and_heredocs_hold_paths() {
        let scan =
            shell("a /usr/bin/x \"/usr/share/$y/z\" '/etc/q' >/run/o <<E\n/var/h\nE\n# /usr/c\n");
        let forms: Vec<_> = scan
            .occurrences
            .iter()
            .filter(|o| o.kind == Kind::AbsolutePath)
            .map(|o| (o.text.as_str(), o.form, o.site.word))
            .collect();
        assert_eq!(
            forms,
            [
                ("/usr/bin/x", Form::Bare, Some(1)),
                ("/usr/share/", Form::Interpolated, Some(2)),
                ("/etc/q", Form::Literal, Some(3)),
                ("/run/o", Form::Bare, None),
                ("/var/h", Form::Heredoc, None),
                ("/usr/c", Form::Comment, None),
            ]
        );
        assert!(only(&scan, "/usr/share/").site.open);
        assert_eq!(only(&scan, "/run/o").site.call.as_deref(), Some("a"));
    }

    #[test]
    fn expansions_join_and_open_paths() {
        let scan = shell("a $ROOT/usr/bin/x \"$R\"/usr/bin/y /usr/lib/\"$z\" ${D:-/usr/bin/d}");
        assert!(only(&scan, "/usr/bin/x").site.joined);
        assert!(only(&scan, "/usr/bin/y").site.joined);
        assert!(only(&scan, "/usr/lib/").site.open);
        let default = only(&scan, "/usr/bin/d");
        assert!(!default.site.joined);
        assert_eq!(default.site.target.as_deref(), Some("D"));
    }

    #[test]
    fn assignments_name_their_target() {
        let scan = shell("f() { local D=/usr/share/x; }\nfor i in /etc/a; do b /etc/c; done");
        let found = only(&scan, "/usr/share/x");
        assert_eq!(
            (found.site.sub.as_deref(), found.site.target.as_deref()),
            (Some("f"), Some("D"))
        );
        assert_eq!(only(&scan, "/etc/a").site.target.as_deref(), Some("i"));
        assert_eq!(only(&scan, "/etc/c").site.target, None);
    }

    #[test]
    fn the_path_is_one_value() {
        for text in [
            "PATH=/sbin:/bin",
            "export PATH=\"/sbin:/bin\"",
            "PATH='/sbin:/bin' x",
            "env PATH=/sbin:/bin x",
        ] {
            let scan = shell(text);
            assert_eq!(texts(&scan, Kind::PathAssignment), ["/sbin:/bin"], "{text}");
            assert_eq!(texts(&scan, Kind::AbsolutePath), [""; 0], "{text}");
        }
        assert_eq!(texts(&shell("MYPATH=/sbin"), Kind::PathAssignment), [""; 0]);
    }

    #[test]
    fn what_the_grammar_does_not_know_is_still_read() {
        let scan = shell("if then ) ( /usr/bin/x \" ;; esac");
        assert_eq!(texts(&scan, Kind::AbsolutePath), ["/usr/bin/x"]);
    }

    #[test]
    fn the_shebang_is_no_comment() {
        let scan = shell("#!/bin/sh -e\n");
        assert_eq!(scan.switches, "-e");
        assert_eq!(only(&scan, "/bin/sh").kind, Kind::Shebang);
    }
}
