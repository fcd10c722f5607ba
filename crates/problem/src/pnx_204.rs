//! PNX-204: a file of the pinned tree that the repository lacks.

use super::{Code, Severity};

/// A blob that the run must read and that the repository does not hold.
pub static MISSING_BLOB: Code = Code {
    id: "PNX-204",
    title: "a file of the pinned tree that the repository lacks",
    severity: Severity::Fatal,
    explanation: "\
        The commit and its tree are there, but not the content of a file that must be read: the clone is \
        partial, or the mirror left large files out. A file that the run has no need to read, such as a \
        test's disk image, may be missing without harm.",
    example: "# A clone made with --filter=blob:limit=50k lacks larger files.

PNX-204: hive-common/src/Hive/Tables.pm: blob 89abcdef0123 is not in the repository",
    remedy: "\
        Fetch the missing objects (`git fetch --refetch` in a partial clone), or clone again without a \
        filter.",
};
