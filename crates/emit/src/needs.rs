//! The packages that a derivation needs beyond nixpkgs' own inputs and other objects. They are
//! required unless a rule names a probe that makes them optional.

use std::collections::{BTreeMap, BTreeSet};

use super::package::{self, Class, Lack, Release};
use analyse::AnalysedSource;
use graph::Place;
use nix::Formals;
use nix::{Binding, Expr, Name, WriteError};
use release::source_name;

/// Names, each with the places that use it.
pub type Uses = BTreeMap<String, BTreeSet<Place>>;

/// The needs of a derivation, by name.
#[derive(Debug, Default)]
pub struct Needs {
    /// Required packages, with the error to throw if nothing provides them.
    required: BTreeMap<String, Option<String>>,
    /// Optional packages, with their rank and the cost of their absence.
    optional: BTreeMap<String, (usize, String)>,
}

impl Needs {
    /// Sorts the uses of `source` into optional and required ones, and records which are absent.
    pub fn of(
        source: &AnalysedSource,
        uses: &Uses,
        release: Release,
        lacks: &mut Vec<Lack>,
    ) -> Self {
        let mut needs = Self::default();
        needs.add((&source.source.name, source), uses, release, lacks);
        needs
    }

    /// Adds the uses of `code`, a source that is part of the package of `source`.
    pub fn add(
        &mut self,
        (source, code): (&str, &AnalysedSource),
        uses: &Uses,
        release: Release,
        lacks: &mut Vec<Lack>,
    ) {
        let has = |file: &str, asks: &str| {
            package::text(code, file).is_some_and(|text| text.contains(asks))
        };
        for (name, places) in uses {
            let files = places.iter().map(|place| place.path.as_str());
            let optional = release
                .rules
                .optional(name)
                .filter(|(_, rule)| rule.covers(source_name(&code.source.name), files, has));
            let absent = !is_there(name, release);
            let first = first(places);
            let lack = |class, why| Lack {
                class,
                source: source.to_owned(),
                what: name.clone(),
                why,
            };
            if let Some((rank, rule)) = optional {
                if absent {
                    let why = format!("{} ({first})", rule.cost);
                    lacks.push(lack(Class::Optional(rank), why));
                }
                let entry = (rank, rule.cost.clone());
                self.optional.insert(name.clone(), entry);
            } else {
                if absent {
                    lacks.push(lack(Class::Required, format!("{first} uses it")));
                }
                let error = absent.then(|| message(source, name, &first));
                self.required.insert(name.clone(), error);
            }
        }
        // A name is required if either part requires it.
        let required = &self.required;
        self.optional.retain(|name, _| !required.contains_key(name));
    }

    /// Returns the argument for a required package, which throws if nothing provides it.
    fn argument(
        name: &str,
        error: Option<&str>,
        formals: &mut Formals,
    ) -> Result<Expr, WriteError> {
        let Some(error) = error else {
            return formals.variable(name);
        };
        let throw = Expr::variable("throw")?.apply([Expr::string(error)]);
        formals.optional(name, throw)
    }

    /// Returns the required packages as expressions.
    ///
    /// # Errors
    /// A name cannot name a variable.
    pub fn required(&self, formals: &mut Formals) -> Result<Vec<Expr>, WriteError> {
        let all = self.required.iter();
        all.map(|(name, error)| Self::argument(name, error.as_deref(), formals))
            .collect()
    }

    /// Returns `needs = { … }`.
    ///
    /// # Errors
    /// A name cannot name a variable.
    pub fn needs(&self, formals: &mut Formals) -> Result<Option<Binding>, WriteError> {
        self.required(formals)?;
        let names: Result<Vec<Name>, WriteError> = self
            .required
            .keys()
            .map(|name| Name::new(name.as_str()))
            .collect();
        let names = names?;
        let set = || Expr::Set(vec![Binding::Inherit(names.clone())]);
        Ok((!names.is_empty()).then(|| Binding::attr("needs", set())))
    }

    /// Returns the value of `mayLack`: for each package the package itself, the cost of its absence
    /// and its rank.
    ///
    /// # Errors
    /// A name cannot name a variable.
    pub fn may_lack(&self, formals: &mut Formals) -> Result<Option<Expr>, WriteError> {
        let mut entries = Vec::new();
        for (name, (rank, cost)) in &self.optional {
            let package = formals.optional(name, Expr::Null)?;
            let rank = i64::try_from(*rank).unwrap_or(i64::MAX);
            let set = vec![
                Binding::attr("package", package),
                Binding::attr("cost", Expr::string(cost)),
                Binding::attr("rank", Expr::Int(rank)),
            ];
            entries.push((name.clone(), Expr::Set(set)));
        }
        Ok((!entries.is_empty()).then(|| Expr::sorted_set(entries)))
    }
}

/// Returns the first place, preferring code.
fn first(places: &BTreeSet<Place>) -> String {
    places.first().map_or_else(String::new, |place| {
        format!("{}:{}", place.path, place.line)
    })
}

/// Whether the release, `pkgs/outside` or nixpkgs provides it.
pub fn is_there(name: &str, release: Release) -> bool {
    release.given.contains_key(name)
        || release.attributes.values().any(|there| there == name)
        || release.binaries.iter().any(|(source, names)| {
            release.attributes.contains_key(source) && names.iter().any(|there| there == name)
        })
        || release.rules.outside.contains(name)
            && (!release.rules.by_pin.contains(name) || release.by_hand.contains(name))
        || release.rules.nixpkgs.contains_key(name)
}

fn message(source: &str, name: &str, first: &str) -> String {
    format!(
        "{source} needs {name} ({first} uses it), and neither the release, pkgs/outside nor nixpkgs has it: pin its source and \
         have its tree at hand, or package it as pkgs/outside/{name}.nix"
    )
}
