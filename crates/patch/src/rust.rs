//! Turns decided literals of Rust files into the tokens, or the literal, that replace them.
//!
//! Where an expression is allowed, `"/usr/bin/x"` becomes `concat!(env!("PNX_…"), "/bin/x")`, so
//! the compiler rejects a program whose derivation does not set the variable. Where the grammar
//! allows only a literal (patterns, attributes, bodies of `macro_rules!`, macros that read tokens,
//! format strings that capture variables, byte strings), the literal keeps a placeholder, as in the
//! other languages.

use std::str::FromStr as _;

use proc_macro2::{Delimiter, Literal as Token, TokenStream, TokenTree};
use quote::quote;

use crate::rewrite::{self, Edit, Fill, Placeholders, Placing, Put, Theme};
use decide::{Decided, RuleId};
use problem::{Problem, UNREWRITABLE};
use scan::rust::lexer::{Literal, Quote};
use scan::rust::{Place, Placed, pieces, places};
use scan::{Form, Language, ParseError};

/// The names in use. Each rewrite adds its own.
#[derive(Debug)]
pub struct Names<'n> {
    /// The placeholders in literals, and their values.
    pub placeholders: &'n mut Placeholders,
    /// The environment variables, and their values.
    pub env: &'n mut Placeholders,
}

/// A replaced literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedLiteral {
    /// Its edit.
    pub edit: Edit,
    /// The rules that decided the occurrences in it, one for each occurrence.
    pub rules: Vec<RuleId>,
}

/// Whether a decision changes the text. Whether the new text can be written in its place is checked
/// later.
pub fn is_edited(decided: &Decided, placing: Placing) -> bool {
    let text = &decided.occurrence.text;
    match rewrite::put(decided, placing) {
        Some((Put::Text(replacement), _)) => *text != with_slash(replacement, text),
        Some(_) => true,
        None => false,
    }
}

/// Returns the edits of one file, one for each literal, in order, and the decisions that cannot be
/// written. `decided` must be sorted by offset, as a scan returns it.
///
/// # Errors
/// The original does not parse.
pub fn edits(
    original: &[u8],
    decided: &[&Decided],
    placing: Placing,
    names: Names,
) -> Result<(Vec<EditedLiteral>, Vec<Problem>), ParseError> {
    let mut offsets: Vec<usize> = decided.iter().map(|one| one.occurrence.offset).collect();
    offsets.sort_unstable();
    let placed = places(original, &offsets)?;
    let mut rewriter = Rewriter {
        original,
        placing,
        names,
        problems: Vec::new(),
    };
    let mut edits = Vec::new();
    let mut rest = decided;
    for place in &placed {
        let before = rest.partition_point(|one| one.occurrence.offset < place.literal.open);
        let (outside, from) = rest.split_at(before);
        let within = from.partition_point(|one| one.occurrence.offset < place.literal.close);
        let (within, after) = from.split_at(within);
        rewriter.outside(outside);
        edits.extend(rewriter.literal(place, within));
        rest = after;
    }
    rewriter.outside(rest);
    Ok((edits, rewriter.problems))
}

struct Rewriter<'a> {
    original: &'a [u8],
    placing: Placing<'a>,
    names: Names<'a>,
    problems: Vec<Problem>,
}

/// A decision whose replacement can be written.
struct Change<'d> {
    decided: &'d Decided,
    put: Put,
    theme: Theme,
}

/// A part of a literal's replacement.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Text between the literal's own quotes.
    Text(String),
    /// `env!` of this variable.
    Variable(String),
}

