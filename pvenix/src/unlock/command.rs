//! `pvenix unlock`: its commands.

use std::io::{IsTerminal as _, Read as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::{Subcommand, ValueEnum};

use super::bind::{self, Trusted};
use super::check::{self, Report};
use super::declared::Declaration;
use super::explain;
use super::keys::{Keys, Own, Server as _};
use super::programs::Programs;
use super::rotate::{self, Fleet};
use super::secret::{self, Secret};
use super::{agent, vault};

/// Where a run notes what it has begun.
const STATE: &str = "/var/lib/pve-nix/unlock";
/// How long another node may take to bind its devices.
const PATIENCE: Duration = Duration::from_secs(600);

/// The question.
#[derive(Subcommand)]
pub enum Unlock {
    /// Open every binding now, and say what would open without each peer (exit status 1: something would not)
    Check {
        /// Ask every peer, too
        #[arg(long)]
        cluster: bool,
        /// Only tell whether every node opens while this one is down
        #[arg(long, value_name = "NODE")]
        without: Option<String>,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Bind devices as they are declared; asks for a passphrase where no binding opens one
    Bind {
        /// Devices; all that are declared where none is named
        devices: Vec<String>,
    },
    /// Replace the keys of this node's Tang server, and bind every peer to the new ones
    Rotate,
    /// Show the fingerprints of the keys of this node's Tang server
    Keys {
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Say which peers are needed, and what survives what
    Explain {
        /// Other nodes' declarations
        #[arg(long = "with", value_name = "FILE")]
        others: Vec<String>,
        /// How it is written
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Answer questions for passphrases; a unit runs this
    #[command(hide = true)]
    Agent {
        /// End when nobody asks any more
        #[arg(long)]
        until_quiet: bool,
    },
}

/// How something is written.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Does what is asked: the text for standard output, and the exit status.
pub fn run(place: &str, command: &Unlock) -> Result<(String, u8), String> {
    secret::out_of_core_dumps();
    let declaration = Declaration::read(place)?;
    let here = Here {
        programs: Programs::new(&declaration.path),
        declaration,
    };
    match command {
        Unlock::Check {
            cluster,
            without,
            format,
        } => here.check(*cluster, without.as_deref(), *format),
        Unlock::Bind { devices } => here.bind(devices),
        Unlock::Rotate => here.rotate(),
        Unlock::Keys { format } => {
            let keys = here.keys()?;
            Ok((written(*format, &keys, || fingerprints(&keys))?, 0))
        }
        Unlock::Explain { others, format } => {
            let others: Result<Vec<Declaration>, String> = others
                .iter()
                .map(|place| Declaration::read(place))
                .collect();
            let explained = explain::explain(&here.declaration, &others?)?;
            Ok((written(*format, &explained, || explained.text())?, 0))
        }
        Unlock::Agent { until_quiet } => {
            agent::run(&here.declaration, STATE, *until_quiet);
            Ok((String::new(), 0))
        }
    }
}

fn written(
    format: Format,
    value: &impl serde::Serialize,
    text: impl Fn() -> String,
) -> Result<String, String> {
    match format {
        Format::Text => Ok(text()),
        Format::Json => serde_json::to_string_pretty(value)
            .map(|json| json + "\n")
            .map_err(|error| error.to_string()),
    }
}

fn fingerprints(keys: &Keys) -> String {
    let line = |(what, of): (&str, &Vec<String>)| format!("{what:<10}{}\n", of.join(", "));
    [
        ("signing", &keys.signing),
        ("exchange", &keys.exchange),
        ("hidden", &keys.hidden),
    ]
    .map(line)
    .concat()
}

/// This node, with what it knows of the others.
struct Here {
    declaration: Declaration,
    programs: Programs,
}

impl Here {
    fn report(&self) -> Report {
        check::check(&self.declaration, &self.programs, &|device| {
            vault::of(&self.programs, device, STATE)
        })
    }

    fn check(
        &self,
        cluster: bool,
        without: Option<&str>,
        format: Format,
    ) -> Result<(String, u8), String> {
        let mut reports = vec![self.report()];
        if cluster {
            for node in self.nodes() {
                reports.push(Fleet::check(self, &node)?);
            }
        }
        let Some(gone) = without else {
            let well = reports.iter().all(Report::is_well);
            let text = || reports.iter().map(Report::text).collect();
            return Ok((written(format, &reports, text)?, u8::from(!well)));
        };
        // Who is down needs nobody.
        let stuck: Vec<String> = reports
            .iter()
            .filter(|report| report.node != gone)
            .flat_map(|report| {
                let devices = report.without(gone);
                devices.into_iter().map(|device| {
                    format!("{}: {device} does not open without {gone}\n", report.node)
                })
            })
            .collect();
        Ok((stuck.concat(), u8::from(!stuck.is_empty())))
    }

    fn bind(&self, devices: &[String]) -> Result<(String, u8), String> {
        let chosen: Vec<&String> = if devices.is_empty() {
            self.declaration.devices.keys().collect()
        } else {
            devices.iter().collect()
        };
        let trusted = self.trusted()?;
        let bound: Result<String, String> = chosen
            .iter()
            .map(|name| self.bind_one(name, &trusted))
            .collect();
        Ok((bound?, 0))
    }

    fn bind_one(&self, name: &str, trusted: &Trusted) -> Result<String, String> {
        let device = self.declaration.device(name)?;
        let vault = vault::of(&self.programs, device, STATE);
        let ask = || passphrase(&format!("Passphrase of {name} ({}):", device.device));
        bind::bind(
            &self.declaration,
            device,
            &self.programs,
            vault.as_ref(),
            trusted,
            &ask,
        )
        .map_err(|error| format!("{name}: {error}"))?;
        let policy = device.tree()?.words(&self.declaration.names());
        Ok(format!("{name}: bound to {policy}\n"))
    }

    /// Which key each peer's server signs with: as declared, else as the peer says over ssh.
    fn trusted(&self) -> Result<Trusted, String> {
        let mut trusted = Trusted::new();
        for (name, peer) in &self.declaration.peers {
            let url = peer.url.trim_end_matches('/').to_owned();
            let thumbprint = match &peer.thumbprint {
                Some(thumbprint) => thumbprint.clone(),
                None => self.asked(name)?,
            };
            trusted.insert(url, thumbprint);
        }
        Ok(trusted)
    }

    fn asked(&self, peer: &str) -> Result<String, String> {
        let keys = self.remote(peer, "pvenix unlock keys --format json")?;
        let keys: Keys = serde_json::from_str(&keys).map_err(|error| format!("{peer}: {error}"))?;
        keys.signing
            .first()
            .cloned()
            .ok_or_else(|| format!("{peer}: its Tang server has no key yet\n  help: ask it once there: `curl http://localhost:7654/adv`"))
    }

    fn keys(&self) -> Result<Keys, String> {
        self.own()?.keys()
    }

    fn own(&self) -> Result<Own<'_>, String> {
        let tang = self.declaration.tang.as_ref().ok_or(
            "this node has no Tang server\n  help: set services.proxmox-ve.tang.enable = true",
        )?;
        Ok(Own {
            programs: &self.programs,
            tang,
        })
    }

    fn rotate(&self) -> Result<(String, u8), String> {
        let own = self.own()?;
        let say = |step: &str| eprintln!("{step}");
        let rotated = rotate::rotate(&self.declaration.node, &own, self, &say)?;
        Ok((
            format!(
                "{} bound to the new key {}\n",
                rotated.nodes.join(", "),
                rotated.keys.exchange.join(", ")
            ),
            0,
        ))
    }

    /// Returns the output of a command on a peer.
    fn remote(&self, peer: &str, command: &str) -> Result<String, String> {
        let address = &self.declaration.peers[peer].address;
        let programs = Programs {
            patience: PATIENCE,
            ..self.programs.clone()
        };
        let host = format!("root@{address}");
        let words = [
            "ssh",
            "-o",
            "BatchMode=yes",
            "-o",
            "ConnectTimeout=10",
            &host,
            command,
        ];
        programs
            .text(&words)
            .map_err(|error| format!("{peer}: {error}"))
    }
}

impl Fleet for Here {
    fn nodes(&self) -> Vec<String> {
        self.declaration.peers.keys().cloned().collect()
    }

    fn check(&self, node: &str) -> Result<Report, String> {
        // Its exit status tells what the report does.
        let json = self.remote(node, "pvenix unlock check --format json || test $? = 1")?;
        let reports: Vec<Report> =
            serde_json::from_str(&json).map_err(|error| format!("{node}: {error}"))?;
        reports
            .into_iter()
            .next()
            .ok_or_else(|| format!("{node}: it says nothing"))
    }

    fn bind(&self, node: &str) -> Result<(), String> {
        self.remote(node, "pvenix unlock bind </dev/null").map(drop)
    }
}

/// A passphrase: from standard input where that is no terminal, else typed.
fn passphrase(question: &str) -> Result<Secret, String> {
    let mut bytes = Vec::new();
    if std::io::stdin().is_terminal() {
        let typed = Command::new("systemd-ask-password")
            .args(["--timeout=0", question])
            .stdin(Stdio::inherit())
            .stderr(Stdio::inherit())
            .output();
        bytes = typed
            .map_err(|error| format!("systemd-ask-password: {error}"))?
            .stdout;
    } else {
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_err(|error| format!("standard input: {error}"))?;
    }
    let secret = Secret::new(bytes).without_line_break();
    if secret.is_empty() {
        return Err("no binding opens it, and no passphrase was given".to_owned());
    }
    Ok(secret)
}
