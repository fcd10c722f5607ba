//! Finds paths that Perl code assembles from its own constants (`"$DIR/name"`, `DIR . '/name'`),
//! and directories that it reads.
//!
//! A variable counts as a constant if its scope assigns it a single string. Any other variable, and
//! anything else that is known only at run time, is a hole.

use std::collections::{BTreeMap, HashMap, HashSet};

use syntax::children;
use tree_sitter::{Node, Tree};

use super::tree::parsed;
use crate::ParseError;

/// Functions whose first argument is a directory to read.
const READERS: [&[u8]; 3] = [b"opendir", b"dir_glob_foreach", b"dir_glob_regex"];
/// The deepest chain of constants to follow.
const DEPTH: usize = 8;

/// A part of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A known text.
    Text(String),
    /// A part that is known only at run time.
    Hole,
}

/// An assembled path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its parts. No two texts are adjacent.
    pub parts: Vec<Part>,
    /// 1-based line.
    pub line: u32,
    /// Whether the code checks that it exists.
    pub is_asked: bool,
    /// Whether the code lists its contents.
    pub is_listed: bool,
}

/// Returns the paths of a file that begin with `prefix` and are assembled from a constant and other
/// parts, and the directories that it lists.
///
/// # Errors
/// The file does not parse.
pub fn paths(bytes: &[u8], prefix: &str) -> Result<Vec<Joined>, ParseError> {
    if memchr::memmem::find(bytes, prefix.as_bytes()).is_none() {
        return Ok(Vec::new());
    }
    let tree = parsed(bytes, None)?;
    let file = File::of(&tree, bytes);
    Ok(file.paths(prefix))
}

/// A variable or constant in its scope: the sub's node, or 0 for the file.
type Scoped<'a> = (usize, &'a [u8]);

struct File<'a> {
    bytes: &'a [u8],
    /// The named nodes, in source order.
    nodes: Vec<Node<'a>>,
    /// For each node its parent and its sub. tree-sitter finds a parent only by a search from the
    /// root.
    around: HashMap<usize, (Node<'a>, usize)>,
    /// The assigned value; `None` if there are several.
    values: HashMap<Scoped<'a>, Option<Node<'a>>>,
    /// Variables whose paths the code checks for existence.
    asked: HashSet<Scoped<'a>>,
}

impl<'a> File<'a> {
    fn of(tree: &'a Tree, bytes: &'a [u8]) -> Self {
        let mut file = Self {
            bytes,
            nodes: Vec::new(),
            around: HashMap::new(),
            values: HashMap::new(),
            asked: HashSet::new(),
        };
        let mut open = vec![(tree.root_node(), 0)];
        while let Some((node, scope)) = open.pop() {
            let is_sub = matches!(
                node.kind(),
                "subroutine_declaration_statement" | "method_declaration_statement"
            );
            let scope = if is_sub { node.id() } else { scope };
            let children = children(node);
            for child in &children {
                file.around.insert(child.id(), (node, scope));
            }
            open.extend(children.into_iter().rev().map(|child| (child, scope)));
            file.nodes.push(node);
        }
        for node in file.nodes.clone() {
            match node.kind() {
                "assignment_expression" => file.assigned(node),
                "variable_declaration" => file.declared(node),
                "for_statement" => file.unknown(node.child_by_field_name("variable")),
                "use_statement" => file.constants(node),
                "func1op_call_expression" if file.is_test(node) => {
                    let asked: Vec<Scoped> = children(node)
                        .into_iter()
                        .filter(|one| one.kind() == "scalar")
                        .map(|one| (file.scope(one), file.name(one)))
                        .collect();
                    file.asked.extend(asked);
                }
                _ => {}
            }
        }
        file
    }

