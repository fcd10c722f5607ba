//! Scans Python with tree-sitter's grammar.

use tree_sitter::Node;

use super::calls::{Calls, Runs};
use super::collect::{Collector, is_command_name};
use super::walk::{Walk, added};
use super::{FileScan, Form, Kind, ParseError, Site, shell};
use syntax::{Grammar, children, parse};

/// The occurrences of a Python file.
pub fn scan(bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    let switches = out.shebang().map(|(switches, _)| switches);
    if let Some(tree) = parse(Grammar::Python, bytes) {
        let mut python = Python {
            out: &mut out,
            calls,
        };
        python.node(tree.root_node(), &Site::default(), 0);
    }
    Ok(out.finish(switches.unwrap_or_default()))
}

struct Python<'o, 'f, 'c> {
    out: &'o mut Collector<'f>,
    calls: &'c Calls,
}

impl<'n, 'f> Walk<'n, 'f> for Python<'_, 'f, '_> {
    fn out(&mut self) -> &mut Collector<'f> {
        self.out
    }

    fn visit(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        match node.kind() {
            "string" => self.string(node, None, site, depth),
            "expression_statement" => {
                let docstring = node
                    .named_child(0)
                    .filter(|child| child.kind() == "string" && node.named_child_count() == 1);
                match docstring {
                    Some(string) => self.string(string, Some(Form::Pod), site, depth),
                    None => self.each(node, site, depth),
                }
            }
            "import_statement" => self.import(node),
            "import_from_statement" => {
                if let Some(module) = node.child_by_field_name("module_name") {
                    self.module(module);
                }
            }
            "function_definition" => {
                let sub = node.child_by_field_name("name").map(|name| self.text(name));
                let site = Site {
                    sub,
                    ..Site::default()
                };
                self.each(node, &site, depth);
            }
            "assignment" | "keyword_argument" | "pair" => {
                let target = ["left", "name", "key"]
                    .iter()
                    .find_map(|field| node.child_by_field_name(field))
                    .map(|name| self.text(name).trim_matches(['\'', '"']).to_owned());
                let site = Site {
                    target,
                    ..site.clone()
                };
                self.each(node, &site, depth);
            }
            "call" => self.call(node, site, depth),
            _ => self.each(node, site, depth),
        }
    }
}

impl<'n> Python<'_, '_, '_> {
    fn text(&self, node: Node<'n>) -> String {
        self.out.text_of(node.start_byte(), node.end_byte())
    }

    fn string(&mut self, node: Node<'n>, form: Option<Form>, site: &Site, depth: u32) {
        let (start, end) = content(node);
        let interpolations: Vec<Node<'n>> = children(node)
            .into_iter()
            .filter(|child| child.kind() == "interpolation")
            .collect();
        let form = form.unwrap_or(if interpolations.is_empty() {
            Form::Literal
        } else {
            Form::Interpolated
        });
        if site.target.as_deref().is_some_and(is_path_variable)
            && self.out.slice(start, end).contains(&b'/')
        {
            return self
                .out
                .mark(start, end, Kind::PathAssignment, form, site.clone());
        }
        let sum = added(node, "binary_operator");
        self.interpolated((start, end), &interpolations, sum, form, site, depth);
    }

    fn import(&mut self, node: Node<'n>) {
        for child in children(node) {
            self.module(child.child_by_field_name("name").unwrap_or(child));
        }
    }

    /// Marks the top-level module of a dotted name. A relative name belongs to the source itself.
    fn module(&mut self, node: Node<'n>) {
        if node.kind() != "dotted_name" {
            return;
        }
        if let Some(top) = node.named_child(0) {
            self.out.mark(
                top.start_byte(),
                top.end_byte(),
                Kind::Module,
                Form::Bare,
                Site::default(),
            );
        }
    }

    fn call(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let Some(function) = node.child_by_field_name("function") else {
            return self.each(node, site, depth);
        };
        let name = self.text(function);
        let last = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let runs = self.calls.python(&name);
        self.node(function, site, depth + 1);
        let Some(arguments) = node.child_by_field_name("arguments") else {
            return;
        };
        let to_shell = runs == Some(Runs::Shell)
            || runs.is_some()
                && memchr::memmem::find(
                    self.out.slice(arguments.start_byte(), arguments.end_byte()),
                    b"shell=True",
                )
                .is_some();
        for (index, argument) in children(arguments).into_iter().enumerate() {
            let site = Site {
                call: Some(last.clone()),
                argument: u32::try_from(index).ok(),
                ..site.clone()
            };
            match argument.kind() {
                "list" | "tuple" if index == 0 && runs.is_some() => {
                    self.words(argument, &site, depth);
                }
                "string" if index == 0 && runs.is_some() => {
                    self.command(argument, &site, to_shell, depth);
                }
                _ => self.node(argument, &site, depth + 1),
            }
        }
    }

