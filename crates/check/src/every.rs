//! The checks of every module, program and unit.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rayon::prelude::*;
use regex::Regex;

use super::command::{End, Ran};
use super::link::{Module, Program};
use super::machine::Machine;
use super::points::{Every, FileRule};
use super::service::Service;
use super::{Item, Task, Verdict, trace};

/// The directory of NixOS' setuid programs, which are in no store.
const WRAPPERS: &str = "/run/wrappers/bin/";

/// Runs a check. Returns its verdict and those of the single items.
pub fn every(what: Every, task: &Task, machine: &Machine) -> (Verdict, Vec<Item>) {
    match what {
        Every::Module => modules(task, machine),
        Every::Program => programs(task, machine),
        Every::Taint => taint(task, machine),
        Every::Unit => units(task, machine),
        Every::Trace => traced(task, machine),
    }
}

/// Combines the verdicts of all items: failed if one failed, otherwise passed.
fn of_all(what: &str, items: Vec<Item>) -> (Verdict, Vec<Item>) {
    let count =
        |wanted: fn(&Verdict) -> bool| items.iter().filter(|item| wanted(&item.verdict)).count();
    let failed = count(|verdict| matches!(verdict, Verdict::Failed { .. }));
    let left = count(|verdict| matches!(verdict, Verdict::NotApplicable(_)));
    let verdict = if items.is_empty() {
        Verdict::NotApplicable(format!("the link has no {what}s"))
    } else if failed > 0 {
        Verdict::failed(
            format!("{failed} of {} {what}s", items.len()),
            String::new(),
        )
    } else if left == items.len() {
        Verdict::NotApplicable(format!("none of {left} {what}s can be asked"))
    } else {
        let rest = if left > 0 {
            format!(", {left} not applicable")
        } else {
            String::new()
        };
        Verdict::Passed(format!("{} {what}s{rest}", items.len() - left))
    };
    (verdict, items)
}

// -- traces ------------------------------------------------------------------------------------

fn traced(task: &Task, machine: &Machine) -> (Verdict, Vec<Item>) {
    let Some(tracer) = &machine.runner.trace else {
        let reason = "it is for --trace".to_owned();
        return (Verdict::NotApplicable(reason), Vec::new());
    };
    let asked = tracer.asked();
    let leans = task.link.leans_on.is_some();
    match trace::foreign(&asked, &task.rules.traces, leans) {
        Ok(foreign) if foreign.is_empty() => {
            let told = format!("{} paths, all of which NixOS has", asked.len());
            (Verdict::Passed(told), Vec::new())
        }
        Ok(foreign) => {
            let item = |(path, who): &(&str, BTreeSet<&str>)| {
                let who: Vec<&str> = who.iter().copied().collect();
                let cause = format!("asked for by {}", who.join(", "));
                Item::new(*path, Verdict::failed(cause, String::new()))
            };
            of_all("path", foreign.iter().map(item).collect())
        }
        Err(cause) => (Verdict::failed(cause, String::new()), Vec::new()),
    }
}

// -- modules -----------------------------------------------------------------------------------

fn modules(task: &Task, machine: &Machine) -> (Verdict, Vec<Item>) {
    let Some(perl) = task.link.perl() else {
        let verdict = if task.link.modules.is_empty() {
            Verdict::NotApplicable("the link has no Perl modules".to_owned())
        } else {
            let cause = "neither a program of the link nor its nix-support/pve-perl names the Perl for its modules".to_owned();
            Verdict::failed(cause, String::new())
        };
        return (verdict, Vec::new());
    };
    let compiler = Compiler {
        task,
        machine,
        perl,
    };
    let modules = &task.link.modules;
    let mut items: Vec<Item> = modules.par_iter().map(|one| compiler.item(one)).collect();
    compiler.ask_users(&mut items);
    of_all("module", items)
}

struct Compiler<'a> {
    task: &'a Task,
    machine: &'a Machine,
    perl: &'a Path,
}

