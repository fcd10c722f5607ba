//! Scans Rust with syn.
//!
//! [`lexer`] lists a file's literals and comments, so that none is missed, and syn's tree
//! determines the position of each literal. A file is parsed only if it has a path, a triplet, a
//! command, an inclusion or a module in another file outside of its comments.

mod commands;
mod expand;
mod format;
pub mod lexer;
mod macros;
pub mod modules;
mod names;
mod tokens;
mod walk;

use std::str::FromStr as _;

use memchr::memmem;
use proc_macro2::TokenStream;

use super::calls::Calls;
use super::collect::{Candidates, Collector, Span};
use super::{FileScan, Form, Kind, ParseError, Site, shell};
pub use format::{Pieces, pieces};
use lexer::{Lexed, Literal};
pub use modules::module_files;
pub use walk::Place;
use walk::{Found, Seen, Use};

/// The prefix of an embedded file's path below the crate's directory:
/// `include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/x"))` yields `$CARGO_MANIFEST_DIR/x`.
pub const MANIFEST_DIR: &str = "$CARGO_MANIFEST_DIR";

/// The depth up to which a file is parsed on the current stack, 2 MiB in a thread. The frames of a
/// debug build are larger.
const SHALLOW: usize = if cfg!(debug_assertions) { 40 } else { 120 };

/// The depth beyond which a file is not parsed.
const DEEPEST: usize = 4_000;

/// The stack per level of depth. By measurement a block takes the most: 32 KiB in a debug build, 4
/// KiB in a release build.
const LEVEL: usize = 48 << 10;

/// The words that a file is walked for, beside paths and triplets.
const WORDS: [&[u8]; 2] = [b"include", b"\"PATH\""];

/// Returns the occurrences, modules and embedded files of a Rust file. One that does not parse is
/// still searched for paths.
pub fn scan(bytes: &[u8], calls: &Calls) -> FileScan {
    let mut out = Collector::new(bytes);
    let switches = (lexer::program(bytes) > 3)
        .then(|| out.shebang())
        .flatten()
        .map(|(switches, _)| switches);
    let words = [WORDS[0], WORDS[1], calls.rust().name.as_bytes()];
    let offsets = Candidates::of(bytes, &words).offsets();
    if offsets.is_empty() && modules_in(bytes).next().is_none() {
        return out.finish(switches.unwrap_or_default());
    }
    let lexed = lexer::lex(bytes);
    comments(&mut out, &lexed, &offsets);
    let wanted = outside_comments(offsets, bytes, &lexed);
    let (found, unparsed) = if wanted.is_empty() {
        (Found::default(), None)
    } else {
        match parsed(bytes, lexed.depth, |file, base| {
            walk::walk(file, (bytes, base), &lexed, &wanted, Some(calls.rust()))
        }) {
            Ok(found) => (found, None),
            Err(error) => (Found::default(), Some(error)),
        }
    };
    literals(&mut out, &lexed, &found, &wanted, calls);
    FileScan {
        modules: found.modules,
        embeds: found.embeds,
        unparsed,
        ..out.finish(switches.unwrap_or_default())
    }
}

/// A literal, and the code that may replace it.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// The literal.
    pub literal: Literal,
    /// The code that may replace it.
    pub place: Place,
}

/// Returns the literals that contain the bytes at `offsets`, which must be sorted.
///
/// # Errors
/// The file does not parse.
pub fn places(bytes: &[u8], offsets: &[usize]) -> Result<Vec<Placed>, ParseError> {
    let lexed = lexer::lex(bytes);
    let found = parsed(bytes, lexed.depth, |file, base| {
        walk::walk(file, (bytes, base), &lexed, offsets, None)
    })?;
    let mut placed: Vec<Placed> = Vec::new();
    for offset in offsets {
        let Some(literal) = lexed.literal_around(*offset) else {
            continue;
        };
        if placed.last().is_some_and(|last| last.literal == *literal) {
            continue;
        }
        let seen = found.literals.iter().find(|one| one.start == literal.start);
        placed.push(Placed {
            literal: *literal,
            place: seen.map_or(Place::Literal, |one| one.place),
        });
    }
    Ok(placed)
}

