//! PNX-602: a store path that does not exist.

use super::{Code, Severity};

/// A reference to a store path that is not in the store.
pub static NO_STORE_PATH: Code = Code {
    id: "PNX-602",
    title: "a store path that does not exist",
    severity: Severity::Finding,
    explanation: "\
        A built file names a store path whose hash is not in the store. Nix finds an output's \
        references by their hashes. It does not find a path that code assembles or splits over two \
        strings, so garbage collection removes the target.",
    example: "PNX-602: result/bin/hive:3: `/nix/store/5p9yzdv8wf5yxarw7zrk5sd63l93nn17-lvm2-2.03` does not exist",
    remedy: "\
        Find out where the path comes from. A literal in a patch must be a placeholder that \
        `replaceVars` fills. If the output was built on a machine with another store, build it again \
        here.",
};
