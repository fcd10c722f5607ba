//! PNX-307: a crate links a native library that no rule maps.

use super::{Code, Severity};

/// A crate with `links` in its manifest that `rules/crates.toml` does not map.
pub static UNMAPPED_NATIVE: Code = Code {
    id: "PNX-307",
    title: "a crate links a native library that no rule maps",
    severity: Severity::Finding,
    explanation: "\
        A crate of the registry declares in its manifest that it links a native library (`links`). \
        On Debian the crate's package depends on the library; here `rules/crates.toml` maps it to a \
        package of nixpkgs. Without a rule, the program's derivation lacks the library and the build \
        fails, at the latest when it links.",
    example: "# releases/demo/cargo/hive-term.toml
[[native]]
crate = \"honey-sys\"
version = \"0.3.1\"
links = \"honey\"

PNX-307: hive-rs: `honey-sys` 0.3.1, a crate of hive-term, links `honey`, and no rule says what that is in nixpkgs",
    remedy: "\
        Add `[crate.NAME]` to `rules/crates.toml`: `libraries` and `tools` with nixpkgs' attributes \
        (list those in `rules/nixpkgs.toml`), or `none` with the reason if the crate brings its \
        library along.",
};
