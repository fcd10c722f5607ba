//! Finds absolute paths, `PATH` assignments and architecture triplets within a literal or a comment
//! of any language.
//!
//! The roots are those of the Filesystem Hierarchy Standard 3.0 and the kernel's (`/proc`, `/sys`).
//! The scanners split a file into literals and comments; this module finds the paths in one of
//! them.

use memchr::{memchr_iter, memmem};

/// The notation of a literal's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// Verbatim: strings, heredocs, comments, configuration.
    Plain,
    /// A regular expression: `\/` is a slash, quantifiers and classes end a path.
    Regex,
}

/// One static piece of a literal: all of it, or the text between two interpolations.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Its bytes as in the file, without the delimiters.
    pub bytes: &'a [u8],
    /// Their notation.
    pub notation: Notation,
    /// Whether an interpolation directly precedes it.
    pub after_interpolation: bool,
    /// Whether an interpolation directly follows it.
    pub before_interpolation: bool,
}

impl<'a> Piece<'a> {
    /// Makes a piece that is a whole literal or comment.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            notation: Notation::Plain,
            after_interpolation: false,
            before_interpolation: false,
        }
    }
}

/// A path within a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathSpan {
    /// Byte offset in the piece.
    pub start: usize,
    /// Byte offset after its last byte.
    pub end: usize,
    /// Whether text or an interpolation directly precedes it, which makes it a path below something
    /// else.
    pub joined: bool,
    /// Whether an interpolation (or, in a regular expression, a special character) continues it.
    pub open: bool,
}

/// Roots of programs and their data. Paths below them are reported even after other text
/// (`foo/usr/share`, `https://host/bin/x`). Paths below the other roots assume nothing in that
/// position.
const PROGRAM_ROOTS: &[&[u8]] = &[
    b"usr", b"bin", b"sbin", b"lib", b"lib32", b"lib64", b"libx32", b"libexec",
];

/// The other roots: configuration, state, kernel.
const STATE_ROOTS: &[&[u8]] = &[
    b"etc", b"var", b"run", b"opt", b"srv", b"boot", b"home", b"root", b"tmp", b"dev", b"proc",
    b"sys", b"mnt", b"media",
];

/// Roots below which names may contain `:` and `?`: device nodes and the kernel's view of them.
const DEVICE_ROOTS: &[&[u8]] = &[b"dev", b"proc", b"sys"];

/// Whether `bytes` may contain a path at all. If not, the file need not be searched for paths.
pub fn prefilter(bytes: &[u8]) -> bool {
    memchr_iter(b'/', bytes).any(|slash| root_at(bytes, slash).is_some())
}

