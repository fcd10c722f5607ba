//! Walks tokens whose syntax is unknown: attributes, bodies of `macro_rules!`, arguments of other
//! macros. It determines as much of their surroundings as the tokens show.

use proc_macro2::{Delimiter, Group, Spacing, Span, TokenStream, TokenTree};

use super::macros::Formatting;
use super::names::one_line;
use super::walk::{Use, Walk};
use crate::Site;
use crate::calls::RustCommand;

/// The facts from the tokens since the last separator.
#[derive(Default)]
struct Segment {
    /// The last two names.
    names: [Option<Span>; 2],
    /// The name before a single `:` or `=`.
    target: Option<Span>,
    /// Whether that was a `:`.
    colon: bool,
    /// The previous sign, if it is joined to the next one.
    joint: Option<char>,
    /// Whether there is no token yet.
    fresh: bool,
    /// Whether the last token was `#`.
    hash: bool,
    /// The predicates of the current attributes.
    predicates: Vec<String>,
    /// Whether an `else` has occurred.
    other: bool,
}

/// The facts that segments of a group share.
struct Context<'c> {
    call: Option<&'c str>,
    formatting: Option<Formatting>,
    argument: usize,
    /// The predicates of the previous branches, for `else`.
    branches: Vec<String>,
}

impl Walk<'_> {
    /// Walks tokens that are the arguments of `call`.
    pub(super) fn tokens(
        &mut self,
        tokens: TokenStream,
        call: Option<&str>,
        formatting: Option<Formatting>,
    ) {
        let mut context = Context {
            call,
            formatting,
            argument: 0,
            branches: Vec::new(),
        };
        let mut segment = Segment {
            fresh: true,
            ..Segment::default()
        };
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let is_last = match tokens.peek() {
                Some(TokenTree::Punct(sign)) => sign.as_char() == ',',
                Some(_) => false,
                None => true,
            };
            self.token(token, is_last, &mut segment, &mut context);
        }
    }

    fn token(
        &mut self,
        token: TokenTree,
        is_last: bool,
        segment: &mut Segment,
        context: &mut Context<'_>,
    ) {
        let (fresh, hash) = (segment.fresh, segment.hash);
        (segment.fresh, segment.hash) = (false, false);
        match token {
            TokenTree::Ident(name) => {
                if name == "else" {
                    segment.other = true;
                }
                segment.names = [segment.names[1], Some(name.span())];
                segment.joint = None;
            }
            TokenTree::Punct(sign) => self.sign(&sign, segment, context),
            TokenTree::Literal(literal) => {
                let alone = fresh && is_last;
                let is_format = alone
                    && context
                        .formatting
                        .is_some_and(|one| one.at == context.argument);
                let usage = if is_format { Use::Format } else { Use::Value };
                self.in_segment(segment, context, |walk| {
                    walk.see(literal.span(), usage, false, false);
                });
            }
            TokenTree::Group(group) => self.group(&group, hash, segment, context),
        }
    }

    fn sign(
        &mut self,
        sign: &proc_macro2::Punct,
        segment: &mut Segment,
        context: &mut Context<'_>,
    ) {
        let alone = sign.spacing() == Spacing::Alone;
        match sign.as_char() {
            ',' => {
                context.argument += 1;
                *segment = Segment::default();
                segment.fresh = true;
                return;
            }
            ';' => {
                self.declared(segment);
                *segment = Segment::default();
                segment.fresh = true;
                return;
            }
            '#' => segment.hash = true,
            ':' if alone && segment.joint.is_none() => {
                segment.target = segment.names[1];
                segment.colon = true;
            }
            '=' if alone && segment.joint.is_none() && !segment.colon => {
                segment.target = segment.names[1];
            }
            _ => {}
        }
        segment.joint = (!alone).then(|| sign.as_char());
    }

    /// Handles `mod name;`.
    fn declared(&mut self, segment: &Segment) {
        if let Some(name) = self.module_name(segment) {
            self.with_predicates(segment.predicates.clone(), |walk| {
                walk.module(name, None, false);
            });
        }
    }

    /// Returns the name after a `mod` at the segment's end.
    fn module_name(&self, segment: &Segment) -> Option<String> {
        let [Some(keyword), Some(name)] = segment.names else {
            return None;
        };
        if self.text(self.range(keyword)) != b"mod" {
            return None;
        }
        Some(self.name(name))
    }

    fn name(&self, span: Span) -> String {
        let text = String::from_utf8_lossy(self.text(self.range(span))).into_owned();
        text.strip_prefix("r#").map_or(text.clone(), str::to_owned)
    }

    fn in_segment(
        &mut self,
        segment: &Segment,
        context: &Context<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        let target = segment.target.map(|name| self.name(name));
        let site = Site {
            target: target.or_else(|| self.site.target.clone()),
            ..self.site.clone()
        };
        self.with_site(site, |walk| match context.call {
            Some(call) => walk.as_argument(Some(call), context.argument, inside),
            None => inside(walk),
        });
    }

    fn group(
        &mut self,
        group: &Group,
        hash: bool,
        segment: &mut Segment,
        context: &mut Context<'_>,
    ) {
        let range = self.range(group.span());
        if hash && group.delimiter() == Delimiter::Bracket {
            segment
                .predicates
                .extend(configured(self.text(range.clone())));
            if self.holds(&range) {
                self.in_segment(segment, context, |walk| {
                    walk.tokens(group.stream(), None, None);
                });
            }
            return;
        }
        let branch = group.delimiter() == Delimiter::Brace;
        let mut predicates = segment.predicates.clone();
        if branch && segment.other && !context.branches.is_empty() {
            predicates.push(format!("not(any({}))", context.branches.join(", ")));
        }
        if self.holds(&range) {
            let module = self.module_name(segment).filter(|_| branch);
            self.in_segment(segment, context, |walk| {
                walk.with_predicates(predicates, |walk| match module {
                    Some(module) => walk.within(module, |walk| walk.inside(group, range.start)),
                    None => walk.inside(group, range.start),
                });
            });
        }
        if branch {
            context.branches.append(&mut segment.predicates);
            *segment = Segment::default();
            segment.fresh = true;
        }
    }

    /// Walks the inside of brackets: as items if it parses as such, as the arguments of the call
    /// before them, or as tokens.
    fn inside(&mut self, group: &Group, start: usize) {
        let call = self.called_before(start);
        match group.delimiter() {
            Delimiter::Brace => {
                if let Ok(file) = syn::parse2::<syn::File>(group.stream())
                    && !file.items.is_empty()
                {
                    return self.items(&file.items);
                }
                self.tokens(group.stream(), None, None);
            }
            Delimiter::Parenthesis
                if call.is_some() && call == self.command.map(RustCommand::call) =>
            {
                if let Some(TokenTree::Literal(program)) = group.stream().into_iter().next() {
                    self.as_argument(call.as_deref(), 0, |walk| {
                        walk.site.word = Some(0);
                        walk.see(program.span(), Use::Program, false, false);
                    });
                }
            }
            _ => {
                let name = call.as_deref().and_then(|call| call.strip_suffix('!'));
                let formatting = name.and_then(super::macros::formatting);
                self.tokens(group.stream(), call.as_deref(), formatting);
            }
        }
    }

    /// Returns the function, method or macro whose name directly precedes a bracket.
    fn called_before(&self, bracket: usize) -> Option<String> {
        let head = self.text(0..bracket).trim_ascii_end();
        let (head, is_macro) = match head.strip_suffix(b"!") {
            Some(head) => (head, true),
            None => (head, false),
        };
        let is_path = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':');
        let length = head.iter().rev().take_while(|byte| is_path(byte)).count();
        let path = std::str::from_utf8(head.get(head.len() - length..)?).ok()?;
        let mut segments = path.rsplit("::");
        let name = segments.next().filter(|name| !name.is_empty())?;
        if matches!(
            name,
            "if" | "in" | "for" | "match" | "while" | "return" | "mut" | "let"
        ) {
            return None;
        }
        if is_macro {
            return Some(format!("{name}!"));
        }
        Some(match segments.next() {
            Some(owner) if owner.starts_with(char::is_uppercase) => format!("{owner}::{name}"),
            _ => name.to_owned(),
        })
    }
}

/// Returns the predicate in the brackets of an attribute: `[cfg(…)]`.
fn configured(attribute: &[u8]) -> Option<String> {
    let inside = attribute
        .strip_prefix(b"[")?
        .strip_suffix(b"]")?
        .trim_ascii();
    let predicate = inside.strip_prefix(b"cfg")?.trim_ascii();
    let predicate = predicate.strip_prefix(b"(")?.strip_suffix(b")")?;
    Some(one_line(&String::from_utf8_lossy(predicate)))
}