/// Checks that a file parses.
///
/// # Errors
/// The first error, with its line.
pub fn check(bytes: &[u8]) -> Result<(), ParseError> {
    parsed(bytes, lexer::lex(bytes).depth, |_, _| ())
}

/// Runs `with` on the parsed file and the offset of its first byte. `depth` is an upper bound of
/// the parser's recursion.
fn parsed<T: Send>(
    bytes: &[u8],
    depth: usize,
    with: impl FnOnce(&syn::File, usize) -> T + Send,
) -> Result<T, ParseError> {
    if depth <= SHALLOW {
        return parsed_here(bytes, with);
    }
    if depth > DEEPEST {
        let what = "brackets or operators nested too deeply to be parsed".to_owned();
        return Err(ParseError { line: 1, what });
    }
    let thread = std::thread::Builder::new().stack_size((1 << 20) + depth * LEVEL);
    let result = std::thread::scope(|scope| {
        let handle = thread
            .spawn_scoped(scope, || parsed_here(bytes, with))
            .ok()?;
        handle.join().ok()
    });
    result.unwrap_or_else(|| {
        let what = "the parser gave up".to_owned();
        Err(ParseError { line: 1, what })
    })
}

fn parsed_here<T>(
    bytes: &[u8],
    with: impl FnOnce(&syn::File, usize) -> T,
) -> Result<T, ParseError> {
    let base = lexer::program(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.get(base..).unwrap_or_default(),
        Err(error) => {
            let what = "bytes that are not UTF-8".to_owned();
            let line = line_of(bytes, error.valid_up_to());
            return Err(ParseError { line, what });
        }
    };
    let at = |offset: usize| line_of(bytes, base + offset);
    let result = match TokenStream::from_str(text) {
        Ok(tokens) => match syn::parse2::<syn::File>(tokens) {
            Ok(file) => Ok(with(&file, base)),
            Err(error) => {
                let range = error.span().byte_range();
                // An error at the end has no place of its own.
                let offset = if range.is_empty() {
                    text.len()
                } else {
                    range.start
                };
                let what = error.to_string();
                Err(ParseError {
                    line: at(offset),
                    what,
                })
            }
        },
        Err(error) => Err(ParseError {
            line: at(error.span().byte_range().start),
            what: "text that is not a Rust token".to_owned(),
        }),
    };
    // Each text stays in the thread's source map until it is invalidated.
    proc_macro2::extra::invalidate_current_thread_spans();
    result
}

fn line_of(bytes: &[u8], offset: usize) -> u32 {
    let head = bytes.get(..offset.min(bytes.len())).unwrap_or_default();
    let lines = memchr::memchr_iter(b'\n', head).count();
    u32::try_from(lines + 1).unwrap_or(u32::MAX)
}

/// Returns the offsets of the names of modules in other files: `mod x;`.
fn modules_in(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    memmem::find_iter(bytes, b"mod").filter_map(|at| {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
        if at > 0 && bytes.get(at - 1).is_some_and(is_name) {
            return None;
        }
        let rest = bytes.get(at + 3..)?;
        let name = rest.trim_ascii_start();
        let length = name
            .iter()
            .take_while(|byte| is_name(byte) || **byte == b'#')
            .count();
        let is_declared = name.get(length..)?.trim_ascii_start().first() == Some(&b';');
        (is_declared && length > 0 && name.len() < rest.len()).then_some(at)
    })
}

/// Marks the paths in comments.
fn comments(out: &mut Collector<'_>, lexed: &Lexed, offsets: &[usize]) {
    for comment in &lexed.comments {
        let at = offsets.partition_point(|offset| *offset < comment.start);
        if offsets.get(at).is_some_and(|offset| *offset < comment.end) {
            let form = if comment.doc {
                Form::Pod
            } else {
                Form::Comment
            };
            out.literal(
                Span::whole(comment.start, comment.end),
                form,
                &Site::default(),
            );
        }
    }
}

