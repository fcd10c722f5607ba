//! `pvenix`: the state of a node, its staged restarts, its cluster, and rolling switches of the
//! cluster's nodes.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use pvenix::cluster::form::Former;
use pvenix::cluster::status::ClusterStatus;
use pvenix::machine::This;
use pvenix::node::{self, Node};
use pvenix::restarts::{self, Outcome};
use pvenix::roll::guests::Plan;
use pvenix::roll::{Action, Roll};
use pvenix::status::Status;
use pvenix::unlock::command::Unlock;
use pvenix::unlock::{self, declared};
use pvenix::{switch, text};

/// A node of Proxmox VE on NixOS
#[derive(Parser)]
#[command(name = "pvenix", version)]
struct Arguments {
    /// The node's declaration
    #[arg(long, global = true, default_value = node::PLACE)]
    node: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the build of each daemon and guest, pending restarts, and problems (exit status 1)
    Status {
        /// The output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Restart those of the cluster's own daemons that run an older build (exit status 75: not now)
    Restarts {
        /// Try again every 30 seconds for as long as the cluster does not allow it
        #[arg(long)]
        wait: bool,
    },
    /// Manage this node's membership in its declared cluster
    Cluster {
        #[command(subcommand)]
        command: ClusterCommand,
    },
    /// Switch or reboot the cluster's nodes one after the other (exit status 1: stopped)
    Roll {
        #[command(subcommand)]
        command: RollCommand,
    },
    /// Disks that unlock themselves
    Unlock {
        /// The file that declares them
        #[arg(long, default_value = declared::PLACE)]
        declaration: String,
        #[command(subcommand)]
        command: Unlock,
    },
    /// Refuse a switch to the configuration with the declaration NEXT if guests would not survive it
    MaySwitch {
        /// The next system's declaration, its etc/pve-nix/node.json
        next: String,
    },
}

#[derive(Subcommand)]
enum ClusterCommand {
    /// Show differences between the declared and the actual members (exit status 1)
    Status {
        /// The output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Create or join the declared cluster, and add its other nodes when they call; runs without
    /// end
    Form {
        /// The cluster's key, as made by `corosync-keygen`
        #[arg(long)]
        key: String,
    },
}

#[derive(Subcommand)]
enum RollCommand {
    /// Switch each node to the newest system of its profile
    Switch {
        #[command(flatten)]
        options: RollOptions,
    },
    /// Reboot each node, emptied of its guests; another node does it to this one, last
    Reboot {
        /// The treatment of guests that high availability does not move
        #[arg(long, value_enum, default_value_t = Guests::Refuse)]
        guests: Guests,
        #[command(flatten)]
        options: RollOptions,
    },
}

#[derive(clap::Args)]
struct RollOptions {
    /// These nodes, in this order; all by default, this one last
    #[arg(long, value_delimiter = ',')]
    nodes: Vec<String>,
    /// How many seconds each step of a node may take
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    patience: u64,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Guests {
    /// A node that has any is not rebooted
    Refuse,
    /// They go to other nodes, and come back
    Move,
    /// The reboot stops them; they are started again
    Stop,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `EX_TEMPFAIL`: try again later.
const LATER: u8 = 75;
/// The interval between two attempts at a staged restart.
const PAUSE: std::time::Duration = std::time::Duration::from_secs(30);
/// The length in bytes of the shortest key, 1024 bits (corosync-keygen(8)).
const SHORTEST_KEY: usize = 128;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            eprintln!("pvenix: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<u8, String> {
    // A machine may have encrypted disks and no Proxmox VE.
    if let Command::Unlock {
        declaration,
        command,
    } = &arguments.command
    {
        let (text, status) = unlock::command::run(declaration, command)?;
        return print(&text).map(|()| status);
    }
    let node = Node::read(&This, &arguments.node)?;
    match &arguments.command {
        Command::Status { format } => {
            let status = Status::of(&This, &node)?;
            let written = match format {
                Format::Text => text::of(&status),
                Format::Json => json(&status)?,
            };
            print(&written)?;
            Ok(u8::from(!status.is_well()))
        }
        Command::Restarts { wait } => staged(&node, *wait),
        Command::Cluster { command } => cluster(&node, command),
        Command::Roll { command } => roll(command),
        Command::Unlock { .. } => Ok(0),
        Command::MaySwitch { next } => {
            let next = Node::read(&This, next)?;
            switch::may_switch(&This, &node, &next)?;
            Ok(0)
        }
    }
}

fn staged(node: &Node, wait: bool) -> Result<u8, String> {
    let mut said = String::new();
    loop {
        match restarts::restart(&This, node)? {
            Outcome::Nothing => return print("nothing waits for a restart\n").map(|()| 0),
            Outcome::Done(units) => {
                return print(&format!("restarted {}\n", units.join(", "))).map(|()| 0);
            }
            Outcome::Pending(why) => {
                if why != said {
                    print(&format!("pending: {why}\n"))?;
                }
                if !wait {
                    return Ok(LATER);
                }
                said = why;
                std::thread::sleep(PAUSE);
            }
        }
    }
}

fn cluster(node: &Node, command: &ClusterCommand) -> Result<u8, String> {
    match command {
        ClusterCommand::Status { format } => {
            let status = ClusterStatus::of(&This, node.cluster.as_ref())?;
            print(&match format {
                Format::Text => status.text(),
                Format::Json => json(&status)?,
            })?;
            Ok(u8::from(!status.is_well()))
        }
        ClusterCommand::Form { key } => {
            let declared = node.cluster.as_ref().ok_or(
                "no cluster is declared\n  help: set services.proxmox-ve.cluster.name and its nodes",
            )?;
            let bytes = std::fs::read(key).map_err(|error| format!("{key}: {error}"))?;
            if bytes.len() < SHORTEST_KEY {
                return Err(format!(
                    "{key}: {} bytes, Corosync takes {SHORTEST_KEY} and more\n  help: `corosync-keygen -k FILE` makes one",
                    bytes.len()
                ));
            }
            let former = Former {
                machine: &This,
                node,
                declared,
                key: &bytes,
            };
            former.form(&|text| eprintln!("{text}"))?;
            Ok(0)
        }
    }
}

fn roll(command: &RollCommand) -> Result<u8, String> {
    let (action, guests, options) = match command {
        RollCommand::Switch { options } => (Action::Switch, Plan::Refuse, options),
        RollCommand::Reboot { guests, options } => {
            let plan = match guests {
                Guests::Refuse => Plan::Refuse,
                Guests::Move => Plan::Move,
                Guests::Stop => Plan::Stop,
            };
            (Action::Reboot, plan, options)
        }
    };
    let roll = Roll {
        machine: &This,
        action,
        guests,
        patience: options.patience,
        say: &|text| eprintln!("{text}"),
    };
    let report = roll.run(&options.nodes);
    print(&match options.format {
        Format::Text => report.text(),
        Format::Json => json(&report)?,
    })?;
    Ok(u8::from(!report.is_well()))
}

fn json(value: &impl serde::Serialize) -> Result<String, String> {
    let json = serde_json::to_string_pretty(value);
    Ok(json.map_err(|error| error.to_string())? + "\n")
}

/// Prints a text. A reader that stops early is not an error.
fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}
