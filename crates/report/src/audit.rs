//! Reports an audit of built outputs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::paint::{self, FAINT, FOUND, STRONG, count, one_line};
use super::{markdown, sarif, text};
use audit::{Audit, Weight};
use problem::Finding;

/// The number of store paths to list for people.
const LISTED: usize = 15;

/// The report on an audit.
#[derive(Debug)]
pub struct AuditReport<'a> {
    audit: &'a Audit,
}

#[derive(Serialize)]
struct Whole<'a> {
    outputs: &'a [String],
    summary: Summary<'a>,
    problems: Vec<Finding<'a>>,
    closure: &'a [Weight],
}

#[derive(Serialize)]
struct Summary<'a> {
    files: u64,
    bytes: u64,
    links: u64,
    findings: u64,
    unlisted: &'a BTreeMap<&'static str, u64>,
    closure_paths: u64,
    closure_bytes: u64,
}

impl<'a> AuditReport<'a> {
    /// Makes the report on `audit`.
    pub fn new(audit: &'a Audit) -> Self {
        Self { audit }
    }

    fn weight(&self) -> u64 {
        self.audit.closure.iter().map(|one| one.bytes).sum()
    }

    fn findings(&self) -> u64 {
        self.audit.problems.len() as u64 + self.audit.more.values().sum::<u64>()
    }

    fn figures(&self) -> String {
        let Audit {
            files,
            bytes,
            links,
            ..
        } = self.audit;
        format!(
            "{} ({}), {}",
            count(*files, "file", "files"),
            paint::bytes(*bytes),
            count(*links, "link", "links")
        )
    }

    fn weighed(&self) -> String {
        let paths = count(self.audit.closure.len() as u64, "store path", "store paths");
        format!("closure: {paths}, {}", paint::bytes(self.weight()))
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// Writing fails.
    pub fn text(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        for output in &self.audit.outputs {
            writeln!(out, "{STRONG}{}{STRONG:#}", one_line(output))?;
        }
        paint::paragraph(out, "  ", 2, &self.figures(), width)?;
        let closure = &self.audit.closure;
        if !closure.is_empty() {
            paint::paragraph(out, "  ", 2, &self.weighed(), width)?;
            for one in closure.iter().take(LISTED) {
                writeln!(
                    out,
                    "  {:>10}  {}",
                    paint::bytes(one.bytes),
                    one_line(&one.package)
                )?;
            }
            if closure.len() > LISTED {
                let rest = closure[LISTED..].iter().map(|one| one.bytes).sum();
                let more = count((closure.len() - LISTED) as u64, "more", "more");
                writeln!(
                    out,
                    "  {:>10}  {FAINT}in {more}{FAINT:#}",
                    paint::bytes(rest)
                )?;
            }
        }
        writeln!(out)?;
        text::findings(out, &self.audit.problems, width)?;
        for (code, number) in &self.audit.more {
            writeln!(
                out,
                "{FOUND}and {} of {code}{FOUND:#}",
                count(*number, "more", "more")
            )?;
        }
        Ok(())
    }

    /// Writes it for programs: one JSON object, described in `docs/audit.md`.
    ///
    /// # Errors
    /// Writing fails.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let audit = self.audit;
        let whole = Whole {
            outputs: &audit.outputs,
            summary: Summary {
                files: audit.files,
                bytes: audit.bytes,
                links: audit.links,
                findings: self.findings(),
                unlisted: &audit.more,
                closure_paths: audit.closure.len() as u64,
                closure_bytes: self.weight(),
            },
            problems: audit.problems.iter().map(Finding::from).collect(),
            closure: &audit.closure,
        };
        serde_json::to_writer_pretty(&mut *out, &whole)?;
        writeln!(out)
    }

    /// Writes it for an issue or a merge request.
    ///
    /// # Errors
    /// Writing fails.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "# Audit\n")?;
        for output in &self.audit.outputs {
            writeln!(out, "- {}", markdown::code_span(output))?;
        }
        writeln!(out, "\n{}.\n", self.figures())?;
        if !self.audit.closure.is_empty() {
            writeln!(out, "{}.\n", self.weighed())?;
            writeln!(out, "| package | size |\n| :-- | --: |")?;
            for one in self.audit.closure.iter().take(LISTED) {
                writeln!(
                    out,
                    "| {} | {} |",
                    markdown::prose(&one.package),
                    paint::bytes(one.bytes)
                )?;
            }
            writeln!(out)?;
        }
        markdown::findings(out, &self.audit.problems)?;
        for (code, number) in &self.audit.more {
            writeln!(out, "And {} of {code}.\n", count(*number, "more", "more"))?;
        }
        Ok(())
    }

    /// Writes the findings as SARIF 2.1.0.
    ///
    /// # Errors
    /// Writing fails.
    pub fn sarif(&self, out: &mut dyn Write) -> io::Result<()> {
        sarif::findings(out, "audit", &self.audit.problems)
    }
}
