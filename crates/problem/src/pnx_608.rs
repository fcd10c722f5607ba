//! PNX-608: a socket, pipe or device in an output.

use super::{Code, Severity};

/// A node that is neither a file, nor a directory, nor a link.
pub static ODD_NODE: Code = Code {
    id: "PNX-608",
    title: "a socket, pipe or device in an output",
    severity: Severity::Finding,
    explanation: "\
        Store paths contain regular files, directories and symbolic links; Nix cannot archive \
        anything else. So the directory is not a store path, or somebody changed it after the build.",
    example: "PNX-608: result/run/hive.sock: the output contains a socket",
    remedy: "\
        Remove it. If a build makes it, let the service make it when it starts \
        (`RuntimeDirectory=`).",
};
