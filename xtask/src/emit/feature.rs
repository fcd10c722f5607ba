//! Removing a feature: structural edits found by a parser, not a hand-kept text patch.
//!
//! For a module that goes: its `use` and `require` lines, the `register_method` that mounts it as a
//! subclass, the index entry of that path, and every statement that calls it. For a file that goes: the
//! file, and the words of the Makefile beside it that name it. Elements of lists that lead to it are named one by one.

use std::collections::BTreeSet;
use std::ops::Range;

use tree_sitter::{Node, Parser, Tree};

use crate::decide::rules::Feature;
use crate::problem::{FEATURE_NOT_FOUND, Problem, UNPARSED};

/// The spans to remove from one file.
pub type Cuts = Vec<Range<usize>>;

/// Whether any of the feature's edits could be in this file: what has to be read.
pub fn may_touch(feature: &Feature, path: &str, bytes: &[u8]) -> bool {
    let names_module = |module: &String| memchr::memmem::find(bytes, module.as_bytes()).is_some();
    feature.drop_modules.iter().any(names_module)
        || feature
            .drop_methods
            .iter()
            .any(|method| method.file == path)
        || feature
            .drop_elements
            .iter()
            .any(|element| element.file == path)
        || feature.replace.iter().any(|one| one.file == path)
        || is_makefile_of(feature, path)
}

fn is_makefile_of(feature: &Feature, path: &str) -> bool {
    let Some(dir) = path.strip_suffix("Makefile") else {
        return false;
    };
    feature.drop_files.iter().any(|file| {
        file.strip_prefix(dir)
            .is_some_and(|rest| !rest.contains('/'))
    })
}

/// Whether only expressions can be replaced in the file.
fn is_javascript(path: &str) -> bool {
    path.ends_with(".js")
}

/// The spans the feature removes from a Perl file or Makefile.
///
/// # Errors
/// A Perl file that does not parse; a method or an element that is to go and is not there.
pub fn cuts(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Cuts, Problem> {
    if is_makefile_of(feature, path) {
        return Ok(makefile_cuts(feature, path, bytes));
    }
    if is_javascript(path) {
        return Ok(Cuts::new());
    }
    let (tree, mut finder) = found(feature, path, bytes)?;
    if let Some(missing) = finder.missing() {
        let cause = format!("feature `{}`: {missing}", feature.name);
        let problem = Problem::new(&FEATURE_NOT_FOUND, cause);
        return Err(problem.in_source(&feature.source).at(path, None));
    }
    if !finder.mounted.is_empty() || !finder.methods.is_empty() {
        finder.visit_entries(tree.root_node());
    }
    Ok(disjoint(finder.cuts))
}

/// The spans of expressions that a feature replaces in a Perl or JavaScript file, with what stands there instead.
///
/// # Errors
/// A file that does not parse; an expression that is not there.
pub fn replacements(
    feature: &Feature,
    path: &str,
    bytes: &[u8],
) -> Result<Vec<(Range<usize>, String)>, Problem> {
    let wanted = feature.replace.iter().filter(|one| one.file == path);
    let mut found = Vec::new();
    for one in wanted {
        let tree = parsed(feature, path, bytes)?;
        let before = found.len();
        let mut whole = Vec::new();
        expressions(tree.root_node(), bytes, one.text.as_bytes(), &mut whole);
        found.extend(whole.into_iter().map(|span| (span, one.with.clone())));
        if found.len() == before {
            let cause = format!("feature `{}`: no `{}` is here", feature.name, one.text);
            let problem = Problem::new(&FEATURE_NOT_FOUND, cause);
            return Err(problem.in_source(&feature.source).at(path, None));
        }
    }
    Ok(found)
}

/// The outermost nodes whose text is this one. Comments and strings hold no expressions.
fn expressions(node: Node, bytes: &[u8], text: &[u8], found: &mut Cuts) {
    let kind = node.kind();
    if matches!(kind, "comment" | "pod") || kind.contains("string") || kind.contains("heredoc") {
        return;
    }
    if &bytes[node.byte_range()] == text {
        found.push(node.byte_range());
        return;
    }
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        expressions(child, bytes, text, found);
    }
}