/// Returns the absolute paths in `piece`, in order, without overlaps.
pub fn paths(piece: Piece<'_>) -> impl Iterator<Item = PathSpan> + '_ {
    let mut done = 0;
    memchr_iter(b'/', piece.bytes).filter_map(move |slash| {
        if slash < done {
            return None;
        }
        let span = path_at(piece, slash)?;
        done = span.end;
        Some(span)
    })
}

/// Returns the values of `PATH=` assignments in shell text, without quotes, in order.
pub fn path_assignments(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    memmem::find_iter(bytes, b"PATH=").filter_map(move |at| {
        let word_before = at
            .checked_sub(1)
            .and_then(|i| bytes.get(i))
            .is_some_and(|b| is_word(*b) || *b == b'-');
        let escaped = at.checked_sub(2).and_then(|i| bytes.get(i)) == Some(&b'\\');
        if word_before && !escaped {
            return None;
        }
        let mut start = at + b"PATH=".len();
        if bytes.get(start) == Some(&b'\\') && matches!(bytes.get(start + 1), Some(b'"' | b'\'')) {
            start += 1;
        }
        let quote = bytes
            .get(start)
            .copied()
            .filter(|b| matches!(b, b'"' | b'\''));
        start += usize::from(quote.is_some());
        let length = bytes.get(start..)?.iter().position(|b| match quote {
            Some(quote) => *b == quote || matches!(*b, b'\\' | b'\n'),
            None => {
                b.is_ascii_whitespace()
                    || matches!(*b, b';' | b'&' | b'|' | b'"' | b'\'' | b'\\' | b'`' | b')')
            }
        });
        let end = length.map_or(bytes.len(), |length| start + length);
        bytes
            .get(start..end)?
            .contains(&b'/')
            .then_some((start, end))
    })
}

/// Returns the architecture triplets (`x86_64-linux-gnu`) in `bytes`, in order.
pub fn triplets(bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> + '_ {
    const CPUS: &[&[u8]] = &[
        b"x86_64",
        b"aarch64",
        b"i386",
        b"i486",
        b"i586",
        b"i686",
        b"arm",
        b"armv7l",
        b"riscv64",
        b"powerpc64le",
        b"ppc64le",
        b"s390x",
        b"mips64el",
        b"loongarch64",
        b"@DEB_HOST_GNU_CPU@",
    ];
    memmem::find_iter(bytes, b"-linux-gnu").filter_map(move |at| {
        let head = bytes.get(..at)?;
        let cpu = CPUS
            .iter()
            .filter(|cpu| head.ends_with(cpu))
            .max_by_key(|cpu| cpu.len())?;
        let start = at - cpu.len();
        if start
            .checked_sub(1)
            .and_then(|i| bytes.get(i))
            .is_some_and(|b| is_word(*b))
        {
            return None;
        }
        let tail = at + b"-linux-gnu".len();
        let abi = bytes
            .get(tail..)?
            .iter()
            .take_while(|b| is_word(**b))
            .count();
        Some((start, tail + abi))
    })
}

/// Returns the root after the slash at `slash`, if a segment ends after it.
fn root_at(bytes: &[u8], slash: usize) -> Option<&'static [u8]> {
    let rest = bytes.get(slash + 1..)?;
    if !matches!(
        rest.first()?,
        b'u' | b'b' | b's' | b'l' | b'e' | b'v' | b'r' | b'o' | b'h' | b't' | b'd' | b'p' | b'm'
    ) {
        return None;
    }
    let length = rest.iter().take_while(|b| is_word(**b)).count();
    let (name, tail) = rest.split_at(length);
    let root = PROGRAM_ROOTS
        .iter()
        .chain(STATE_ROOTS)
        .find(|root| **root == name)?;
    let ends = match tail.first() {
        // `/dev-mapper` and `/lib.c` are other names. A full stop or a hyphen at the end of the
        // word is prose.
        Some(b'-' | b'.' | b'@' | b'+' | b'~' | b'%') => {
            !tail.get(1).is_some_and(|b| is_word(*b) || *b == b'/')
        }
        _ => true,
    };
    ends.then_some(*root)
}

fn path_at(piece: Piece<'_>, slash: usize) -> Option<PathSpan> {
    let bytes = piece.bytes;
    let root = root_at(bytes, slash)?;
    let escaped = piece.notation == Notation::Regex
        && slash.checked_sub(1).and_then(|i| bytes.get(i)) == Some(&b'\\');
    let start = slash - usize::from(escaped);
    let joint = joint(piece, start);
    if joint == Joint::Text && !PROGRAM_ROOTS.contains(&root) {
        return None;
    }
    let stop = match piece.notation {
        Notation::Plain => plain_end(bytes, slash, DEVICE_ROOTS.contains(&root)),
        Notation::Regex => regex_end(bytes, slash),
    };
    let open = continued(piece, stop);
    let end = if open {
        stop
    } else {
        trimmed(bytes, slash, stop)
    };
    Some(PathSpan {
        start,
        end,
        joined: joint != Joint::None,
        open,
    })
}

/// The text directly before a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// Nothing of the same word.
    None,
    /// Text of the same word.
    Text,
    /// An interpolation, a variable or a format's directive.
    Interpolation,
}

