//! Walks the syntax tree: the site of each string literal, the modules and files that a file
//! includes, the commands that it runs.

use std::collections::HashMap;
use std::mem;
use std::ops::Range;

use proc_macro2::Span;
use proc_macro2::extra::DelimSpan;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, Item, Lit, Macro, MacroDelimiter, Meta, Pat};

use super::commands::imports_other_command;
use super::lexer::Lexed;
use super::names::{attributes_of, bound, called, item_attributes, predicate};
use crate::calls::RustCommand;
use crate::{RustModule, Site};

/// The code that may replace a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Any expression.
    Expression,
    /// Any number of expressions, as arguments of `concat!`.
    Concat,
    /// `concat!`, unless a hole of the format string names a variable or, with `value`, braces are
    /// doubled.
    Format {
        /// Whether a format string that is not a literal would be taken as a value.
        value: bool,
    },
    /// Another literal.
    Literal,
}

/// The purpose of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Any string.
    Value,
    /// A format string.
    Format,
    /// A program's name.
    Program,
    /// A script for the shell.
    Script,
    /// A value of `PATH`.
    SearchPath,
    /// Documentation.
    Doc,
}

/// A string literal with its surroundings.
#[derive(Debug)]
pub struct Seen {
    /// Byte offset of the literal.
    pub start: usize,
    /// Its purpose.
    pub usage: Use,
    /// The code that may replace it.
    pub place: Place,
    /// Its site.
    pub site: Site,
    /// Whether something is joined directly before it: `a + "…"`, `concat!(A, "…")`.
    pub after: bool,
    /// Whether something is joined directly after it.
    pub before: bool,
}

/// The results of the walk.
#[derive(Debug, Default)]
pub struct Found {
    /// The visited literals.
    pub literals: Vec<Seen>,
    /// The modules in other files.
    pub modules: Vec<RustModule>,
    /// The files included as data.
    pub embeds: Vec<String>,
}

/// Walks over a file. `base` is the offset of its first token, `wanted` the sorted offsets of what is looked for: blocks,
/// argument lists and macros that hold none are passed over.
pub fn walk(
    file: &syn::File,
    (bytes, base): (&[u8], usize),
    lexed: &Lexed,
    wanted: &[usize],
    command: Option<&RustCommand>,
) -> Found {
    let mut walk = Walk {
        bytes,
        base,
        lexed,
        wanted,
        command,
        found: Found::default(),
        site: Site::default(),
        place: Place::Expression,
        configured: Vec::new(),
        within: Vec::new(),
        macros: 0,
        other_command: command.is_some_and(|command| imports_other_command(&file.items, command)),
        constants: HashMap::new(),
        programs: Vec::new(),
        named_programs: Vec::new(),
        running: None,
        commands: HashMap::new(),
    };
    walk.with_attributes(&file.attrs, |walk| walk.items(&file.items));
    walk.name_programs();
    walk.found
}

pub(super) struct Walk<'a> {
    /// The type that runs commands; `None` where only places are asked for.
    pub(super) command: Option<&'a RustCommand>,
    bytes: &'a [u8],
    base: usize,
    lexed: &'a Lexed,
    wanted: &'a [usize],
    pub(super) found: Found,
    pub(super) site: Site,
    place: Place,
    /// The predicates of the enclosing `#[cfg(…)]`.
    configured: Vec<String>,
    /// The enclosing inline modules.
    within: Vec<String>,
    /// The number of macros around the current node.
    pub(super) macros: u32,
    /// Whether a bare `Command` is not std's.
    pub(super) other_command: bool,
    /// The literal values of constants and variables.
    pub(super) constants: HashMap<String, usize>,
    /// The literals that name a program through a constant.
    pub(super) programs: Vec<usize>,
    /// The constants that name a program and have not been visited yet.
    pub(super) named_programs: Vec<String>,
    /// The words of the command that the last expression built.
    pub(super) running: Option<Vec<String>>,
    /// The words of the commands in variables of this function.
    commands: HashMap<String, Vec<String>>,
}

