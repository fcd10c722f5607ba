//! Programs and data paths: `own.toml`, `programs.toml`, `commands.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Rules;
use super::reader::Reader;
use crate::{Decision, RuleId, Table};

/// The provider of a program.
#[derive(Debug, Clone)]
pub enum Provider {
    /// A nixpkgs attribute.
    Package {
        /// Its attribute path.
        attr: String,
        /// The directory below its output.
        dir: String,
    },
    /// A pinned Proxmox source.
    Source {
        /// Its name.
        source: String,
        /// The directory below its output.
        dir: String,
    },
    /// A Proxmox source without a pin.
    Unpinned {
        /// Its name.
        source: String,
    },
    /// A NixOS setuid wrapper.
    Wrapper,
    /// Nothing on NixOS.
    DebianOnly,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnTable {
    below: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTable {
    programs: Vec<String>,
    #[serde(default)]
    dir: Option<String>,
    #[serde(default)]
    #[allow(dead_code, reason = "for the reader of the rule")]
    output: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnpinnedTable {
    programs: Vec<String>,
}

#[derive(Deserialize)]
struct ProgramsFile {
    #[serde(default)]
    unpinned: BTreeMap<String, UnpinnedTable>,
    #[serde(flatten)]
    sources: BTreeMap<String, ProgramTable>,
}

/// Returns the decision for a provider of a program in the code of `source`.
pub fn provider_decision(provider: &Provider, program: &str, source: &str) -> Decision {
    match provider {
        Provider::Package { attr, dir } => Decision::Package {
            attr: attr.clone(),
            target: format!("{dir}/{program}"),
        },
        Provider::Source { source: owner, dir } if owner == source => Decision::Own {
            target: format!("{dir}/{program}"),
        },
        Provider::Source { source: owner, dir } => Decision::Sibling {
            source: owner.clone(),
            target: format!("{dir}/{program}"),
        },
        // No pin has it. The reference stays open like an object's, and the link reports the
        // program as missing.
        Provider::Unpinned { source } => Decision::Sibling {
            source: source.clone(),
            target: format!("bin/{program}"),
        },
        Provider::Wrapper => Decision::Wrapper {
            program: program.to_owned(),
        },
        Provider::DebianOnly => Decision::Keep {
            reason: "Debian only: absent on NixOS, and its caller copes or is removed".to_owned(),
        },
    }
}

impl Rules {
    pub(super) fn read_own(&mut self, reader: &mut Reader) {
        let Some((file, text)) = reader.file::<BTreeMap<String, OwnTable>>("own.toml") else {
            return;
        };
        for (source, table) in file {
            for prefix in table.below {
                reader.claim(
                    &RuleId::new(Table::Own, &prefix),
                    "own.toml",
                    Reader::line_of(&text, &prefix),
                );
                self.own.push((prefix, source.clone()));
            }
        }
        self.own
            .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
    }

    pub(super) fn read_programs(&mut self, reader: &mut Reader) {
        if let Some((file, text)) = reader.file::<ProgramsFile>("programs.toml") {
            for (source, table) in file.sources {
                let dir = table.dir.unwrap_or_else(|| "bin".to_owned());
                for program in table.programs {
                    let provider = Provider::Source {
                        source: source.clone(),
                        dir: dir.clone(),
                    };
                    self.add_program(reader, "programs.toml", &text, program, provider);
                }
            }
            for (source, table) in file.unpinned {
                for program in table.programs {
                    let provider = Provider::Unpinned {
                        source: source.clone(),
                    };
                    self.add_program(reader, "programs.toml", &text, program, provider);
                }
            }
        }
        if let Some((file, text)) = reader.file::<BTreeMap<String, ProgramTable>>("commands.toml") {
            for (attr, table) in file {
                let dir = table.dir.unwrap_or_else(|| "bin".to_owned());
                for program in table.programs {
                    let provider = match attr.as_str() {
                        "wrapper" => Provider::Wrapper,
                        "debian-only" => Provider::DebianOnly,
                        _ => Provider::Package {
                            attr: attr.clone(),
                            dir: dir.clone(),
                        },
                    };
                    self.add_program(reader, "commands.toml", &text, program, provider);
                }
            }
        }
    }

    fn add_program(
        &mut self,
        reader: &mut Reader,
        file: &str,
        text: &str,
        program: String,
        provider: Provider,
    ) {
        reader.claim(
            &RuleId::new(Table::Command, &program),
            file,
            Reader::line_of(text, &program),
        );
        self.programs.insert(program, provider);
    }
}
