//! Writes an expression and formats it.

use crate::expr::{KEYWORDS, is_identifier};
use crate::strings::{escape_indented, escape_quoted, is_block, joined, refuse_nul};
use crate::{Binding, Expr, Formal, Name, Operator, Part, WriteError};

/// Returns a file whose content is `expr`, formatted, with a final newline.
pub fn write(expr: &Expr) -> Result<String, WriteError> {
    let mut writer = Writer { out: String::new() };
    writer.expr(expr)?;
    writer.out.push('\n');
    nixfmt_rs::format(&writer.out)
        .map_err(|error| WriteError::Format(nixfmt_rs::format_error(&writer.out, None, &error)))
}

/// Writes correct Nix without regard to layout.
struct Writer {
    out: String,
}

impl Writer {
    fn expr(&mut self, expr: &Expr) -> Result<(), WriteError> {
        match expr {
            Expr::String(parts) => self.string(parts)?,
            Expr::Path(path) => self.path(path)?,
            Expr::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            // The grammar has no negative literals, and the smallest integer has no positive
            // counterpart.
            Expr::Int(value) if *value == i64::MIN => {
                self.out.push_str("(-9223372036854775807 - 1)");
            }
            Expr::Int(value) => self.out.push_str(&value.to_string()),
            Expr::Null => self.out.push_str("null"),
            Expr::Variable(name) => self.out.push_str(name.as_str()),
            Expr::List(items) => self.list(items)?,
            Expr::Set(bindings) => {
                self.out.push('{');
                self.bindings(bindings)?;
                self.out.push('}');
            }
            Expr::Select(base, path) => self.select(base, path)?,
            Expr::SelectOr(base, path, default) => {
                self.select(base, path)?;
                self.out.push_str(" or ");
                self.operand(default)?;
            }
            Expr::Apply(function, arguments) => {
                self.function_position(function)?;
                for argument in arguments {
                    self.out.push(' ');
                    self.operand(argument)?;
                }
            }
            Expr::Lambda {
                formals,
                ellipsis,
                body,
            } => self.lambda(formals, *ellipsis, body)?,
            Expr::Function(name, body) => {
                self.out.push_str(name.as_str());
                self.out.push_str(": ");
                self.expr(body)?;
            }
            Expr::Let(bindings, body) => {
                self.out.push_str("let");
                self.bindings(bindings)?;
                self.out.push_str("in\n");
                self.expr(body)?;
            }
            Expr::Operator(left, operator, right) => self.operator(left, *operator, right)?,
            Expr::NotEqual(left, right) => {
                self.operand(left)?;
                self.out.push_str(" != ");
                self.operand(right)?;
            }
            Expr::Commented(text, inner) => {
                self.comment(text);
                self.expr(inner)?;
            }
        }
        Ok(())
    }

    /// Writes an expression where the grammar allows only a simple one (argument, list element,
    /// base of a selection).
    fn operand(&mut self, expr: &Expr) -> Result<(), WriteError> {
        match expr {
            Expr::Commented(text, inner) => {
                self.comment(text);
                self.operand(inner)
            }
            Expr::Apply(function, arguments) if arguments.is_empty() => self.operand(function),
            Expr::Int(value) if *value == i64::MIN => self.expr(expr),
            Expr::Apply(..)
            | Expr::Lambda { .. }
            | Expr::Function(..)
            | Expr::Let(..)
            | Expr::Operator(..)
            | Expr::NotEqual(..)
            | Expr::SelectOr(..) => self.parenthesised(expr),
            Expr::Int(value) if *value < 0 => self.parenthesised(expr),
            _ => self.expr(expr),
        }
    }

    fn function_position(&mut self, function: &Expr) -> Result<(), WriteError> {
        match function {
            Expr::Apply(..) => self.expr(function),
            _ => self.operand(function),
        }
    }

    fn parenthesised(&mut self, expr: &Expr) -> Result<(), WriteError> {
        self.out.push('(');
        self.expr(expr)?;
        self.out.push(')');
        Ok(())
    }

    fn operator(
        &mut self,
        left: &Expr,
        operator: Operator,
        right: &Expr,
    ) -> Result<(), WriteError> {
        // Both operators are right-associative, and each is mixed only with itself.
        self.side(left)?;
        self.out.push_str(match operator {
            Operator::Concat => " ++ ",
            Operator::Update => " // ",
        });
        match right {
            Expr::Operator(_, inner, _) if *inner == operator => self.expr(right),
            _ => self.side(right),
        }
    }

    fn side(&mut self, expr: &Expr) -> Result<(), WriteError> {
        match expr {
            Expr::Apply(..) | Expr::SelectOr(..) => self.expr(expr),
            _ => self.operand(expr),
        }
    }

    fn select(&mut self, base: &Expr, path: &[String]) -> Result<(), WriteError> {
        // `1.a` would parse as a float applied to `a`.
        match base {
            Expr::Int(_) | Expr::Path(_) => self.parenthesised(base)?,
            _ => self.operand(base)?,
        }
        for name in path {
            self.out.push('.');
            self.attribute(name)?;
        }
        Ok(())
    }

