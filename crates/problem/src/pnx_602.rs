//! PNX-602: a store path that does not exist.

use super::{Code, Severity};

/// A reference to a store path that is not in the store.
pub static NO_STORE_PATH: Code = Code {
    id: "PNX-602",
    title: "a store path that does not exist",
    severity: Severity::Finding,
    explanation: "\
        A built file names a store path, and the store has none of that hash. Nix takes along what it finds in \
        an output by its hash; what is put together, or split over two strings, it does not find, and a \
        collection of garbage removes it.",
    example: "PNX-602: result/bin/hive:3: `/nix/store/5p9yzdv8wf5yxarw7zrk5sd63l93nn17-lvm2-2.03` does not exist",
    remedy: "\
        Look where the path comes from: a literal in a patch has to be a placeholder that `replaceVars` fills. A \
        path of a machine that built in another store has to be built again here.",
};
