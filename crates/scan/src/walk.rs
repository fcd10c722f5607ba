//! A walk over a syntax tree of tree-sitter, in which each node is told where it stands.

use syntax::children;
use tree_sitter::Node;

use super::collect::{Collector, DEEPEST, Span};
use super::{Form, Site};

/// A language whose nodes are walked from the root down.
pub(super) trait Walk<'n, 'f> {
    /// Where occurrences are gathered.
    fn out(&mut self) -> &mut Collector<'f>;

    /// Handles a node that is neither a comment nor an error, as its language does.
    fn visit(&mut self, node: Node<'n>, site: &Site, depth: u32);

    /// Whether nothing below a node can be an occurrence.
    fn is_empty(&self, _node: Node<'n>) -> bool {
        false
    }

    /// Walks a node.
    fn node(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        let range = node.byte_range();
        if self.is_empty(node) {
            return;
        }
        let whole = Span::whole(range.start, range.end);
        if depth > DEEPEST {
            return self.out().literal(whole, Form::Bare, site);
        }
        match node.kind() {
            "ERROR" => {
                self.out().gaps(node, site);
                self.each(node, site, depth);
            }
            "comment" if range.start == 0 && self.out().bytes().starts_with(b"#!") => {}
            "comment" => self.out().literal(whole, Form::Comment, site),
            _ => self.visit(node, site, depth),
        }
    }

    /// Walks a node's children.
    fn each(&mut self, node: Node<'n>, site: &Site, depth: u32) {
        for child in children(node) {
            self.node(child, site, depth + 1);
        }
    }

    /// A string between `start` and `end` with the expressions that are interpolated into it.
    fn interpolated(
        &mut self,
        (start, end): (usize, usize),
        expressions: &[Node<'n>],
        (added_before, added_after): (bool, bool),
        form: Form,
        site: &Site,
        depth: u32,
    ) {
        let mut piece = Span {
            start,
            end,
            after: added_before,
            before: true,
        };
        for expression in expressions {
            piece.end = expression.start_byte();
            self.out().literal(piece, form, site);
            self.each(*expression, site, depth);
            piece.start = expression.end_byte();
            piece.after = true;
        }
        piece.end = end.max(piece.start);
        piece.before = added_after;
        self.out().literal(piece, form, site);
    }
}

/// Whether something is added to a string with `+`, before and after it; `sum` is the kind of such an expression.
pub(super) fn added(node: Node<'_>, sum: &str) -> (bool, bool) {
    let is_sum = |node: &Node| {
        let operator = node.child_by_field_name("operator");
        node.kind() == sum && operator.is_some_and(|operator| operator.kind() == "+")
    };
    let Some(parent) = node.parent().filter(is_sum) else {
        return (false, false);
    };
    let is_right = parent.child_by_field_name("right") == Some(node);
    let above = parent.parent().filter(is_sum);
    let more = above.is_some_and(|above| above.child_by_field_name("left") == Some(parent));
    (is_right, !is_right || more)
}
