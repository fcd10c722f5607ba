//! Starts a service as systemd would.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use super::command::{Identity, Ran, Running};
use super::machine::Machine;
use super::service::{Exec, Kind, Service};
use super::{Rules, Task, Verdict};

/// How long a service must run to count as stable.
const SETTLED: Duration = Duration::from_secs(1);
/// The socket on which a service reports that it is ready.
const NOTIFY: &str = "/run/pve-nix-notify";

/// Starts the service `name` and leaves it running.
pub fn start(machine: &Machine, task: &Task, name: &str) -> Verdict {
    let services = &task.link.services;
    let text = services
        .get(name)
        .or_else(|| services.get(&template(name)?));
    let Some(text) = text else {
        return Verdict::NotApplicable(format!("the link has no {name}"));
    };
    let service = Service::parse(text, name);
    let starting = Starting {
        machine,
        rules: &task.rules,
        service,
    };
    match starting.start(name) {
        Ok(verdict) => verdict,
        Err(cause) => Verdict::failed(format!("{name}: {cause}"), machine.log()),
    }
}

/// Returns the template of an instance: `hive@.service` for `hive@100.service`.
fn template(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_once('@')?;
    let (_, kind) = rest.rsplit_once('.')?;
    Some(format!("{prefix}@.{kind}"))
}

struct Starting<'a> {
    machine: &'a Machine,
    rules: &'a Rules,
    service: Service,
}