fn joint(piece: Piece<'_>, start: usize) -> Joint {
    let head = piece.bytes.get(..start).unwrap_or_default();
    let Some((&last, before)) = head.split_last() else {
        return if piece.after_interpolation {
            Joint::Interpolation
        } else {
            Joint::None
        };
    };
    if piece.notation == Notation::Regex {
        if matches!(last, b'^' | b'|' | b'(') {
            return Joint::None;
        }
        if matches!(last, b'+' | b'*' | b'?') {
            return if before.ends_with(b"\\s") {
                Joint::None
            } else {
                Joint::Interpolation
            };
        }
        if matches!(last, b's' | b'b' | b'A') && before.ends_with(b"\\") {
            return Joint::None;
        }
        return if starts_after(last) {
            Joint::None
        } else {
            Joint::Text
        };
    }
    if starts_after(last) {
        return Joint::None;
    }
    // The prefixes of a unit's command line and of options: `-/usr/bin/x`, `@/usr/bin/x`,
    // `-I/usr/include`, `\n/usr`.
    let edge = before.last().is_none_or(|b| starts_after(*b));
    match last {
        b'-' | b'@' | b'+' if edge && !(before.is_empty() && piece.after_interpolation) => {
            Joint::None
        }
        b'n' | b't' | b'r' | b'e' | b'0' if before.last() == Some(&b'\\') => Joint::None,
        b'}' | b')' | b'@' => Joint::Interpolation,
        b's' if before.last() == Some(&b'%') => Joint::Interpolation,
        b'A'..=b'Z'
            if before.last() == Some(&b'-')
                && before.iter().rev().nth(1).is_none_or(|b| starts_after(*b)) =>
        {
            Joint::None
        }
        _ if is_word(last) => {
            let name = head.iter().rev().take_while(|b| is_word(**b)).count();
            let sigil = head.len().checked_sub(name + 1).and_then(|i| head.get(i));
            if sigil == Some(&b'$') {
                Joint::Interpolation
            } else {
                Joint::Text
            }
        }
        _ => Joint::Text,
    }
}

/// Whether a path may begin after this byte. Non-ASCII bytes are typographic quotes and the like.
fn starts_after(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || byte >= 0x80
        || matches!(
            byte,
            b'"' | b'\''
                | b'`'
                | b'='
                | b':'
                | b'('
                | b','
                | b'<'
                | b'>'
                | b'|'
                | b'!'
                | b';'
                | b'['
                | b'{'
                | b'&'
                | b'#'
                | b'\\'
                | 0
        )
}

/// Returns the end of the plain path whose first slash is at `slash`.
fn plain_end(bytes: &[u8], slash: usize, device: bool) -> usize {
    let mut at = slash;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'/' | b'.' | b'+' | b'@' | b'%' | b'~' | b'-' | b'*' => at + 1,
            _ if is_word(byte) => at + 1,
            b':' if device && bytes.get(at + 1).is_some_and(|b| is_word(*b)) => at + 1,
            b'?' if device => at + 1,
            b'[' | b'{' => match group_end(bytes, at) {
                Some(end) => end,
                None => break,
            },
            _ => break,
        };
    }
    at
}

/// Returns the offset after the `]` or `}` that closes the glob opened at `at`, if it contains only
/// a glob's characters.
fn group_end(bytes: &[u8], at: usize) -> Option<usize> {
    let close = if bytes.get(at) == Some(&b'[') {
        b']'
    } else {
        b'}'
    };
    let inside = bytes.get(at + 1..)?;
    let length = inside
        .iter()
        .take_while(|b| {
            is_word(**b) || matches!(b, b'.' | b',' | b'-' | b'/' | b'*' | b'!' | b'^' | b'+')
        })
        .count();
    (inside.get(length) == Some(&close)).then_some(at + 1 + length + 1)
}

/// Returns the end of the path in a regular expression whose first slash is at `slash`.
fn regex_end(bytes: &[u8], slash: usize) -> usize {
    let mut at = slash;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'/' | b'.' | b'@' | b'%' | b'~' | b'-' => at + 1,
            _ if is_word(byte) => at + 1,
            b'\\'
                if bytes.get(at + 1).is_some_and(|b| {
                    matches!(b, b'/' | b'.' | b'-' | b'+' | b'@' | b'~' | b'%' | b':')
                }) =>
            {
                at + 2
            }
            _ => break,
        };
    }
    at
}