impl Rewriter<'_> {
    /// Reports the decisions whose text lies in no string literal. They cannot be written.
    fn outside(&mut self, decided: &[&Decided]) {
        for one in decided {
            self.refuse(one, "it is not in a string literal");
        }
    }

    fn refuse(&mut self, decided: &Decided, why: &str) {
        let cause = format!(
            "`{}` should be replaced, but {why}",
            decided.occurrence.text
        );
        let problem = Problem::new(&UNREWRITABLE, cause).in_source(self.placing.source);
        let line = Some(decided.occurrence.line);
        self.problems.push(problem.at(&decided.path, line));
    }

    fn literal(&mut self, placed: &Placed, decided: &[&Decided]) -> Option<EditedLiteral> {
        let literal = &placed.literal;
        let changes: Vec<Change> = decided
            .iter()
            .filter_map(|one| self.change(one, literal))
            .collect();
        let theme = changes.iter().map(|change| change.theme).min()?;
        let as_tokens = self.takes_tokens(placed)
            && changes
                .iter()
                .any(|change| !matches!(change.put, Put::Text(_)));
        let is_format = matches!(placed.place, Place::Format { .. });
        let parts = self.parts(literal, &changes, as_tokens, is_format);
        let replacement = self.rendered(literal, parts, placed.place);
        let Some(replacement) = replacement else {
            if let Some(first) = changes.first() {
                self.refuse(first.decided, "the result would not be a literal");
            }
            return None;
        };
        let rules = changes.iter().filter_map(|one| one.decided.rule.clone());
        Some(EditedLiteral {
            edit: Edit {
                range: literal.start..literal.end,
                replacement,
                theme,
            },
            rules: rules.collect(),
        })
    }

    /// Returns the replacement of one occurrence, if it has one.
    fn change<'d>(&mut self, decided: &'d Decided, literal: &Literal) -> Option<Change<'d>> {
        let place = &decided.occurrence;
        let (put, theme) = rewrite::put(decided, self.placing)?;
        if place.site.joined || place.form == Form::Regex {
            let written = rewrite::written(&put, Language::Rust, self.names.placeholders);
            let problem = rewrite::unwritable(decided, &written, self.placing);
            self.problems.push(problem);
            return None;
        }
        if place.offset + place.length > literal.close {
            self.refuse(decided, "it extends beyond its literal");
            return None;
        }
        Some(Change {
            decided,
            put,
            theme,
        })
    }

    fn takes_tokens(&self, placed: &Placed) -> bool {
        let literal = &placed.literal;
        if literal.quote != Quote::Str {
            return false;
        }
        match placed.place {
            Place::Expression | Place::Concat => true,
            Place::Literal => false,
            Place::Format { value } => {
                let found = pieces(self.bytes(literal.open, literal.close), literal.raw, true);
                !(found.names || (value && found.doubled))
            }
        }
    }

    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.original.get(start..end).unwrap_or_default()
    }

    fn text(&self, start: usize, end: usize) -> String {
        String::from_utf8_lossy(self.bytes(start, end)).into_owned()
    }

    /// Splits the content of a literal into its parts, with its occurrences replaced.
    fn parts(
        &mut self,
        literal: &Literal,
        changes: &[Change],
        as_tokens: bool,
        is_format: bool,
    ) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut at = literal.open;
        for change in changes {
            let place = &change.decided.occurrence;
            text.push_str(&self.text(at, place.offset));
            at = place.offset + place.length;
            let replacement = match &change.put {
                Put::Below { name, fill, target } if as_tokens => {
                    let variable = rewrite::placed(self.names.env, name, fill, rewrite::variable);
                    parts.push(Part::Text(std::mem::take(&mut text)));
                    parts.push(Part::Variable(variable));
                    format!("/{target}")
                }
                Put::SearchPath if as_tokens => {
                    let link = &Fill::Link;
                    let variable = rewrite::placed(self.names.env, "path", link, rewrite::variable);
                    parts.push(Part::Text(std::mem::take(&mut text)));
                    parts.push(Part::Variable(variable));
                    continue;
                }
                put => rewrite::written(put, Language::Rust, self.names.placeholders),
            };
            let replacement = with_slash(replacement, &place.text);
            text.push_str(&escaped(&replacement, literal, is_format));
        }
        text.push_str(&self.text(at, literal.close));
        parts.push(Part::Text(text));
        if parts.len() > 1 {
            parts.retain(|part| *part != Part::Text(String::new()));
        }
        parts
    }

    /// Renders the parts as source text. Returns `None` if a text cannot be written between the
    /// literal's quotes.
    fn rendered(&self, literal: &Literal, parts: Vec<Part>, place: Place) -> Option<String> {
        let open = self.text(literal.start, literal.open);
        let close = self.text(literal.close, literal.end);
        let mut arguments: Vec<TokenStream> = Vec::new();
        for part in parts {
            arguments.push(match part {
                Part::Text(text) => {
                    let token = Token::from_str(&format!("{open}{text}{close}")).ok()?;
                    quote!(#token)
                }
                Part::Variable(name) => quote!(env!(#name)),
            });
        }
        let tokens = match (arguments.as_slice(), place) {
            ([one], _) => quote!(#one),
            (several, Place::Concat) => quote!(#(#several),*),
            (several, _) => quote!(concat!(#(#several),*)),
        };
        let mut text = String::new();
        render(tokens, &mut text);
        Some(text)
    }
}

/// Keeps the slash at the end of a path to a directory.
fn with_slash(mut replacement: String, text: &str) -> String {
    if text.ends_with('/') && !replacement.ends_with('/') {
        replacement.push('/');
    }
    replacement
}

/// Escapes a text for the quotes of a literal.
fn escaped(text: &str, literal: &Literal, is_format: bool) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '{' | '}' if is_format => written.extend([letter, letter]),
            // Raw strings have no escapes. Reading the literal again shows whether the text fits.
            _ if literal.raw => written.push(letter),
            '"' | '\\' => written.extend(['\\', letter]),
            ' '..='~' => written.push(letter),
            _ if literal.quote == Quote::Str => written.extend(letter.escape_unicode()),
            _ => {
                for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                    written.extend(std::ascii::escape_default(byte).map(char::from));
                }
            }
        }
    }
    written
}

/// Renders tokens as rustfmt does: a blank after a comma and nowhere else.
fn render(tokens: TokenStream, text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                render(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(sign) => {
                text.push(sign.as_char());
                if sign.as_char() == ',' {
                    text.push(' ');
                }
            }
            token => text.push_str(&token.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::rewrite::{Part as Output, apply};
    use decide::{Context, Decision, Table};
    use graph::Role;
    use scan::calls::Calls;
    use scan::rust::{check, scan};

    #[derive(Debug, Default)]
    struct Outcome {
        text: String,
        placeholders: Placeholders,
        env: Placeholders,
        problems: Vec<String>,
        rules: usize,
    }

    /// Returns the decision of a test path, chosen by its file name.
    fn decision(text: &str) -> Decision {
        let (attr, program) = (
            "coreutils".to_owned(),
            text.rsplit('/').next().unwrap_or(""),
        );
        let target = format!("bin/{program}");
        let source = "hive".to_owned();
        match program {
            "own" => Decision::Own { target },
            "pkg" => Decision::Sibling {
                source: "other".to_owned(),
                target,
            },
            "open" => Decision::Sibling { source, target },
            "wrapped" => Decision::Wrapper {
                program: "a\"{b}".to_owned(),
            },
            "named" => Decision::Command {
                attr: None,
                source: None,
                program: "named".to_owned(),
            },
            "odd" => Decision::Package {
                attr: "util_linux".to_owned(),
                target,
            },
            "odd2" => Decision::Package {
                attr: "util-linux".to_owned(),
                target,
            },
            "keep" => Decision::Keep {
                reason: "state".to_owned(),
            },
            _ => Decision::Package { attr, target },
        }
    }

    fn rewritten(text: &str) -> Outcome {
        let calls = Calls::parse(
            include_str!("../../../rules/general/calls.toml"),
            "calls.toml",
        )
        .expect("the rules in this repository are good");
        let found = scan(text.as_bytes(), &calls);
        assert_eq!(found.unparsed, None, "{text}");
        let decided: Vec<Decided> = found
            .occurrences
            .into_iter()
            .filter(|one| !matches!(one.form, Form::Comment | Form::Pod))
            .map(|occurrence| Decided {
                path: "src/main.rs".to_owned(),
                language: Language::Rust,
                decision: decision(&occurrence.text),
                occurrence,
                context: Context::Host,
                context_rule: None,
                rule: Some(RuleId::new(Table::Path, "rule")),
                etc: None,
            })
            .collect();
        let roles = BTreeMap::from([
            ("self".to_owned(), Role::Crate),
            ("hive".to_owned(), Role::Object),
            ("other".to_owned(), Role::Package),
        ]);
        let placing = Placing {
            source: "self",
            role: Role::Crate,
            roles: &roles,
        };
        let mut outcome = Outcome::default();
        let names = Names {
            placeholders: &mut outcome.placeholders,
            env: &mut outcome.env,
        };
        let edited: Vec<&Decided> = decided
            .iter()
            .filter(|one| is_edited(one, placing))
            .collect();
        let (literals, problems) =
            edits(text.as_bytes(), &edited, placing, names).expect("it parses");
        outcome.rules = literals.iter().map(|one| one.rules.len()).sum();
        let edits: Vec<Edit> = literals.into_iter().map(|one| one.edit).collect();
        let bytes = apply(text.as_bytes(), &edits, Theme::Commands);
        check(&bytes).expect("it still parses");
        outcome.text = String::from_utf8(bytes).expect("text");
        outcome.problems = problems.iter().map(ToString::to_string).collect();
        outcome
    }

    /// Rewrites the statement `text`.
    fn statement(text: &str) -> String {
        let outcome = rewritten(&format!("fn f() {{ {text} }}"));
        assert!(outcome.problems.is_empty(), "{outcome:?}");
        let inside = outcome.text.strip_prefix("fn f() { ");
        inside
            .and_then(|text| text.strip_suffix(" }"))
            .expect("the frame")
            .to_owned()
    }

    #[test]
    fn an_expression_takes_tokens() {
        for (text, expected) in [
            (
                "x(\"/usr/bin/x\");",
                "x(concat!(env!(\"PNX_COREUTILS\"), \"/bin/x\"));",
            ),
            (
                "[\"exec /usr/bin/x -a\"];",
                "[concat!(\"exec \", env!(\"PNX_COREUTILS\"), \"/bin/x -a\")];",
            ),
            (
                "x(\"/usr/bin/x \\\"/bin/y\\\"\\n\".to_string());",
                "x(concat!(env!(\"PNX_COREUTILS\"), \"/bin/x \\\"\", env!(\"PNX_COREUTILS\"), \"/bin/y\\\"\\n\").to_string());",
            ),
            (
                "x(r#\"a \"/bin/x\" b\"#);",
                "x(concat!(r#\"a \"\"#, env!(\"PNX_COREUTILS\"), r#\"/bin/x\" b\"#));",
            ),
            (
                "x(concat!(\"a \", \"/bin/x\"));",
                "x(concat!(\"a \", env!(\"PNX_COREUTILS\"), \"/bin/x\"));",
            ),
            (
                "x(include_str!(\"/usr/share/x\"));",
                "x(include_str!(concat!(env!(\"PNX_COREUTILS\"), \"/bin/x\")));",
            ),
            (
                "format!(\"/bin/x {}\", 1);",
                "format!(concat!(env!(\"PNX_COREUTILS\"), \"/bin/x {}\"), 1);",
            ),
            (
                "bail!(\"no /bin/x\");",
                "bail!(concat!(\"no \", env!(\"PNX_COREUTILS\"), \"/bin/x\"));",
            ),
            (
                "Command::new(\"/bin/own\");",
                "Command::new(concat!(env!(\"PNX_OUT\"), \"/bin/own\"));",
            ),
            (
                "Command::new(\"/bin/open\");",
                "Command::new(concat!(env!(\"PNX_PVE\"), \"/bin/open\"));",
            ),
            (
                "Command::new(\"/bin/pkg\");",
                "Command::new(concat!(env!(\"PNX_OTHER\"), \"/bin/pkg\"));",
            ),
            (
                "x(\"/usr/share/x/\");",
                "x(concat!(env!(\"PNX_COREUTILS\"), \"/bin/\"));",
            ),
        ] {
            assert_eq!(statement(text), expected, "{text}");
        }
    }

    #[test]
    fn a_place_for_literals_only_keeps_one() {
        for (text, expected) in [
            (
                "match x { \"/bin/x\" => {} _ => {} }",
                "match x { \"@coreutils@/bin/x\" => {} _ => {} }",
            ),
            (
                "if let Some(\"/bin/x\") = y {}",
                "if let Some(\"@coreutils@/bin/x\") = y {}",
            ),
            (
                "matches!(x, \"/bin/x\");",
                "matches!(x, \"@coreutils@/bin/x\");",
            ),
            (
                "format!(\"{x} /bin/x\");",
                "format!(\"{x} @coreutils@/bin/x\");",
            ),
            (
                "bail!(\"{{}} /bin/x\");",
                "bail!(\"{{}} @coreutils@/bin/x\");",
            ),
            (
                "tracing::info!(\"/bin/x\");",
                "tracing::info!(\"@coreutils@/bin/x\");",
            ),
            (
                "other! { a => y(\"/bin/x\") }",
                "other! { a => y(\"@coreutils@/bin/x\") }",
            ),
            (
                "x(b\"/bin/x\", c\"/bin/y\");",
                "x(b\"@coreutils@/bin/x\", c\"@coreutils@/bin/y\");",
            ),
        ] {
            assert_eq!(statement(text), expected, "{text}");
        }
        let outcome = rewritten(
            "#[api(default: \"/bin/x\")] fn f() {}\nmacro_rules! m { () => { \"/bin/y\" } }",
        );
        assert_eq!(
            outcome.text,
            "#[api(default: \"@coreutils@/bin/x\")] fn f() {}\nmacro_rules! m { () => { \"@coreutils@/bin/y\" } }"
        );
        assert!(outcome.env.is_empty());
        let fill = Fill::Attr("coreutils".to_owned(), Output::Bin);
        assert_eq!(
            outcome.placeholders,
            [("coreutils".to_owned(), fill)].into()
        );
    }

    #[test]
    fn a_link_in_a_literal_is_padded() {
        let text = statement("x(b\"/bin/open\");");
        let content = text
            .strip_prefix("x(b\"@pve@")
            .and_then(|text| text.strip_suffix("bin/open\");"));
        let slashes = content.expect("a placeholder");
        assert!(slashes.bytes().all(|byte| byte == b'/'));
        assert_eq!(slashes.len() + "@pve@".len(), rewrite::PADDED_LENGTH);
    }

    #[test]
    fn a_text_is_escaped_for_its_literal() {
        for (text, expected) in [
            ("x(\"a /bin/named b\");", "x(\"a named b\");"),
            ("x(\"/bin/wrapped\");", "x(\"/run/wrappers/bin/a\\\"{b}\");"),
            (
                "format!(\"/bin/wrapped {}\", x);",
                "format!(\"/run/wrappers/bin/a\\\"{{b}} {}\", x);",
            ),
            (
                "x(r#\"/bin/wrapped\"#);",
                "x(r#\"/run/wrappers/bin/a\"{b}\"#);",
            ),
            ("x(\"/bin/keep\");", "x(\"/bin/keep\");"),
        ] {
            assert_eq!(statement(text), expected, "{text}");
        }
        let outcome = rewritten("fn f() { x(r\"/bin/wrapped\"); }");
        assert_eq!(outcome.text, "fn f() { x(r\"/bin/wrapped\"); }");
        assert_eq!(outcome.problems.len(), 1);
        assert!(outcome.problems[0].contains("PNX-106"), "{outcome:?}");
    }

    #[test]
    fn two_fills_never_share_a_name() {
        let outcome =
            rewritten("const A: [&str; 3] = [\"/bin/odd\", \"/bin/odd2\", \"/bin/odd\"];");
        let (a, b) = ("PNX_UTIL_LINUX", "PNX_UTIL_LINUX_BIN");
        assert_eq!(
            outcome.text,
            format!(
                "const A: [&str; 3] = [concat!(env!(\"{a}\"), \"/bin/odd\"), concat!(env!(\"{b}\"), \"/bin/odd2\"), concat!(env!(\"{a}\"), \"/bin/odd\")];"
            )
        );
        assert_eq!(outcome.env.len(), 2);
        assert_eq!(outcome.rules, 3);
    }

    #[test]
    fn what_is_joined_cannot_be_written() {
        let outcome = rewritten("fn f() { x(\"$root/bin/x and /bin/y\"); }");
        assert_eq!(outcome.problems.len(), 1);
        assert_eq!(
            outcome.text,
            "fn f() { x(concat!(\"$root/bin/x and \", env!(\"PNX_COREUTILS\"), \"/bin/y\")); }"
        );
    }
}
