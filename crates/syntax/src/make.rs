//! Makefiles: GNU make's manual, chapters 3 ("What Makefiles Contain") to 6.
//!
//! Nothing is expanded and no condition evaluated: a [`Statement`] gives the places of its parts.

use std::ops::Range;

/// The prefixes of a recipe's command: do not echo it, ignore its failure, run it under `-n` too.
pub const RECIPE_FLAGS: [char; 3] = ['@', '-', '+'];

/// The longest reference looked for, in bytes: one that is never closed must not cost a look at the whole file.
const LONGEST: usize = 1 << 14;

/// A logical line of a Makefile. Empty lines are not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1-based number of its first line.
    pub number: u32,
    /// The whole of it with the lines it continues on, without the last newline.
    pub range: Range<usize>,
    /// The comment behind a statement, or the line that is nothing else.
    pub comment: Option<Range<usize>>,
    /// Its content, without comments.
    pub statement: Statement,
}

/// The kind of a logical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Statement {
    /// Nothing but a comment.
    Comment,
    /// A line of the recipe of the rule before it, without its tab.
    Recipe(Range<usize>),
    /// `NAME = value`.
    Assignment(Assignment),
    /// `targets: prerequisites ; recipe`.
    Rule(Rule),
    /// A conditional, `include`, `vpath` and their like.
    Directive {
        /// Its first word.
        keyword: Range<usize>,
        /// The rest of the line.
        arguments: Range<usize>,
    },
    /// `define NAME`; the lines of its body follow, then [`Statement::Endef`].
    Define(Range<usize>),
    /// A line between `define` and `endef`.
    Body(Range<usize>),
    /// `endef`.
    Endef,
    /// A reference that stands alone, `export NAME`, or what make would refuse.
    Other(Range<usize>),
}

/// `NAME = value`, or `targets: NAME = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The targets it holds for; it holds for all where there are none.
    pub targets: Option<Range<usize>>,
    /// Its name, `export` and its like left out.
    pub name: Range<usize>,
    /// How it assigns.
    pub operator: Operator,
    /// All after the operator.
    pub value: Range<usize>,
}

/// An assignment's operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`: expanded when it is asked for.
    Recursive,
    /// `:=`, `::=`, `:::=`: expanded here.
    Simple,
    /// `?=`: unless something sets it.
    Default,
    /// `+=`
    Append,
    /// `!=`: what a command prints.
    Shell,
}

/// `targets: prerequisites ; recipe`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// All before the colon.
    pub targets: Range<usize>,
    /// All after it, up to the recipe.
    pub prerequisites: Range<usize>,
    /// The text after the semicolon.
    pub recipe: Option<Range<usize>>,
}

/// A piece of text as make reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text without a dollar sign.
    Text(Range<usize>),
    /// `$(…)`, `${…}`.
    Reference {
        /// All of it.
        whole: Range<usize>,
        /// The text in the brackets.
        inner: Range<usize>,
    },
    /// `$$`: one dollar sign.
    Dollar(Range<usize>),
    /// `$@` and other names of one letter.
    Short(Range<usize>),
}

/// The logical lines of a Makefile.
pub fn lines(source: &[u8]) -> Vec<Line> {
    let mut reader = Reader {
        source,
        within: Within::Nothing,
    };
    let mut found = Vec::new();
    let (mut start, mut number) = (0, 1);
    while start < source.len() {
        let end = logical_end(source, start);
        found.extend(reader.line(number, start..end));
        let newlines = memchr::memchr_iter(b'\n', slice(source, start..end)).count();
        number += u32::try_from(newlines).unwrap_or(u32::MAX >> 1) + 1;
        start = end + 1;
    }
    found
}

/// The text of a range that is no recipe: a blank in place of each backslash and newline.
pub fn text(source: &[u8], range: Range<usize>) -> String {
    String::from_utf8_lossy(slice(source, range)).replace("\\\n", " ")
}

/// The pieces of a text, in order.
pub fn pieces(source: &[u8]) -> impl Iterator<Item = Piece> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= source.len() {
            return None;
        }
        let piece = piece(source, at);
        at = match &piece {
            Piece::Text(range) | Piece::Dollar(range) | Piece::Short(range) => range.end,
            Piece::Reference { whole, .. } => whole.end,
        };
        Some(piece)
    })
}

/// A function's arguments: split at commas outside of brackets.
pub fn arguments(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_u32;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

/// The construct that the lines read so far leave open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Rule,
    Define,
}

