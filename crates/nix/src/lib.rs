//! A writer of Nix expressions: every value an [`Expr`] can hold comes out as Nix that evaluates to that value.
//!
//! Escaping and quoting happen here and nowhere else; layout (RFC 166) is nixfmt's own, by the
//! `nixfmt_rs` crate, which also refuses text that is not Nix.

mod formals;

use std::fmt;

pub use formals::Formals;

/// A valid Nix identifier that is no keyword: what a variable or a formal argument may be called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why an expression cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// This cannot name a variable; select it from an attribute set instead.
    InvalidName(String),
    /// Nix strings cannot hold the NUL byte; the text, with the byte replaced.
    Nul(String),
    /// The formatter did not take the text; its message.
    Format(String),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName(name) => write!(f, "{name:?} cannot be the name of a Nix variable"),
            Self::Nul(text) => write!(f, "{text:?} holds a NUL byte, which a Nix string cannot"),
            Self::Format(message) => write!(f, "the Nix text does not parse: {message}"),
        }
    }
}

impl std::error::Error for WriteError {}

/// Keywords of the Nix language, and the constants a variable must not shadow.
const RESERVED: &[&str] = &[
    "assert", "else", "false", "if", "in", "inherit", "let", "null", "or", "rec", "then", "true",
    "with",
];

/// Keywords proper: as an attribute's name they need quotes.
const KEYWORDS: &[&str] = &[
    "assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with",
];

impl Name {
    /// Checks `name`.
    pub fn new(name: impl Into<String>) -> Result<Self, WriteError> {
        let name = name.into();
        if is_identifier(&name) && !RESERVED.contains(&name.as_str()) {
            Ok(Self(name))
        } else {
            Err(WriteError::InvalidName(name))
        }
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` has the form of an identifier (Nix manual, "Identifiers"): keywords have it too.
fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'-'))
}

/// A Nix expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A string of text and interpolations; with several lines of text, an indented string where that is safe.
    String(Vec<Part>),
    /// A path relative to the file, without `./` (`0001-paths.patch`, `../patches/hive/0001-paths.patch`).
    Path(String),
    /// `true`, `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// `null`.
    Null,
    /// A variable.
    Variable(Name),
    /// A list.
    List(Vec<Expr>),
    /// An attribute set, its bindings in the order given.
    Set(Vec<Binding>),
    /// `base.a.b`.
    Select(Box<Expr>, Vec<String>),
    /// `base.a.b or default`.
    SelectOr(Box<Expr>, Vec<String>, Box<Expr>),
    /// `function a b`.
    Apply(Box<Expr>, Vec<Expr>),
    /// `{ a, b ? null }: body`.
    Lambda {
        /// The formal arguments in the order given.
        formals: Vec<Formal>,
        /// Whether others are taken too (`...`).
        ellipsis: bool,
        /// What it gives.
        body: Box<Expr>,
    },
    /// `name: body`.
    Function(Name, Box<Expr>),
    /// `let … in body`.
    Let(Vec<Binding>, Box<Expr>),
    /// `left ++ right`, `left // right`.
    Operator(Box<Expr>, Operator, Box<Expr>),
    /// `left != right`.
    NotEqual(Box<Expr>, Box<Expr>),
    /// A comment on lines of its own, then the expression: a file's head, an element of a list.
    Commented(String, Box<Expr>),
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `++`: joins lists.
    Concat,
    /// `//`: the right set's attributes over the left's.
    Update,
}

/// A piece of a string.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text, escaped when written.
    Text(String),
    /// `${expression}`.
    Interpolation(Expr),
}

/// One line of an attribute set or `let`.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// `a.b = value;` names are quoted where they must be.
    Attr(Vec<String>, Expr),
    /// `inherit a b;`
    Inherit(Vec<Name>),
    /// `inherit (from) a b;`
    InheritFrom(Expr, Vec<String>),
    /// `# text`, a line each.
    Comment(String),
    /// An empty line.
    Blank,
}

/// A formal argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Formal {
    /// What it is called.
    pub name: Name,
    /// `? default`.
    pub default: Option<Expr>,
}

impl Formal {
    /// An argument that must be given.
    pub fn required(name: Name) -> Self {
        Self {
            name,
            default: None,
        }
    }

    /// An argument that is `null` when not given: a package that may not exist yet.
    pub fn optional(name: Name) -> Self {
        Self {
            name,
            default: Some(Expr::Null),
        }
    }
}

impl Binding {
    /// `name = value;` where `name` is one attribute, whatever is in it.
    pub fn attr(name: impl Into<String>, value: Expr) -> Self {
        Self::Attr(vec![name.into()], value)
    }
}

