//! `rules/general/calls.toml`: which calls run commands, and which programs run others.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use problem::Problem;

/// The form in which a call takes its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandForm {
    /// An array reference of words, an array reference of such arrays (a pipeline), or a string for
    /// the shell.
    Command,
    /// The remaining arguments are the words. A single string is for the shell.
    Words,
    /// A string for the shell.
    Shell,
    /// Perl's `open`.
    Open,
    /// An array reference of arguments without the program.
    Arguments,
}

/// The place where a prefix runs its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acts {
    /// On the same machine.
    Host,
    /// On another machine.
    Remote,
    /// In a container or another root.
    Guest,
}

/// A call that runs a command.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Functions, by the last segment of their names, and code references, by their variables' names.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Methods.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The index of the command's argument, from 0.
    pub argument: usize,
    /// The form of that argument.
    pub form: CommandForm,
    /// Arguments that may come before the command.
    #[serde(default)]
    pub skip: Vec<String>,
}

/// A program that runs another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prefix {
    /// The programs' file names.
    pub programs: Vec<String>,
    /// The place where it runs the other program.
    pub acts: Acts,
    /// Options whose value is the next word.
    #[serde(default)]
    pub value_options: Vec<String>,
    /// The number of non-option words before the program.
    #[serde(default)]
    pub positional: usize,
    /// Whether `NAME=VALUE` may precede the program.
    #[serde(default)]
    pub assignments: bool,
    /// Whether an optional `--` directly precedes the program.
    #[serde(default)]
    pub separator: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    command: HashSet<String>,
    commands: HashSet<String>,
    runner: HashSet<String>,
    never: HashSet<String>,
    returns: HashSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shell {
    programs: HashSet<String>,
    option: String,
    builtins: HashSet<String>,
}

/// How a function takes its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// A program, or a list of words.
    Words,
    /// A line for the shell.
    Shell,
}

/// The functions of a language whose first argument is a command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Functions {
    words: HashSet<String>,
    shell: HashSet<String>,
}

impl Functions {
    fn runs(&self, name: &str) -> Option<Runs> {
        let words = self.words.contains(name).then_some(Runs::Words);
        words.or_else(|| self.shell.contains(name).then_some(Runs::Shell))
    }
}

/// The Rust type that is made of a program's name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RustCommand {
    /// The module that has it, of whatever crate.
    pub module: String,
    /// Its name.
    pub name: String,
    /// The function that makes one.
    pub new: String,
}

impl RustCommand {
    /// The call as a site has it: `Command::new`.
    pub fn call(&self) -> String {
        format!("{}::{}", self.name, self.new)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    c: Functions,
    python: Functions,
    rust: RustCommand,
    call: Vec<Call>,
    prefix: Vec<Prefix>,
    names: Names,
    shell: Shell,
    #[serde(default)]
    lists: Lists,
}

/// Variables whose elements are names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    units: Vec<String>,
}

/// The rules of `calls.toml`, indexed.
#[derive(Debug)]
pub struct Calls {
    file: File,
    functions: HashMap<String, usize>,
    methods: HashMap<String, usize>,
    prefixes: HashMap<String, usize>,
}

impl Calls {
    /// Returns the variables whose elements are units.
    pub fn unit_lists(&self) -> &[String] {
        &self.file.lists.units
    }

