//! What a release generates (interim: patches only, replaced by the emit branch).

use rayon::prelude::*;

use super::edits::{self, Edits};
use super::output::{Difference, Output};
use super::patch::{self, Header};
use crate::analyse::{Analysis, Knowledge};
use crate::problem::Problem;
use crate::report::RegenReport;

/// What a release generates.
#[derive(Default)]
pub struct Generated {
    /// The files.
    pub output: Output,
    /// Findings.
    pub findings: Vec<Problem>,
    /// Patch files.
    pub patches: u64,
}

impl Generated {
    /// The report.
    pub fn report(
        &self,
        analysis: &Analysis,
        check: bool,
        differences: &[(String, Difference)],
    ) -> RegenReport {
        RegenReport {
            release: analysis.manifest.name.clone(),
            check,
            written: differences.iter().map(|(path, _)| path.clone()).collect(),
            ..RegenReport::default()
        }
    }
}

/// Generates.
///
/// # Errors
/// All.
pub fn generate(analysis: &Analysis, knowledge: &Knowledge) -> Result<Generated, Vec<Problem>> {
    let roles = analysis.graph.roles();
    let results: Vec<Result<(String, Edits, Vec<patch::Patch>), Vec<Problem>>> = analysis
        .sources
        .par_iter()
        .map(|source| {
            let name = source.source.name.clone();
            let edits = edits::edits(
                source,
                &roles,
                &knowledge.rules.features,
                &analysis.manifest.name,
            )?;
            let version = source.source.pin.version.clone().unwrap_or_default();
            let header = Header {
                release: &analysis.manifest.name,
                source: &name,
                version: &version,
                rules: &edits.rules,
            };
            let patches = patch::make(&edits.files, &header, &knowledge.calls)?;
            Ok((name.clone(), edits, patches))
        })
        .collect();
    let mut generated = Generated::default();
    let mut problems = Vec::new();
    for result in results {
        match result {
            Ok((name, edits, patches)) => {
                generated.findings.extend(edits.findings);
                for patch in patches {
                    generated.patches += 1;
                    let path = format!("patches/{name}/{}", patch.name);
                    generated
                        .output
                        .add(path, patch.bytes)
                        .map_err(|p| vec![p])?;
                }
            }
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() {
        Ok(generated)
    } else {
        Err(problems)
    }
}