impl Compiler<'_> {
    fn run(&self, module: &Module, words: &[&str]) -> Ran {
        let mut command = vec![self.perl.display().to_string()];
        command.extend(module.tainted.then(|| "-T".to_owned()));
        command.push(format!("-I{}", self.task.link.site_perl().display()));
        if let Some(directory) = &module.directory {
            command.push(format!(
                "-I{}",
                self.task.link.out.join(directory).display()
            ));
        }
        command.extend(words.iter().map(|word| (*word).to_owned()));
        self.machine
            .runner
            .run(&command)
            .unwrap_or_else(|error| Ran {
                status: End::Exit(127),
                output: error.to_string(),
            })
    }

    /// Compiles the module alone. If that fails, loads it as other code does, because a module in a
    /// circle of `use` is compiled twice if it is also the main program.
    fn item(&self, module: &Module) -> Item {
        if let Some(rule) = self.task.rules.file(&module.place).filter(|rule| rule.skip) {
            return Item::new(&module.place, Verdict::NotApplicable(rule.why.clone()));
        }
        let file = self.task.link.out.join(&module.place).display().to_string();
        let alone = self.run(module, &["-c", &file]);
        if alone.succeeded() && alone.output.contains("syntax OK") {
            return Item::new(&module.place, Verdict::Passed(String::new()));
        }
        let cause = format!("perl -c: {}", alone.status);
        let verdict = self.task.judged(cause, &alone.output);
        if matches!(verdict, Verdict::NotApplicable(_)) {
            return Item::new(&module.place, verdict);
        }
        let required = module.required.as_deref().filter(|name| is_name(name));
        if let Some(name) = required
            && self
                .run(module, &["-e", &format!("require \"{name}\";")])
                .succeeded()
        {
            return Item::new(
                &module.place,
                Verdict::Passed("loaded, not alone".to_owned()),
            );
        }
        Item::new(&module.place, verdict)
    }

    /// Tries failed modules through modules that use them. A module may need something that its
    /// users load first; it passes if a user loads with it.
    fn ask_users(&self, items: &mut [Item]) {
        let texts: BTreeMap<&str, String> = self
            .task
            .link
            .modules
            .iter()
            .filter_map(|module| {
                let lies = self
                    .task
                    .link
                    .store
                    .lies(&self.task.link.out.join(&module.place));
                let text = std::fs::read(lies).ok()?;
                let name = module.required.as_deref()?;
                Some((name, String::from_utf8_lossy(&text).into_owned()))
            })
            .collect();
        items
            .par_iter_mut()
            .filter(|item| matches!(item.verdict, Verdict::Failed { .. }))
            .for_each(|item| {
                let module = self
                    .task
                    .link
                    .modules
                    .iter()
                    .find(|one| one.place == item.name);
                let Some(module) = module else { return };
                let Some(name) = module.required.as_deref().filter(|name| is_name(name)) else {
                    return;
                };
                if let Some(user) = self.user_that_loads(name, module, &texts) {
                    item.verdict = Verdict::Passed(format!("as part of {user}"));
                }
            });
    }

    fn user_that_loads(
        &self,
        name: &str,
        module: &Module,
        texts: &BTreeMap<&str, String>,
    ) -> Option<String> {
        let package = name.trim_end_matches(".pm").replace('/', "::");
        let uses = Regex::new(&format!(
            r"(?m)^\s*(?:use|require)\s+(?:parent\s+|base\s+)?\W*{}\b(?:[^:]|$)",
            regex::escape(&package)
        ))
        .ok()?;
        let users = texts
            .iter()
            .filter(|(user, text)| **user != name && is_name(user) && uses.is_match(text));
        users.take(5).find_map(|(user, _)| {
            let program = format!("require \"{user}\"; exit(exists $INC{{\"{name}\"}} ? 0 : 1);");
            let ran = self.run(module, &["-e", &program]);
            ran.succeeded().then(|| (*user).to_owned())
        })
    }
}