/// Queries.
impl Walk<'_> {
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        let range = span.byte_range();
        self.base + range.start..self.base + range.end
    }

    pub(super) fn text(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// Whether the range contains a wanted offset.
    pub(super) fn holds(&self, range: &Range<usize>) -> bool {
        let at = self.wanted.partition_point(|offset| *offset < range.start);
        self.wanted
            .get(at)
            .is_some_and(|offset| *offset < range.end)
    }

    fn holds_delimited(&self, span: DelimSpan) -> bool {
        self.holds(&self.range(span.join()))
    }

    /// Runs `inside` with another site, and restores the previous one.
    pub(super) fn with_site(&mut self, site: Site, inside: impl FnOnce(&mut Self)) {
        let before = mem::replace(&mut self.site, site);
        inside(self);
        self.site = before;
    }

    pub(super) fn with_target(&mut self, target: Option<String>, inside: impl FnOnce(&mut Self)) {
        let target = target.or_else(|| self.site.target.clone());
        let before = mem::replace(&mut self.site.target, target);
        inside(self);
        self.site.target = before;
    }

    /// Runs `inside` with literals limited to `place`. A limit to literals stays in force.
    pub(super) fn with_place(&mut self, place: Place, inside: impl FnOnce(&mut Self)) {
        let place = match self.place {
            Place::Literal => Place::Literal,
            _ => place,
        };
        let before = mem::replace(&mut self.place, place);
        inside(self);
        self.place = before;
    }

    /// Runs `inside` as the argument with this index of a call.
    pub(super) fn as_argument(
        &mut self,
        call: Option<&str>,
        number: usize,
        inside: impl FnOnce(&mut Self),
    ) {
        let site = Site {
            call: call.map(str::to_owned),
            argument: u32::try_from(number).ok(),
            word: None,
            before: None,
            ..self.site.clone()
        };
        self.with_site(site, inside);
    }

    pub(super) fn with_predicates(
        &mut self,
        predicates: Vec<String>,
        inside: impl FnOnce(&mut Self),
    ) {
        let depth = self.configured.len();
        for predicate in predicates {
            if !self.configured.contains(&predicate) {
                self.configured.push(predicate);
            }
        }
        inside(self);
        self.configured.truncate(depth);
    }

    pub(super) fn within(&mut self, module: String, inside: impl FnOnce(&mut Self)) {
        self.within.push(module);
        inside(self);
        self.within.pop();
    }

    /// Combines all enclosing predicates.
    fn configuration(&self) -> Option<String> {
        match self.configured.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("all({})", several.join(", "))),
        }
    }

    fn with_attributes(&mut self, attributes: &[Attribute], inside: impl FnOnce(&mut Self)) {
        if attributes.is_empty() {
            return inside(self);
        }
        let predicates = attributes
            .iter()
            .filter_map(|attribute| predicate(attribute, |span| self.text(self.range(span))))
            .collect();
        self.with_predicates(predicates, |walk| {
            for attribute in attributes {
                walk.attribute(attribute);
            }
            inside(walk);
        });
    }

    fn attribute(&mut self, attribute: &Attribute) {
        if !self.holds_delimited(attribute.bracket_token.span) {
            return;
        }
        let name = called(attribute.path());
        self.with_place(Place::Literal, |walk| {
            walk.with_target(name.clone(), |walk| match &attribute.meta {
                Meta::Path(_) => {}
                Meta::NameValue(pair) => match literal(&pair.value) {
                    Some(lit) if attribute.path().is_ident("doc") => {
                        walk.see(lit.span(), Use::Doc, false, false);
                    }
                    _ => walk.visit_expr(&pair.value),
                },
                Meta::List(list) => {
                    let call = name.map(|name| format!("#[{name}]"));
                    walk.tokens(list.tokens.clone(), call.as_deref(), None);
                }
            });
        });
    }

    /// Records the literal at this span, if it is a string.
    pub(super) fn see(&mut self, span: Span, usage: Use, after: bool, before: bool) {
        let start = self.range(span).start;
        if self.lexed.literal_at(start).is_none() {
            return;
        }
        let cfg = self.configuration();
        self.found.literals.push(Seen {
            start,
            usage,
            place: self.place,
            site: Site {
                cfg,
                ..self.site.clone()
            },
            after,
            before,
        });
    }

    /// Returns a literal's content as written.
    pub(super) fn content(&self, span: Span) -> Option<&[u8]> {
        let literal = self.lexed.literal_at(self.range(span).start)?;
        self.bytes.get(literal.open..literal.close)
    }

    pub(super) fn content_text(&self, span: Span) -> String {
        String::from_utf8_lossy(self.content(span).unwrap_or_default()).into_owned()
    }

    pub(super) fn module(&mut self, name: String, path: Option<String>, included: bool) {
        let module = RustModule {
            name,
            within: self.within.clone(),
            path,
            cfg: self.configuration(),
            included,
        };
        self.found.modules.push(module);
    }
}

