//! `completions` writes shell completions.

use clap::Args;
use clap_complete::Shell;
use problem::Problem;

use crate::outcome::Outcome;
use crate::terminal;

/// The arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
The completions are for the program `pve-nix`. Shells cannot complete `cargo xtask`, which runs it in a clone.
Examples:
  pve-nix completions bash > ~/.local/share/bash-completion/completions/pve-nix
  pve-nix completions zsh > ~/.zfunc/_pve-nix
  pve-nix completions fish > ~/.config/fish/completions/pve-nix.fish")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Runs `cargo xtask completions`.
pub fn run(args: &CompletionsArgs, mut program: clap::Command) -> Result<Outcome, Vec<Problem>> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut program, "pve-nix", &mut text);
    terminal::print_plain(|out| out.write_all(&text))?;
    Ok(Outcome::Clean)
}
