//! PNX-402: a rewritten file that no longer parses.

use super::{Code, Severity};

/// A file that parsed before the rewrite and does not parse after it.
pub static REWRITE_UNPARSED: Code = Code {
    id: "PNX-402",
    title: "a rewritten file that no longer parses",
    severity: Severity::Fatal,
    explanation: "\
        After it replaces the decided literals, the tool parses the file again. The file parsed \
        before and does not now, so a replacement broke its quoting or its structure. Nothing is \
        written.",
    example: "# What the rewrite made of a single-quoted string:
my $tool = ''@comb@/bin/comb';

PNX-402: hive-api/src/Hive/API.pm:12: Perl: unexpected `@` after the rewrite",
    remedy: "\
        This is a bug: please report it with the release, the source's name and the line. Until it \
        is fixed, a rule that keeps the place lets the run go on.",
};
