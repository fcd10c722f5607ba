//! Reports the result of `regen`.

use std::io::{self, Write};

use super::paint::{self, BAD, FAINT, FOUND, GOOD, STRONG, count, one_line};
use emit::Regenerated;

/// The report on a run of `regen`.
#[derive(Debug, Clone, Copy)]
pub struct RegenReport<'a>(pub &'a Regenerated);

impl RegenReport<'_> {
    /// Writes it for people.
    pub fn text(self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        self.headline(out)?;
        let counts = &self.0.counts;
        let figures = [
            count(counts.sources, "source", "sources"),
            count(counts.files, "file", "files"),
            paint::bytes(counts.bytes),
            count(counts.occurrences.total(), "occurrence", "occurrences"),
            count(counts.patches, "patch", "patches"),
            count(counts.objects, "object", "objects"),
            count(counts.packages, "package", "packages"),
            count(counts.links, "link", "links"),
        ];
        paint::paragraph(out, "  ", 2, &figures.join(", "), width)?;
        let (writes, removes) = if self.0.check {
            ("differs", "left over")
        } else {
            ("written", "removed")
        };
        for (what, paths) in [(writes, &self.0.written), (removes, &self.0.removed)] {
            for path in paths {
                writeln!(out, "  {FAINT}{what:9}{FAINT:#}  {}", one_line(path))?;
            }
        }
        for (title, lines) in [
            ("required and absent", &self.0.required),
            ("the result lacks", &self.0.lacks),
            ("not to be built", &self.0.unbuilt),
            ("left out", &self.0.left_out),
        ] {
            if !lines.is_empty() {
                writeln!(out, "{FOUND}{title}{FOUND:#}")?;
            }
            for line in lines {
                paint::paragraph(out, "  ", 2, line, width)?;
            }
        }
        self.refusal(out)
    }

    /// Writes a last line, which stays on the screen, if nothing is written.
    fn refusal(self, out: &mut dyn Write) -> io::Result<()> {
        if self.0.refused == 0 {
            return Ok(());
        }
        let (findings, is) = (count(self.0.refused, "finding", "findings"), self.told());
        writeln!(
            out,
            "{BAD}{}: {is}{BAD:#}: fix {findings} first; see above",
            one_line(&self.0.release)
        )
    }

    /// Describes the effect of findings on the run.
    fn told(self) -> &'static str {
        if self.0.check {
            "nothing would be written"
        } else {
            "nothing written"
        }
    }

    /// Writes it for programs: one JSON object on one line.
    pub fn json(self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self.0)?;
        writeln!(out)
    }

    fn headline(self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{STRONG}{}{STRONG:#}: ", one_line(&self.0.release))?;
        let unchanged = count(self.0.unchanged, "file", "files");
        if self.0.refused > 0 && self.0.is_unchanged() {
            let findings = count(self.0.refused, "finding", "findings");
            return writeln!(out, "{BAD}{}{BAD:#}, {findings}", self.told());
        }
        if self.0.is_unchanged() {
            let what = if self.0.check {
                "up to date"
            } else {
                "nothing changed"
            };
            return writeln!(
                out,
                "{GOOD}{what}{GOOD:#}, {unchanged} as a fresh run makes them"
            );
        }
        let written = count(self.0.written.len() as u64, "file", "files");
        let removed = self.0.removed.len();
        if self.0.check {
            writeln!(
                out,
                "{FOUND}differs from a fresh run{FOUND:#}: {written} missing or different, {removed} left over, \
                 {unchanged} up to date"
            )
        } else {
            writeln!(
                out,
                "{GOOD}{written} written{GOOD:#}, {removed} removed, {unchanged} unchanged"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(report: &Regenerated) -> String {
        let mut out = Vec::new();
        RegenReport(report).text(&mut out, None).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn a_second_run_says_that_nothing_changed() {
        let report = Regenerated {
            release: "hive-2".into(),
            unchanged: 12,
            ..Default::default()
        };
        assert!(text(&report).starts_with("hive-2: nothing changed, 12 files as"));
    }

    #[test]
    fn a_run_that_refuses_says_so_first_and_last_and_never_that_nothing_changed() {
        let mut report = Regenerated {
            release: "hive-2".into(),
            unchanged: 12,
            refused: 1,
            lacks: vec!["no wax: hive-wax (hive-vm: a.pm:2)".into()],
            ..Default::default()
        };
        let run = text(&report);
        assert!(
            run.starts_with("hive-2: nothing written, 1 finding\n"),
            "{run}"
        );
        let last = "\nhive-2: nothing written: fix 1 finding first; see above\n";
        assert!(run.ends_with(last), "{run}");
        assert!(!run.contains("nothing changed"), "{run}");
        report.check = true;
        let check = text(&report);
        assert!(!check.contains("up to date"), "{check}");
        assert!(
            check.contains("\nhive-2: nothing would be written: fix 1 finding first"),
            "{check}"
        );
    }

    #[test]
    fn a_check_names_what_differs_and_a_run_what_it_wrote() {
        let mut report = Regenerated {
            release: "hive-2".into(),
            written: vec!["pkgs/a.nix".into()],
            removed: vec!["pkgs/old.nix".into()],
            required: vec!["hive-vm: honey: a.pm:1 uses it".into()],
            lacks: vec!["no wax: hive-wax (hive-vm: a.pm:2)".into()],
            ..Default::default()
        };
        let run = text(&report);
        assert!(
            run.contains("1 file written, 1 removed, 0 files unchanged"),
            "{run}"
        );
        assert!(
            run.contains("  written    pkgs/a.nix\n  removed    pkgs/old.nix\n"),
            "{run}"
        );
        assert!(
            run.ends_with(
                "required and absent\n  hive-vm: honey: a.pm:1 uses it\n\
                 the result lacks\n  no wax: hive-wax (hive-vm: a.pm:2)\n"
            ),
            "{run}"
        );
        report.check = true;
        let check = text(&report);
        assert!(
            check.contains("differs    pkgs/a.nix\n  left over  pkgs/old.nix\n"),
            "{check}"
        );
    }

    #[test]
    fn the_json_has_the_counts_by_decision() {
        let report = Regenerated {
            release: "hive-2".into(),
            ..Default::default()
        };
        let mut out = Vec::new();
        RegenReport(&report).json(&mut out).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(json["release"], "hive-2");
        assert_eq!(json["counts"]["occurrences"]["unknown"], 0);
    }
}
