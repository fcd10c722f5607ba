//! Recognises commands by their form, if no visible call runs them: arrays that are returned, kept
//! in a hash, or passed to another file's sub.

use super::words::{Word, WordKind, has_option, is_program};
use super::{Finder, What};
use crate::perl::site::{arguments, elements, plain_name, target, unquoted};
use crate::perl::tree::{Id, K};

impl Finder<'_> {
    /// Records the command in `id`, if it looks like one.
    pub(super) fn run_by_looks(&mut self, id: Id) {
        let tree = self.tree;
        match tree.kind(id) {
            K::AnonArray => self.literal_by_looks(id),
            K::Parenthesized | K::Words => {
                let Some(parent) = tree
                    .parent(id)
                    .filter(|parent| tree.kind(*parent) == K::Assignment)
                else {
                    return;
                };
                let Some(left) = tree.children(parent).next().filter(|left| *left != id) else {
                    return;
                };
                if tree.text(left).contains(&b'@') && tree.kind(left) != K::HashElement {
                    self.literal_by_looks(id);
                }
            }
            K::Call
                if tree
                    .child(id, K::Function)
                    .is_some_and(|name| tree.text(name) == b"push") =>
            {
                self.lines_pushed(id);
            }
            K::Return => self.returned(id),
            _ => {}
        }
    }

    fn literal_by_looks(&mut self, id: Id) {
        if self.literals.contains(&id) {
            return;
        }
        let tree = self.tree;
        let nested = tree
            .ancestors(id)
            .take_while(|up| tree.kind(*up) != K::Statement)
            .any(|up| tree.kind(up) == K::AnonArray);
        let name = if nested {
            String::new()
        } else {
            target(tree, id).unwrap_or_default()
        };
        let mut found = Vec::new();
        for child in tree.children(id) {
            elements(tree, child, &mut found);
        }
        if self.calls.names_commands(&name)
            && found
                .iter()
                .any(|element| matches!(tree.kind(*element), K::Literal | K::Interpolated))
        {
            self.lines(&found);
            return;
        }
        if found
            .iter()
            .any(|element| tree.pair_key(*element).is_some())
        {
            return;
        }
        let words = self.literal_words(id);
        let named = self.calls.names_command(&name);
        let looks = match words.first() {
            Some(first) if first.kind == WordKind::Fixed => {
                self.starts_command(first)
                    && (named || has_option(&words) || self.sibling_has_option(id))
            }
            Some(first) => {
                self.calls.names_runner(&first.text) || (first.kind == WordKind::Nested && named)
            }
            None => false,
        };
        if looks && !self.is_spliced_as_arguments(id) {
            self.literals.insert(id);
            self.analyse(words, None, 0);
        }
    }

    fn literal_words(&mut self, id: Id) -> Vec<Word> {
        let mut words = Vec::new();
        if self.tree.kind(id) == K::AnonArray {
            self.flatten_array(id, self.block(id), &mut words);
        } else {
            self.flatten(id, self.block(id), &mut words);
        }
        words
    }

    pub(super) fn starts_command(&self, word: &Word) -> bool {
        let program = is_program(&word.text)
            && !word.text.contains(|c: char| c.is_ascii_uppercase())
            && !self.calls.is_never(&word.text);
        program || word.text.starts_with('/')
    }

    /// Recognises `{ gz => ['zcat'], zst => ['zstd', '-d'] }`, one of several commands.
    fn sibling_has_option(&mut self, id: Id) -> bool {
        let tree = self.tree;
        if tree.kind(id) != K::AnonArray || tree.pair_key(id).is_none() {
            return false;
        }
        let siblings: Vec<Id> = tree
            .parent(id)
            .into_iter()
            .flat_map(|parent| tree.children(parent))
            .collect();
        siblings.into_iter().any(|sibling| {
            let words = if tree.kind(sibling) == K::AnonArray {
                self.literal_words(sibling)
            } else {
                Vec::new()
            };
            words
                .first()
                .is_some_and(|first| first.kind == WordKind::Fixed && self.starts_command(first))
                && has_option(&words)
        })
    }

    /// Whether the variable that receives this literal is spliced in after other words: `['zfs',
    /// @$cmd]`.
    fn is_spliced_as_arguments(&self, id: Id) -> bool {
        let tree = self.tree;
        let Some(assignment) = tree
            .parent(id)
            .filter(|parent| tree.kind(*parent) == K::Assignment)
        else {
            return false;
        };
        let Some(key) = tree
            .children(assignment)
            .next()
            .and_then(|left| self.key(left))
        else {
            return false;
        };
        tree.below(self.block(assignment)).any(|node| {
            let splice = matches!(tree.kind(node), K::Array | K::ArrayDeref)
                && self.key(node).as_ref() == Some(&key);
            let list = tree
                .parent(node)
                .filter(|parent| splice && tree.kind(*parent) == K::List);
            let callee = list
                .and_then(|list| tree.parent(list))
                .and_then(|call| tree.child(call, K::Function));
            let pushes = callee.is_some_and(|name| {
                matches!(
                    tree.text(name),
                    b"push" | b"unshift" | b"join" | b"open" | b"open3" | b"open2"
                )
            });
            list.is_some()
                && !pushes
                && tree.previous(node).is_some_and(|before| {
                    !self
                        .calls
                        .names_runner(&String::from_utf8_lossy(tree.text(before)))
                })
        })
    }

    /// Records the results of a sub that returns command lines.
    fn returned(&mut self, id: Id) {
        let tree = self.tree;
        let sub = tree
            .ancestors(id)
            .find(|up| tree.kind(*up) == K::Subroutine)
            .and_then(|sub| tree.child(sub, K::Bareword));
        if sub.is_some_and(|name| self.calls.returns_line(&unquoted(tree, name))) {
            let mut values = Vec::new();
            for child in tree.children(id) {
                elements(tree, child, &mut values);
            }
            self.lines(values.get(..1).unwrap_or_default());
        }
    }

    fn lines(&mut self, elements: &[Id]) {
        for element in elements
            .iter()
            .filter(|element| matches!(self.tree.kind(**element), K::Literal | K::Interpolated))
        {
            self.shell(*element, None);
        }
    }

    /// Recognises an array that is named like a command, receives words by `push`, and is run by no
    /// visible call.
    fn built_by_looks(&mut self, array: Id) {
        let Some(key) = self.key(array) else { return };
        let Some(first) = self.history(&key, array).first().copied() else {
            return;
        };
        let literal = match first.what {
            What::Set(right) => Some(right),
            _ => None,
        };
        let known = self.followed.contains(&(first.at, true))
            || literal.is_some_and(|literal| self.literals.contains(&literal));
        if !known && !literal.is_some_and(|literal| self.is_spliced_as_arguments(literal)) {
            self.follow(array, None, 0);
        }
    }

    fn lines_pushed(&mut self, id: Id) {
        let all = arguments(self.tree, id);
        let Some((array, lines)) = all.split_first() else {
            return;
        };
        let name = plain_name(self.tree, *array).unwrap_or_default();
        if self.calls.names_commands(&name) {
            self.lines(lines);
        } else if self.calls.names_command(&name) {
            self.built_by_looks(*array);
        }
    }
}