/// Items, and what has a name.
impl<'ast> Walk<'_> {
    pub(super) fn items(&mut self, items: &'ast [Item]) {
        for item in items {
            self.visit_item(item);
        }
    }

    /// Walks a function. Its surroundings do not apply to its body.
    fn function(&mut self, name: &syn::Ident, block: &'ast Block) {
        if !self.holds_delimited(block.brace_token.span) {
            return;
        }
        let site = Site {
            sub: Some(name.unraw().to_string()),
            ..Site::default()
        };
        let commands = mem::take(&mut self.commands);
        self.with_site(site, |walk| walk.visit_block(block));
        self.commands = commands;
    }

    fn constant(&mut self, name: &syn::Ident, value: &'ast Expr) {
        let name = name.unraw().to_string();
        self.remember(&name, value);
        self.with_target(Some(name), |walk| walk.visit_expr(value));
    }

    /// Remembers the literal that a name refers to.
    fn remember(&mut self, name: &str, value: &Expr) {
        if let Some(lit) = literal(value) {
            let start = self.range(lit.span()).start;
            self.constants.insert(name.to_owned(), start);
        }
    }

    /// Records the literals of constants that name a program. The literal is the occurrence.
    fn name_programs(&mut self) {
        let named = self.named_programs.iter();
        let later = named.filter_map(|name| self.constants.get(name).copied());
        self.programs.extend(later);
        self.programs.sort_unstable();
        for seen in &mut self.found.literals {
            if self.programs.binary_search(&seen.start).is_ok() {
                seen.usage = Use::Program;
            }
        }
    }

    fn inline_module(&mut self, module: &syn::ItemMod) {
        let path = module
            .attrs
            .iter()
            .find_map(|attribute| match &attribute.meta {
                Meta::NameValue(pair) if attribute.path().is_ident("path") => match &pair.value {
                    Expr::Lit(syn::ExprLit {
                        lit: Lit::Str(path),
                        ..
                    }) => Some(path.value()),
                    _ => None,
                },
                _ => None,
            });
        self.module(module.ident.unraw().to_string(), path, false);
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    // Types and paths contain no literals that are occurrences.
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_path(&mut self, _: &'ast syn::Path) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_signature(&mut self, _: &'ast syn::Signature) {}
    // Each owner passes its attributes to `with_attributes`.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_item(&mut self, item: &'ast Item) {
        self.with_attributes(item_attributes(item), |walk| match item {
            Item::Const(item) => walk.constant(&item.ident, &item.expr),
            Item::Static(item) => walk.constant(&item.ident, &item.expr),
            Item::Fn(item) => walk.function(&item.sig.ident, &item.block),
            Item::Macro(item) => walk.item_macro(item),
            Item::Mod(item) => match &item.content {
                Some((_, items)) => {
                    walk.within(item.ident.unraw().to_string(), |walk| walk.items(items));
                }
                None => walk.inline_module(item),
            },
            Item::Use(_) => {}
            item => visit::visit_item(walk, item),
        });
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        use syn::ImplItem::{Const, Fn, Macro};
        let attributes = match item {
            Const(item) => &item.attrs[..],
            Fn(item) => &item.attrs,
            Macro(item) => &item.attrs,
            _ => &[],
        };
        self.with_attributes(attributes, |walk| match item {
            Const(item) => walk.constant(&item.ident, &item.expr),
            Fn(item) => walk.function(&item.sig.ident, &item.block),
            item => visit::visit_impl_item(walk, item),
        });
    }

