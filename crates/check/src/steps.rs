//! Runs the steps of a point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use globset::Glob;
use regex::Regex;

use super::command::{End, Ran, Runner, on_this_machine};
use super::machine::Machine;
use super::points::{Deed, Step};
use super::start;
use super::{Task, Verdict};

/// Names of browsers that support `--headless` and `--dump-dom`.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "chrome",
    "google-chrome",
    "google-chrome-stable",
];
/// How long to wait until a server listens.
const LISTENS: Duration = Duration::from_secs(20);

/// Runs steps and remembers the values that earlier ones captured.
pub struct Steps<'a> {
    task: &'a Task,
    machine: &'a Machine,
    /// The values of `{name}`: `out`, `host`, `address`, `perl`, and the named groups of `expect`.
    known: BTreeMap<String, String>,
}

impl<'a> Steps<'a> {
    /// Prepares to run steps in `machine`.
    pub fn new(task: &'a Task, machine: &'a Machine) -> Self {
        let rules = &task.rules.machine;
        let host = rules.host_name.split('.').next().unwrap_or_default();
        let perl = task.link.perl().map(|perl| perl.display().to_string());
        let known = [
            ("out", Some(task.link.out.display().to_string())),
            ("host", Some(host.to_owned())),
            ("address", Some(rules.address.clone())),
            ("perl", perl),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        Self {
            task,
            machine,
            known,
        }
    }

    /// Runs all steps of a point, up to the first that does not pass.
    pub fn all(&mut self, steps: &[Step]) -> Verdict {
        let mut told = String::new();
        for step in steps {
            match self.one(step) {
                Verdict::Passed(detail) => {
                    if !detail.is_empty() {
                        told = detail;
                    }
                }
                Verdict::Failed { cause, output } => {
                    let ended = self.machine.ended();
                    let since = if ended.is_empty() {
                        ""
                    } else {
                        "\nended since:\n"
                    };
                    return Verdict::failed(cause, format!("{output}{since}{ended}"));
                }
                other @ Verdict::NotApplicable(_) => return other,
            }
        }
        Verdict::Passed(told)
    }

    fn one(&mut self, step: &Step) -> Verdict {
        match step.deed() {
            Some(Deed::Run(words)) => self.run(words, step),
            Some(Deed::Unit(name)) => start::start(self.machine, self.task, name),
            Some(Deed::Get(address)) => self.get(address, step),
            Some(Deed::Browse(address)) => self.browse(address, step),
            Some(Deed::Read(path)) => self.read(path, step),
            Some(Deed::Write(path, content)) => {
                let (path, content) = (self.fill(path), self.fill(content));
                match self.machine.write(&path, &content) {
                    Ok(()) => Verdict::Passed(String::new()),
                    Err(cause) => Verdict::failed(cause, String::new()),
                }
            }
            None => Verdict::failed("a step that says nothing".to_owned(), String::new()),
        }
    }

    /// Replaces every known `{name}` in `text`.
    fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.known {
            filled = filled.replace(&format!("{{{name}}}"), value);
        }
        filled
    }

    /// As [`Self::fill`], for a pattern. Values match literally.
    fn fill_pattern(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.known {
            filled = filled.replace(&format!("{{{name}}}"), &regex::escape(value));
        }
        filled
    }

    fn run(&mut self, words: &[String], step: &Step) -> Verdict {
        let words = self.task.words(words.iter().map(|word| self.fill(word)));
        let shown = self.task.shown(&words);
        let ran = match self.machine.runner.run(&words) {
            Ok(ran) => ran,
            Err(error) => return Verdict::failed(format!("{shown}: {error}"), String::new()),
        };
        if ran.status != End::Exit(step.status) {
            return self
                .task
                .judged(format!("{shown}: {}", ran.status), &ran.output);
        }
        self.judge(&shown, &ran.output, step)
    }

    /// Compares an output with the step's expectations.
    fn judge(&mut self, shown: &str, output: &str, step: &Step) -> Verdict {
        if let Some(pattern) = &step.expect {
            let pattern = self.fill_pattern(pattern);
            let Some(expected) = expression(&pattern) else {
                return Verdict::failed(
                    format!("`{pattern}` is not a valid pattern"),
                    String::new(),
                );
            };
            let Some(found) = expected.captures(output) else {
                let cause = format!("{shown}: nothing in its output matches `{pattern}`");
                return self.task.judged(cause, output);
            };
            for name in expected.capture_names().flatten() {
                if let Some(value) = found.name(name) {
                    self.known
                        .insert(name.to_owned(), value.as_str().to_owned());
                }
            }
        }
        if let Some(refused) = step.refuse.as_deref().and_then(expression)
            && let Some(found) = refused.find(output)
        {
            let cause = format!("{shown}: its output has `{}`", found.as_str().trim());
            return self.task.judged(cause, output);
        }
        if step.paths {
            return self.paths(shown, output, step);
        }
        Verdict::Passed(String::new())
    }

