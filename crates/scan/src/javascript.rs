//! Scans JavaScript with tree-sitter's grammar.
//!
//! It runs in a browser, so its paths are messages and examples. Rules recognise them by their key
//! (`emptyText`, `text`) and the function around them.

use tree_sitter::Node;

use super::collect::{Candidates, Collector, Span};
use super::walk::{Walk, added};
use super::{FileScan, Form, ParseError, Site};
use syntax::{Grammar, children, parse};

/// Returns the occurrences of a JavaScript file.
pub fn scan(bytes: &[u8]) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    let switches = out.shebang().map(|(switches, _)| switches);
    let candidates = Candidates::of(bytes, &[]);
    if !candidates.is_empty()
        && let Some(tree) = parse(Grammar::Javascript, bytes)
    {
        let mut javascript = Javascript {
            out: &mut out,
            candidates,
        };
        javascript.node(tree.root_node(), &Site::default(), 0);
    }
    Ok(out.finish(switches.unwrap_or_default()))
}

struct Javascript<'o, 'f> {
    out: &'o mut Collector<'f>,
    candidates: Candidates,
}

impl<'n, 'f> Walk<'n, 'f> for Javascript<'_, 'f> {
    fn out(&mut self) -> &mut Collector<'f> {
        self.out
    }

    fn is_empty(&self, node: Node<'n>) -> bool {
        !self.candidates.within(node)
    }

    fn visit(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let range = node.byte_range();
        match node.kind() {
            "string" => {
                let (after, before) = added(node, "binary_expression");
                let span = Span {
                    start: range.start + 1,
                    end: range.end.saturating_sub(1).max(range.start + 1),
                    after,
                    before,
                };
                self.out.literal(span, Form::Literal, site);
            }
            "template_string" => self.template(node, site, depth),
            "regex" => {
                let pattern = node.child_by_field_name("pattern").unwrap_or(node);
                let span = Span::whole(pattern.start_byte(), pattern.end_byte());
                self.out.regex(span, site);
            }
            "function_declaration" | "method_definition" | "generator_function_declaration" => {
                let site = Site {
                    sub: self.field(node, "name"),
                    ..Site::default()
                };
                self.each(node, &site, depth);
            }
            "pair" => self.pair(node, site, depth),
            "variable_declarator" | "assignment_expression" | "field_definition" => {
                let target = ["name", "left", "property"]
                    .iter()
                    .find_map(|field| self.field(node, field));
                let site = Site {
                    target,
                    ..site.clone()
                };
                self.each(node, &site, depth);
            }
            "call_expression" | "new_expression" => self.call(node, site, depth),
            _ => self.each(node, site, depth),
        }
    }
}

impl<'n> Javascript<'_, '_> {
    fn name(&self, node: Node<'n>) -> String {
        let name = node.child_by_field_name("property").unwrap_or(node);
        let text = self.out.text_of(name.start_byte(), name.end_byte());
        text.trim_matches(['\'', '"']).to_owned()
    }

    fn field(&self, node: Node<'n>, field: &str) -> Option<String> {
        node.child_by_field_name(field).map(|name| self.name(name))
    }

    /// Scans `key: value`. A function value takes its name from the key.
    fn pair(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let key = self.field(node, "key");
        let Some(value) = node.child_by_field_name("value") else {
            return self.each(node, site, depth);
        };
        let site = if matches!(value.kind(), "function_expression" | "arrow_function") {
            Site {
                sub: key,
                ..Site::default()
            }
        } else {
            Site {
                target: key,
                ..site.clone()
            }
        };
        self.each(node, &site, depth);
    }

    fn call(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let function = node
            .child_by_field_name("function")
            .or_else(|| node.child_by_field_name("constructor"));
        let call = function.map(|function| self.name(function));
        if let Some(function) = function {
            self.node(function, site, depth + 1);
        }
        let Some(arguments) = node.child_by_field_name("arguments") else {
            return;
        };
        for (index, argument) in children(arguments).into_iter().enumerate() {
            let site = Site {
                call: call.clone(),
                argument: u32::try_from(index).ok(),
                ..site.clone()
            };
            self.node(argument, &site, depth + 1);
        }
    }

    fn template(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let content = (node.start_byte() + 1, node.end_byte().saturating_sub(1));
        let expressions: Vec<Node> = children(node)
            .into_iter()
            .filter(|child| child.kind() == "template_substitution")
            .collect();
        let sum = (false, false);
        self.interpolated(content, &expressions, sum, Form::Interpolated, site, depth);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::collect::testing::{only, texts};

    fn javascript(text: &str) -> FileScan {
        scan(text.as_bytes()).expect("JavaScript is never refused")
    }

    #[test]
    fn strings_know_their_key_and_function() {
        let scan = javascript(
            "Ext.define('X', { emptyText: '/dev/xyz', go: function() { call(1, '/usr/a'); } });",
        );
        assert_eq!(
            only(&scan, "/dev/xyz").site.target.as_deref(),
            Some("emptyText")
        );
        let found = only(&scan, "/usr/a");
        assert_eq!(
            (found.site.sub.as_deref(), found.site.call.as_deref()),
            (Some("go"), Some("call"))
        );
        assert_eq!(found.site.argument, Some(1));
    }

    #[test]
    fn sums_and_templates_join_and_open() {
        let scan =
            javascript("a = '/usr/share/' + x; b = y + '/usr/lib/z'; c = `/usr/t/${x}/usr/u`;");
        assert!(only(&scan, "/usr/share/").site.open && !only(&scan, "/usr/share/").site.joined);
        assert!(only(&scan, "/usr/lib/z").site.joined && !only(&scan, "/usr/lib/z").site.open);
        assert!(only(&scan, "/usr/t/").site.open && only(&scan, "/usr/u").site.joined);
        assert_eq!(only(&scan, "/usr/u").form, Form::Interpolated);
    }

    #[test]
    fn a_regular_expression_is_one() {
        let scan = javascript("x.match(/^\\/dev\\/sd/); y.match(/media=cdrom/); // /usr/c");
        assert_eq!(texts(&scan, Kind::AbsolutePath), ["\\/dev\\/sd", "/usr/c"]);
        assert_eq!(only(&scan, "\\/dev\\/sd").form, Form::Regex);
        assert_eq!(only(&scan, "/usr/c").form, Form::Comment);
    }

    #[test]
    fn urls_of_the_api_are_none() {
        assert_eq!(
            texts(
                &javascript("u = '/api2/json/x'; v = '/pve2/ext6';"),
                Kind::AbsolutePath
            ),
            [""; 0]
        );
    }
}