    fn visit_trait_item(&mut self, item: &'ast syn::TraitItem) {
        use syn::TraitItem::{Const, Fn, Macro};
        let attributes = match item {
            Const(item) => &item.attrs[..],
            Fn(item) => &item.attrs,
            Macro(item) => &item.attrs,
            _ => &[],
        };
        self.with_attributes(attributes, |walk| match item {
            Const(item) => {
                if let Some((_, value)) = &item.default {
                    walk.constant(&item.ident, value);
                }
            }
            Fn(item) => {
                if let Some(block) = &item.default {
                    walk.function(&item.sig.ident, block);
                }
            }
            item => visit::visit_trait_item(walk, item),
        });
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        let name = field.ident.as_ref().map(|name| name.unraw().to_string());
        self.with_target(name, |walk| walk.with_attributes(&field.attrs, |_| {}));
    }

    fn visit_variant(&mut self, variant: &'ast syn::Variant) {
        self.with_attributes(&variant.attrs, |walk| visit::visit_variant(walk, variant));
    }

    fn visit_block(&mut self, block: &'ast Block) {
        if self.holds_delimited(block.brace_token.span) {
            visit::visit_block(self, block);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let name = bound(&local.pat);
        self.with_attributes(&local.attrs, |walk| {
            walk.visit_pat(&local.pat);
            let Some(init) = &local.init else { return };
            walk.running = None;
            if let Some(name) = &name {
                walk.remember(name, &init.expr);
            }
            walk.with_target(name.clone(), |walk| walk.visit_expr(&init.expr));
            if let (Some(name), Some(words)) = (name, walk.running.take()) {
                walk.commands.insert(name, words);
            }
            if let Some((_, diverge)) = &init.diverge {
                walk.visit_expr(diverge);
            }
        });
    }

    fn visit_stmt_macro(&mut self, statement: &'ast syn::StmtMacro) {
        self.with_attributes(&statement.attrs, |walk| walk.visit_macro(&statement.mac));
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        self.with_attributes(&arm.attrs, |walk| visit::visit_arm(walk, arm));
    }

    /// A pattern allows only literals.
    fn visit_pat(&mut self, pattern: &'ast Pat) {
        if !matches!(pattern, Pat::Ident(_) | Pat::Wild(_) | Pat::Path(_)) {
            self.with_place(Place::Literal, |walk| visit::visit_pat(walk, pattern));
        }
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        let name = match &field.member {
            syn::Member::Named(name) => Some(name.unraw().to_string()),
            syn::Member::Unnamed(_) => None,
        };
        self.with_attributes(&field.attrs, |walk| {
            walk.with_target(name, |walk| walk.visit_expr(&field.expr));
        });
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        let attributes = attributes_of(expression);
        self.with_attributes(attributes, |walk| walk.expression(expression));
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let span = match &call.delimiter {
            MacroDelimiter::Paren(paren) => paren.span,
            MacroDelimiter::Brace(brace) => brace.span,
            MacroDelimiter::Bracket(bracket) => bracket.span,
        };
        // Look for `include!` by its name.
        let name = call
            .path
            .segments
            .last()
            .map(|last| self.range(last.ident.span()));
        let end = self.range(span.close()).end;
        if name.is_some_and(|name| self.holds(&(name.start..end))) {
            self.macro_call(call);
        }
    }
}

/// Expressions.
impl<'ast> Walk<'_> {
    fn expression(&mut self, expression: &'ast Expr) {
        match expression {
            Expr::Lit(lit) => self.see(lit.lit.span(), Use::Value, false, false),
            Expr::Call(call) => self.call(call),
            Expr::MethodCall(call) => self.method_calls(call),
            Expr::Array(array) if !self.holds_delimited(array.bracket_token.span) => {}
            Expr::Struct(value) if !self.holds_delimited(value.brace_token.span) => {}
            Expr::Match(value) if !self.holds_delimited(value.brace_token.span) => {
                self.visit_expr(&value.expr);
            }
            Expr::Assign(assign) => {
                self.visit_expr(&assign.left);
                let target = assigned(&assign.left);
                self.with_target(target, |walk| walk.visit_expr(&assign.right));
            }
            Expr::Binary(sum) => {
                self.visit_expr(&sum.left);
                match literal(&sum.right) {
                    Some(lit)
                        if matches!(sum.op, syn::BinOp::Add(_) | syn::BinOp::AddAssign(_)) =>
                    {
                        self.see(lit.span(), Use::Value, true, false);
                    }
                    _ => self.visit_expr(&sum.right),
                }
            }
            expression => visit::visit_expr(self, expression),
        }
    }