    fn list(&mut self, items: &[Expr]) -> Result<(), WriteError> {
        // nixfmt keeps a list of one on the bracket's line unless it finds a line break.
        let separator = if items.len() > 1 { '\n' } else { ' ' };
        self.out.push('[');
        for item in items {
            self.out.push(separator);
            self.operand(item)?;
        }
        self.out.push_str(" ]");
        Ok(())
    }

    fn lambda(
        &mut self,
        formals: &[Formal],
        ellipsis: bool,
        body: &Expr,
    ) -> Result<(), WriteError> {
        self.out.push('{');
        for formal in formals {
            self.out.push('\n');
            self.out.push_str(formal.name.as_str());
            if let Some(default) = &formal.default {
                self.out.push_str(" ? ");
                self.expr(default)?;
            }
            self.out.push(',');
        }
        self.out
            .push_str(if ellipsis { "\n...\n}:\n" } else { "\n}:\n" });
        self.expr(body)
    }

    fn bindings(&mut self, bindings: &[Binding]) -> Result<(), WriteError> {
        // As with lists, the first line break makes nixfmt put every binding on its own line.
        let end = if bindings.len() > 1 { '\n' } else { ' ' };
        self.out.push(end);
        for binding in bindings {
            match binding {
                Binding::Attr(path, value) => {
                    for (index, name) in path.iter().enumerate() {
                        if index > 0 {
                            self.out.push('.');
                        }
                        self.attribute(name)?;
                    }
                    self.out.push_str(" = ");
                    self.expr(value)?;
                    self.out.push(';');
                    self.out.push(end);
                }
                Binding::Inherit(names) => {
                    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                    self.inherit(None, &names)?;
                }
                Binding::InheritFrom(from, names) => {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    self.inherit(Some(from), &names)?;
                }
                Binding::Comment(text) => self.comment(text),
                Binding::Blank => self.out.push('\n'),
            }
        }
        Ok(())
    }

    fn inherit(&mut self, from: Option<&Expr>, names: &[&str]) -> Result<(), WriteError> {
        if names.is_empty() {
            return Ok(());
        }
        self.out.push_str("inherit");
        if let Some(from) = from {
            self.out.push(' ');
            self.parenthesised(from)?;
        }
        // nixfmt keeps one name a line once it finds a line break. A few names read better on one
        // line.
        let separator = if names.len() > 3 { '\n' } else { ' ' };
        for name in names {
            self.out.push(separator);
            self.attribute(name)?;
        }
        self.out.push_str("; ");
        Ok(())
    }

    fn attribute(&mut self, name: &str) -> Result<(), WriteError> {
        if is_identifier(name) && !KEYWORDS.contains(&name) {
            self.out.push_str(name);
            return Ok(());
        }
        refuse_nul(name)?;
        self.out.push('"');
        escape_quoted(name, false, &mut self.out);
        self.out.push('"');
        Ok(())
    }

    fn path(&mut self, path: &str) -> Result<(), WriteError> {
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'/')
        };
        let sane = !path.is_empty()
            && !path.ends_with('/')
            && !path.starts_with('/')
            && !path.contains("//");
        if sane && path.bytes().all(plain) {
            if !path.starts_with("../") {
                self.out.push_str("./");
            }
            self.out.push_str(path);
            return Ok(());
        }
        refuse_nul(path)?;
        self.out.push_str("(./. + \"/");
        escape_quoted(path, false, &mut self.out);
        self.out.push_str("\")");
        Ok(())
    }

    /// Writes the lines of a comment. No line ending that Nix knows, and no control character, can
    /// end the comment early.
    fn comment(&mut self, text: &str) {
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        for line in text.split(['\n', '\r']) {
            self.out.push_str("# ");
            self.out.extend(line.trim_end().chars().map(|c| {
                if c.is_control() && c != '\t' {
                    '\u{fffd}'
                } else {
                    c
                }
            }));
            self.out.push('\n');
        }
    }

    fn string(&mut self, parts: &[Part]) -> Result<(), WriteError> {
        let parts = joined(parts);
        for part in &parts {
            if let Part::Text(text) = part {
                refuse_nul(text)?;
            }
        }
        if is_block(&parts) {
            self.indented(&parts)
        } else {
            self.quoted(&parts)
        }
    }

    fn quoted(&mut self, parts: &[Part]) -> Result<(), WriteError> {
        self.out.push('"');
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => escape_quoted(text, index + 1 < parts.len(), &mut self.out),
                Part::Interpolation(expr) => self.interpolation(expr)?,
            }
        }
        self.out.push('"');
        Ok(())
    }

    fn indented(&mut self, parts: &[Part]) -> Result<(), WriteError> {
        self.out.push_str("''\n");
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => escape_indented(text, index + 1 < parts.len(), &mut self.out),
                Part::Interpolation(expr) => self.interpolation(expr)?,
            }
        }
        self.out.push_str("''");
        Ok(())
    }

    fn interpolation(&mut self, expr: &Expr) -> Result<(), WriteError> {
        self.out.push_str("${");
        self.expr(expr)?;
        self.out.push('}');
        Ok(())
    }
}
