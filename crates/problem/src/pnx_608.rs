//! PNX-608: a socket, pipe or device in an output.

use super::{Code, Severity};

/// A node that is neither a file nor a directory nor a link.
pub static ODD_NODE: Code = Code {
    id: "PNX-608",
    title: "a socket, pipe or device in an output",
    severity: Severity::Finding,
    explanation: "\
        Store paths hold regular files, directories and symbolic links; Nix cannot archive anything else, so the \
        directory is no store path, or was changed after it was built.",
    example: "PNX-608: result/run/hive.sock: a socket stands in the output",
    remedy: "\
        Remove it; if a build makes it, make it when the service starts (`RuntimeDirectory=`).",
};