/// Whether a module's file name can be part of a Perl string without quoting.
fn is_name(name: &str) -> bool {
    name.chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

// -- programs ----------------------------------------------------------------------------------

fn programs(task: &Task, machine: &Machine) -> (Verdict, Vec<Item>) {
    let in_bin = task
        .link
        .programs
        .iter()
        .filter(|one| one.place.starts_with("bin/"));
    let programs: Vec<&Program> = in_bin.collect();
    let items = programs
        .par_iter()
        .map(|program| {
            let verdict = match task.rules.file(&program.place) {
                Some(rule) if rule.skip => Verdict::NotApplicable(rule.why.clone()),
                Some(FileRule {
                    run: Some(words),
                    expect,
                    ..
                }) => answers_rule(task, machine, program, words, expect.as_deref()),
                _ => answers(task, machine, program),
            };
            Item::new(&program.place, verdict)
        })
        .collect();
    of_all("program", items)
}

fn run(task: &Task, machine: &Machine, program: &Program, words: &[String]) -> Ran {
    let mut command = vec![task.link.out.join(&program.place).display().to_string()];
    command.extend_from_slice(words);
    machine.runner.run(&command).unwrap_or_else(|error| Ran {
        status: End::Exit(127),
        output: error.to_string(),
    })
}

/// Whether a program's output explains its usage.
fn tells_usage(output: &str) -> bool {
    let lower = output.to_lowercase();
    lower.contains("usage") || lower.contains("synopsis")
}

fn answers(task: &Task, machine: &Machine, program: &Program) -> Verdict {
    let mut said = String::new();
    let mut first = None;
    for word in ["--help", "help"] {
        let ran = run(task, machine, program, &[word.to_owned()]);
        let ended = matches!(ran.status, End::Exit(_));
        let answered = ran.succeeded() && !ran.output.trim().is_empty();
        if ended && (answered || tells_usage(&ran.output)) {
            return Verdict::Passed(word.to_owned());
        }
        said = format!(
            "{said}{} {word}: {}\n{}\n",
            program.place,
            ran.status,
            ran.output.trim_end()
        );
        first.get_or_insert_with(|| format!("{word}: {}", ran.status));
    }
    task.judged(first.unwrap_or_default(), &said)
}

fn answers_rule(
    task: &Task,
    machine: &Machine,
    program: &Program,
    words: &[String],
    expect: Option<&str>,
) -> Verdict {
    let ran = run(task, machine, program, words);
    let shown = words.join(" ");
    let matches = expect.map(|pattern| {
        let expected = Regex::new(pattern).ok();
        expected.is_some_and(|expected| expected.is_match(&ran.output))
    });
    match (matches, ran.status) {
        (Some(true), End::Exit(_)) | (None, End::Exit(0)) => Verdict::Passed(shown),
        (Some(false), End::Exit(_)) => {
            let pattern = expect.unwrap_or_default();
            let cause = format!("{shown}: nothing in its output matches `{pattern}`");
            task.judged(cause, &ran.output)
        }
        _ => task.judged(format!("{shown}: {}", ran.status), &ran.output),
    }
}

// -- taint mode --------------------------------------------------------------------------------

fn taint(task: &Task, machine: &Machine) -> (Verdict, Vec<Item>) {
    let programs: Vec<&Program> = task
        .link
        .programs
        .iter()
        .filter(|program| program.own && program.is_perl())
        .filter(|program| program.is_tainted() || task.rules.is_tainted(&program.place))
        .collect();
    let lines: BTreeSet<(&Path, &str)> = programs
        .iter()
        .filter(|program| program.is_tainted())
        .filter_map(|program| Some((program.interpreter.as_deref()?, program.switches.as_str())))
        .collect();
    let tried: BTreeMap<(&Path, &str), Verdict> = lines
        .into_iter()
        .enumerate()
        .map(|(number, line)| (line, is_on(task, machine, number, line)))
        .collect();
    let items = programs
        .iter()
        .map(|program| {
            let line = (
                program.interpreter.as_deref().unwrap_or(Path::new("")),
                program.switches.as_str(),
            );
            let verdict = tried.get(&line).cloned().unwrap_or_else(|| {
                let cause = "its first line has no -T, and upstream's has".to_owned();
                Verdict::failed(cause, format!("#!{} {}", line.0.display(), line.1))
            });
            Item::new(&program.place, verdict)
        })
        .collect();
    of_all("program", items)
}

/// Runs a small program with the same shebang, which reports whether taint mode is on and the
/// module search path.
fn is_on(
    task: &Task,
    machine: &Machine,
    number: usize,
    (perl, switches): (&Path, &str),
) -> Verdict {
    let place = format!("/tmp/pve-nix-taint-{number}");
    let site_perl = task.link.site_perl().display().to_string();
    let text = format!(
        "#!{} {switches}\nprint \"taint ${{^TAINT}}\\n\"; print \"inc $_\\n\" for @INC; eval {{ system(\"$ENV{{PATH}}\"); }}; \
         print \"refused\\n\" if $@;\n",
        perl.display()
    );
    let lies = machine.lies(&place);
    let written = std::fs::write(&lies, text)
        .and_then(|()| std::fs::set_permissions(&lies, std::fs::Permissions::from_mode(0o755)));
    if let Err(error) = written {
        return Verdict::failed(format!("{place}: {error}"), String::new());
    }
    let ran = machine.runner.run(&[place]);
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) => return Verdict::failed(error.to_string(), String::new()),
    };
    let has = |line: &str| ran.output.lines().any(|one| one == line);
    if has("taint 1") && has("refused") && has(&format!("inc {site_perl}")) {
        Verdict::Passed(String::new())
    } else {
        let cause =
            format!("`{switches}` gives no taint mode in which the link's modules are found");
        Verdict::failed(cause, ran.output)
    }
}