/// Returns the offsets that the walk has to visit, in order.
fn outside_comments(mut offsets: Vec<usize>, bytes: &[u8], lexed: &Lexed) -> Vec<usize> {
    offsets.extend(modules_in(bytes));
    offsets.sort_unstable();
    let mut comments = lexed.comments.iter().peekable();
    offsets.retain(|offset| {
        while comments.next_if(|comment| comment.end <= *offset).is_some() {}
        comments
            .peek()
            .is_none_or(|comment| *offset < comment.start)
    });
    offsets
}

/// Marks the paths in literals: first those in the tree, then any other with an offset in it.
fn literals(
    out: &mut Collector<'_>,
    lexed: &Lexed,
    found: &Found,
    wanted: &[usize],
    calls: &Calls,
) {
    let mut seen: Vec<&Seen> = found.literals.iter().collect();
    seen.sort_by_key(|one| one.start);
    seen.dedup_by_key(|one| one.start);
    for one in &seen {
        if let Some(literal) = lexed.literal_at(one.start) {
            place(out, literal, one, calls);
        }
    }
    let site = Site::default();
    for literal in &lexed.literals {
        let at = wanted.partition_point(|offset| *offset < literal.open);
        if wanted.get(at).is_some_and(|offset| *offset < literal.close)
            && seen
                .binary_search_by_key(&literal.start, |one| one.start)
                .is_err()
        {
            static_pieces(out, literal, (false, false), false, &site);
        }
    }
}

fn place(out: &mut Collector<'_>, literal: &Literal, seen: &Seen, calls: &Calls) {
    let (start, end) = (literal.open, literal.close);
    let content = out.slice(start, end);
    let site = &seen.site;
    match seen.usage {
        Use::Program if commands::is_program(content) => {
            out.mark(start, end, Kind::BareCommand, Form::Literal, site.clone());
        }
        Use::Script => {
            out.command(|out| shell::script(out, content, start, calls, site));
        }
        Use::SearchPath if content.contains(&b'/') => {
            out.mark(
                start,
                end,
                Kind::PathAssignment,
                Form::Literal,
                site.clone(),
            );
        }
        Use::Doc => out.literal(Span::whole(start, end), Form::Pod, site),
        usage => {
            let joins = (seen.after, seen.before);
            static_pieces(out, literal, joins, usage == Use::Format, site);
        }
    }
}