impl Starting<'_> {
    fn start(&self, name: &str) -> Result<Verdict, String> {
        let service = &self.service;
        if let Some(user) = service.user.as_deref().filter(|user| *user != "root")
            && !self.machine.has_users
        {
            return Ok(Verdict::NotApplicable(format!(
                "{name} runs as {user}, and this user namespace has only root: run as root, or install uidmap and give \
                 the user a range in /etc/subuid"
            )));
        }
        self.conditions()?;
        let identity = self.identity()?;
        self.directories()?;
        let environment = self.environment();
        for exec in service
            .of("ExecStartPre")
            .filter(|exec| !self.is_kernels(exec))
        {
            let who = identity.as_ref().filter(|_| !exec.privileged);
            let ran = self.machine.runner.run_as(&exec.words, who, &environment);
            let ran = ran.map_err(|error| format!("{}: {error}", exec.words[0]))?;
            if !ran.succeeded() && !exec.may_fail {
                return Ok(failed(name, exec, &ran, &self.machine.log()));
            }
        }
        let mut started = "no ExecStart";
        for exec in service.of("ExecStart") {
            let verdict = self.exec(name, exec, identity.as_ref(), &environment)?;
            match verdict {
                Ok(how) => started = how,
                Err(verdict) => return Ok(verdict),
            }
        }
        Ok(Verdict::Passed(format!("{name}: {started}")))
    }

    /// Whether a command only acts on the kernel, which is this machine's.
    fn is_kernels(&self, exec: &Exec) -> bool {
        let program = exec.words.first().and_then(|word| word.rsplit('/').next());
        program.is_some_and(|program| self.rules.machine.not_run.iter().any(|one| one == program))
    }

    fn conditions(&self) -> Result<(), String> {
        for (key, negated, path) in &self.service.conditions {
            if self.machine.find(path).is_some() == *negated {
                let not = if *negated { "!" } else { "" };
                return Err(format!("{key}={not}{path} is false, so it does not start"));
            }
        }
        Ok(())
    }

    fn identity(&self) -> Result<Option<Identity>, String> {
        let Service {
            user,
            group,
            groups,
            ..
        } = &self.service;
        if !self.machine.has_users {
            return Ok(None);
        }
        self.machine
            .identity(user.as_deref(), group.as_deref(), groups)
    }

    fn directories(&self) -> Result<(), String> {
        let owner = self.service.user.as_deref().unwrap_or("root");
        let group = self.service.group.as_deref().unwrap_or(owner);
        for path in &self.service.directories {
            let place = self.machine.lies(path);
            std::fs::create_dir_all(&place).map_err(|error| format!("{path}: {error}"))?;
            self.machine.give(&place, owner, group)?;
        }
        Ok(())
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let mut environment = self.service.environment.clone();
        if self.service.kind == Kind::Notify {
            environment.insert("NOTIFY_SOCKET".to_owned(), NOTIFY.to_owned());
        }
        environment
    }

    /// Runs `ExecStart` until the service counts as started, and describes how that was determined.
    fn exec(
        &self,
        name: &str,
        exec: &Exec,
        identity: Option<&Identity>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Result<&'static str, Verdict>, String> {
        let who = identity.filter(|_| !exec.privileged);
        let runner = &self.machine.runner;
        let told = |error: std::io::Error| format!("{}: {error}", exec.words[0]);
        let socket = (self.service.kind == Kind::Notify).then(|| self.listen());
        let socket = socket.transpose()?;
        let running = runner.start(&exec.words, who, environment).map_err(told)?;
        match self.service.kind {
            Kind::Simple | Kind::Notify => self
                .stays(name, exec, running, socket.as_ref())
                .map_err(told),
            Kind::Forking | Kind::Oneshot => {
                let ran = running.end(runner.timeout).map_err(told)?;
                if !ran.succeeded() {
                    return Ok(Err(failed(name, exec, &ran, &self.machine.log())));
                }
                if self.service.kind == Kind::Oneshot {
                    return Ok(Ok("ended well"));
                }
                Ok(self.left_behind(name, exec, &ran))
            }
        }
    }

    fn listen(&self) -> Result<UnixDatagram, String> {
        let place = self.machine.lies(NOTIFY);
        let _ = std::fs::remove_file(&place);
        let socket = UnixDatagram::bind(&place).map_err(|error| format!("{NOTIFY}: {error}"))?;
        let pause = Some(Duration::from_millis(50));
        socket
            .set_read_timeout(pause)
            .map_err(|error| format!("{NOTIFY}: {error}"))?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        std::fs::set_permissions(&place, mode).map_err(|error| format!("{NOTIFY}: {error}"))?;
        Ok(socket)
    }

    /// Waits until a program has run for a moment, or has reported that it is ready.
    fn stays(
        &self,
        name: &str,
        exec: &Exec,
        mut running: Running,
        socket: Option<&UnixDatagram>,
    ) -> std::io::Result<Result<&'static str, Verdict>> {
        let begun = Instant::now();
        loop {
            if let Some(status) = running.ended()? {
                let output = running.output()?;
                let ran = Ran { status, output };
                return Ok(Err(failed(name, exec, &ran, &self.machine.log())));
            }
            let ready = match socket {
                Some(socket) => says_ready(socket),
                None => begun.elapsed() >= SETTLED,
            };
            if ready {
                self.machine.keep(name, running);
                return Ok(Ok(if socket.is_some() { "ready" } else { "runs" }));
            }
            if begun.elapsed() > self.machine.runner.timeout {
                let cause = format!("{name}: it did not say that it is ready");
                let output = running.output()?;
                running.stop()?;
                return Ok(Err(Verdict::failed(cause, output)));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Checks that a forking service has left a running process behind.
    fn left_behind(&self, name: &str, exec: &Exec, ran: &Ran) -> Result<&'static str, Verdict> {
        let Some(file) = &self.service.pid_file else {
            return Ok("left a process behind");
        };
        let begun = Instant::now();
        let fail = |cause: String| {
            let said = format!("{}\n{}", ran.output, self.machine.log());
            Err(Verdict::failed(
                format!("{name}: {}: {cause}", exec.words.join(" ")),
                said,
            ))
        };
        let pid = loop {
            let text = self.machine.find(file).map(std::fs::read_to_string);
            if let Some(Ok(text)) = text
                && let Ok(pid) = text.trim().parse::<u32>()
            {
                break pid;
            }
            if begun.elapsed() > Duration::from_secs(5) {
                return fail(format!("it left no {file}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        std::thread::sleep(SETTLED);
        if is_running(self.machine, pid) {
            Ok("runs")
        } else {
            fail(format!("its process {pid} has ended"))
        }
    }
}

fn says_ready(socket: &UnixDatagram) -> bool {
    let mut message = [0; 4096];
    match socket.recv(&mut message) {
        Ok(length) => message[..length]
            .split(|byte| *byte == b'\n')
            .any(|line| line == b"READY=1"),
        Err(_) => false,
    }
}

/// Whether a process of the machine runs. A zombie does not.
fn is_running(machine: &Machine, pid: u32) -> bool {
    let file = machine.lies(&format!("/proc/{pid}/stat"));
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let state = text.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|state| !state.starts_with(['Z', 'X']))
}

fn failed(name: &str, exec: &Exec, ran: &Ran, log: &str) -> Verdict {
    let cause = format!(
        "{name}: {}={}: {}",
        exec.key,
        exec.words.join(" "),
        ran.status
    );
    let log = if log.is_empty() {
        String::new()
    } else {
        format!("\nthe log:\n{log}")
    };
    Verdict::failed(cause, format!("{}{log}", ran.output))
}