    /// Returns a node's parent.
    fn parent(&self, node: Node) -> Option<Node<'a>> {
        self.around.get(&node.id()).map(|(parent, _)| *parent)
    }

    /// Returns the sub around a node; 0 outside of any.
    fn scope(&self, node: Node) -> usize {
        self.around.get(&node.id()).map_or(0, |(_, scope)| *scope)
    }

    fn text(&self, node: Node) -> &'a [u8] {
        self.bytes.get(node.byte_range()).unwrap_or_default()
    }

    /// Returns a variable's name without sigil and braces.
    fn name(&self, node: Node) -> &'a [u8] {
        let name = node.named_child(0).unwrap_or(node);
        self.text(name)
    }

    /// Whether a call is a file test: `-e`, `-f` and so on.
    fn is_test(&self, node: Node) -> bool {
        let text = self.text(node);
        text.first() == Some(&b'-') && text.get(1).is_some_and(u8::is_ascii_alphabetic)
    }

    fn assigned(&mut self, node: Node<'a>) {
        let (Some(left), Some(right)) = (
            node.child_by_field_name("left"),
            node.child_by_field_name("right"),
        ) else {
            return;
        };
        let left = left.child_by_field_name("variable").unwrap_or(left);
        if left.kind() != "scalar" {
            return;
        }
        let is_plain = node
            .child_by_field_name("operator")
            .is_none_or(|operator| self.text(operator) == b"=");
        let key = (self.scope(node), self.name(left));
        let value = is_plain.then_some(right);
        self.values
            .entry(key)
            .and_modify(|value| *value = None)
            .or_insert(value);
    }

    /// Marks variables as unknown that are declared without a single value, even if another of that
    /// name has one.
    fn declared(&mut self, node: Node<'a>) {
        let is_assigned = self.parent(node).is_some_and(|parent| {
            parent.kind() == "assignment_expression"
                && parent.child_by_field_name("left") == Some(node)
                && node
                    .child_by_field_name("variable")
                    .is_some_and(|one| one.kind() == "scalar")
        });
        if !is_assigned {
            for child in children(node) {
                self.unknown(Some(child));
            }
        }
    }

    fn unknown(&mut self, variable: Option<Node<'a>>) {
        let Some(variable) = variable.filter(|variable| variable.kind() == "scalar") else {
            return;
        };
        let key = (self.scope(variable), self.name(variable));
        self.values.insert(key, None);
    }

    /// Handles `use constant NAME => …;` and `use constant { … };`.
    fn constants(&mut self, node: Node<'a>) {
        let module = node.child_by_field_name("module");
        if module.is_none_or(|module| self.text(module) != b"constant") {
            return;
        }
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let children: Vec<Node> = children(node);
            if node.kind() == "list_expression" {
                for pair in children.windows(2) {
                    if pair[0].kind() == "autoquoted_bareword" {
                        let key = (0, self.text(pair[0]));
                        self.values.insert(key, Some(pair[1]));
                    }
                }
            } else {
                open.extend(children);
            }
        }
    }

    /// Returns the value of a variable or constant at a node.
    fn value(&self, at: Node, name: &'a [u8], depth: usize) -> Vec<Part> {
        let own = self.values.get(&(self.scope(at), name));
        let value = own.or_else(|| self.values.get(&(0, name)));
        match value.copied().flatten() {
            Some(value) if depth < DEPTH => self.worth(value, depth + 1),
            _ => vec![Part::Hole],
        }
    }

    /// Returns the value of an expression.
    fn worth(&self, node: Node, depth: usize) -> Vec<Part> {
        match node.kind() {
            "string_literal" => self.literal(node),
            "interpolated_string_literal" => self.interpolated(node, depth),
            "scalar" => self.value(node, self.name(node), depth),
            "bareword" => self.value(node, self.text(node), depth),
            "parenthesized_expression" => match (node.named_child(0), node.named_child(1)) {
                (Some(only), None) if depth < DEPTH => self.worth(only, depth + 1),
                _ => vec![Part::Hole],
            },
            "binary_expression" if self.is_concatenation(node) => {
                let sides = self.concatenated(node).into_iter();
                merged(sides.flat_map(|side| self.worth(side, depth)))
            }
            _ => vec![Part::Hole],
        }
    }

    /// Returns the operands of a chain of concatenations of any length.
    fn concatenated<'n>(&self, node: Node<'n>) -> Vec<Node<'n>> {
        let mut leaves = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if node.kind() == "binary_expression" && self.is_concatenation(node) {
                let sides = ["right", "left"].map(|side| node.child_by_field_name(side));
                open.extend(sides.into_iter().flatten());
            } else {
                leaves.push(node);
            }
        }
        leaves
    }

    fn is_concatenation(&self, node: Node) -> bool {
        let operator = node.child_by_field_name("operator");
        operator.is_some_and(|operator| self.text(operator) == b".")
    }

    fn literal(&self, node: Node) -> Vec<Part> {
        let content = node.child_by_field_name("content");
        let text = content
            .map(|content| self.text(content))
            .unwrap_or_default();
        vec![Part::Text(String::from_utf8_lossy(text).into_owned())]
    }

    fn interpolated(&self, node: Node, depth: usize) -> Vec<Part> {
        let Some(content) = node.child_by_field_name("content") else {
            return vec![Part::Text(String::new())];
        };
        let mut parts = Vec::new();
        let mut at = content.start_byte();
        let text = |from: usize, to: usize| {
            let text = self.bytes.get(from..to).unwrap_or_default();
            Part::Text(String::from_utf8_lossy(text).into_owned())
        };
        for child in children(content) {
            parts.push(text(at, child.start_byte()));
            if child.kind() == "scalar" {
                parts.extend(self.value(child, self.name(child), depth));
            } else {
                parts.push(Part::Hole);
            }
            at = child.end_byte();
        }
        parts.push(text(at, content.end_byte()));
        merged(parts)
    }

    fn paths(&self, prefix: &str) -> Vec<Joined> {
        let mut found: BTreeMap<usize, Joined> = BTreeMap::new();
        for node in self.nodes.iter().copied() {
            let is_joined = node.kind() == "interpolated_string_literal"
                || node.kind() == "binary_expression" && self.is_concatenation(node);
            // The widest expression is the path.
            let is_part = self.parent(node).is_some_and(|parent| {
                parent.kind() == "binary_expression" && self.is_concatenation(parent)
            });
            if is_joined && !is_part && self.is_new(node) {
                self.add(node, node, false, prefix, &mut found);
            }
            if matches!(
                node.kind(),
                "function_call_expression" | "ambiguous_function_call_expression"
            ) {
                self.listed(node, prefix, &mut found);
            }
        }
        found.into_values().collect()
    }

    /// Whether an expression has more than one literal. The scan covers those with one.
    fn is_new(&self, node: Node) -> bool {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            let is_name = matches!(node.kind(), "scalar" | "bareword");
            if is_name && self.worth(node, 0) != [Part::Hole] {
                return true;
            }
            open.extend(children(node));
        }
        node.kind() == "binary_expression"
    }

    /// Adds the directory that a call lists.
    fn listed(&self, call: Node, prefix: &str, found: &mut BTreeMap<usize, Joined>) {
        let function = call.child_by_field_name("function");
        let function = function
            .map(|function| self.text(function))
            .unwrap_or_default();
        let function = function
            .rsplit(|byte| *byte == b':')
            .next()
            .unwrap_or_default();
        if !READERS.contains(&function) {
            return;
        }
        let Some(arguments) = call.child_by_field_name("arguments") else {
            return;
        };
        let at = u32::from(function == b"opendir");
        let argument = if arguments.kind() == "list_expression" {
            arguments.named_child(at)
        } else {
            Some(arguments)
        };
        if let Some(argument) = argument {
            self.add(argument, argument, true, prefix, found);
        }
    }

    fn add(
        &self,
        node: Node,
        at: Node,
        is_listed: bool,
        prefix: &str,
        found: &mut BTreeMap<usize, Joined>,
    ) {
        let parts = self.worth(node, 0);
        if !matches!(parts.first(), Some(Part::Text(text)) if text.starts_with(prefix)) {
            return;
        }
        let joined = Joined {
            parts,
            line: u32::try_from(at.start_position().row + 1).unwrap_or(u32::MAX),
            is_asked: self.is_asked(node),
            is_listed,
        };
        let there = found
            .entry(node.start_byte())
            .or_insert_with(|| joined.clone());
        there.is_listed |= is_listed;
    }

    /// Whether the code checks that a path exists, directly or through the variable that receives
    /// it.
    fn is_asked(&self, node: Node) -> bool {
        let mut around = node;
        while let Some(parent) = self.parent(around) {
            match parent.kind() {
                "func1op_call_expression" if self.is_test(parent) => return true,
                "parenthesized_expression" => around = parent,
                "assignment_expression" => {
                    let left = parent.child_by_field_name("left");
                    let left =
                        left.map(|left| left.child_by_field_name("variable").unwrap_or(left));
                    return left.is_some_and(|left| {
                        let name = self.name(left);
                        self.asked.contains(&(self.scope(left), name))
                            || self.asked.contains(&(0, name))
                    });
                }
                _ => break,
            }
        }
        node.kind() == "scalar" && self.asked.contains(&(self.scope(node), self.name(node)))
    }
}

