//! A Perl file's syntax tree as a flat list, in source order, of the relevant nodes.
//!
//! tree-sitter finds a node's parent only by a search from the root; here a parent is an index.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::OnceLock;

use memchr::memchr_iter;
use tree_sitter::{Language, Node as Parsed, Parser, TreeCursor};

use crate::ParseError;

/// The kinds of nodes that the scanner asks for. All others are [`K::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum K {
    Other,
    Array,
    ArrayDeref,
    AnonArray,
    AnonHash,
    AnonSub,
    ArrayElement,
    Assignment,
    Bareword,
    Binary,
    Block,
    Call,
    CodeCall,
    Command,
    Comment,
    Conditional,
    Container,
    Data,
    Declaration,
    Eval,
    Escape,
    Format,
    Function,
    Glob,
    Hash,
    HashElement,
    Heredoc,
    HeredocEnd,
    HeredocToken,
    IndirectObject,
    Interpolated,
    Key,
    List,
    Literal,
    Localization,
    Logical,
    Map,
    Match,
    Method,
    MethodCall,
    Package,
    PackageStatement,
    Parenthesized,
    Pod,
    QuotedRegexp,
    Refgen,
    Replacement,
    Require,
    Regexp,
    Return,
    Root,
    Scalar,
    Statement,
    StringContent,
    Subroutine,
    Substitution,
    Transliteration,
    Unary,
    UnaryCall,
    Use,
    Words,
}

const KINDS: &[(&str, K)] = &[
    ("array", K::Array),
    ("array_deref_expression", K::ArrayDeref),
    ("anonymous_array_expression", K::AnonArray),
    ("anonymous_hash_expression", K::AnonHash),
    ("anonymous_subroutine_expression", K::AnonSub),
    ("array_element_expression", K::ArrayElement),
    ("assignment_expression", K::Assignment),
    ("bareword", K::Bareword),
    ("binary_expression", K::Binary),
    ("block", K::Block),
    ("function_call_expression", K::Call),
    ("ambiguous_function_call_expression", K::Call),
    ("coderef_call_expression", K::CodeCall),
    ("command_string", K::Command),
    ("comment", K::Comment),
    ("conditional_expression", K::Conditional),
    ("container_variable", K::Container),
    ("data_section", K::Data),
    ("variable_declaration", K::Declaration),
    ("eval_expression", K::Eval),
    ("escape_sequence", K::Escape),
    ("escaped_delimiter", K::Escape),
    ("format_content", K::Format),
    ("function", K::Function),
    ("fileglob_expression", K::Glob),
    ("hash", K::Hash),
    ("hash_element_expression", K::HashElement),
    ("heredoc_content", K::Heredoc),
    ("heredoc_end", K::HeredocEnd),
    ("heredoc_token", K::HeredocToken),
    ("command_heredoc_token", K::HeredocToken),
    ("indirect_object", K::IndirectObject),
    ("interpolated_string_literal", K::Interpolated),
    ("autoquoted_bareword", K::Key),
    ("list_expression", K::List),
    ("string_literal", K::Literal),
    ("localization_expression", K::Localization),
    ("lowprec_logical_expression", K::Logical),
    ("map_grep_expression", K::Map),
    ("match_regexp", K::Match),
    ("method", K::Method),
    ("method_call_expression", K::MethodCall),
    ("package", K::Package),
    ("package_statement", K::PackageStatement),
    ("class_statement", K::PackageStatement),
    ("parenthesized_expression", K::Parenthesized),
    ("pod", K::Pod),
    ("quoted_regexp", K::QuotedRegexp),
    ("refgen_expression", K::Refgen),
    ("replacement", K::Replacement),
    ("require_expression", K::Require),
    ("regexp_content", K::Regexp),
    ("return_expression", K::Return),
    ("source_file", K::Root),
    ("scalar", K::Scalar),
    ("expression_statement", K::Statement),
    ("string_content", K::StringContent),
    ("subroutine_declaration_statement", K::Subroutine),
    ("method_declaration_statement", K::Subroutine),
    ("substitution_regexp", K::Substitution),
    ("transliteration_expression", K::Transliteration),
    ("unary_expression", K::Unary),
    ("func1op_call_expression", K::UnaryCall),
    ("use_statement", K::Use),
    ("quoted_word_list", K::Words),
];

/// The index of a node in [`Tree`].
pub type Id = usize;

#[derive(Debug, Clone, Copy)]
struct Node {
    kind: K,
    start: usize,
    end: usize,
    parent: Id,
    /// The next node in source order that is not below this one.
    after: Id,
}

/// The named nodes of one file in source order. Node 0 is the file.
#[derive(Debug)]
pub struct Tree<'a> {
    pub bytes: &'a [u8],
    nodes: Vec<Node>,
    /// The offsets at which lines start.
    lines: Vec<usize>,
}

struct Grammar {
    language: Language,
    kinds: Vec<K>,
}

fn grammar() -> &'static Grammar {
    static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
    GRAMMAR.get_or_init(|| {
        let language = Language::from(ts_parser_perl::LANGUAGE);
        let mut kinds = vec![K::Other; language.node_kind_count()];
        for (name, kind) in KINDS {
            if let Some(slot) = kinds.get_mut(usize::from(language.id_for_node_kind(name, true))) {
                *slot = *kind;
            }
        }
        Grammar { language, kinds }
    })
}

thread_local! {
    static PARSER: RefCell<Option<Parser>> = const { RefCell::new(None) };
}