impl Expr {
    /// A string without interpolation.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(vec![Part::Text(text.into())])
    }

    /// `name`, or an error when that is no identifier.
    pub fn variable(name: &str) -> Result<Self, WriteError> {
        Name::new(name).map(Self::Variable)
    }

    /// The value of a dotted attribute path whose first part is a variable: `perlPackages.JSONXS`.
    pub fn dotted(path: &str) -> Result<Self, WriteError> {
        let mut parts = path.split('.');
        let base = Self::variable(parts.next().unwrap_or_default())?;
        let rest: Vec<String> = parts.map(str::to_owned).collect();
        if rest.iter().any(String::is_empty) {
            return Err(WriteError::InvalidName(path.to_owned()));
        }
        Ok(if rest.is_empty() {
            base
        } else {
            Self::Select(Box::new(base), rest)
        })
    }

    /// `self arguments…`.
    #[must_use]
    pub fn apply(self, arguments: impl IntoIterator<Item = Self>) -> Self {
        Self::Apply(Box::new(self), arguments.into_iter().collect())
    }

    /// A list of strings.
    pub fn strings<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::string).collect())
    }

    /// An attribute set sorted by name.
    pub fn sorted_set<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Self)>) -> Self {
        let mut attributes: Vec<(String, Self)> = attributes
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        attributes.sort_by(|(left, _), (right, _)| left.cmp(right));
        Self::Set(
            attributes
                .into_iter()
                .map(|(name, value)| Binding::attr(name, value))
                .collect(),
        )
    }
}

/// The file whose content is `expr`, formatted, ending in a newline.
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
            // The grammar has no negative literals, and the smallest integer has no positive.
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

    /// An expression where only a simple one may stand (argument, list element, base of a selection).
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
        // Both operators are right-associative, and each binds its own operands only.
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
        // `1.a` would be a float and an application.
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
        // nixfmt leaves a list of one on the bracket's line, unless there is a line break.
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
        // As with lists: the first line break makes nixfmt give every binding its own line.
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
        // nixfmt keeps one name a line once there is a line break; few names read better on one.
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

    /// Lines of comment: whatever ends a line in Nix, or is no text, cannot end the comment early.
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

fn refuse_nul(text: &str) -> Result<(), WriteError> {
    if text.contains('\0') {
        Err(WriteError::Nul(text.replace('\0', "\u{fffd}")))
    } else {
        Ok(())
    }
}

/// The same string with neighbouring texts as one, so that escaping sees what follows a `$` or `'`.
fn joined(parts: &[Part]) -> Vec<Part> {
    let mut joined: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match (joined.last_mut(), part) {
            (_, Part::Text(text)) if text.is_empty() => {}
            (Some(Part::Text(before)), Part::Text(text)) => before.push_str(text),
            _ => joined.push(part.clone()),
        }
    }
    joined
}

/// Whether the string is several whole lines that an indented string gives back unchanged: Nix takes
/// away the indentation all lines share and gives no escape for a run of quotes, so such text is quoted.
fn is_block(parts: &[Part]) -> bool {
    let texts = || {
        parts.iter().filter_map(|part| {
            if let Part::Text(text) = part {
                Some(text.as_str())
            } else {
                None
            }
        })
    };
    let whole: String = parts
        .iter()
        .map(|part| {
            if let Part::Text(text) = part {
                text.as_str()
            } else {
                "${}"
            }
        })
        .collect();
    let odd = |c: char| c.is_control() && c != '\n';
    whole.ends_with('\n')
        && whole.matches('\n').count() > 1
        && !whole.starts_with('\n')
        && !texts().any(|text| {
            text.contains("''") || text.contains("'$") || text.ends_with('\'') || text.contains(odd)
        })
        && whole
            .lines()
            .any(|line| !line.is_empty() && !line.starts_with(' '))
        && !whole.lines().any(|line| line.ends_with(' '))
}

/// The text between double quotes; a trailing `$` is escaped when an interpolation follows.
fn escape_quoted(text: &str, followed: bool, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' if opens(chars.peek(), followed) => out.push_str("\\$"),
            _ => out.push(c),
        }
    }
}

/// The text of an indented string that [`is_block`] allows.
fn escape_indented(text: &str, followed: bool, out: &mut String) {
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '$' if opens(chars.peek(), followed) => out.push_str("''$"),
            _ => out.push(c),
        }
    }
}

