//! The commands a file runs, by the type that `[rust]` of `rules/general/calls.toml` names: std's or tokio's `Command`.

use syn::ext::IdentExt as _;
use syn::visit::Visit as _;
use syn::{Expr, Item};

use super::walk::{Use, Walk, literal};
use crate::Site;
use crate::calls::RustCommand;
use crate::collect::is_command_name;

/// Commands.
impl<'ast> Walk<'_> {
    /// Whether a path is the constructor of std's or tokio's `Command`.
    pub(super) fn is_command(&self, path: &syn::Path) -> bool {
        let Some(command) = self.command else {
            return false;
        };
        let mut last = path.segments.iter().rev();
        let is = |segment: Option<&syn::PathSegment>, name: &str| {
            segment.is_some_and(|segment| segment.ident == name)
        };
        is(last.next(), &command.new)
            && is(last.next(), &command.name)
            && match last.next() {
                Some(module) => module.ident == command.module,
                None => !self.other_command,
            }
    }

    /// Handles `Command::new(…)`.
    pub(super) fn command(&mut self, call: &'ast syn::ExprCall) {
        let Some(program) = call.args.first() else {
            return;
        };
        let site = Site {
            call: self.command.map(RustCommand::call),
            argument: Some(0),
            word: Some(0),
            before: None,
            ..self.site.clone()
        };
        let word = self.static_word(program);
        self.with_site(site, |walk| walk.program(program));
        self.running = Some(vec![word]);
    }

    /// Marks the program: a literal, the branches that result in one, or a constant.
    fn program(&mut self, program: &'ast Expr) {
        match program {
            Expr::Lit(lit) => self.see(lit.lit.span(), Use::Program, false, false),
            Expr::Path(path) => {
                let Some(last) = path.path.segments.last() else {
                    return;
                };
                let name = last.ident.unraw().to_string();
                match self.constants.get(&name) {
                    Some(start) => self.programs.push(*start),
                    None => self.named_programs.push(name),
                }
            }
            Expr::Reference(inner) => self.program(&inner.expr),
            Expr::Paren(inner) => self.program(&inner.expr),
            program => self.visit_expr(program),
        }
    }

    /// Handles `arg` and `args`, whose arguments are words of the command.
    pub(super) fn command_argument(
        &mut self,
        method: &str,
        argument: &'ast Expr,
        words: &mut Vec<String>,
    ) {
        let listed = match argument {
            Expr::Reference(inner) => &*inner.expr,
            other => other,
        };
        if let Expr::Array(array) = listed {
            for element in &array.elems {
                self.command_word(method, element, words);
            }
        } else {
            self.command_word(method, argument, words);
        }
    }

    fn command_word(&mut self, method: &str, word: &'ast Expr, words: &mut Vec<String>) {
        let site = Site {
            call: Some(method.to_owned()),
            argument: Some(0),
            word: u32::try_from(words.len()).ok(),
            before: Some(words.join(" ")),
            ..self.site.clone()
        };
        self.with_site(site, |walk| match literal(word) {
            Some(lit) if is_shell(words) => walk.see(lit.span(), Use::Script, false, false),
            _ => walk.visit_expr(word),
        });
        let text = self.static_word(word);
        words.push(text);
    }

    /// Returns a word for the list of the command's words.
    fn static_word(&self, word: &Expr) -> String {
        match word {
            Expr::Lit(lit) => self.content_text(lit.lit.span()),
            Expr::Path(path) => path
                .path
                .segments
                .last()
                .map_or_else(|| "$".to_owned(), |last| format!("${}", last.ident.unraw())),
            Expr::Reference(inner) => self.static_word(&inner.expr),
            _ => "$".to_owned(),
        }
    }
}

/// Whether the next word of a command is a script.
fn is_shell(words: &[String]) -> bool {
    let Some((program, rest)) = words.split_first() else {
        return false;
    };
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "dash" | "zsh")
        && rest.last().is_some_and(|word| {
            word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
        })
}

/// Whether a literal may be a program's bare name.
pub fn is_program(content: &[u8]) -> bool {
    is_command_name(content)
}

/// Whether `Command` is imported from somewhere that is no `process` module (clap has one).
pub fn imports_other_command(items: &[Item], command: &RustCommand) -> bool {
    items.iter().any(|item| match item {
        Item::Use(item) => imports_other(&item.tree, command, false, 0),
        _ => false,
    })
}

fn imports_other(tree: &syn::UseTree, command: &RustCommand, process: bool, depth: u32) -> bool {
    use syn::UseTree::{Glob, Group, Name, Path, Rename};
    match tree {
        Path(path) if depth < 64 => {
            imports_other(&path.tree, command, path.ident == command.module, depth + 1)
        }
        Name(name) => name.ident == command.name && !process,
        Rename(rename) => rename.rename == command.name && !process,
        Group(group) => group
            .items
            .iter()
            .any(|tree| imports_other(tree, command, process, depth + 1)),
        Path(_) | Glob(_) => false,
    }
}