struct Reader<'a> {
    source: &'a [u8],
    within: Within,
}

impl Reader<'_> {
    fn line(&mut self, number: u32, range: Range<usize>) -> Option<Line> {
        let line = slice(self.source, range.clone());
        let blank = line.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let start = range.start + blank;
        let whole = |statement| Line {
            number,
            range: range.clone(),
            comment: None,
            statement,
        };
        if self.within == Within::Define {
            if self.first_word(start..range.end) == b"endef" {
                self.within = Within::Nothing;
                return Some(whole(Statement::Endef));
            }
            return Some(whole(Statement::Body(range.clone())));
        }
        if line.first() == Some(&b'\t') && self.within == Within::Rule {
            return Some(whole(Statement::Recipe(range.start + 1..range.end)));
        }
        if start == range.end {
            return None;
        }
        let comment = comment_start(slice(self.source, start..range.end)).map(|at| start + at);
        let statement = if comment == Some(start) {
            Statement::Comment
        } else {
            self.statement(start..comment.unwrap_or(range.end))
        };
        Some(Line {
            comment: comment.map(|at| at..range.end),
            ..whole(statement)
        })
    }

    fn statement(&mut self, range: Range<usize>) -> Statement {
        let keyword = self.first_word(range.clone());
        let arguments = range.start + keyword.len()..range.end;
        match keyword {
            b"ifeq" | b"ifneq" | b"ifdef" | b"ifndef" | b"else" | b"endif" => {}
            b"include" | b"-include" | b"sinclude" | b"vpath" | b"unexport" | b"undefine" => {
                self.within = Within::Nothing;
            }
            b"define" => {
                self.within = Within::Define;
                let name = trim(self.source, arguments);
                let length = slice(self.source, name.clone())
                    .iter()
                    .take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'=' | b':'))
                    .count();
                return Statement::Define(name.start..name.start + length);
            }
            _ => return self.no_directive(range),
        }
        Statement::Directive {
            keyword: range.start..arguments.start,
            arguments,
        }
    }

    fn no_directive(&mut self, range: Range<usize>) -> Statement {
        match separator(slice(self.source, range.clone())) {
            Some(Separator::Assign(operator)) => {
                self.within = Within::Nothing;
                Statement::Assignment(self.assignment(None, range, operator))
            }
            Some(Separator::Rule(colons)) => self.rule(range, colons),
            None => Statement::Other(range),
        }
    }

    /// `operator` is relative to the range.
    fn assignment(
        &self,
        targets: Option<Range<usize>>,
        range: Range<usize>,
        operator: Range<usize>,
    ) -> Assignment {
        let (at, value) = (range.start + operator.start, range.start + operator.end);
        let before = trim(self.source, range.start..at);
        let name = slice(self.source, before.clone())
            .rsplit(u8::is_ascii_whitespace)
            .next()
            .unwrap_or_default();
        let operator = match slice(self.source, at..value).first() {
            Some(b':') => Operator::Simple,
            Some(b'?') => Operator::Default,
            Some(b'+') => Operator::Append,
            Some(b'!') => Operator::Shell,
            _ => Operator::Recursive,
        };
        Assignment {
            targets,
            name: before.end - name.len()..before.end,
            operator,
            value: value..range.end,
        }
    }

    fn rule(&mut self, range: Range<usize>, colons: Range<usize>) -> Statement {
        let targets = range.start..range.start + colons.start;
        let rest = range.start + colons.end..range.end;
        let text = slice(self.source, rest.clone());
        let semicolon = recipe_start(text).map(|at| rest.start + at);
        if semicolon.is_none()
            && let Some(Separator::Assign(operator)) = separator(text)
        {
            self.within = Within::Nothing;
            return Statement::Assignment(self.assignment(Some(targets), rest, operator));
        }
        self.within = Within::Rule;
        Statement::Rule(Rule {
            targets,
            prerequisites: rest.start..semicolon.unwrap_or(rest.end),
            recipe: semicolon.map(|at| at + 1..rest.end),
        })
    }

    fn first_word(&self, range: Range<usize>) -> &[u8] {
        slice(self.source, range)
            .split(|b| b.is_ascii_whitespace() || *b == b'(')
            .next()
            .unwrap_or_default()
    }
}

fn slice(source: &[u8], range: Range<usize>) -> &[u8] {
    source.get(range).unwrap_or_default()
}