    fn call(&mut self, call: &'ast syn::ExprCall) {
        let Expr::Path(path) = &*call.func else {
            self.visit_expr(&call.func);
            return self.arguments(None, &call.args);
        };
        if self.is_command(&path.path) && call.args.len() == 1 {
            return self.command(call);
        }
        if !self.holds_delimited(call.paren_token.span) {
            return;
        }
        let name = called(&path.path);
        if name.as_deref() == Some("set_var") && self.sets_search_path(&call.args) {
            return;
        }
        // A wrapper does not change the destination of a value.
        if matches!(name.as_deref(), Some("Some" | "Ok" | "Err")) {
            for argument in &call.args {
                self.visit_expr(argument);
            }
            return;
        }
        self.arguments(name.as_deref(), &call.args);
    }

    fn arguments(&mut self, call: Option<&str>, arguments: &'ast Punctuated<Expr, syn::Token![,]>) {
        for (number, argument) in arguments.iter().enumerate() {
            self.as_argument(call, number, |walk| walk.visit_expr(argument));
        }
    }

    /// Walks `a.b(…).c(…)`, innermost receiver first, for a chain of any length.
    fn method_calls(&mut self, last: &'ast syn::ExprMethodCall) {
        let mut calls = vec![last];
        let mut receiver = &*last.receiver;
        while let Expr::MethodCall(call) = receiver
            && call.attrs.is_empty()
        {
            calls.push(call);
            receiver = &call.receiver;
        }
        self.running = None;
        self.visit_expr(receiver);
        let variable = match receiver {
            Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
            _ => None,
        };
        let of_variable = variable
            .as_ref()
            .and_then(|name| self.commands.remove(name));
        let mut words = match receiver {
            Expr::Call(_) => self.running.take(),
            _ => of_variable,
        };
        for call in calls.into_iter().rev() {
            self.method_call(call, &mut words);
        }
        self.running.clone_from(&words);
        if let (Some(name), Some(words)) = (variable, words) {
            self.commands.insert(name, words);
        }
    }

    fn method_call(&mut self, call: &'ast syn::ExprMethodCall, words: &mut Option<Vec<String>>) {
        let name = call.method.unraw().to_string();
        match (name.as_str(), words) {
            ("arg" | "args", Some(words)) => {
                for argument in &call.args {
                    self.command_argument(&name, argument, words);
                }
            }
            ("env", _) if self.sets_search_path(&call.args) => {}
            _ if self.holds_delimited(call.paren_token.span) => {
                self.arguments(Some(&name), &call.args);
            }
            _ => {}
        }
    }

    /// Handles `("PATH", "…")`, which sets `PATH`.
    fn sets_search_path(&mut self, arguments: &'ast Punctuated<Expr, syn::Token![,]>) -> bool {
        let mut literals = arguments.iter().map(literal);
        let (Some(Some(name)), Some(Some(value))) = (literals.next(), literals.next()) else {
            return false;
        };
        if self.content(name.span()) != Some(b"PATH") {
            return false;
        }
        self.with_target(Some("PATH".to_owned()), |walk| {
            walk.see(value.span(), Use::SearchPath, false, false);
        });
        true
    }
}

/// Returns the literal, if an expression is one.
pub(super) fn literal(expression: &Expr) -> Option<&Lit> {
    match expression {
        Expr::Lit(literal) if literal.attrs.is_empty() => Some(&literal.lit),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

/// Returns the variable or field on the left of an assignment.
fn assigned(left: &Expr) -> Option<String> {
    match left {
        Expr::Path(path) => path
            .path
            .segments
            .last()
            .map(|last| last.ident.unraw().to_string()),
        Expr::Field(field) => match &field.member {
            syn::Member::Named(name) => Some(name.unraw().to_string()),
            syn::Member::Unnamed(_) => assigned(&field.base),
        },
        Expr::Index(index) => assigned(&index.expr),
        Expr::Unary(unary) => assigned(&unary.expr),
        _ => None,
    }
}
