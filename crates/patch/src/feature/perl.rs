//! Structural edits of a Perl file: removes modules, methods and elements, replaces expressions.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

use super::{Change, Cuts, Holds, not_here, replaced, whole_lines};
use decide::rules::Feature;
use problem::{Problem, UNPARSED};
use syntax::children;

/// Returns the feature's changes to a Perl file.
///
/// # Errors
/// A file that does not parse; a method, an element or an expression that is to go and is not there.
pub(super) fn changes(
    feature: &Feature,
    path: &str,
    bytes: &[u8],
    tree: Option<&Tree>,
) -> Result<Vec<Change>, Problem> {
    let tree = tree.map_or_else(|| parsed(feature, path, bytes), |tree| Ok(tree.clone()))?;
    let mut finder = found(feature, path, bytes, &tree);
    if let Some(missing) = finder.missing() {
        return Err(not_here(feature, path, &missing));
    }
    if !finder.mounted.is_empty() || !finder.methods.is_empty() {
        finder.visit_entries(tree.root_node());
    }
    let cuts = disjoint(std::mem::take(&mut finder.cuts));
    let mut changes: Vec<Change> = cuts.into_iter().map(|cut| (cut, String::new())).collect();
    changes.extend(replaced::changes(feature, path, &tree, bytes)?);
    Ok(changes)
}

fn parsed(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Tree, Problem> {
    let place = |problem: Problem| problem.in_source(&feature.source).at(path, None);
    let mut parser = Parser::new();
    let language = ts_parser_perl::LANGUAGE.into();
    parser
        .set_language(&language)
        .map_err(|error| place(Problem::new(&UNPARSED, error.to_string())))?;
    parser
        .parse(bytes, None)
        .ok_or_else(|| place(Problem::new(&UNPARSED, "the parser gave up")))
}

/// Returns the feature's targets in a Perl file.
///
/// # Errors
/// The file does not parse.
pub(super) fn holds(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Holds, Problem> {
    let tree = parsed(feature, path, bytes)?;
    let finder = found(feature, path, bytes, &tree);
    Ok(Holds {
        expressions: replaced::there(feature, path, &tree, bytes),
        methods: finder.registered,
        elements: finder.elements,
        instructions: BTreeSet::new(),
    })
}

/// The findings of the first pass over a Perl file.
fn found<'a>(feature: &'a Feature, path: &'a str, bytes: &'a [u8], tree: &Tree) -> Finder<'a> {
    let mut finder = Finder {
        feature,
        path,
        bytes,
        cuts: Vec::new(),
        mounted: BTreeSet::new(),
        methods: BTreeSet::new(),
        registered: BTreeSet::new(),
        elements: BTreeSet::new(),
    };
    finder.visit(tree.root_node());
    finder
}

/// Sorts the spans and drops those inside another.
fn disjoint(mut cuts: Cuts) -> Cuts {
    cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
    let mut kept: Cuts = Vec::new();
    for cut in cuts {
        match kept.last_mut() {
            Some(last) if cut.start < last.end => last.end = last.end.max(cut.end),
            _ => kept.push(cut),
        }
    }
    kept
}

struct Finder<'a> {
    feature: &'a Feature,
    path: &'a str,
    bytes: &'a [u8],
    cuts: Cuts,
    /// The paths at which removed modules were mounted.
    mounted: BTreeSet<String>,
    /// The removed methods.
    methods: BTreeSet<String>,
    /// The names of all registered methods.
    registered: BTreeSet<String>,
    /// The removed elements.
    elements: BTreeSet<String>,
}

