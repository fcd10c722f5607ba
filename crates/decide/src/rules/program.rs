//! Programs, by nixpkgs' packages; what a source installs.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::Rules;
use super::debian::DebianPackage;
use super::file::RuleFile;
use super::module::ModuleProvider;
use super::reader::{Reader, line_at};
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
struct ProgramTable {
    programs: Vec<String>,
}

#[derive(Deserialize)]
struct ProgramsFile {
    /// By who has them, where nixpkgs has not.
    #[serde(default)]
    missing: BTreeMap<String, ProgramTable>,
    /// By attribute.
    #[serde(flatten)]
    attributes: BTreeMap<String, ProgramTable>,
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
    pub(super) fn read_programs(&mut self, reader: &mut Reader) {
        let name = "nixpkgs/programs.toml";
        let Some((file, text)) = reader.file::<ProgramsFile>(name) else {
            return;
        };
        let missing = file.missing.into_iter().map(|(source, table)| {
            let provider = Provider::Unpinned { source };
            (provider, table)
        });
        let given = file.attributes.into_iter().map(|(attr, table)| {
            let provider = match attr.as_str() {
                "wrapper" => Provider::Wrapper,
                "debian-only" => Provider::DebianOnly,
                _ => Provider::Package {
                    attr,
                    dir: "bin".to_owned(),
                },
            };
            (provider, table)
        });
        for (provider, table) in missing.chain(given) {
            for program in table.programs {
                let line = Reader::line_of(&text, &program);
                self.add_program(reader, (name, line), program, provider.clone());
            }
        }
    }

    /// Adds a program of a package or a source.
    pub(super) fn add_program(
        &mut self,
        reader: &mut Reader,
        (file, line): (&str, Option<u32>),
        program: String,
        provider: Provider,
    ) {
        reader.claim(&RuleId::new(Table::Command, &program), file, line);
        self.programs.insert(program, provider);
    }

    /// Adds what a source installs: its programs, data, modules and packages.
    pub(super) fn add_installed(
        &mut self,
        reader: &mut Reader,
        (name, text): (&str, &str),
        source: &str,
        file: &mut RuleFile,
    ) {
        let unpinned = file.unpinned.is_some();
        let at = |one: &Spanned<String>| Some(line_at(text, one.span().start));
        let take = |list: &mut Vec<Spanned<String>>| std::mem::take(list).into_iter();
        for program in take(&mut file.programs) {
            let (line, source) = (at(&program), source.to_owned());
            let provider = if unpinned {
                Provider::Unpinned { source }
            } else {
                let dir = "bin".to_owned();
                Provider::Source { source, dir }
            };
            self.add_program(reader, (name, line), program.into_inner(), provider);
        }
        for data in take(&mut file.data) {
            let line = at(&data);
            reader.claim(&RuleId::new(Table::Own, data.get_ref()), name, line);
            self.own.push((data.into_inner(), source.to_owned()));
        }
        for module in take(&mut file.perl) {
            let (line, source) = (at(&module), source.to_owned());
            let provider = if unpinned {
                ModuleProvider::Missing(source)
            } else {
                ModuleProvider::Source(source)
            };
            reader.claim(&RuleId::new(Table::Perl, module.get_ref()), name, line);
            self.perl.insert(module.into_inner(), provider);
        }
        for package in take(&mut file.debian) {
            let line = at(&package);
            let made = DebianPackage::Source(source.to_owned());
            self.add_debian(reader, (name, line), package.into_inner(), made);
        }
        self.own
            .sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
    }
}
