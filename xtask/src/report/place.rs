//! `explain FILE:LINE`: what stands on a line and why it was decided so.

use std::io::{self, Write};

use super::paint::{FAINT, FOUND, GOOD, HELP, STRONG, one_line};
use super::words;
use crate::decide::{Decided, Decision};
use crate::scan::{Occurrence, Site};

/// The occurrences on one line of one file.
#[derive(Debug, Clone)]
pub struct PlaceReport<'a> {
    /// The release's name.
    pub release: &'a str,
    /// The source's name.
    pub source: &'a str,
    /// The file, relative to the source.
    pub path: &'a str,
    /// 1-based line.
    pub line: u32,
    /// The decided occurrences on that line, by offset; empty when there are none.
    pub decided: Vec<&'a Decided>,
}

impl PlaceReport<'_> {
    /// Writes it for people.
    pub fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "{STRONG}{}/{}:{}{STRONG:#} {FAINT}in {}{FAINT:#}",
            one_line(self.source),
            one_line(self.path),
            self.line,
            one_line(self.release),
        )?;
        if self.decided.is_empty() {
            return writeln!(out, "\n  nothing on this line assumes Debian");
        }
        self.decided
            .iter()
            .try_for_each(|decided| one(out, decided))
    }
}

fn one(out: &mut dyn Write, decided: &Decided) -> io::Result<()> {
    let place = &decided.occurrence;
    writeln!(out, "\n  {HELP}{}{HELP:#}", one_line(&place.text))?;
    let mut row = |name: &str, value: &str| {
        writeln!(out, "    {FAINT}{name:<10}{FAINT:#}{}", one_line(value))
    };
    row("kind", words::kind(place.kind))?;
    let language = words::language(decided.language);
    row(
        "form",
        &format!(
            "{} ({language}), column {}",
            words::form(place.form),
            place.column
        ),
    )?;
    for (name, value) in site_facts(place) {
        row(name, &value)?;
    }
    let why = match &decided.context_rule {
        Some(rule) => format!("by rule {rule}"),
        None => "no rule says otherwise".to_owned(),
    };
    row(
        "context",
        &format!("{}, {why}", words::context(decided.context)),
    )?;
    let style = if decided.decision == Decision::Unknown {
        FOUND
    } else {
        GOOD
    };
    let why = match &decided.rule {
        Some(rule) => format!("by rule {rule}"),
        None => "no rule matches".to_owned(),
    };
    writeln!(
        out,
        "    {FAINT}{:<10}{FAINT:#}{style}{}{style:#}, {}",
        "decision",
        one_line(&words::decision(&decided.decision)),
        one_line(&why),
    )
}

/// What rules can ask about where an occurrence stands, by the names of [`Site`]'s fields.
fn site_facts(occurrence: &Occurrence) -> Vec<(&'static str, String)> {
    let Site {
        sub,
        call,
        argument,
        word,
        before,
        target,
        joined,
        open,
        cfg,
    } = &occurrence.site;
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>| {
        if let Some(value) = value {
            facts.push((name, value));
        }
    };
    fact("sub", sub.clone());
    fact("call", call.clone());
    fact("argument", argument.map(|n| n.to_string()));
    fact("word", word.map(|n| n.to_string()));
    fact("before", before.clone());
    fact("target", target.clone());
    fact("joined", joined.then(|| "yes".to_owned()));
    fact("open", open.then(|| "yes".to_owned()));
    fact("cfg", cfg.clone());
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Context;
    use crate::scan::{Form, Kind, Language};

    fn decided() -> Decided {
        Decided {
            path: "src/Hive/Disk.pm".into(),
            language: Language::Perl,
            occurrence: Occurrence {
                offset: 40,
                length: 13,
                line: 7,
                column: 12,
                kind: Kind::AbsolutePath,
                text: "/usr/bin/comb".into(),
                form: Form::Literal,
                site: Site {
                    sub: Some("probe".into()),
                    call: Some("run_command".into()),
                    argument: Some(0),
                    word: Some(0),
                    ..Site::default()
                },
            },
            context: Context::Host,
            context_rule: None,
            decision: Decision::Package {
                attr: "comb".into(),
                target: "bin/comb".into(),
            },
            rule: Some("comb".into()),
        }
    }

    fn text(decided: &[&Decided]) -> String {
        let report = PlaceReport {
            release: "hive-2",
            source: "hive-storage",
            path: "src/Hive/Disk.pm",
            line: 7,
            decided: decided.to_vec(),
        };
        let mut out = Vec::new();
        report.text(&mut out).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn a_place_says_all_that_rules_can_ask_for_and_which_rules_decided() {
        let expected = "\
hive-storage/src/Hive/Disk.pm:7 in hive-2

  /usr/bin/comb
    kind      absolute-path
    form      a string without interpolation (perl), column 12
    sub       probe
    call      run_command
    argument  0
    word      0
    context   host, no rule says otherwise
    decision  package comb, bin/comb, by rule comb
";
        assert_eq!(text(&[&decided()]), expected);
    }

    #[test]
    fn a_line_without_occurrences_says_so() {
        assert!(text(&[]).ends_with("nothing on this line assumes Debian\n"));
    }
}
