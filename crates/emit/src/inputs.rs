//! Turns `Build-Depends` into build inputs.

use std::collections::BTreeMap;

use analyse::AnalysedSource;
use debian::Packaging;
use debian::control::{Alternative, Relation};
use decide::rules::{DebianPackage, Library, Rules};
use nix::Formals;
use nix::{Expr, Operator, WriteError};

/// The Debian architectures that want an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct On {
    amd64: bool,
    arm64: bool,
}

/// Attributes, each with its architectures.
#[derive(Debug, Clone, Default)]
pub struct List(BTreeMap<String, On>);

impl List {
    /// Adds an attribute for every platform.
    pub fn add(&mut self, attr: impl Into<String>) {
        let everywhere = On {
            amd64: true,
            arm64: true,
        };
        self.0.insert(attr.into(), everywhere);
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Removes an attribute.
    pub fn remove(&mut self, attr: &str) {
        self.0.remove(attr);
    }

    /// Whether the list contains `attr`.
    pub fn has(&self, attr: &str) -> bool {
        self.0.contains_key(attr)
    }

    /// Adds all attributes of another list.
    pub fn merge(&mut self, other: &Self) {
        for (attr, on) in &other.0 {
            self.add_on(attr.clone(), *on);
        }
    }

    fn add_on(&mut self, attr: String, on: On) {
        let entry = self.0.entry(attr).or_default();
        entry.amd64 |= on.amd64;
        entry.arm64 |= on.arm64;
    }

    /// Returns the list as an expression, or `None` if it is empty. Attributes for one platform
    /// only are conditional on that platform.
    ///
    /// # Errors
    /// Nix cannot name an attribute.
    pub fn expr(&self, formals: &mut Formals) -> Result<Option<Expr>, WriteError> {
        let of = |on: On, formals: &mut Formals| -> Result<Vec<Expr>, WriteError> {
            let wanted = self.0.iter().filter(|(_, there)| **there == on);
            wanted.map(|(attr, _)| formals.dotted(attr)).collect()
        };
        let both = On {
            amd64: true,
            arm64: true,
        };
        let mut whole = Some(of(both, formals)?)
            .filter(|list| !list.is_empty())
            .map(Expr::List);
        for (amd64, condition) in [(true, "isx86_64"), (false, "isAarch64")] {
            let only = of(
                On {
                    amd64,
                    arm64: !amd64,
                },
                formals,
            )?;
            if only.is_empty() {
                continue;
            }
            formals.variable("stdenv")?;
            let condition = Expr::dotted(&format!("stdenv.hostPlatform.{condition}"))?;
            let part = formals.call("lib.optionals", [condition, Expr::List(only)])?;
            whole = Some(match whole {
                None => part,
                Some(first) => Expr::Operator(Box::new(first), Operator::Concat, Box::new(part)),
            });
        }
        Ok(whole)
    }
}

/// The inputs of a build.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Programs that run during the build.
    pub native: List,
    /// Libraries to link with.
    pub build: List,
    /// Perl modules that the source's own scripts use during the build.
    pub perl: List,
}

/// Reads the `Build-Depends` of a source, and adds what `[[library]]` says its build needs besides.
pub fn inputs(source: &AnalysedSource, rules: &Rules) -> Inputs {
    let mut inputs = inputs_of(&source.packagings, rules);
    let named = |library: &&Library| library.source == source.source.name;
    for library in rules.libraries.iter().filter(named) {
        inputs.build.add(library.attr.as_str());
    }
    inputs
}

/// Reads the `Build-Depends` of some packagings.
pub fn inputs_of<'a>(packagings: impl IntoIterator<Item = &'a Packaging>, rules: &Rules) -> Inputs {
    let mut inputs = Inputs::default();
    let relations = packagings
        .into_iter()
        .flat_map(|packaging| packaging.control.source.all_build_depends());
    for relation in relations {
        if let Some((one, package)) = known(relation, rules) {
            add(&mut inputs, one, package);
        }
    }
    if !inputs.build.is_empty() {
        // On Debian, any library's headers depend on it.
        inputs.native.add("pkg-config");
    }
    inputs
}

/// Returns the first alternative that a rule maps.
fn known<'a>(
    relation: &'a Relation,
    rules: &'a Rules,
) -> Option<(&'a Alternative, &'a DebianPackage)> {
    let mut alternatives = relation
        .alternatives
        .iter()
        .filter(|one| !is_for_tests(one));
    alternatives.find_map(|one| Some((one, rules.debian_package(&one.name)?.0)))
}

fn is_for_tests(one: &Alternative) -> bool {
    one.profiles
        .iter()
        .flatten()
        .any(|profile| profile == "!nocheck")
}

fn add(inputs: &mut Inputs, one: &Alternative, package: &DebianPackage) {
    let on = On {
        amd64: one.applies_to("amd64"),
        arm64: one.applies_to("arm64"),
    };
    if on == On::default() {
        return;
    }
    match package {
        // The builders add it.
        DebianPackage::Attr(attr) if attr == "perl" => {}
        DebianPackage::Attr(attr) => {
            let library = one.name.ends_with("-dev") || one.name.starts_with("lib");
            let list = if library && !one.name.ends_with("-bin") {
                &mut inputs.build
            } else {
                &mut inputs.native
            };
            list.add_on(attr.clone(), on);
        }
        DebianPackage::Perl(attr) => inputs.perl.add_on(format!("perlPackages.{attr}"), on),
        DebianPackage::None(_) | DebianPackage::Source(_) | DebianPackage::Missing { .. } => {}
    }
}