fn trim(source: &[u8], range: Range<usize>) -> Range<usize> {
    let text = slice(source, range.clone());
    let start = range.start + (text.len() - text.trim_ascii_start().len());
    start..start + text.trim_ascii().len()
}

/// The offset of the newline that ends the logical line at `start`: an odd number of backslashes continues a line.
fn logical_end(source: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(length) = memchr::memchr(b'\n', slice(source, at..source.len())) {
        let newline = at + length;
        let line = slice(source, at..newline);
        let backslashes = line.iter().rev().take_while(|b| **b == b'\\').count();
        if backslashes % 2 == 0 {
            return newline;
        }
        at = newline + 1;
    }
    source.len()
}

fn piece(source: &[u8], at: usize) -> Piece {
    let length = memchr::memchr(b'$', slice(source, at..source.len()));
    if length != Some(0) {
        return Piece::Text(at..length.map_or(source.len(), |length| at + length));
    }
    if let Some(inner) = reference(source, at) {
        return Piece::Reference {
            whole: at..inner.end + 1,
            inner,
        };
    }
    match source.get(at + 1) {
        Some(b'$') => Piece::Dollar(at..at + 2),
        Some(byte) if byte.is_ascii() => Piece::Short(at..at + 2),
        _ => Piece::Short(at..at + 1),
    }
}

/// The inside of the reference whose dollar sign is at `dollar`.
fn reference(source: &[u8], dollar: usize) -> Option<Range<usize>> {
    let open = *source.get(dollar + 1)?;
    let close = match open {
        b'(' => b')',
        b'{' => b'}',
        _ => return None,
    };
    let mut depth = 0_usize;
    for (at, byte) in source.iter().enumerate().skip(dollar + 1).take(LONGEST) {
        if *byte == open {
            depth += 1;
        } else if *byte == close {
            depth -= 1;
            if depth == 0 {
                return Some(dollar + 2..at);
            }
        }
    }
    None
}

/// Where the operator of an assignment, or the colons of a rule, stand in a line.
enum Separator {
    Assign(Range<usize>),
    Rule(Range<usize>),
}

/// Finds the operator that splits a line that is no directive: the first of make's operators outside references.
fn separator(line: &[u8]) -> Option<Separator> {
    let at = outside(line, |byte, _| matches!(byte, b'=' | b':'))?;
    let rest = line.get(at..)?;
    if rest.starts_with(b"=") {
        let sign = match at.checked_sub(1).and_then(|i| line.get(i)) {
            Some(b'?' | b'+' | b'!') => 1,
            _ => 0,
        };
        return Some(Separator::Assign(at - sign..at + 1));
    }
    let colons = rest.iter().take_while(|b| **b == b':').count();
    if rest.get(colons) == Some(&b'=') {
        return Some(Separator::Assign(at..at + colons + 1));
    }
    Some(Separator::Rule(at..at + colons))
}

/// Where a rule's recipe begins in the text behind its colons; in an assignment a semicolon is text.
fn recipe_start(rest: &[u8]) -> Option<usize> {
    let semicolon = outside(rest, |byte, _| byte == b';')?;
    let before = separator(rest.get(..semicolon)?);
    (!matches!(before, Some(Separator::Assign(_)))).then_some(semicolon)
}

/// The offset of a comment's `#`. One in a recipe behind a semicolon is the shell's.
fn comment_start(line: &[u8]) -> Option<usize> {
    let hash = outside(line, |byte, before| byte == b'#' && before != Some(b'\\'))?;
    let code = line.get(..hash)?;
    let in_recipe = match separator(code) {
        Some(Separator::Rule(colons)) => code.get(colons.end..).and_then(recipe_start).is_some(),
        _ => false,
    };
    (!in_recipe).then_some(hash)
}