    /// Checks that every absolute path in the output exists.
    fn paths(&self, shown: &str, output: &str, step: &Step) -> Verdict {
        let (mut missing, mut count) = (Vec::new(), 0);
        for path in paths(output) {
            count += 1;
            let may_be_absent = step
                .absent
                .iter()
                .filter_map(|glob| Glob::new(glob).ok())
                .any(|glob| glob.compile_matcher().is_match(path));
            if !may_be_absent && self.machine.find(path).is_none() {
                missing.push(format!("{path} does not exist"));
            }
        }
        if missing.is_empty() {
            Verdict::Passed(format!("{count} paths"))
        } else {
            let cause = format!("{shown}: {} of {count} paths do not exist", missing.len());
            Verdict::failed(cause, format!("{}\n{output}", missing.join("\n")))
        }
    }

    fn read(&mut self, path: &str, step: &Step) -> Verdict {
        let path = self.fill(path);
        let begun = Instant::now();
        let mut seen;
        loop {
            seen = self.machine.find(&path).map(std::fs::read);
            if matches!(seen, Some(Ok(_)))
                || begun.elapsed() > self.machine.runner.timeout.min(LISTENS)
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        match seen {
            Some(Ok(bytes)) => self.judge(&path, &String::from_utf8_lossy(&bytes), step),
            Some(Err(error)) => Verdict::failed(format!("{path}: {error}"), self.machine.log()),
            None => Verdict::failed(format!("{path} does not exist"), self.machine.log()),
        }
    }

    /// Runs a program of this machine in the network namespace of the one under test.
    fn here(&self, words: &[String], environment: &[(&str, String)]) -> std::io::Result<Ran> {
        let runner = Runner {
            root: None,
            search_path: std::env::var_os("PATH").unwrap_or_default(),
            ..self.machine.runner.clone()
        };
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        runner.run_as(words, None, &environment)
    }

    fn get(&mut self, address: &str, step: &Step) -> Verdict {
        let Some(curl) = on_this_machine(&["curl"]) else {
            return Verdict::NotApplicable("this machine has no curl".to_owned());
        };
        let address = self.fill(address);
        let seconds = self.machine.runner.timeout.min(LISTENS).as_secs().max(1);
        let mut words: Vec<String> = [
            &curl.display().to_string(),
            "--silent",
            "--show-error",
            "--insecure",
            "--noproxy",
            "*",
            "--retry",
            "1000",
            "--retry-connrefused",
            "--retry-delay",
            "1",
            "--retry-max-time",
            &seconds.to_string(),
            "--write-out",
            "\n%{http_code}",
        ]
        .map(str::to_owned)
        .into();
        for header in &step.headers {
            words.extend(["--header".to_owned(), self.fill(header)]);
        }
        for field in &step.data {
            words.extend(["--data-urlencode".to_owned(), self.fill(field)]);
        }
        words.push(address.clone());
        let ran = match self.here(&words, &[]) {
            Ok(ran) => ran,
            Err(error) => return Verdict::failed(format!("curl: {error}"), String::new()),
        };
        let (body, status) = ran.output.rsplit_once('\n').unwrap_or(("", &ran.output));
        let expected = if step.status == 0 { 200 } else { step.status };
        if !ran.succeeded() || status.parse() != Ok(expected) {
            let cause = format!("{address}: {}, HTTP status {status}", ran.status);
            return Verdict::failed(cause, format!("{body}\n{}", self.machine.log()));
        }
        match self.judge(&address, body, step) {
            Verdict::Passed(_) => Verdict::Passed(format!("HTTP {status}")),
            other => other,
        }
    }

    fn browse(&mut self, address: &str, step: &Step) -> Verdict {
        let Some(browser) = on_this_machine(&BROWSERS) else {
            let reason = format!("this machine has no browser ({})", BROWSERS.join(", "));
            return Verdict::NotApplicable(reason);
        };
        let address = self.fill(address);
        let home = self.task.scratch.join("browser");
        let words: Vec<String> = [
            &browser.display().to_string(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            "--ignore-certificate-errors",
            "--enable-logging=stderr",
            &format!("--user-data-dir={}", home.display()),
            "--virtual-time-budget=10000",
            "--dump-dom",
            &address,
        ]
        .map(str::to_owned)
        .into();
        let environment = [("HOME", home.display().to_string())];
        match self.here(&words, &environment) {
            Ok(ran) if ran.succeeded() => self.judge(&address, &ran.output, step),
            Ok(ran) => Verdict::failed(format!("{address}: {}", ran.status), ran.output),
            Err(error) => Verdict::failed(format!("{}: {error}", words[0]), String::new()),
        }
    }
}

fn expression(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Finds the absolute paths in a command line or a text.
fn paths(text: &str) -> BTreeSet<&str> {
    static PATH: LazyLock<Option<Regex>> =
        LazyLock::new(|| expression(r#"(?:^|[\s'"=,:])(/[\w.@+/-]*[\w@+])"#));
    let found = PATH.iter().flat_map(|path| path.captures_iter(text));
    found
        .filter_map(|found| found.get(1).map(|path| path.as_str()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_found_in_a_command_line() {
        let text = "/nix/store/x/bin/kvm -id 100 \\\n  -chardev 'socket,path=/run/q/1.qmp,server=on' a/b //x -d /dev/null.";
        let found: Vec<&str> = paths(text).into_iter().collect();
        assert_eq!(
            found,
            ["//x", "/dev/null", "/nix/store/x/bin/kvm", "/run/q/1.qmp"]
        );
    }
}