impl<'a> Finder<'a> {
    fn text(&self, node: Node) -> &'a [u8] {
        &self.bytes[node.byte_range()]
    }

    fn is_dropped(&self, name: &[u8]) -> bool {
        self.feature
            .drop_modules
            .iter()
            .any(|module| module.as_bytes() == name)
    }

    /// Describes the first removal that found nothing in this file.
    fn missing(&self) -> Option<String> {
        let methods = self.feature.drop_methods.iter();
        let mut methods = methods
            .filter(|method| method.file == self.path && !self.methods.contains(&method.name));
        let elements = self.feature.drop_elements.iter();
        let mut elements = elements
            .filter(|element| element.file == self.path && !self.elements.contains(&element.text));
        methods
            .next()
            .map(|method| format!("no method `{}` is registered here", method.name))
            .or_else(|| {
                let element = elements.next()?;
                Some(format!("no list here contains `{}`", element.text))
            })
    }

    /// The first pass: `use` lines, mounts, methods, calls, elements.
    fn visit(&mut self, node: Node) {
        match node.kind() {
            "list_expression" => self.drop_elements(node),
            "use_statement" | "require_expression" if self.names_dropped(node) => {
                return self.cut_statement(node);
            }
            "method_call_expression" => {
                if self.is_registration(node) {
                    if self.registration_goes(node) {
                        return self.cut_statement(node);
                    }
                } else if node
                    .named_child(0)
                    .is_some_and(|invocant| self.is_dropped(self.text(invocant)))
                {
                    return self.cut_call(node);
                }
            }
            "function_call_expression" | "ambiguous_function_call_expression"
                if self.calls_dropped(node) =>
            {
                return self.cut_call(node);
            }
            _ => {}
        }
        for child in children(node) {
            self.visit(child);
        }
    }

    /// Whether a `use` or `require` loads a dropped module, rather than importing a name like it.
    fn names_dropped(&self, node: Node) -> bool {
        node.named_child(0)
            .is_some_and(|child| self.is_dropped(self.text(child)))
    }

    /// Whether a call names a function of a dropped module in full.
    fn calls_dropped(&self, call: Node) -> bool {
        let Some(function) = call.child_by_field_name("function") else {
            return false;
        };
        let name = self.text(function);
        let end = memchr::memmem::rfind(name, b"::");
        end.is_some_and(|end| self.is_dropped(&name[..end]))
    }

    fn is_registration(&self, call: Node) -> bool {
        children(call)
            .iter()
            .any(|child| child.kind() == "method" && self.text(*child) == b"register_method")
    }

    /// Whether the registered method goes. Notes the path at which it was mounted, or its name.
    fn registration_goes(&mut self, call: Node) -> bool {
        let Some(hash) = children(call)
            .into_iter()
            .find(|child| child.kind() == "anonymous_hash_expression")
        else {
            return false;
        };
        if self
            .value(hash, "subclass")
            .is_some_and(|module| self.is_dropped(module.as_bytes()))
        {
            self.mounted.extend(self.value(hash, "path"));
            return true;
        }
        let Some(name) = self.value(hash, "name") else {
            return false;
        };
        self.registered.insert(name.clone());
        let goes = self
            .feature
            .drop_methods
            .iter()
            .any(|method| method.file == self.path && method.name == name);
        if goes {
            self.methods.insert(name);
        }
        goes
    }

    /// Returns the value of a key in a hash constructor if it is a plain string.
    fn value(&self, hash: Node, key: &str) -> Option<String> {
        let list = hash.named_child(0)?;
        let values: Vec<Node> = children(list)
            .into_iter()
            .filter(|child| child.kind() != "comment")
            .collect();
        let pair = values
            .chunks(2)
            .find(|pair| self.unquoted(pair[0]) == key.as_bytes())?;
        let value = pair
            .get(1)
            .filter(|value| value.kind().ends_with("string_literal"))?;
        Some(String::from_utf8_lossy(self.unquoted(*value)).into_owned())
    }

    fn unquoted(&self, node: Node) -> &'a [u8] {
        let text = self.text(node);
        match text {
            [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
            _ => text,
        }
    }

    /// Removes the dropped elements of a list, and both sides of a dropped pair.
    fn drop_elements(&mut self, list: Node) {
        let mut cursor = list.walk();
        let children: Vec<Node> = list.children(&mut cursor).collect();
        for (index, child) in children.iter().enumerate() {
            let text = self.unquoted(*child);
            let wanted = self
                .feature
                .drop_elements
                .iter()
                .find(|element| element.file == self.path && element.text.as_bytes() == text);
            let Some(wanted) = wanted.filter(|_| child.kind().ends_with("string_literal")) else {
                continue;
            };
            self.elements.insert(wanted.text.clone());
            let is_pair = children
                .get(index + 1)
                .is_some_and(|arrow| arrow.kind() == "=>");
            let last = if is_pair { index + 2 } else { index };
            let end = children.get(last).unwrap_or(child).end_byte();
            self.cut_element(child.start_byte()..end, children.get(last + 1));
        }
    }

    /// The second pass: removes the index entry `{ name => 'path' }` of each unmounted path, and
    /// the command `name => [ __PACKAGE__, 'name', … ]` of each removed method.
    fn visit_entries(&mut self, node: Node) {
        if node.kind() == "list_expression" {
            let mut cursor = node.walk();
            let children: Vec<Node> = node.children(&mut cursor).collect();
            for (index, child) in children.iter().enumerate() {
                let after = children.get(index + 1);
                if child.kind() == "anonymous_hash_expression" && self.is_index_entry(*child) {
                    self.cut_element(child.byte_range(), after);
                } else if after.is_some_and(|arrow| arrow.kind() == "=>")
                    && children
                        .get(index + 2)
                        .is_some_and(|value| self.runs_method(*child, *value))
                {
                    let span = child.start_byte()..children[index + 2].end_byte();
                    self.cut_element(span, children.get(index + 3));
                }
            }
        } else if node.kind() == "anonymous_hash_expression" && self.is_index_entry(node) {
            // It is the only element of its list.
            self.cut_element(node.byte_range(), None);
        }
        for child in children(node) {
            self.visit_entries(child);
        }
    }

    fn is_index_entry(&self, hash: Node) -> bool {
        let in_list = hash.parent().is_some_and(|parent| {
            parent.kind() == "anonymous_array_expression"
                || parent
                    .parent()
                    .is_some_and(|list| list.kind() == "anonymous_array_expression")
        });
        in_list
            && ["name", "subdir"].iter().any(|key| {
                self.value(hash, key)
                    .is_some_and(|name| self.mounted.contains(&name))
            })
    }

    fn runs_method(&self, key: Node, value: Node) -> bool {
        let name = self.unquoted(key);
        let is_method = self.methods.iter().any(|method| method.as_bytes() == name);
        is_method && value.kind() == "anonymous_array_expression"
    }

    /// Removes a list element with its comma, and its line if nothing else is on it.
    fn cut_element(&mut self, span: Range<usize>, after: Option<&Node>) {
        let end = after
            .filter(|node| matches!(node.kind(), "," | "=>"))
            .map_or(span.end, Node::end_byte);
        self.cuts.push(whole_lines(self.bytes, span.start..end));
    }

    /// Removes the innermost statement around a call. Within `eval { … }` that leaves an empty
    /// block, which succeeds and clears `$@`, as the call would without an error.
    fn cut_call(&mut self, call: Node) {
        let mut node = call;
        while node.kind() != "expression_statement" {
            match node.parent() {
                Some(parent) => node = parent,
                None => return,
            }
        }
        self.cut_statement(node);
    }

    /// Removes a statement with its semicolon, and its lines if nothing else is on them.
    fn cut_statement(&mut self, node: Node) {
        let mut statement = node;
        while let Some(parent) = statement.parent() {
            if !matches!(statement.kind(), "expression_statement" | "use_statement")
                && parent.kind() != "source_file"
                && parent.kind() != "block"
            {
                statement = parent;
            } else {
                break;
            }
        }
        let mut end = statement.end_byte();
        if let Some(semicolon) = statement.next_sibling().filter(|next| next.kind() == ";") {
            end = semicolon.end_byte();
        }
        self.cuts
            .push(whole_lines(self.bytes, statement.start_byte()..end));
    }
}