// -- units -------------------------------------------------------------------------------------

fn units(task: &Task, machine: &Machine) -> (Verdict, Vec<Item>) {
    let items = task
        .link
        .services
        .iter()
        .map(|(name, text)| {
            let service = Service::parse(text, name);
            let faults: Vec<String> = service
                .execs
                .iter()
                .filter_map(|exec| {
                    let program = exec.words.first()?;
                    let cause = lacking(&service, machine, program)?;
                    Some(format!("{}={program}: {cause}", exec.key))
                })
                .collect();
            let verdict = if service.of("ExecStart").next().is_none() {
                Verdict::NotApplicable("it has no ExecStart".to_owned())
            } else if faults.is_empty() {
                Verdict::Passed(String::new())
            } else {
                Verdict::failed(
                    format!("{} commands cannot run", faults.len()),
                    faults.join("\n"),
                )
            };
            Item::new(name, verdict)
        })
        .collect();
    of_all("service", items)
}

/// Returns the reason why a unit's program cannot run, or `None` if it can.
fn lacking(service: &Service, machine: &Machine, program: &str) -> Option<String> {
    if program.starts_with(WRAPPERS) || program.starts_with('$') {
        return None;
    }
    let is_program = |path: &str| {
        let found = machine.find(path)?;
        let metadata = found.metadata().ok()?;
        (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then_some(())
    };
    if program.starts_with('/') {
        return match (machine.find(program), is_program(program)) {
            (_, Some(())) => None,
            (None, None) => Some("not there".to_owned()),
            (Some(_), None) => Some("not executable".to_owned()),
        };
    }
    let path = service.environment.get("PATH").map_or("", String::as_str);
    let found = path
        .split(':')
        .any(|dir| is_program(&format!("{dir}/{program}")).is_some());
    (!found).then(|| "on no directory of its PATH".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fails_fails_all_and_none_that_applies_is_said() {
        let item = |verdict| Item::new("a", verdict);
        let passed = || item(Verdict::Passed(String::new()));
        let left = || item(Verdict::NotApplicable("x".into()));
        let failed = || item(Verdict::failed("x".into(), String::new()));
        assert_eq!(
            of_all("module", vec![passed(), left()]).0,
            Verdict::Passed("1 modules, 1 not applicable".into())
        );
        assert!(matches!(
            of_all("m", vec![left()]).0,
            Verdict::NotApplicable(_)
        ));
        assert!(matches!(of_all("m", vec![]).0, Verdict::NotApplicable(_)));
        assert!(matches!(
            of_all("m", vec![passed(), failed()]).0,
            Verdict::Failed { .. }
        ));
    }
}