/// Pieces with texts that stand side by side put together.
fn merged(parts: impl IntoIterator<Item = Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::new();
    for part in parts {
        match (merged.last_mut(), part) {
            (_, Part::Text(text)) if text.is_empty() => {}
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
            (Some(Part::Hole), Part::Hole) => {}
            (_, part) => merged.push(part),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &str) -> Vec<String> {
        let found = paths(code.as_bytes(), "/nix/store/").unwrap();
        let part = |part: &Part| match part {
            Part::Text(text) => text.replace("/nix/store/", "~"),
            Part::Hole => "*".to_owned(),
        };
        let one = |one: &Joined| {
            format!(
                "{}{}{} {}",
                one.line,
                if one.is_asked { "?" } else { "" },
                if one.is_listed { "/" } else { "" },
                one.parts.iter().map(part).collect::<String>()
            )
        };
        found.iter().map(one).collect()
    }

    #[test]
    fn constants_and_names_are_put_together() {
        let code = r#"use constant { A => '/nix/store/a', B => 3 };
use constant C => "/nix/store/c";
my $dir = '/nix/store/d/';
my $f = "${dir}foo.conf";
my $g = $dir . 'bar/' . $name . '.conf';
my $h = C . '/baz';
my $two = "$f.d";
sub one { my $dir = '/nix/store/one'; return "$dir/$dir->{x}-$_[0].fd"; }
sub other { my ($dir) = @_; return "$other/x"; }
print "/nix/store/e/$name";
"#;
        assert_eq!(
            told(code),
            [
                "4 ~d/foo.conf",
                "5 ~d/bar/*.conf",
                "6 ~c/baz",
                "7 ~d/foo.conf.d",
                "8 ~one/*-*.fd",
            ]
        );
    }

    #[test]
    fn what_is_assigned_twice_is_not_known() {
        let code =
            "my $dir = '/nix/store/d';\n$dir = '/nix/store/e' if $x;\nmy $f = \"$dir/foo\";\n";
        assert_eq!(told(code), Vec::<String>::new());
        let code = "my $dir = '/nix/store/d';\n$dir .= '/e';\nmy $f = \"$dir/foo\";\n";
        assert_eq!(told(code), Vec::<String>::new());
    }

    #[test]
    fn a_name_that_a_sub_declares_is_its_own() {
        for declared in [
            "my ($dir) = @_;",
            "my ($self, $dir) = @_;",
            "my $dir = shift;",
            "my $dir;",
            "for my $dir (@dirs) {}",
        ] {
            let code =
                format!("my $dir = '/nix/store/d';\nsub x {{ {declared} return \"$dir/foo\"; }}\n");
            assert_eq!(told(&code), Vec::<String>::new(), "{declared}");
        }
    }

    #[test]
    fn what_the_code_asks_for_is_told_apart() {
        let code = "my $dir = '/nix/store/d';\nmy $f = \"$dir/foo\";\nprint 1 if -e $f;\nprint 2 if -f \"$dir/bar\";\nopen(my $fh, '<', \"$dir/baz\");\n";
        assert_eq!(told(code), ["2? ~d/foo", "4? ~d/bar", "5 ~d/baz"]);
    }

    #[test]
    fn directories_that_are_listed() {
        let code = "my $dir = '/nix/store/d';\nopendir(my $dh, $dir) or die;\nPVE::Tools::dir_glob_foreach(\"$dir/e\", 'x', sub { });\n\
            opendir(my $other, '/nix/store/f');\n";
        assert_eq!(told(code), ["2/ ~d", "3/ ~d/e", "4/ ~f"]);
    }
}