    /// Reads the text of `rules/general/calls.toml`; `path` is named in problems (PNX-103, PNX-104).
    pub fn parse(text: &str, path: &str) -> Result<Self, Problem> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|head| head.matches('\n').count() + 1);
            Problem::new(&problem::BAD_RULE, error.message().to_owned())
                .at(path, line.and_then(|line| u32::try_from(line).ok()))
        })?;
        let functions = index(
            path,
            "function",
            file.call.iter().map(|call| &call.functions),
        )?;
        let methods = index(path, "method", file.call.iter().map(|call| &call.methods))?;
        let prefixes = index(
            path,
            "prefix",
            file.prefix.iter().map(|prefix| &prefix.programs),
        )?;
        Ok(Self {
            file,
            functions,
            methods,
            prefixes,
        })
    }

    /// How a C function takes its command.
    pub fn c(&self, name: &str) -> Option<Runs> {
        self.file.c.runs(name)
    }

    /// The names of the C functions that run commands.
    pub fn c_names(&self) -> impl Iterator<Item = &[u8]> {
        let c = &self.file.c;
        c.words.iter().chain(&c.shell).map(String::as_bytes)
    }

    /// How a Python function, as it is written, takes its command.
    pub fn python(&self, name: &str) -> Option<Runs> {
        self.file.python.runs(name)
    }

    /// The Rust type that runs commands.
    pub fn rust(&self) -> &RustCommand {
        &self.file.rust
    }

    /// The call with this name; a function's may be qualified.
    pub fn call(&self, name: &str, method: bool) -> Option<&Call> {
        let at = if method {
            self.methods.get(name)
        } else {
            self.functions.get(name.rsplit("::").next()?)
        };
        self.file.call.get(*at?)
    }

    /// Finds the prefix with this program's name or path.
    pub fn prefix(&self, program: &str) -> Option<&Prefix> {
        self.file
            .prefix
            .get(*self.prefixes.get(file_name(program))?)
    }

    /// Whether the program reads a command line from the word after [`Calls::shell_option`].
    pub fn is_shell(&self, program: &str) -> bool {
        self.file.shell.programs.contains(file_name(program))
    }

    /// Returns the shell's option for a command line, `-c`.
    pub fn shell_option(&self) -> &str {
        &self.file.shell.option
    }

    /// Whether the word is a builtin of the shell.
    pub fn is_builtin(&self, word: &str) -> bool {
        self.file.shell.builtins.contains(word)
    }

    /// Whether a variable or key of this name contains a command's words.
    pub fn names_command(&self, name: &str) -> bool {
        segments(name).any(|segment| self.file.names.command.contains(segment))
    }

    /// Whether a variable or key of this name contains command lines.
    pub fn names_commands(&self, name: &str) -> bool {
        segments(name).any(|segment| self.file.names.commands.contains(segment))
    }

    /// Whether an array of this name, spliced into a command, runs the program after it.
    pub fn names_runner(&self, name: &str) -> bool {
        segments(name).any(|segment| self.file.names.runner.contains(segment))
    }

    /// Whether a word in a program's place is never one, such as a subcommand stored apart from its
    /// program.
    pub fn is_never(&self, word: &str) -> bool {
        self.file.names.never.contains(word)
    }

    /// Whether the first value that a sub of this name returns is a command line.
    pub fn returns_line(&self, sub: &str) -> bool {
        self.file.names.returns.contains(sub)
    }
}

fn file_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn segments(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
}

fn index<'a>(
    path: &str,
    what: &str,
    names: impl Iterator<Item = &'a Vec<String>>,
) -> Result<HashMap<String, usize>, Problem> {
    let mut index = HashMap::new();
    for (at, name) in names
        .enumerate()
        .flat_map(|(at, names)| names.iter().map(move |name| (at, name)))
    {
        if index.insert(name.clone(), at).is_some() {
            return Err(Problem::new(
                &problem::DUPLICATE_RULE,
                format!("the {what} `{name}` is described twice"),
            )
            .at(path, None));
        }
    }
    Ok(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../../rules/general/calls.toml");

    #[test]
    fn the_shipped_rules_answer() {
        let calls = Calls::parse(SHIPPED, "rules/general/calls.toml")
            .expect("the rules in this repository are good");
        assert_eq!(
            calls
                .call("PVE::Tools::run_command", false)
                .map(|call| call.form),
            Some(CommandForm::Command)
        );
        assert!(calls.call("cmd", false).is_none());
        assert!(calls.call("cmd", true).is_some());
        assert_eq!(
            calls.prefix("/usr/bin/ssh").map(|prefix| prefix.acts),
            Some(Acts::Remote)
        );
        assert!(calls.is_shell("/bin/bash") && calls.is_builtin("cd") && !calls.is_builtin("cp"));
        assert!(calls.names_command("lxc_attach_cmd") && !calls.names_command("cmdx"));
    }

    #[test]
    fn bad_rules_are_problems_with_a_line() {
        let broken = SHIPPED.replacen("argument = 0", "argumnt = 0", 1);
        let problem =
            Calls::parse(&broken, "rules/general/calls.toml").expect_err("an unknown key");
        assert_eq!(problem.code.id, "PNX-103");
        assert!(problem.place.line.is_some_and(|line| line > 1), "{problem}");
        let twice = SHIPPED.replacen("\"chroot\"", "\"chroot\", \"ssh\"", 1);
        assert_eq!(
            Calls::parse(&twice, "rules/general/calls.toml")
                .expect_err("a duplicate")
                .code
                .id,
            "PNX-104"
        );
    }
}