/// Marks the paths in a literal, piece by piece.
fn static_pieces(
    out: &mut Collector<'_>,
    literal: &Literal,
    (after, before): (bool, bool),
    format: bool,
    site: &Site,
) {
    let content = out.slice(literal.open, literal.close);
    let found = pieces(content, literal.raw, format);
    let form = if found.holes > 0 {
        Form::Interpolated
    } else {
        Form::Literal
    };
    for piece in found.pieces {
        let span = Span {
            start: literal.open + piece.start,
            end: literal.open + piece.end,
            after: piece.after || (after && piece.start == 0),
            before: piece.before || (before && piece.end == content.len()),
        };
        out.literal(span, form, site);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::testing::{calls, only, texts};

    fn rust(text: &str) -> FileScan {
        let scan = scan(text.as_bytes(), &calls());
        assert_eq!(scan.unparsed, None, "{text}");
        scan
    }

    #[test]
    fn literals_know_their_site() {
        let scan = rust(
            "const A: &str = \"/usr/a\"; fn f() { let x = Path::new(\"/usr/b\").join(\"x\"); std::fs::read_to_string(\"/usr/c\"); s.path = \"/usr/d\".into(); \
             let y = S { r#type: \"/usr/e\", ..z }; y.starts_with(1, r#\"/usr/f\"#); Some(\"/usr/g\"); }",
        );
        let site = |text: &str| {
            let site = only(&scan, text).site.clone();
            (site.sub, site.call, site.argument, site.target)
        };
        let owned = |text: &str| Some(text.to_owned());
        assert_eq!(site("/usr/a"), (None, None, None, owned("A")));
        assert_eq!(
            site("/usr/b"),
            (owned("f"), owned("Path::new"), Some(0), owned("x"))
        );
        assert_eq!(
            site("/usr/c"),
            (owned("f"), owned("read_to_string"), Some(0), None)
        );
        assert_eq!(site("/usr/d"), (owned("f"), None, None, owned("path")));
        assert_eq!(site("/usr/e"), (owned("f"), None, None, owned("type")));
        assert_eq!(
            site("/usr/f"),
            (owned("f"), owned("starts_with"), Some(1), None)
        );
        assert_eq!(site("/usr/g"), (owned("f"), None, None, None));
    }

    #[test]
    fn every_kind_of_literal_is_found() {
        let scan = rust(
            "const A: &[u8] = b\"/usr/a\"; const B: &CStr = c\"/usr/b\"; const C: &[u8] = br##\"/usr/c\"##; \
             const D: &str = \"x \\\"/usr/d\\\"\\n/usr/e\\u{2026}/usr/f\"; const T: &str = \"x86_64-linux-gnu\"; const P: &str = \"PATH=/usr/g:/h\";",
        );
        assert_eq!(
            texts(&scan, Kind::AbsolutePath),
            ["/usr/a", "/usr/b", "/usr/c", "/usr/d", "/usr/e", "/usr/f"]
        );
        assert!(
            scan.occurrences
                .iter()
                .all(|one| !one.site.joined && !one.site.open)
        );
        assert_eq!(
            texts(&scan, Kind::ArchitectureTriplet),
            ["x86_64-linux-gnu"]
        );
        assert_eq!(texts(&scan, Kind::PathAssignment), ["/usr/g:/h"]);
    }

    #[test]
    fn comments_and_documentation() {
        let scan = rust(
            "//! /usr/a\n// /usr/b\n/** /usr/c */ fn f() { /* /usr/d */ g(/* /usr/e */ \"/usr/f\") }\n#[doc = \"/usr/g\"] struct S;",
        );
        let forms: Vec<_> = scan.occurrences.iter().map(|one| one.form).collect();
        assert_eq!(
            forms,
            [
                Form::Pod,
                Form::Comment,
                Form::Pod,
                Form::Comment,
                Form::Comment,
                Form::Literal,
                Form::Pod
            ]
        );
    }

    #[test]
    fn holes_part_format_strings() {
        let scan = rust(
            "fn f() { format!(\"/usr/{}/x {{}} {y}/usr/y\", a); log::info!(\"/usr/{}\", \"/usr/z\"); other!(\"/usr/{}\"); write!(w, \"/usr/w\"); }",
        );
        let found: Vec<_> = scan
            .occurrences
            .iter()
            .map(|one| (one.text.as_str(), one.form, one.site.joined, one.site.open))
            .collect();
        assert_eq!(
            found,
            [
                ("/usr/", Form::Interpolated, false, true),
                ("/usr/y", Form::Interpolated, true, false),
                ("/usr/", Form::Interpolated, false, true),
                ("/usr/z", Form::Literal, false, false),
                ("/usr/{}", Form::Literal, false, false),
                ("/usr/w", Form::Literal, false, false),
            ]
        );
        assert_eq!(only(&scan, "/usr/y").site.call.as_deref(), Some("format!"));
        let argument = only(&scan, "/usr/w").site.argument;
        assert_eq!(argument, Some(1));
    }

    #[test]
    fn sums_and_concat_join() {
        let scan = rust(
            "const A: &str = concat!(env!(\"X\"), \"/usr/a\"); const B: &str = concat!(\"/usr/b\", \" \", \"/usr/c/\", X); fn f() { x + \"/usr/d\"; x += \"/usr/e\"; }",
        );
        let flags: Vec<_> = scan
            .occurrences
            .iter()
            .map(|one| (one.text.as_str(), one.site.joined, one.site.open))
            .collect();
        assert_eq!(
            flags,
            [
                ("/usr/a", true, false),
                ("/usr/b", false, false),
                ("/usr/c/", false, true),
                ("/usr/d", true, false),
                ("/usr/e", true, false),
            ]
        );
    }

    #[test]
    fn tokens_of_unknown_macros_and_attributes() {
        let scan = rust(
            "#[api(input: { a: { default: \"/usr/a\" } })] #[serde(default = \"/usr/b\")] fn f() { select! { x = go(\"/usr/c\") => { format!(\"/usr/{}\", 1) } } }\
             \nmacro_rules! dir { () => { \"/usr/d\" }; ($x:expr) => { concat!(\"/usr/e\", $x) } }\nlazy_static! { static ref X: P = P::new(\"/usr/f\"); }",
        );
        assert_eq!(
            texts(&scan, Kind::AbsolutePath),
            [
                "/usr/a", "/usr/b", "/usr/c", "/usr/", "/usr/d", "/usr/e", "/usr/f"
            ]
        );
        let site = |text: &str| &only(&scan, text).site;
        assert_eq!(site("/usr/a").target.as_deref(), Some("default"));
        assert_eq!(site("/usr/b").call.as_deref(), Some("#[serde]"));
        assert_eq!(site("/usr/c").call.as_deref(), Some("go"));
        assert_eq!(site("/usr/d").target.as_deref(), Some("dir"));
        assert_eq!(
            (
                site("/usr/f").target.as_deref(),
                site("/usr/f").call.as_deref()
            ),
            (Some("X"), Some("P::new"))
        );
        assert!(site("/usr/").open);
    }

    #[test]
    fn commands_and_their_words() {
        let scan = rust(
            "const LVS: &str = \"lvs\"; fn f() { Command::new(\"mount\").arg(\"-o\").args([x, \"/usr/a\"]).spawn()?; \
             let mut c = tokio::process::Command::new(LVS); c.arg(\"-a\"); c.arg(\"/usr/b\"); std::process::Command::new(\"/usr/c\"); \
             let zfs = \"zfs\"; Command::new(zfs); Command::new(\"sh\").args([\"-ec\", \"vgs /usr/d | awk\"]); Command::new(\"bash\").arg(\"-c\").arg(\"pvs\"); clap::Command::new(\"no\"); }",
        );
        assert_eq!(
            texts(&scan, Kind::BareCommand),
            ["lvs", "mount", "zfs", "sh", "vgs", "awk", "bash", "pvs"]
        );
        let site = |text: &str| &only(&scan, text).site;
        assert_eq!(
            (site("/usr/a").before.as_deref(), site("/usr/a").word),
            (Some("mount -o $x"), Some(3))
        );
        assert_eq!(site("/usr/b").before.as_deref(), Some("$LVS -a"));
        assert_eq!(
            (site("/usr/c").call.as_deref(), site("/usr/c").word),
            (Some("Command::new"), Some(0))
        );
        assert_eq!(site("lvs").target.as_deref(), Some("LVS"));
        assert_eq!(only(&scan, "vgs").form, Form::Command);
    }

    #[test]
    fn other_commands_are_none() {
        let scan = rust(
            "use clap::{Arg, Command}; fn f() { Command::new(\"tool\"); process::Command::new(\"lvs\"); }",
        );
        assert_eq!(texts(&scan, Kind::BareCommand), ["lvs"]);
    }

    #[test]
    fn the_search_path() {
        let scan = rust(
            "fn f() { std::env::set_var(\"PATH\", \"/sbin:/bin\"); c.env(\"PATH\", \"/x:/y\"); c.env(\"HOME\", \"/root\"); }",
        );
        assert_eq!(texts(&scan, Kind::PathAssignment), ["/sbin:/bin", "/x:/y"]);
        assert_eq!(texts(&scan, Kind::AbsolutePath), ["/root"]);
    }

    #[test]
    fn configuration_comes_together() {
        let scan = rust(
            "#![cfg(unix)]\n#[cfg(feature = \"x\")] mod a { #[test] fn f() { #[cfg(\n any(b,\n c,\n )\n)] g(\"/usr/a\"); match x { #[cfg(d)] 1 => h(\"/usr/b\"), _ => {} } } }\n\
             #[cfg_attr(e, path = \"x\")] const C: &str = \"/usr/c\";",
        );
        let cfg = |text: &str| only(&scan, text).site.cfg.clone();
        assert_eq!(
            cfg("/usr/a").as_deref(),
            Some("all(unix, feature = \"x\", test, any(b, c))")
        );
        assert_eq!(
            cfg("/usr/b").as_deref(),
            Some("all(unix, feature = \"x\", test, d)")
        );
        assert_eq!(cfg("/usr/c").as_deref(), Some("unix"));
    }

    #[test]
    fn modules_in_other_files() {
        let scan = rust(
            "mod a; #[cfg(test)] pub(crate) mod r#type; mod b { #[path = \"x/y.rs\"] mod c; mod d {} } include!(\"e.rs\"); include!(concat!(env!(\"OUT_DIR\"), \"/f.rs\"));\n\
             cfg_if! { if #[cfg(feature = \"g\")] { mod g; } else if #[cfg(h)] { pub mod h; } else { mod i; } }",
        );
        let modules: Vec<_> = scan
            .modules
            .iter()
            .map(|one| {
                (
                    one.name.as_str(),
                    one.within.join("::"),
                    one.path.as_deref(),
                    one.cfg.as_deref(),
                    one.included,
                )
            })
            .collect();
        assert_eq!(
            modules,
            [
                ("a", String::new(), None, None, false),
                ("type", String::new(), None, Some("test"), false),
                ("c", "b".to_owned(), Some("x/y.rs"), None, false),
                ("", String::new(), Some("e.rs"), None, true),
                ("g", String::new(), None, Some("feature = \"g\""), false),
                (
                    "h",
                    String::new(),
                    None,
                    Some("all(h, not(any(feature = \"g\")))"),
                    false
                ),
                (
                    "i",
                    String::new(),
                    None,
                    Some("not(any(feature = \"g\", h))"),
                    false
                ),
            ]
        );
    }

    #[test]
    fn embedded_files() {
        let scan = rust(
            "const A: &str = include_str!(\"../a.txt\"); fn f() { g(include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/b\", \"/c\"))); include_str!(\"/usr/share/d\"); }",
        );
        assert_eq!(scan.embeds, ["../a.txt", "$CARGO_MANIFEST_DIR/b/c"]);
        assert_eq!(
            only(&scan, "/usr/share/d").site.call.as_deref(),
            Some("include_str!")
        );
    }

    #[test]
    fn offsets_hold_after_marks_shebangs_and_wide_letters() {
        for head in [
            "\u{feff}",
            "#!/usr/bin/env run\r\n",
            "// é\r\n",
            "fn é() {}\r\n",
        ] {
            let text = format!(
                "{head}const A: &str = \"é\"; const B: &str = \"/usr/b\";\r\nconst C: &str = \"/usr/c\";"
            );
            let scan = rust(&text);
            for name in ["/usr/b", "/usr/c"] {
                let found = only(&scan, name);
                assert!(text[found.offset..].starts_with(name));
                assert!(found.site.target.is_some(), "{head:?} {name}");
            }
        }
        assert_eq!(
            texts(&rust("#!/usr/bin/env run\nmod x;"), Kind::Shebang),
            ["/usr/bin/env"]
        );
    }

    #[test]
    fn what_does_not_parse_is_still_read() {
        let scan = scan(b"fn f() {\n  g(\"/usr/a\" \"x\"); // /usr/b\n", &calls());
        assert_eq!(texts(&scan, Kind::AbsolutePath), ["/usr/a", "/usr/b"]);
        assert!(scan.unparsed.is_some());
        let scan = super::scan(b"fn f() { }\nfn g( { \"/usr/a\" }\n", &calls());
        assert_eq!(scan.unparsed.map(|error| error.line), Some(2));
        let scan = super::scan(b"const A: &str = \"/usr/a\";\n\n\xff", &calls());
        assert_eq!(scan.unparsed.map(|error| error.line), Some(3));
    }

    #[test]
    fn depth_is_bounded() {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{", "}"),
            ("!", ""),
            ("&", ""),
            ("x!(", ")"),
            ("if a {} else ", ""),
            ("|x| ", ""),
            ("a = ", ""),
            ("1 + ", ""),
            ("&&", ""),
            ("return ", ""),
            ("a.b(", ")"),
            ("match x { _ => ", "}"),
            ("f::<", ">()"),
        ] {
            for times in [100, 1_500, 100_000] {
                let text = format!(
                    "fn f() {{ g(\"/usr/a\"); {}x{} }}",
                    open.repeat(times),
                    close.repeat(times)
                );
                let scan = scan(text.as_bytes(), &calls());
                assert_eq!(texts(&scan, Kind::AbsolutePath), ["/usr/a"], "{open}");
            }
        }
    }
}
