//! The `cargo xtask` command line; see [`xtask::cli`].

use std::process::ExitCode;

/// The parsers ask for memory some millions of times; this allocator also serves those that are written in C.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    xtask::cli::main()
}
