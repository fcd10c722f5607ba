//! Builds a program for browsers, called as Proxmox's Makefiles call their own proxmox-wasm-builder:
//!
//! ```text
//! proxmox-wasm-builder build -n NAME [--release] [--optimize]
//! ```
//!
//! cargo compiles the package of the working directory for WebAssembly; wasm-bindgen writes `dist/NAME.js`, a module, and
//! `dist/NAME_bg.wasm`, which that loads. `--optimize` has cargo compile for size, and takes the names of functions out,
//! which nobody reads in a browser.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use wasm_bindgen_cli_support::Bindgen;

/// The one target of browsers.
const TARGET: &str = "wasm32-unknown-unknown";

/// By which cargo takes the level of a release build.
const LEVEL: &str = "CARGO_PROFILE_RELEASE_OPT_LEVEL";

/// By which cargo takes the linker of that target.
const LINKER: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";

/// What the command line says.
struct Arguments {
    name: String,
    release: bool,
    optimize: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("proxmox-wasm-builder: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(env::args().skip(1))?;
    compile(&arguments)?;
    bind(&arguments, Path::new("dist"))
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        if words.next().as_deref() != Some("build") {
            return Err("usage: build -n NAME [--release] [--optimize]".to_owned());
        }
        let (mut name, mut release, mut optimize) = (None, false, false);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-n" | "--name" => name = words.next(),
                "--release" => release = true,
                "--optimize" => optimize = true,
                _ => return Err(format!("`{word}` is not known")),
            }
        }
        Ok(Self {
            name: name.ok_or("-n NAME is missing")?,
            release,
            optimize,
        })
    }

    /// Where cargo leaves the program.
    fn module(&self) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let profile = if self.release { "release" } else { "debug" };
        let file = format!("{}.wasm", self.name);
        Path::new(&target).join(TARGET).join(profile).join(file)
    }
}

fn compile(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--locked", "--target", TARGET, "--bin"]);
    cargo.arg(&arguments.name);
    if arguments.release {
        cargo.arg("--release");
    }
    if arguments.optimize && env::var_os(LEVEL).is_none() {
        cargo.env(LEVEL, "s");
    }
    // rustc's own lld is not everywhere beside it.
    if env::var_os(LINKER).is_none() && is_on_path("wasm-ld") {
        cargo.env(LINKER, "wasm-ld");
    }
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo build: {status}").into())
    }
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

fn bind(arguments: &Arguments, out: &Path) -> Result<(), Box<dyn Error>> {
    let module = arguments.module();
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(&module)
        .out_name(&arguments.name)
        .typescript(false)
        .remove_name_section(arguments.optimize)
        .remove_producers_section(arguments.optimize);
    bindgen.web(true).map_err(|error| format!("{error:?}"))?;
    bindgen
        .generate(out)
        .map_err(|error| format!("{}: {error:?}", module.display()))?;
    Ok(())
}
