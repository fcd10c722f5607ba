//! The role of a source, which determines the form of its derivation and patches.

use serde::{Deserialize, Serialize};

/// The way to build a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Compiled alone, with references to other Proxmox files left open, and linked later.
    Object,
    /// An ordinary package.
    Package,
    /// Built by cargo. If it has a derivation, it is linked like an object.
    Crate,
}
