//! The Nix expressions that the writer can write.

use std::fmt;

/// A valid Nix identifier that is not a keyword, for a variable or a formal argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// The reasons why an expression cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// This cannot name a variable; select it from an attribute set instead.
    InvalidName(String),
    /// Nix strings cannot hold the NUL byte. Holds the text with the byte replaced.
    Nul(String),
    /// The formatter rejected the text, with this message.
    Format(String),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName(name) => write!(f, "{name:?} cannot be the name of a Nix variable"),
            Self::Nul(text) => write!(
                f,
                "{text:?} holds a NUL byte, which a Nix string cannot contain"
            ),
            Self::Format(message) => write!(f, "the Nix text does not parse: {message}"),
        }
    }
}

impl std::error::Error for WriteError {}

/// Keywords of the Nix language, and the constants that a variable must not shadow.
const RESERVED: &[&str] = &[
    "assert", "else", "false", "if", "in", "inherit", "let", "null", "or", "rec", "then", "true",
    "with",
];

/// The keywords alone. They need quotes as an attribute's name.
pub(super) const KEYWORDS: &[&str] = &[
    "assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with",
];

impl Name {
    /// Checks and wraps `name`.
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

/// Whether `text` has the form of an identifier (Nix manual, "Identifiers"). Keywords have it too.
pub(super) fn is_identifier(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'\'' | b'-'))
}

/// A Nix expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A string of text and interpolations, written as an indented string if it has several lines
    /// and that is safe.
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
        /// Whether it accepts other arguments (`...`).
        ellipsis: bool,
        /// The function's body.
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
    /// A comment on lines of its own before the expression, such as a file's header or a note on a
    /// list's element.
    Commented(String, Box<Expr>),
}

/// A binary operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `++`: joins lists.
    Concat,
    /// `//`: overrides the left set's attributes with the right's.
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
    /// `a.b = value;` names are quoted where necessary.
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
    /// Its name.
    pub name: Name,
    /// `? default`.
    pub default: Option<Expr>,
}

impl Formal {
    /// Makes an argument that callers must pass.
    pub fn required(name: Name) -> Self {
        Self {
            name,
            default: None,
        }
    }

    /// Makes an argument that defaults to `null`, for a package that may not exist yet.
    pub fn optional(name: Name) -> Self {
        Self {
            name,
            default: Some(Expr::Null),
        }
    }
}

impl Binding {
    /// `name = value;` where `name` is a single attribute, dots included.
    pub fn attr(name: impl Into<String>, value: Expr) -> Self {
        Self::Attr(vec![name.into()], value)
    }
}

impl Expr {
    /// A string without interpolation.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(vec![Part::Text(text.into())])
    }

    /// A variable `name`, or an error if that is not an identifier.
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
