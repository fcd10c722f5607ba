//! How a source is built, which decides what its derivation and its patches look like.

use serde::{Deserialize, Serialize};

/// How a source is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Compiled alone, with references to other Proxmox files left open, and linked later.
    Object,
    /// An ordinary package.
    Package,
    /// Built by cargo; linked, as an object is, where there is a derivation of it.
    Crate,
}
