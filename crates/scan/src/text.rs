//! Scans any other text: documentation, templates, markup, data.

use memchr::memmem;

use super::collect::{Collector, Span};
use super::{FileScan, Form, ParseError, Site, paths};

/// Returns the occurrences of a text. `path` says whether it is a document.
pub fn scan(path: &str, bytes: &[u8]) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    let switches = out.shebang();
    let is_candidate = paths::prefilter(bytes) || paths::triplets(bytes).next().is_some();
    if is_candidate {
        let start = switches.as_ref().map_or(0, |(_, end)| *end);
        if layout::is_document(path) {
            out.literal(Span::whole(start, bytes.len()), Form::Pod, &Site::default());
        } else {
            markup(&mut out, start);
        }
    }
    Ok(out.finish(switches.map(|(switches, _)| switches).unwrap_or_default()))
}

/// Scans text in which `<!-- … -->` is a comment.
fn markup(out: &mut Collector<'_>, start: usize) {
    let bytes = out.bytes();
    let mut at = start;
    let none = Site::default();
    while let Some(open) = bytes
        .get(at..)
        .and_then(|rest| memmem::find(rest, b"<!--"))
        .map(|found| at + found)
    {
        let end = bytes
            .get(open..)
            .and_then(|rest| memmem::find(rest, b"-->"))
            .map_or(bytes.len(), |found| open + found + 3);
        out.literal(Span::whole(at, open), Form::Bare, &none);
        out.literal(Span::whole(open, end), Form::Comment, &none);
        at = end;
    }
    out.literal(Span::whole(at, bytes.len()), Form::Bare, &none);
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;
    use crate::collect::testing::{only, texts};

    fn text(path: &str, text: &str) -> FileScan {
        scan(path, text.as_bytes()).expect("text is never refused")
    }

    #[test]
    fn documents_are_prose() {
        for path in [
            "a.adoc",
            "b/c.md",
            "x.pod",
            "README",
            "README.dev",
            "guide.rst.in",
            "debian/copyright",
        ] {
            assert_eq!(
                only(&text(path, "see `/usr/bin/x`."), "/usr/bin/x").form,
                Form::Pod,
                "{path}"
            );
        }
        assert_eq!(
            only(&text("a.html", "/usr/bin/x"), "/usr/bin/x").form,
            Form::Bare
        );
    }

    #[test]
    fn markup_has_comments() {
        let scan = text("a.html", "/usr/a <!-- /usr/b --> /usr/c <!-- /usr/d");
        let forms: Vec<_> = scan.occurrences.iter().map(|o| o.form).collect();
        assert_eq!(
            forms,
            [Form::Bare, Form::Comment, Form::Bare, Form::Comment]
        );
        assert_eq!(texts(&scan, Kind::AbsolutePath).len(), 4);
    }
}