    /// Scans a list of words. The first is the program; prefix commands run another.
    fn words(&mut self, list: Node<'n>, site: &Site, depth: u32) {
        let words = children(list);
        let texts: Vec<String> = words
            .iter()
            .map(|word| match word.kind() {
                "string" => {
                    let (start, end) = content(*word);
                    self.out.text_of(start, end)
                }
                _ => self.text(*word),
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for (word, place) in words.iter().zip(shell::places(self.calls, &texts, site)) {
            if place.is_program {
                self.command(*word, &place.site, false, depth);
            } else {
                self.node(*word, &place.site, depth + 1);
            }
        }
    }

    /// Scans a string that is a program's name, a path or a command line.
    fn command(&mut self, node: Node<'n>, site: &Site, to_shell: bool, depth: u32) {
        let (start, end) = content(node);
        let text = self.out.slice(start, end);
        if node.kind() != "string" {
            self.node(node, site, depth + 1);
        } else if to_shell {
            self.out
                .command(|out| shell::script(out, text, start, self.calls, site));
        } else if is_command_name(text) {
            let site = Site {
                word: site.word.or(Some(0)),
                ..site.clone()
            };
            self.out
                .mark(start, end, Kind::BareCommand, Form::Literal, site);
        } else {
            self.string(node, None, site, depth);
        }
    }
}

/// Whether the target is the environment's `PATH`: `env["PATH"]`, or the key `PATH` of a
/// dictionary.
fn is_path_variable(target: &str) -> bool {
    matches!(target, "PATH") || target.ends_with("['PATH']") || target.ends_with("[\"PATH\"]")
}

/// Returns the range of a string's content, without prefix and quotes.
fn content(node: Node<'_>) -> (usize, usize) {
    let mut start = node.start_byte();
    let mut end = node.end_byte();
    for child in node.children(&mut node.walk()) {
        match child.kind() {
            "string_start" => start = child.end_byte(),
            "string_end" => end = child.start_byte(),
            _ => {}
        }
    }
    (start, end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::testing::{calls, only, texts};

    fn python(text: &str) -> FileScan {
        scan(text.as_bytes(), &calls()).expect("Python is never refused")
    }

    #[test]
    fn modules_are_top_level_names() {
        let scan = python("import os, a.b as c\nfrom json import x\nfrom . import y\n");
        assert_eq!(texts(&scan, Kind::Module), ["os", "a", "json"]);
    }

    #[test]
    fn calls_that_run_commands() {
        let scan = python(
            "subprocess.run(['sudo', 'lvs', '/dev/x'])\nos.system('ip a | grep x')\nsubprocess.call('jq .', shell=True)\nos.execvp('qm', a)\n",
        );
        assert_eq!(
            texts(&scan, Kind::BareCommand),
            ["sudo", "lvs", "ip", "grep", "jq", "qm"]
        );
        assert_eq!(
            only(&scan, "/dev/x").site.before.as_deref(),
            Some("sudo lvs")
        );
        assert_eq!(only(&scan, "ip").form, Form::Command);
    }

    #[test]
    fn strings_docstrings_and_comments() {
        let scan = python(
            "#!/usr/bin/env python3\ndef f():\n    \"\"\"See /usr/d.\"\"\"\n    p = f'/usr/share/{x}/usr/e'\n    return open(p + '/etc/g')  # /usr/c\n",
        );
        assert_eq!(only(&scan, "/usr/d").form, Form::Pod);
        assert!(only(&scan, "/usr/share/").site.open);
        assert_eq!(only(&scan, "/usr/share/").site.target.as_deref(), Some("p"));
        assert!(only(&scan, "/usr/e").site.joined && only(&scan, "/etc/g").site.joined);
        assert_eq!(only(&scan, "/etc/g").site.sub.as_deref(), Some("f"));
        assert_eq!(only(&scan, "/usr/c").form, Form::Comment);
        assert_eq!(only(&scan, "/usr/bin/env").kind, Kind::Shebang);
    }

    #[test]
    fn the_path_is_one_value() {
        let scan = python("env['PATH'] = '/sbin:/bin'\nrun(env={'PATH': \"/usr/sbin\"})\n");
        assert_eq!(
            texts(&scan, Kind::PathAssignment),
            ["/sbin:/bin", "/usr/sbin"]
        );
        assert_eq!(texts(&scan, Kind::AbsolutePath), [""; 0]);
    }
}