fn parsed(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Tree, Problem> {
    let place = |problem: Problem| problem.in_source(&feature.source).at(path, None);
    let mut parser = Parser::new();
    let language = if is_javascript(path) {
        tree_sitter_javascript::LANGUAGE.into()
    } else {
        ts_parser_perl::LANGUAGE.into()
    };
    parser
        .set_language(&language)
        .map_err(|error| place(Problem::new(&UNPARSED, error.to_string())))?;
    parser
        .parse(bytes, None)
        .ok_or_else(|| place(Problem::new(&UNPARSED, "the parser gave up")))
}

/// What a file has that a feature may remove or replace.
#[derive(Debug, Default)]
pub struct Holds {
    /// The names of the methods that it registers.
    pub methods: BTreeSet<String>,
    /// Those of the feature's elements that a list of it holds.
    pub elements: BTreeSet<String>,
    /// Those of the expressions that the feature replaces.
    pub expressions: BTreeSet<String>,
}

/// What a Perl or JavaScript file has of what a feature removes or replaces.
///
/// # Errors
/// A file that does not parse.
pub fn holds(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Holds, Problem> {
    let (tree, methods, elements) = if is_javascript(path) {
        let tree = parsed(feature, path, bytes)?;
        (tree, BTreeSet::new(), BTreeSet::new())
    } else {
        let (tree, finder) = found(feature, path, bytes)?;
        (tree, finder.registered, finder.elements)
    };
    let wanted = feature.replace.iter().filter(|one| one.file == path);
    let there = wanted.filter(|one| {
        let mut spans = Cuts::new();
        expressions(tree.root_node(), bytes, one.text.as_bytes(), &mut spans);
        !spans.is_empty()
    });
    Ok(Holds {
        expressions: there.map(|one| one.text.clone()).collect(),
        methods,
        elements,
    })
}

/// What the first pass over a Perl file finds.
fn found<'a>(
    feature: &'a Feature,
    path: &'a str,
    bytes: &'a [u8],
) -> Result<(Tree, Finder<'a>), Problem> {
    let tree = parsed(feature, path, bytes)?;
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
    Ok((tree, finder))
}

/// Sorted, without spans that lie in another.
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
    /// The paths under which removed modules were mounted.
    mounted: BTreeSet<String>,
    /// The removed methods.
    methods: BTreeSet<String>,
    /// The methods that are registered by a name.
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

    /// What is to go from this file and is not in it.
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
                Some(format!("no list here holds `{}`", element.text))
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
            _ => {}
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            self.visit(child);
        }
    }

    /// Whether a `use` or `require` has the module as its own name (not among what it imports).
    fn names_dropped(&self, node: Node) -> bool {
        let mut cursor = node.walk();
        node.named_children(&mut cursor)
            .next()
            .is_some_and(|child| self.is_dropped(self.text(child)))
    }

    fn is_registration(&self, call: Node) -> bool {
        let mut cursor = call.walk();
        call.named_children(&mut cursor)
            .any(|child| child.kind() == "method" && self.text(child) == b"register_method")
    }

    /// Whether the method registered goes; notes the path it was mounted under or the name it had.
    fn registration_goes(&mut self, call: Node) -> bool {
        let mut cursor = call.walk();
        let Some(hash) = call
            .named_children(&mut cursor)
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

    /// The value of a key of a hash constructor, where it is a plain string.
    fn value(&self, hash: Node, key: &str) -> Option<String> {
        let list = hash.named_child(0)?;
        let mut cursor = list.walk();
        let children: Vec<Node> = list
            .named_children(&mut cursor)
            .filter(|child| child.kind() != "comment")
            .collect();
        let pair = children
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

    /// Removes the elements of a list that go, of a pair both sides.
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

    /// The second pass: the index entry `{ name => 'path' }` of what is mounted no more, the command
    /// `name => [ __PACKAGE__, 'name', … ]` of a method that goes.
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
            // The only element of its list.
            self.cut_element(node.byte_range(), None);
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
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

    /// Removes a list element with its comma, and its line where nothing else stands on it.
    fn cut_element(&mut self, span: Range<usize>, after: Option<&Node>) {
        let end = after
            .filter(|node| matches!(node.kind(), "," | "=>"))
            .map_or(span.end, Node::end_byte);
        self.cuts.push(self.whole_lines(span.start..end));
    }

    /// Removes the innermost statement around a call. Within `eval { … }` that leaves an empty block, which
    /// succeeds and clears `$@`, as a call without an error would.
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

    /// Removes a statement with its semicolon, and its lines where nothing else stands on them.
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
            .push(self.whole_lines(statement.start_byte()..end));
    }

    /// The span, widened to whole lines where only blanks stand beside it.
    fn whole_lines(&self, span: Range<usize>) -> Range<usize> {
        let before = self.bytes[..span.start]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let after = self.bytes[span.end..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(self.bytes.len(), |at| span.end + at + 1);
        let blank = |range: Range<usize>| self.bytes[range].iter().all(u8::is_ascii_whitespace);
        if blank(before..span.start) && blank(span.end..after) {
            before..after
        } else {
            span
        }
    }
}

/// The words of variable assignments that name a dropped file of this directory, or its manual page.
fn makefile_cuts(feature: &Feature, path: &str, bytes: &[u8]) -> Cuts {
    let dir = path.strip_suffix("Makefile").unwrap_or("");
    let names: Vec<&str> = feature
        .drop_files
        .iter()
        .filter_map(|file| file.strip_prefix(dir))
        .filter(|rest| !rest.contains('/'))
        .collect();
    let is_dropped = |word: &[u8]| {
        names
            .iter()
            .any(|name| match word.strip_prefix(name.as_bytes()) {
                Some([]) => true,
                Some([b'.', section]) => section.is_ascii_digit(),
                _ => false,
            })
    };
    let mut cuts = Cuts::new();
    let mut offset = 0;
    let mut in_assignment = false;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let recipe = line.starts_with(b"\t") && !in_assignment;
        let starts = !recipe && line.contains(&b'=');
        if starts || in_assignment {
            let from = if starts {
                line.iter()
                    .position(|byte| *byte == b'=')
                    .map_or(0, |at| at + 1)
            } else {
                0
            };
            cuts.extend(word_cuts(line, from, offset, is_dropped));
        }
        let continued = line.trim_ascii_end().ends_with(b"\\");
        in_assignment = (starts || in_assignment) && continued;
        offset += line.len();
    }
    cuts
}

/// The dropped words of one line from column `from`; the whole line where only its continuation is left.
fn word_cuts(line: &[u8], from: usize, offset: usize, is_dropped: impl Fn(&[u8]) -> bool) -> Cuts {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut start = None;
    for (index, byte) in line.iter().enumerate().skip(from) {
        match (byte.is_ascii_whitespace(), start) {
            (false, None) => start = Some(index),
            (true, Some(first)) => {
                words.push(first..index);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|first| first..line.len()));
    let (dropped, kept): (Vec<_>, Vec<_>) = words
        .into_iter()
        .partition(|word| is_dropped(&line[word.clone()]));
    let only_continuation = kept.iter().all(|word| &line[word.clone()] == b"\\");
    if !dropped.is_empty() && from == 0 && only_continuation && !kept.is_empty() {
        return std::iter::once(offset..offset + line.len()).collect();
    }
    let widen = |word: Range<usize>| {
        let blanks = line[..word.start]
            .iter()
            .rev()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        offset + word.start - blanks..offset + word.end
    };
    dropped.into_iter().map(widen).collect()
}