/// Whether a `$` before `next` could open an interpolation.
fn opens(next: Option<&char>, followed: bool) -> bool {
    next.map_or(followed, |next| *next == '{')
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn variable(text: &str) -> Expr {
        Expr::variable(text).unwrap()
    }

    /// `nix-instantiate --eval --strict --json` of `source`, `None` where Nix is not installed.
    fn evaluate(source: &str) -> Option<serde_json::Value> {
        let mut child = Command::new("nix-instantiate")
            .args(["--eval", "--strict", "--json", "-"])
            .env("NIX_REMOTE", "dummy://")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        child
            .stdin
            .take()
            .unwrap()
            .write_all(source.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "{source}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// Writes, reads back the one string literal in the text without Nix.
    fn unescape(written: &str) -> String {
        let written = written.trim_end_matches('\n');
        if let Some(inner) = written
            .strip_prefix("''\n")
            .and_then(|rest| rest.strip_suffix("''"))
        {
            let indent = inner
                .lines()
                .filter(|l| !l.trim().is_empty())
                .map(|l| l.len() - l.trim_start().len())
                .min();
            let lines = inner
                .lines()
                .map(|l| l.get(indent.unwrap_or(0)..).unwrap_or(""));
            let mut text = lines.collect::<Vec<_>>().join("\n");
            text.push('\n');
            return text.replace("''$", "$");
        }
        let inner = written
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .expect("a quoted string");
        let mut chars = inner.chars();
        let mut text = String::new();
        while let Some(c) = chars.next() {
            text.push(match (c, if c == '\\' { chars.next() } else { None }) {
                ('\\', Some('n')) => '\n',
                ('\\', Some('r')) => '\r',
                ('\\', Some('t')) => '\t',
                ('\\', Some(escaped)) => escaped,
                (plain, _) => plain,
            });
        }
        text
    }

    const AWKWARD: &[&str] = &[
        "",
        "$",
        "$$",
        "${x}",
        "$${x}",
        "$$${",
        "\\${",
        "a''b",
        "''${x}",
        "'''\n'''\n",
        "a\n${b}\n$\n",
        "a\n  b\n\n  c\n",
        "  a\n  b\n",
        "\na\nb\n",
        "a \nb\n",
        "a\n\tb\n",
        "a\r\nb\r\n",
        "it's\n'$x'\n",
        "echo '${x}'\necho ''\n",
        "a\n'\n",
        "\u{1b}[0m\u{7f}",
        "ä€😀\nb\n",
        "x\n \ny\n",
        "\"quoted\" \\ back",
        "@pve@/bin/qm",
    ];

    #[test]
    fn awkward_strings_survive_evaluation() {
        let list = Expr::strings(AWKWARD.iter().copied());
        if let Some(value) = evaluate(&write(&list).unwrap()) {
            assert_eq!(value, serde_json::json!(AWKWARD));
        }
        for text in AWKWARD {
            assert_eq!(unescape(&write(&Expr::string(*text)).unwrap()), *text);
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("${".to_owned()),
            Just("''".to_owned()),
            "[$'\"\\\\{}\n \ta]{0,6}",
            "[^\0]{0,4}",
            "[a-z =\n]{0,12}",
        ];
        proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_string_survives(text in text()) {
            prop_assert_eq!(unescape(&write(&Expr::string(text.clone())).unwrap()), text);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn any_strings_survive_evaluation(texts in proptest::collection::vec(text(), 60), keys in proptest::collection::hash_set(text(), 20)) {
            // Interpolated pieces side by side, where a `$` or `'` could eat the next piece.
            let pieces: Vec<Part> = texts.iter().enumerate().map(|(index, text)| {
                if index % 2 == 0 { Part::Text(text.clone()) } else { Part::Interpolation(Expr::string(text.clone())) }
            }).collect();
            let set = Expr::sorted_set(keys.iter().map(|key| (key.clone(), Expr::Bool(true))));
            let pairs = texts.chunks(2).map(|pair| Expr::String(pair.iter().enumerate().map(|(index, text)| {
                if index == 0 { Part::Text(text.clone()) } else { Part::Interpolation(Expr::string(text.clone())) }
            }).collect()));
            let all = Expr::List(vec![Expr::strings(texts.clone()), Expr::String(pieces), set, Expr::List(pairs.collect())]);
            if let Some(value) = evaluate(&write(&all).unwrap()) {
                prop_assert_eq!(&value[0], &serde_json::json!(texts));
                prop_assert_eq!(&value[1], &serde_json::json!(texts.concat()));
                let mut names: Vec<&str> = value[2].as_object().unwrap().keys().map(String::as_str).collect();
                let mut expected: Vec<&str> = keys.iter().map(String::as_str).collect();
                names.sort_unstable();
                expected.sort_unstable();
                prop_assert_eq!(names, expected);
                let joined: Vec<String> = texts.chunks(2).map(<[String]>::concat).collect();
                prop_assert_eq!(&value[3], &serde_json::json!(joined));
            }
        }

        #[test]
        fn a_comment_never_ends_early(text in "[^\0]{0,40}") {
            let expr = Expr::Commented(text, Box::new(Expr::Set(vec![Binding::Comment("*/ ${".into()), Binding::attr("a", Expr::Int(1))])));
            if let Some(value) = evaluate(&write(&expr).unwrap()) {
                prop_assert_eq!(value, serde_json::json!({"a": 1}));
            }
        }
    }

    #[test]
    fn a_package_reads_as_if_written_by_hand() {
        let patch = variable("replaceVars").apply([
            Expr::Path("0001-paths.patch".into()),
            Expr::Set(vec![
                Binding::attr(
                    "lvm2",
                    Expr::dotted("lib.getBin")
                        .unwrap()
                        .apply([variable("lvm2")]),
                ),
                Binding::attr("pve", Expr::Null),
            ]),
        ]);
        let body = variable("mkPveObject").apply([Expr::Set(vec![
            Binding::attr("pname", Expr::string("hive-manager")),
            Binding::attr(
                "patches",
                Expr::List(vec![patch, Expr::Path("odd name.patch".into())]),
            ),
            Binding::Blank,
            Binding::Comment("from the code".into()),
            Binding::attr("commands", Expr::List(vec![variable("lvm2")])),
            Binding::Attr(
                vec!["meta".into(), "description".into()],
                Expr::string("costs 5 ${money}"),
            ),
            Binding::attr("postInstall", Expr::string("cd $out\nmake ${x}\n")),
            Binding::attr("3d", Expr::Set(vec![Binding::attr("in", Expr::Int(-1))])),
            Binding::InheritFrom(variable("lib"), vec!["getBin".into(), "or".into()]),
        ])]);
        let formals = vec![
            Formal::required(name("lvm2")),
            Formal::required(name("mkPveObject")),
            Formal::optional(name("pve-rs")),
        ];
        let file = Expr::Commented(
            "Made by pve-nix.".into(),
            Box::new(Expr::Lambda {
                formals,
                ellipsis: false,
                body: Box::new(body),
            }),
        );
        let expected = r#"# Made by pve-nix.
{
  lvm2,
  mkPveObject,
  pve-rs ? null,
}:
mkPveObject {
  pname = "hive-manager";
  patches = [
    (replaceVars ./0001-paths.patch {
      lvm2 = lib.getBin lvm2;
      pve = null;
    })
    (./. + "/odd name.patch")
  ];

  # from the code
  commands = [ lvm2 ];
  meta.description = "costs 5 \${money}";
  postInstall = ''
    cd $out
    make ''${x}
  '';
  "3d" = {
    "in" = -1;
  };
  inherit (lib) getBin "or";
}
"#;
        assert_eq!(write(&file).unwrap(), expected);
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        for text in [
            "", "7zip", "a.b", "in", "null", "a b", "ä", "${x}", "a\n", "-x",
        ] {
            assert_eq!(
                Name::new(text),
                Err(WriteError::InvalidName(text.to_owned())),
                "{text:?}"
            );
        }
        assert!(Expr::dotted("perlPackages.").is_err());
        assert!(Expr::dotted("").is_err());
        for text in ["libpve-rs-perl", "_7zz", "a'"] {
            assert!(Name::new(text).is_ok(), "{text:?}");
        }
        assert_eq!(
            write(&Expr::string("a\0b")),
            Err(WriteError::Nul("a\u{fffd}b".into()))
        );
        assert!(write(&Expr::Set(vec![Binding::attr("\0", Expr::Null)])).is_err());
    }

    #[test]
    fn precedence_is_kept() {
        let set = |key: &str, value| Expr::Set(vec![Binding::attr(key, Expr::Int(value))]);
        let update =
            |left, right| Expr::Operator(Box::new(left), Operator::Update, Box::new(right));
        let id = Expr::Function(name("x"), Box::new(variable("x")));
        let both = update(
            id.clone().apply([set("a", 1)]),
            update(set("b", -2), set("a", 3)),
        );
        let lists = Expr::Operator(
            Box::new(Expr::List(vec![
                id.clone().apply([Expr::Int(-1)]),
                Expr::Int(i64::MIN),
            ])),
            Operator::Concat,
            Box::new(Expr::Let(
                vec![Binding::attr("y", Expr::Int(4))],
                Box::new(Expr::List(vec![variable("y")])),
            )),
        );
        let or = Expr::SelectOr(
            Box::new(set("a", 1)),
            vec!["b".into()],
            Box::new(id.apply([Expr::Int(7)])),
        );
        let all = Expr::List(vec![
            both,
            lists,
            or,
            Expr::Commented("seven".into(), Box::new(Expr::Int(7))),
        ]);
        if let Some(value) = evaluate(&write(&all).unwrap()) {
            assert_eq!(
                value,
                serde_json::json!([{"a": 3, "b": -2}, [-1, i64::MIN, 4], 7, 7])
            );
        }
    }

    #[test]
    fn formatting_again_changes_nothing() {
        for text in AWKWARD {
            let once = write(&Expr::List(vec![Expr::string(*text), Expr::strings(["a"])])).unwrap();
            assert_eq!(nixfmt_rs::format(&once).unwrap(), once);
        }
    }
}
