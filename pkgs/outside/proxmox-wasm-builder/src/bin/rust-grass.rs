//! Compiles a style sheet of Sass, called as Proxmox's Makefiles call Debian's rust-grass: `rust-grass INPUT OUTPUT`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use grass_compiler::Options;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [input, output] = words.as_slice() else {
        eprintln!("usage: rust-grass INPUT OUTPUT");
        return ExitCode::FAILURE;
    };
    let compiled = grass_compiler::from_path(input, &Options::default());
    let written = compiled
        .map_err(|error| error.to_string())
        .and_then(|css| std::fs::write(output, css).map_err(|error| format!("{output}: {error}")));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("rust-grass: {error}");
            ExitCode::FAILURE
        }
    }
}
