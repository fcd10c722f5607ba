//! PNX-307: a crate links a native library that no rule maps.

use super::{Code, Severity};

/// A crate with `links` in its manifest of which `rules/nixpkgs/crates.toml` says nothing.
pub static UNMAPPED_NATIVE: Code = Code {
    id: "PNX-307",
    title: "a crate links a native library that no rule maps",
    severity: Severity::Finding,
    explanation: "\
        A crate of the registry says in its manifest that it links a native library (`links`). On Debian the \
        library comes with the package of the crate; here `rules/nixpkgs/crates.toml` says which package of nixpkgs has \
        it. Without that the program's derivation lacks it and the build fails when it links, if not before.",
    example: "# releases/demo/cargo/hive-term.toml
[[native]]
crate = \"honey-sys\"
version = \"0.3.1\"
links = \"honey\"

PNX-307: hive-rs: `honey-sys` 0.3.1, a crate of hive-term, links `honey`, and no rule says what that is in nixpkgs",
    remedy: "\
        Add `[crate.NAME]` to `rules/nixpkgs/crates.toml`: `libraries` and `tools` with nixpkgs' attributes (and those to \
        `rules/nixpkgs/attributes.toml`), or `none` with the reason, where the crate brings its library along.",
};
