//! PNX-105: a file that its language's parser rejects.

use super::{Code, Severity};

/// A file of a source that does not parse as the language it is taken for.
pub static UNPARSED: Code = Code {
    id: "PNX-105",
    title: "a file that its language's parser rejects",
    severity: Severity::Fatal,
    explanation: "\
        The scanner finds occurrences in a syntax tree, never by searching text. In a file that does \
        not parse it cannot distinguish strings, comments and code, so its findings there could not \
        be trusted. Either the file is broken, or it was taken for the wrong language, or the \
        grammar lacks a construct.",
    example: "# hive-api/src/Hive/API.pm, line 4: no closing brace
sub status {
    return { ok => 1;
}

PNX-105: hive-api/src/Hive/API.pm:4: Perl: unexpected `;`",
    remedy: "\
        Look at the line named. If upstream's file is broken, pin another commit. If it is another \
        language, or the grammar is at fault, fix the scanner and add the construct to its tests.",
};
