//! PNX-204: a file of the pinned tree that the repository lacks.

use super::{Code, Severity};

/// A blob that the run must read but the repository does not contain.
pub static MISSING_BLOB: Code = Code {
    id: "PNX-204",
    title: "a file of the pinned tree that the repository lacks",
    severity: Severity::Fatal,
    explanation: "\
        The repository has the commit and its tree, but not the content of a file that the run must \
        read: the clone is partial, or the mirror left large files out. Files that the run does not \
        read, such as a test's disk image, may be missing.",
    example: "# A clone made with --filter=blob:limit=50k lacks larger files.

PNX-204: hive-common/src/Hive/Tables.pm: blob 89abcdef0123 is not in the repository",
    remedy: "\
        Fetch the missing objects (`git fetch --refetch` in a partial clone), or clone again without a \
        filter.",
};
