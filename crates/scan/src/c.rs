//! Scans C, C headers and XS with tree-sitter's grammar of C.
//!
//! XS and unusual macros produce error nodes. The scanner still searches their text for paths.

use tree_sitter::Node;

use super::calls::{Calls, Runs};
use super::collect::{Candidates, Collector, DEEPEST, Span, is_command_name};
use super::walk::Walk;
use super::{FileScan, Form, Kind, ParseError, Site, shell};
use syntax::{Grammar, children, parse};

/// The occurrences of a C file.
pub fn scan(bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    let candidates = Candidates::of(bytes, &calls.c_names().collect::<Vec<_>>());
    if !candidates.is_empty()
        && let Some(tree) = parse(Grammar::C, bytes)
    {
        let mut c = C {
            out: &mut out,
            calls,
            candidates,
        };
        c.node(tree.root_node(), &Site::default(), 0);
    }
    Ok(out.finish(String::new()))
}

struct C<'o, 'f, 'c> {
    out: &'o mut Collector<'f>,
    calls: &'c Calls,
    candidates: Candidates,
}

impl<'n, 'f> Walk<'n, 'f> for C<'_, 'f, '_> {
    fn out(&mut self) -> &mut Collector<'f> {
        self.out
    }

    fn is_empty(&self, node: Node<'n>) -> bool {
        !self.candidates.within(node)
    }

    fn visit(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        match node.kind() {
            "string_literal" => self.string(node, site, false, false),
            "concatenated_string" => self.concatenated(node, site, depth),
            "preproc_def" | "preproc_function_def" => {
                let target = node.child_by_field_name("name").map(|name| self.text(name));
                let site = Site {
                    target,
                    ..site.clone()
                };
                if let Some(value) = node.child_by_field_name("value") {
                    let span = Span::whole(value.start_byte(), value.end_byte());
                    self.out.literal(span, Form::Define, &site);
                }
            }
            "preproc_include" => {}
            "function_definition" => {
                let sub = node
                    .child_by_field_name("declarator")
                    .and_then(declared)
                    .map(|name| self.text(name));
                let site = Site {
                    sub,
                    ..site.clone()
                };
                self.each(node, &site, depth);
            }
            "call_expression" => self.call(node, site, depth),
            "init_declarator" | "assignment_expression" | "initializer_pair" => {
                let name = node
                    .child_by_field_name("declarator")
                    .and_then(declared)
                    .or_else(|| node.child_by_field_name("left"))
                    .or_else(|| node.child_by_field_name("designator"));
                let target = name.map(|name| self.text(name).trim_start_matches('.').to_owned());
                let site = Site {
                    target,
                    ..site.clone()
                };
                self.each(node, &site, depth);
            }
            _ => self.each(node, site, depth),
        }
    }
}

impl<'n> C<'_, '_, '_> {
    fn text(&self, node: Node<'n>) -> String {
        self.out.text_of(node.start_byte(), node.end_byte())
    }

    fn string(&mut self, node: Node<'n>, site: &Site, after: bool, before: bool) {
        let (start, end) = content(node);
        let span = Span {
            start,
            end,
            after,
            before,
        };
        self.out.literal(span, Form::Literal, site);
    }

    /// Handles adjacent strings and macros, which form one string.
    fn concatenated(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let parts = children(node);
        for (index, part) in parts.iter().enumerate() {
            if part.kind() != "string_literal" {
                self.node(*part, site, depth + 1);
                continue;
            }
            let joins = |other: Option<&Node<'n>>, last: bool| {
                other.is_some_and(|other| {
                    if other.kind() != "string_literal" {
                        return other.kind() != "comment";
                    }
                    let (start, end) = content(*other);
                    let text = self.out.slice(start, end);
                    let byte = if last { text.last() } else { text.first() };
                    byte.is_some_and(|b| super::collect::continues(*b))
                })
            };
            let after = joins(index.checked_sub(1).and_then(|i| parts.get(i)), true);
            let before = joins(parts.get(index + 1), false);
            self.string(*part, site, after, before);
        }
    }

    fn call(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let Some(function) = node.child_by_field_name("function") else {
            return self.each(node, site, depth);
        };
        let name = self.text(match function.child_by_field_name("field") {
            Some(field) => field,
            None => function,
        });
        let runs = self.calls.c(&name);
        let Some(arguments) = node.child_by_field_name("arguments") else {
            return;
        };
        let arguments = children(arguments)
            .into_iter()
            .filter(|child| child.kind() != "comment");
        for (index, argument) in arguments.enumerate() {
            let index = u32::try_from(index).ok();
            let site = Site {
                call: Some(name.clone()),
                argument: index,
                word: index.filter(|_| runs == Some(Runs::Words)),
                before: None,
                ..site.clone()
            };
            if index == Some(0) && argument.kind() == "string_literal" {
                let (start, end) = content(argument);
                match runs {
                    Some(Runs::Words) if is_command_name(self.out.slice(start, end)) => {
                        self.out
                            .mark(start, end, Kind::BareCommand, Form::Literal, site);
                        continue;
                    }
                    Some(Runs::Shell) => {
                        let text = self.out.slice(start, end);
                        self.out
                            .command(|out| shell::script(out, text, start, self.calls, &site));
                        continue;
                    }
                    _ => {}
                }
            }
            self.node(argument, &site, depth + 1);
        }
    }
}