/// The offset of the first byte outside references for which `found` (which is given the byte before, too) holds.
fn outside(line: &[u8], found: impl Fn(u8, Option<u8>) -> bool) -> Option<usize> {
    let mut before = None;
    for piece in pieces(line) {
        match piece {
            Piece::Text(range) => {
                for at in range {
                    let byte = *line.get(at)?;
                    if found(byte, before) {
                        return Some(at);
                    }
                    before = Some(byte);
                }
            }
            Piece::Reference { whole: range, .. } | Piece::Dollar(range) | Piece::Short(range) => {
                before = line.get(range.end - 1).copied();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each statement's kind with its parts.
    fn read(source: &str) -> Vec<String> {
        let of = |range: Range<usize>| source.get(range).unwrap().trim().to_owned();
        let one = |line: Line| match line.statement {
            Statement::Comment => "comment".to_owned(),
            Statement::Recipe(range) => format!("recipe {}", of(range)),
            Statement::Assignment(it) => {
                let targets = it.targets.map(|range| of(range) + ": ");
                let (name, value) = (of(it.name), of(it.value));
                format!(
                    "{}{name} {:?} {value}",
                    targets.unwrap_or_default(),
                    it.operator
                )
            }
            Statement::Rule(it) => {
                let recipe = it.recipe.map(|range| " ; ".to_owned() + &of(range));
                let (targets, prerequisites) = (of(it.targets), of(it.prerequisites));
                format!(
                    "rule {targets}: {prerequisites}{}",
                    recipe.unwrap_or_default()
                )
            }
            Statement::Directive { keyword, arguments } => {
                format!("directive {} {}", of(keyword), of(arguments))
                    .trim_end()
                    .to_owned()
            }
            Statement::Define(name) => format!("define {}", of(name)),
            Statement::Body(range) => format!("body {}", of(range)),
            Statement::Endef => "endef".to_owned(),
            Statement::Other(range) => format!("other {}", of(range)),
        };
        lines(source.as_bytes()).into_iter().map(one).collect()
    }

    #[test]
    fn assignments() {
        assert_eq!(
            read(
                "A=1\nexport B := 2 # why\nC?=3\noverride D += $(if a=b,c:d)\nE != uname\nF ::= x#y\nG = a; b # c\n"
            ),
            [
                "A Recursive 1",
                "B Simple 2",
                "C Default 3",
                "D Append $(if a=b,c:d)",
                "E Shell uname",
                "F Simple x",
                "G Recursive a; b",
            ]
        );
        assert_eq!(read("X = a\\#b"), ["X Recursive a\\#b"]);
        assert_eq!(
            read("all: BIN += x\n\tno recipe"),
            ["all: BIN Append x", "other no recipe"]
        );
    }

    #[test]
    fn rules_and_their_recipes() {
        assert_eq!(
            read(
                "a $(B:x=y): c\n\t@cmd # shell\n\n# why\nifdef X\n\t-other\nendif\nX = 1\n\tcmd2 = 3\n"
            ),
            [
                "rule a $(B:x=y): c",
                "recipe @cmd # shell",
                "comment",
                "directive ifdef X",
                "recipe -other",
                "directive endif",
                "X Recursive 1",
                "cmd2 Recursive 3",
            ]
        );
        assert_eq!(
            read("x:: y ; A=1 touch # z\n%:\n\tdh $@"),
            ["rule x: y ; A=1 touch # z", "rule %: ", "recipe dh $@"]
        );
    }

    #[test]
    fn definitions_and_directives() {
        assert_eq!(
            read("define f =\n\ta: b\n# c\nendef\n-include x.mk y.mk\nifeq ($(A),b)\n$(eval x)\n"),
            [
                "define f",
                "body a: b",
                "body # c",
                "endef",
                "directive -include x.mk y.mk",
                "directive ifeq ($(A),b)",
                "other $(eval x)",
            ]
        );
    }

    #[test]
    fn lines_go_on_after_an_odd_number_of_backslashes() {
        let source = b"a:\n\tx \\\n\t y\nB = c \\\n d\\\\\ne:\n";
        let found = lines(source);
        let numbers: Vec<u32> = found.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [1, 2, 4, 6]);
        assert_eq!(text(source, found[2].range.clone()), "B = c   d\\\\");
    }

    #[test]
    fn pieces_of_a_text() {
        let source = "a$(b ${c})d$$e$@$é$".as_bytes();
        let found: Vec<(&str, &[u8])> = pieces(source)
            .map(|piece| match piece {
                Piece::Text(range) => ("text", &source[range]),
                Piece::Reference { inner, .. } => ("reference", &source[inner]),
                Piece::Dollar(range) => ("dollar", &source[range]),
                Piece::Short(range) => ("short", &source[range]),
            })
            .collect();
        let expected = [
            ("text", "a"),
            ("reference", "b ${c}"),
            ("text", "d"),
            ("dollar", "$$"),
            ("text", "e"),
            ("short", "$@"),
            ("short", "$"),
            ("text", "é"),
            ("short", "$"),
        ];
        assert_eq!(found, expected.map(|(kind, text)| (kind, text.as_bytes())));
        assert_eq!(arguments("a,$(b c,d),e"), ["a", "$(b c,d)", "e"]);
    }
}