/// Whether the text at `stop` continues the path.
fn continued(piece: Piece<'_>, stop: usize) -> bool {
    let Some(byte) = piece.bytes.get(stop) else {
        return piece.before_interpolation;
    };
    let next = piece.bytes.get(stop + 1);
    match piece.notation {
        Notation::Plain => match byte {
            b'$' => next.is_some_and(|b| is_word(*b) || matches!(b, b'{' | b'(' | b'*' | b'@')),
            b'{' | b'<' => {
                piece.bytes.get(stop.wrapping_sub(1)) == Some(&b'/')
                    && next.is_some_and(|b| is_word(*b))
            }
            _ => false,
        },
        Notation::Regex => match byte {
            b'+' | b'*' | b'?' | b'[' | b'(' | b'{' => true,
            b'\\' => next.is_some_and(|b| matches!(b, b'd' | b'w' | b'S' | b'Q' | b'D' | b'N')),
            b'$' => next.is_some_and(|b| is_word(*b) || *b == b'{'),
            _ => false,
        },
    }
}

/// Returns the end without the full stops of prose.
fn trimmed(bytes: &[u8], slash: usize, stop: usize) -> usize {
    let token = bytes.get(slash..stop).unwrap_or_default();
    let mut segments = token.rsplit(|b| *b == b'/');
    let last = segments.next().unwrap_or_default();
    if last == b".." || last == b"." {
        return stop;
    }
    let trailing = token
        .iter()
        .rev()
        .take_while(|b| matches!(b, b'.' | b'?' | b'\\'))
        .count();
    stop - trailing.min(token.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<(&str, bool, bool)> {
        paths(Piece::whole(text.as_bytes()))
            .map(|s| (&text[s.start..s.end], s.joined, s.open))
            .collect()
    }

    fn regex(text: &str) -> Vec<(&str, bool, bool)> {
        let piece = Piece {
            notation: Notation::Regex,
            ..Piece::whole(text.as_bytes())
        };
        paths(piece)
            .map(|s| (&text[s.start..s.end], s.joined, s.open))
            .collect()
    }

    #[test]
    fn a_literal_that_is_a_path() {
        assert_eq!(plain("/usr/sbin/vgs"), [("/usr/sbin/vgs", false, false)]);
        assert_eq!(plain("/tmp"), [("/tmp", false, false)]);
        assert_eq!(plain("/usr/share/x/"), [("/usr/share/x/", false, false)]);
    }

    #[test]
    fn other_names_are_no_roots() {
        for text in [
            "/library/x",
            "/usrlocal",
            "/access/users",
            "/dev-tools/x",
            "/lib.c",
            "/",
            "",
            "a/tmp/b",
            "/runner",
        ] {
            assert_eq!(plain(text), [], "{text}");
        }
    }

    #[test]
    fn prose_ends_a_path() {
        assert_eq!(plain("see /etc/hosts."), [("/etc/hosts", false, false)]);
        assert_eq!(plain("(in /usr/bin/x, or"), [("/usr/bin/x", false, false)]);
        assert_eq!(plain("'/etc/x': no"), [("/etc/x", false, false)]);
        assert_eq!(plain("below /dev."), [("/dev", false, false)]);
        assert_eq!(plain("/etc/.."), [("/etc/..", false, false)]);
    }

    #[test]
    fn lists_of_paths_come_apart() {
        assert_eq!(
            plain("/usr/bin:/bin"),
            [("/usr/bin", false, false), ("/bin", false, false)]
        );
        assert_eq!(plain("host:/srv/x"), [("/srv/x", false, false)]);
        assert_eq!(
            plain("/dev/disk/by-path/pci-0000:01"),
            [("/dev/disk/by-path/pci-0000:01", false, false)]
        );
    }

    #[test]
    fn what_stands_before_joins() {
        assert_eq!(plain("$root/usr/bin/x"), [("/usr/bin/x", true, false)]);
        assert_eq!(plain("${dir}/etc/x"), [("/etc/x", true, false)]);
        assert_eq!(plain("foo/bin/bar"), [("/bin/bar", true, false)]);
        assert_eq!(
            plain("https://host/usr/share/x"),
            [("/usr/share/x", true, false)]
        );
        assert_eq!(plain("../lib/systemd"), [("/lib/systemd", true, false)]);
        let piece = Piece {
            after_interpolation: true,
            ..Piece::whole(b"/etc/x")
        };
        assert!(paths(piece).all(|span| span.joined));
        assert_eq!(paths(piece).count(), 1);
    }

    #[test]
    fn options_and_escapes_do_not_join() {
        for text in [
            "-I/usr/include",
            "--x=/usr/include",
            "-/usr/include",
            "\\n/usr/include",
            "2>/usr/include",
            "x:/usr/include",
        ] {
            assert_eq!(plain(text), [("/usr/include", false, false)], "{text}");
        }
    }

    #[test]
    fn what_follows_continues() {
        assert_eq!(plain("/run/x/$id.pid"), [("/run/x/", false, true)]);
        assert_eq!(plain("/run/x.$id"), [("/run/x.", false, true)]);
        let piece = Piece {
            before_interpolation: true,
            ..Piece::whole(b"/usr/share/")
        };
        assert!(paths(piece).all(|span| span.open));
    }

    #[test]
    fn globs_belong_to_the_path() {
        assert_eq!(plain("/usr/lib/*/x"), [("/usr/lib/*/x", false, false)]);
        assert_eq!(
            plain("/usr/{bin,sbin}/x y"),
            [("/usr/{bin,sbin}/x", false, false)]
        );
        assert_eq!(plain("/dev/sd[a-z]"), [("/dev/sd[a-z]", false, false)]);
        assert_eq!(plain("[/usr/bin/x]"), [("/usr/bin/x", false, false)]);
    }

    #[test]
    fn regular_expressions_keep_their_escapes() {
        assert_eq!(
            regex(r"^\/usr\/bin\/(.*)$"),
            [(r"\/usr\/bin\/", false, true)]
        );
        assert_eq!(regex(r"^/etc/x\.cfg$"), [(r"/etc/x\.cfg", false, false)]);
        assert_eq!(regex(r"\s+/dev/sd[a-z]+"), [("/dev/sd", false, true)]);
        assert_eq!(
            regex(r"(.*)?/bin/x|/sbin/y"),
            [("/bin/x", true, false), ("/sbin/y", false, false)]
        );
    }

    #[test]
    fn shell_assignments_to_path() {
        let values = |text: &'static str| {
            path_assignments(text.as_bytes())
                .map(|(s, e)| &text[s..e])
                .collect::<Vec<_>>()
        };
        assert_eq!(values("PATH=/usr/bin:/bin x"), ["/usr/bin:/bin"]);
        assert_eq!(values("export PATH=\"/sbin:$PATH\"\n"), ["/sbin:$PATH"]);
        assert_eq!(values("a\\nPATH=\\\"/sbin\\\" x"), ["/sbin"]);
        assert_eq!(values("MYPATH=/sbin PATH=x"), [""; 0]);
    }

    #[test]
    fn triplets_are_whole_words() {
        let found = |text: &'static str| {
            triplets(text.as_bytes())
                .map(|(s, e)| &text[s..e])
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("/usr/lib/x86_64-linux-gnu/x arm-linux-gnueabihf"),
            ["x86_64-linux-gnu", "arm-linux-gnueabihf"]
        );
        assert_eq!(found("xx86_64-linux-gnu linux-gnu -linux-gnu"), [""; 0]);
    }

    #[test]
    fn the_prefilter_lets_every_path_through() {
        assert!(prefilter(b"x /usr/bin"));
        assert!(prefilter(br"\/usr\/bin"));
        assert!(!prefilter(b"no/path here, a / b"));
    }
}
