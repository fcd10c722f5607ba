//! `explain FILE:LINE`: reports the occurrences on a line and why they were decided so.

use std::collections::HashMap;
use std::io::{self, Write};

use super::paint::{self, FAINT, FOUND, GOOD, HELP, STRONG, one_line};
use decide::rules::RulePlace;
use decide::{Decided, Decision, RuleId, Table};
use patch::line::Becomes;
use problem::Problem;
use scan::{Occurrence, Site};

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
    /// The line as it is at the pin.
    pub text: &'a str,
    /// The fate of the line.
    pub becomes: Becomes,
    /// The decided occurrences on the line, by offset.
    pub decided: Vec<&'a Decided>,
    /// The findings on the line.
    pub findings: Vec<&'a Problem>,
    /// The place of each rule.
    pub rules: &'a HashMap<RuleId, RulePlace>,
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
        writeln!(out, "\n  {}", one_line(self.text.trim()))?;
        if self.decided.is_empty() {
            writeln!(out, "\n  nothing on this line assumes Debian")?;
        }
        for decided in &self.decided {
            self.one(out, decided)?;
        }
        self.becomes(out)?;
        if self.findings.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        for problem in &self.findings {
            paint::problem(out, problem, None)?;
        }
        Ok(())
    }

    fn becomes(&self, out: &mut dyn Write) -> io::Result<()> {
        match &self.becomes {
            Becomes::Same if self.decided.is_empty() => Ok(()),
            Becomes::Same => writeln!(out, "\n  the line does not change"),
            Becomes::FileGone => writeln!(out, "\n  the whole file is removed"),
            Becomes::Text(text) if text.trim().is_empty() => {
                writeln!(out, "\n  the line is removed")
            }
            Becomes::Text(text) => {
                writeln!(out, "\n  {FAINT}it becomes{FAINT:#}")?;
                let mut lines = text.trim().lines();
                lines.try_for_each(|line| writeln!(out, "  {GOOD}{}{GOOD:#}", one_line(line)))
            }
        }
    }

    fn one(&self, out: &mut dyn Write, decided: &Decided) -> io::Result<()> {
        let place = &decided.occurrence;
        writeln!(out, "\n  {HELP}{}{HELP:#}", one_line(&place.text))?;
        let mut row = |name: &str, value: &str| {
            writeln!(out, "    {FAINT}{name:<10}{FAINT:#}{}", one_line(value))
        };
        row("kind", place.kind.word())?;
        let language = decided.language.word();
        let form = place.form.phrase();
        row(
            "form",
            &format!("{form} ({language}), column {}", place.column),
        )?;
        for (name, value) in site_facts(place) {
            row(name, &value)?;
        }
        let why = match &decided.context_rule {
            Some(rule) => self.rule(rule),
            None => "no rule says otherwise".to_owned(),
        };
        let context = decided.context.name();
        row("context", &format!("{context}, {why}"))?;
        let style = if decided.decision == Decision::Unknown {
            FOUND
        } else {
            GOOD
        };
        let why = match &decided.rule {
            Some(rule) => self.rule(rule),
            None => "no rule matches".to_owned(),
        };
        writeln!(
            out,
            "    {FAINT}{:<10}{FAINT:#}{style}{}{style:#}, {}",
            "decision",
            one_line(&decided.decision.phrase()),
            one_line(&why),
        )
    }

    /// Describes a rule with its place, or the decision's origin without a rule.
    fn rule(&self, id: &RuleId) -> String {
        if let Some(place) = self.rules.get(id) {
            return format!("by rule {id} ({place})");
        }
        match (id.table(), id.name()) {
            (Table::Installed, _) => "because a source of the release installs it".to_owned(),
            (Table::Embedded, _) => "because a source of the release has it in its tree".to_owned(),
            (Table::Module, "declared") => "because a source of the release declares it".to_owned(),
            (Table::Module, _) => "because the language brings it".to_owned(),
            _ => format!("by rule {id}"),
        }
    }
}

/// Returns the facts about an occurrence's surroundings that rules can test, by the names of
/// [`Site`]'s fields.
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
    use decide::Context;
    use problem::UNREWRITABLE;
    use scan::{Form, Kind, Language};

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
            rule: Some(RuleId::new(Table::Path, "comb")),
            etc: None,
        }
    }

    fn text(decided: &[&Decided], becomes: Becomes, findings: &[&Problem]) -> String {
        let place = RulePlace {
            file: "rules/sources/hive-storage.toml".into(),
            line: Some(12),
        };
        let report = PlaceReport {
            release: "hive-2",
            source: "hive-storage",
            path: "src/Hive/Disk.pm",
            line: 7,
            text: "    run_command(['/usr/bin/comb']);",
            becomes,
            decided: decided.to_vec(),
            findings: findings.to_vec(),
            rules: &HashMap::from([(RuleId::new(Table::Path, "comb"), place)]),
        };
        let mut out = Vec::new();
        report.text(&mut out).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn a_place_says_all_that_rules_can_ask_for_which_rules_decided_and_what_comes_of_it() {
        let expected = "\
hive-storage/src/Hive/Disk.pm:7 in hive-2

  run_command(['/usr/bin/comb']);

  /usr/bin/comb
    kind      absolute-path
    form      a string without interpolation (perl), column 12
    sub       probe
    call      run_command
    argument  0
    word      0
    context   host, no rule says otherwise
    decision  package comb, bin/comb, by rule path.comb (rules/sources/hive-storage.toml:12)

  it becomes
  run_command(['@comb@/bin/comb']);

PNX-106: src/Hive/Disk.pm:7
  it cannot be written
  help: mend it
";
        let becomes = Becomes::Text("    run_command(['@comb@/bin/comb']);".into());
        let finding = Problem::new(&UNREWRITABLE, "it cannot be written");
        let finding = finding.at("src/Hive/Disk.pm", Some(7)).mend("mend it");
        assert_eq!(text(&[&decided()], becomes, &[&finding]), expected);
    }

    #[test]
    fn what_stays_and_what_goes_is_said() {
        let told = |becomes| text(&[&decided()], becomes, &[]);
        assert!(told(Becomes::Same).ends_with("\n  the line does not change\n"));
        assert!(told(Becomes::FileGone).ends_with("\n  the whole file is removed\n"));
        assert!(told(Becomes::Text(String::new())).ends_with("\n  the line is removed\n"));
    }

    #[test]
    fn a_line_without_occurrences_says_so() {
        assert!(text(&[], Becomes::Same, &[]).ends_with("nothing on this line assumes Debian\n"));
    }
}
