//! The program `pve-nix`, which `cargo xtask` runs in a clone; see [`pve_nix::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    pve_nix::cli::main()
}
