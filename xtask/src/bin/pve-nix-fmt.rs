//! Formats Nix files with `nixfmt_rs`, as the emitter and the tests do: the flake's formatter (`nix
//! fmt`).
//!
//! `pve-nix-fmt [--check] [PATH…]` takes files and directories. In directories it formats every
//! `*.nix`, except in `target` and hidden directories. The default is the working directory. Exit
//! status: 0 all files are formatted, 1 a file differs (`--check`) or is not Nix, 2 wrong arguments
//! or failed I/O.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use walkdir::{DirEntry, WalkDir};

const USAGE: &str = "usage: pve-nix-fmt [--check] [PATH…]";

fn main() -> ExitCode {
    let mut paths = Vec::new();
    let mut check = false;
    for argument in env::args_os().skip(1) {
        match argument.to_str() {
            Some("--check") => check = true,
            Some("--help" | "-h") => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            Some(option) if option.starts_with('-') => {
                eprintln!("pve-nix-fmt: {option} is not an option\n{USAGE}");
                return ExitCode::from(2);
            }
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    if paths.is_empty() {
        paths.push(PathBuf::from("."));
    }
    match run(&paths, check) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("pve-nix-fmt: {error}");
            ExitCode::from(2)
        }
    }
}

/// Formats every file, or only checks it with `check`. Returns the number of files that are not
/// formatted.
fn run(paths: &[PathBuf], check: bool) -> io::Result<usize> {
    let mut wrong = 0;
    for path in paths {
        for entry in WalkDir::new(path).into_iter().filter_entry(is_wanted) {
            let entry = entry?;
            let named = entry.path().extension().is_some_and(|end| end == "nix");
            if entry.file_type().is_file() && (named || entry.depth() == 0) {
                wrong += usize::from(!lay_out(entry.path(), check)?);
            }
        }
    }
    Ok(wrong)
}

/// Whether to visit an entry: not hidden, not cargo's output, or named in the arguments.
fn is_wanted(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    entry.depth() == 0 || !(name.starts_with('.') || name == "target")
}

/// Formats a file. Returns whether it is formatted now.
fn lay_out(path: &Path, check: bool) -> io::Result<bool> {
    let told =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(told)?;
    let formatted = match nixfmt_rs::format(&text) {
        Ok(formatted) => formatted,
        Err(error) => {
            let name = path.display().to_string();
            eprintln!("{}", nixfmt_rs::format_error(&text, Some(&name), &error));
            return Ok(false);
        }
    };
    if formatted == text {
        return Ok(true);
    }
    if check {
        println!("{}", path.display());
        return Ok(false);
    }
    replace(path, &formatted).map_err(told)?;
    Ok(true)
}

/// Replaces the file's text as a whole, and keeps its mode.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    fs::set_permissions(file.path(), fs::metadata(path)?.permissions())?;
    file.persist(path)?;
    Ok(())
}