/// Returns the range of a string's content.
fn content(node: Node<'_>) -> (usize, usize) {
    let quote = node.child(0).map_or(1, |open| open.byte_range().len());
    let start = node.start_byte() + quote;
    (
        start.min(node.end_byte()),
        node.end_byte().saturating_sub(1).max(start),
    )
}

/// Returns the identifier in a declarator.
fn declared(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    for _ in 0..DEEPEST {
        match node.child_by_field_name("declarator") {
            Some(inner) => node = inner,
            None => {
                return matches!(node.kind(), "identifier" | "field_identifier").then_some(node);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::testing::{calls, only, texts};

    fn c(text: &str) -> FileScan {
        scan(text.as_bytes(), &calls()).expect("C is never refused")
    }

    #[test]
    fn strings_defines_and_comments() {
        let scan = c(
            "#include </usr/include/x.h>\n#define D \"/usr/share/d\"\n/* /usr/c */\nint f(void) { char *p = \"/usr/lib/p\"; log(1, \"/etc/l\\n\"); }\n",
        );
        assert_eq!(
            texts(&scan, Kind::AbsolutePath),
            ["/usr/share/d", "/usr/c", "/usr/lib/p", "/etc/l"]
        );
        let define = only(&scan, "/usr/share/d");
        assert_eq!(
            (define.form, define.site.target.as_deref()),
            (Form::Define, Some("D"))
        );
        assert_eq!(only(&scan, "/usr/c").form, Form::Comment);
        let literal = only(&scan, "/usr/lib/p");
        assert_eq!(
            (literal.site.sub.as_deref(), literal.site.target.as_deref()),
            (Some("f"), Some("p"))
        );
        let argument = only(&scan, "/etc/l");
        assert_eq!(
            (argument.site.call.as_deref(), argument.site.argument),
            (Some("log"), Some(1))
        );
    }

    #[test]
    fn adjacent_strings_are_one() {
        let scan = c(
            "char *a = PREFIX \"/bin/x\"; char *b = \"/usr/share/\" NAME; char *c = \"no \" \"/sbin/y\";",
        );
        assert!(only(&scan, "/bin/x").site.joined);
        assert!(only(&scan, "/usr/share/").site.open);
        assert!(!only(&scan, "/sbin/y").site.joined);
    }

    #[test]
    fn calls_that_run_commands() {
        let scan = c(
            "void f() { execlp(\"lvs\", \"lvs\", 0); system(\"modprobe -q x; /sbin/y\"); popen(\"zfs list\", \"r\"); open(\"ls\"); }",
        );
        assert_eq!(texts(&scan, Kind::BareCommand), ["lvs", "modprobe", "zfs"]);
        assert_eq!(only(&scan, "modprobe").form, Form::Command);
        assert_eq!(only(&scan, "/sbin/y").site.sub.as_deref(), Some("f"));
    }

    #[test]
    fn triplets_alone_are_found() {
        let scan = c("char *t = \"x86_64-linux-gnu\";");
        assert_eq!(
            texts(&scan, Kind::ArchitectureTriplet),
            ["x86_64-linux-gnu"]
        );
    }

    #[test]
    fn what_is_no_c_is_still_read() {
        let scan = c("MODULE = X PACKAGE = X\n\nint\nf(a)\n  CODE:\n    g(\"/usr/lib/x\");\n");
        assert_eq!(texts(&scan, Kind::AbsolutePath), ["/usr/lib/x"]);
    }
}
