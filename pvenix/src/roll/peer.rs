//! A node of the cluster, as another one commands it: by ssh, with the keys that Proxmox's own code has it by.

use serde::Deserialize;

use super::guests::Guest;
use crate::machine::Machine;

/// Where a NixOS machine has its programs, whatever a shell there thinks of `PATH`.
pub const PROGRAMS: &str = "/run/current-system/sw/bin";

/// Its output of `pvenix status --format json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Said {
    /// Guests that run.
    pub guests: Vec<Guest>,
    /// Units that wait for a staged restart.
    pub waiting: Vec<String>,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Something that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// How it is.
    pub text: String,
}

impl Said {
    /// That nothing is wrong.
    pub fn is_well(&self) -> Result<(), String> {
        match self.checks.iter().find(|check| !check.ok) {
            Some(check) => Err(format!("{}: {}", check.name, check.text)),
            None => Ok(()),
        }
    }
}

/// A node that commands go to.
pub struct Peer<'a> {
    /// The machine that sends them.
    pub machine: &'a dyn Machine,
    /// Its name.
    pub name: String,
    /// Its address; nothing where it is the machine itself.
    pub address: Option<String>,
}

impl Peer<'_> {
    /// Runs a program of the system there.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let program = format!("{PROGRAMS}/{program}");
        let mut words = vec![program.as_str()];
        words.extend(arguments);
        let answer = match &self.address {
            None => self.machine.run(&words),
            Some(address) => {
                let ssh = self.ssh(address, &words);
                let ssh: Vec<&str> = ssh.iter().map(String::as_str).collect();
                self.machine.run(&ssh)
            }
        };
        answer.map_err(|error| format!("{}: {error}", self.name))
    }

    /// As Proxmox's own commands do: by the cluster's list of host keys, and by no other.
    fn ssh(&self, address: &str, words: &[&str]) -> Vec<String> {
        let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let name = &self.name;
        [
            format!("{PROGRAMS}/ssh"),
            "-e".to_owned(),
            "none".to_owned(),
            "-o".to_owned(),
            "BatchMode=yes".to_owned(),
            "-o".to_owned(),
            "ConnectTimeout=10".to_owned(),
            "-o".to_owned(),
            "ServerAliveInterval=10".to_owned(),
            "-o".to_owned(),
            format!("HostKeyAlias={name}"),
            "-o".to_owned(),
            format!("UserKnownHostsFile=/etc/pve/nodes/{name}/ssh_known_hosts"),
            "-o".to_owned(),
            "GlobalKnownHostsFile=none".to_owned(),
            format!("root@{address}"),
            "--".to_owned(),
            quoted.join(" "),
        ]
        .to_vec()
    }

    /// Returns an identifier of the current boot. In a container the boot ID is the host's, so it includes
    /// the start of the first process.
    pub fn boot(&self) -> Result<String, String> {
        let text = self.run("cat", &["/proc/sys/kernel/random/boot_id", "/proc/1/stat"])?;
        let boot = text.lines().next().unwrap_or_default();
        // The name of the process is in parentheses and may have spaces: start time is the 20th field after it (proc(5)).
        let started = text
            .rsplit_once(") ")
            .and_then(|(_, fields)| fields.split_whitespace().nth(19));
        started
            .map(|started| format!("{boot} {started}"))
            .ok_or_else(|| format!("{}: no /proc/1/stat", self.name))
    }

    /// Where a link leads in the end.
    pub fn real(&self, path: &str) -> Result<String, String> {
        let text = self.run("readlink", &["--canonicalize-existing", path])?;
        Ok(text.trim().to_owned())
    }

    /// How it is. A node that is not well says so, too.
    pub fn status(&self) -> Result<Said, String> {
        let text = self.run(
            "bash",
            &[
                "-c",
                &format!("{PROGRAMS}/pvenix status --format json || [ $? = 1 ]"),
            ],
        )?;
        serde_json::from_str(&text)
            .map_err(|error| format!("{}: pvenix status: {error}", self.name))
    }

    /// A property of a unit.
    pub fn unit(&self, unit: &str, property: &str) -> Result<String, String> {
        let text = self.run(
            "systemctl",
            &["show", "--value", "--property", property, unit],
        )?;
        Ok(text.trim().to_owned())
    }
}

/// A word of a shell's.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,@+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