/// Parses `bytes` with tree-sitter, or returns the first error. `before` is the tree of earlier
/// content, adjusted to the edits; unchanged parts are reused.
pub fn parsed(
    bytes: &[u8],
    before: Option<&tree_sitter::Tree>,
) -> Result<tree_sitter::Tree, ParseError> {
    let failed = |what: &str| ParseError {
        line: 1,
        what: what.to_owned(),
    };
    if u32::try_from(bytes.len()).is_err() {
        return Err(failed("a file of more than 4 GiB"));
    }
    let parsed = PARSER.with_borrow_mut(|slot| {
        if slot.is_none() {
            let mut parser = Parser::new();
            parser
                .set_language(&grammar().language)
                .map_err(|_| failed("a grammar of another tree-sitter version"))?;
            *slot = Some(parser);
        }
        slot.as_mut()
            .and_then(|parser| parser.parse(bytes, before))
            .ok_or_else(|| failed("nothing the parser could end"))
    })?;
    if parsed.root_node().has_error() {
        return Err(first_error(parsed.root_node(), bytes));
    }
    Ok(parsed)
}

impl<'a> Tree<'a> {
    /// Flattens tree-sitter's tree of `bytes`.
    pub fn of(bytes: &'a [u8], parsed: &tree_sitter::Tree) -> Self {
        let mut nodes = Vec::with_capacity(bytes.len() / 8 + 1);
        flatten(&mut parsed.walk(), &grammar().kinds, &mut nodes);
        let lines = std::iter::once(0)
            .chain(memchr_iter(b'\n', bytes).map(|at| at + 1))
            .collect();
        Self {
            bytes,
            nodes,
            lines,
        }
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, id: Id) -> Node {
        self.nodes.get(id).copied().unwrap_or(Node {
            kind: K::Other,
            start: 0,
            end: 0,
            parent: 0,
            after: id + 1,
        })
    }

    pub fn kind(&self, id: Id) -> K {
        self.node(id).kind
    }

    pub fn span(&self, id: Id) -> Range<usize> {
        let node = self.node(id);
        node.start..node.end
    }

    /// Returns the bytes of a span from this tree.
    pub fn slice(&self, span: Range<usize>) -> &'a [u8] {
        self.bytes.get(span).unwrap_or_default()
    }

    pub fn text(&self, id: Id) -> &'a [u8] {
        self.slice(self.span(id))
    }

    pub fn parent(&self, id: Id) -> Option<Id> {
        (id != 0).then(|| self.node(id).parent)
    }

    /// Returns the ancestors, from the parent to the file.
    pub fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        std::iter::successors(self.parent(id), |id| self.parent(*id))
    }

    pub fn children(&self, id: Id) -> impl Iterator<Item = Id> + '_ {
        let end = self.node(id).after;
        std::iter::successors(Some(id + 1), |child| Some(self.node(*child).after))
            .take_while(move |child| *child < end)
    }

    /// Returns all nodes below `id`.
    pub fn below(&self, id: Id) -> Range<Id> {
        id + 1..self.node(id).after
    }

    pub fn child(&self, id: Id, kind: K) -> Option<Id> {
        self.children(id).find(|child| self.kind(*child) == kind)
    }

    /// Returns the sibling before `id`, ignoring comments.
    pub fn previous(&self, id: Id) -> Option<Id> {
        self.children(self.parent(id)?)
            .take_while(|child| *child < id)
            .filter(|child| self.kind(*child) != K::Comment)
            .last()
    }

    /// Returns the key of the pair with the value `id`: `key => id`.
    pub fn pair_key(&self, id: Id) -> Option<Id> {
        let key = self.previous(id)?;
        let between = self.slice(self.span(key).end..self.span(id).start);
        between.trim_ascii_start().starts_with(b"=>").then_some(key)
    }

    /// Returns the 1-based line and column (in bytes) of an offset.
    pub fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        (
            u32::try_from(line).unwrap_or(u32::MAX),
            u32::try_from(offset.saturating_sub(start) + 1).unwrap_or(u32::MAX),
        )
    }
}

fn flatten(cursor: &mut TreeCursor<'_>, kinds: &[K], nodes: &mut Vec<Node>) {
    // The open ancestors, each with its index, or `None` if it is not kept.
    let mut open: Vec<Option<Id>> = Vec::new();
    let mut parent = 0;
    loop {
        let node = cursor.node();
        let kept = node.is_named();
        let id = nodes.len();
        if kept {
            let kind = kinds
                .get(usize::from(node.kind_id()))
                .copied()
                .unwrap_or(K::Other);
            nodes.push(Node {
                kind,
                start: node.start_byte(),
                end: node.end_byte(),
                parent,
                after: id + 1,
            });
        }
        if cursor.goto_first_child() {
            open.push(kept.then_some(id));
            parent = if kept { id } else { parent };
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            if let Some(closed) = open.pop().flatten() {
                let after = nodes.len();
                if let Some(node) = nodes.get_mut(closed) {
                    node.after = after;
                    parent = node.parent;
                }
            }
        }
    }
}

fn first_error(root: Parsed<'_>, bytes: &[u8]) -> ParseError {
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        if node.is_error() || node.is_missing() {
            return describe(node, bytes);
        }
        if node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return describe(root, bytes);
            }
        }
    }
}

fn describe(node: Parsed<'_>, bytes: &[u8]) -> ParseError {
    let line = u32::try_from(node.start_position().row + 1).unwrap_or(u32::MAX);
    let rest = bytes.get(node.start_byte()..).unwrap_or_default();
    let snippet = rest
        .get(
            ..rest
                .iter()
                .position(|b| *b == b'\n')
                .unwrap_or(rest.len())
                .min(60),
        )
        .unwrap_or_default();
    let snippet = String::from_utf8_lossy(snippet).trim().to_owned();
    let what = if node.is_missing() {
        format!("`{}` is missing before `{snippet}`", node.kind())
    } else {
        format!("this does not parse: `{snippet}`")
    };
    ParseError { line, what }
}
