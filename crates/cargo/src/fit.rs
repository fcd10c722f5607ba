//! Checks whether a kept lock still matches the pinned manifests, offline and without cargo.

use std::collections::BTreeMap;

use semver::Version;

use super::crates::{Member, SourceCrates};
use super::lockfile::{Lock, Package};
use super::manifest::For;
use super::{Program, kept};
use problem::{LOCK_UNFIT, Problem};

/// Returns one problem for each crate of the release's sources that the lock has in another
/// version, and for each of its requirements that no locked version satisfies. `crates` are the
/// manifests by source, at the program's pins.
pub fn unfit(
    program: &Program,
    release: &str,
    crates: &BTreeMap<String, &SourceCrates>,
) -> Vec<Problem> {
    let file = kept::directory(release).join(format!("{}.lock", program.name));
    let place = |cause: String| {
        Problem::new(&LOCK_UNFIT, cause)
            .at(file.display().to_string(), None)
            .mend(format!(
                "Run `cargo xtask lock {release}`, which resolves it again."
            ))
    };
    let lock = match Lock::parse(&program.lock) {
        Ok(lock) => lock,
        Err(cause) => return vec![place(format!("is not a lock: {cause}"))],
    };
    let mut problems = Vec::new();
    for local in &program.crates {
        let member = crates
            .get(&local.source)
            .and_then(|crates| crates.members.get(&local.path));
        let Some(member) = member.filter(|member| member.name == local.name) else {
            problems.push(place(format!(
                "{} is no longer in {}",
                local.name,
                program.place(&local.source, &local.path)
            )));
            continue;
        };
        let version = member.version.to_string();
        let locked = lock
            .packages
            .iter()
            .find(|one| one.name == member.name && one.version == version);
        match locked {
            None => problems.push(place(format!(
                "{} is {} at its pin, which the lock does not have",
                member.name, member.version
            ))),
            Some(locked) => {
                let causes = lacking(member, locked, &lock);
                problems.extend(causes.into_iter().map(&place));
            }
        }
    }
    problems
}

/// Returns the requirements of a crate that the lock does not satisfy.
fn lacking(member: &Member, locked: &Package, lock: &Lock) -> Vec<String> {
    let mut causes = Vec::new();
    let needed = member
        .dependencies
        .iter()
        .filter(|one| one.purpose == For::Build);
    for dependency in needed {
        let names = locked
            .dependencies
            .iter()
            .map(|one| one.split(' ').next().unwrap_or(one));
        let is_listed = names.clone().any(|name| name == dependency.package);
        // An optional dependency is in the lock only if a feature enables it.
        if dependency.optional && !is_listed {
            continue;
        }
        let versions: Vec<Version> = lock
            .packages
            .iter()
            .filter(|one| one.name == dependency.package)
            .filter_map(|one| Version::parse(&one.version).ok())
            .collect();
        let is_met = versions
            .iter()
            .any(|version| dependency.requirement.matches(version));
        if !is_listed || !is_met {
            let has: Vec<String> = versions.iter().map(ToString::to_string).collect();
            let has = if has.is_empty() {
                "none".to_owned()
            } else {
                has.join(", ")
            };
            causes.push(format!(
                "{} {} needs {} {}, the lock has {has}",
                member.name, member.version, dependency.package, dependency.requirement
            ));
        }
    }
    causes
}
