//! Reports the pins that `lock` resolved.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::paint::{self, FAINT, FOUND, GOOD, STRONG, count, one_line};
use cargo::{Program, lockfile};
use problem::Finding;
use problem::Problem;
use release::{Archive, Manifest, Pin};

/// One source's new pin, with its previous one.
#[derive(Debug, Clone, Serialize)]
pub struct LockedPin {
    /// The source's name.
    pub source: String,
    /// The pin that was resolved.
    pub pin: Pin,
    /// The pin in the file before; `None` for a new source.
    pub before: Option<Pin>,
}

/// The result of `lock` for one release.
#[derive(Debug, Clone)]
pub struct LockReport {
    /// The release's name.
    pub release: String,
    /// The pins, by source.
    pub pins: Vec<LockedPin>,
    /// Sources that were removed from the file.
    pub dropped: Vec<String>,
    /// The release archives that sources package, by name, each with whether it is unchanged.
    pub archives: BTreeMap<String, (Archive, bool)>,
    /// The Rust programs.
    pub programs: Vec<LockedProgram>,
    /// Dependencies that the pins do not satisfy.
    pub problems: Vec<Problem>,
    /// The sources whose local history ends before the release's day, each with the day of its
    /// newest commit.
    pub ended: BTreeMap<String, String>,
}

/// One Rust program's lock.
#[derive(Debug, Clone, Serialize)]
pub struct LockedProgram {
    /// Its name.
    pub name: String,
    /// The number of its crates from the release's sources.
    pub own: usize,
    /// The number of packages in its lock; `None` without a lock.
    pub packages: Option<usize>,
    /// The reason why it is built from an earlier commit of its source than the pinned one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// The sources that it pins itself.
    pub pins: BTreeMap<String, Pin>,
}

impl LockReport {
    /// Makes the report on `new`, which replaces `old`.
    pub fn new(
        old: Option<&Manifest>,
        new: &Manifest,
        programs: &[Program],
        problems: Vec<Problem>,
        ended: BTreeMap<String, String>,
    ) -> Self {
        let before = |source: &str| old.and_then(|old| old.sources.get(source));
        let pins = new
            .sources
            .iter()
            .map(|(source, pin)| LockedPin {
                source: source.clone(),
                pin: pin.clone(),
                before: before(source).cloned(),
            })
            .collect();
        let dropped = old
            .into_iter()
            .flat_map(|old| old.sources.keys())
            .filter(|source| !new.sources.contains_key(*source))
            .cloned()
            .collect();
        Self {
            release: new.name.clone(),
            pins,
            dropped,
            archives: archives(old, new),
            programs: programs
                .iter()
                .map(|program| LockedProgram::new(program, new))
                .collect(),
            problems,
            ended,
        }
    }

    /// Whether the file already held these pins.
    pub fn is_unchanged(&self) -> bool {
        self.dropped.is_empty()
            && self.archives.values().all(|(_, same)| *same)
            && self
                .pins
                .iter()
                .all(|pin| pin.before.as_ref() == Some(&pin.pin))
    }

    /// Writes it for people.
    pub fn text(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let sources = count(self.pins.len() as u64, "source", "sources");
        let what = if self.is_unchanged() {
            "nothing changed"
        } else {
            "locked"
        };
        let release = one_line(&self.release);
        writeln!(
            out,
            "{STRONG}{release}{STRONG:#}: {GOOD}{what}{GOOD:#}, {sources}"
        )?;
        let width_of = |text: fn(&LockedPin) -> &str| {
            self.pins
                .iter()
                .map(|pin| text(pin).chars().count())
                .max()
                .unwrap_or(0)
        };
        let name = width_of(|pin| &pin.source);
        let version = width_of(|pin| version(&pin.pin));
        for pin in &self.pins {
            writeln!(
                out,
                "  {:name$}  {:version$}  {FAINT}{} {}{FAINT:#}{}",
                one_line(&pin.source),
                one_line(self::version(&pin.pin)),
                pin.pin.date.as_deref().unwrap_or("          "),
                short(&pin.pin),
                note(pin),
            )?;
        }
        for source in &self.dropped {
            writeln!(out, "  {:name$}  {FOUND}dropped{FOUND:#}", one_line(source))?;
        }
        for (archive, (now, same)) in &self.archives {
            let changed = if *same { "" } else { "  changed" };
            let what = format!("{:name$}  archive {}", archive, now.version);
            writeln!(out, "  {}{FOUND}{changed}{FOUND:#}", one_line(&what))?;
        }
        for program in &self.programs {
            program.text(out, name)?;
        }
        self.histories(out, width)?;
        self.problems
            .iter()
            .try_for_each(|problem| paint::problem(out, problem, width))
    }

    /// Lists the histories that end before the release, oldest first.
    fn histories(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let mut ended: Vec<_> = self.ended.iter().collect();
        ended.sort_by_key(|(name, day)| (day.as_str(), name.as_str()));
        if ended.is_empty() {
            return Ok(());
        }
        let ended = ended.iter().map(|(name, day)| format!("{name} ({day})"));
        let ended: Vec<String> = ended.collect();
        let many = count(ended.len() as u64, "history", "histories");
        let told = format!(
            "{many} ended before that day, with the last commit in brackets; if upstream has more, fetch it and lock again: {}",
            ended.join(", ")
        );
        paint::paragraph(out, &format!("  {FOUND}note{FOUND:#} "), 7, &told, width)
    }

    /// Writes it for programs: one JSON object.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Json<'a> {
            release: &'a str,
            changed: bool,
            pins: &'a [LockedPin],
            dropped: &'a [String],
            archives: BTreeMap<&'a str, &'a Archive>,
            programs: &'a [LockedProgram],
            problems: Vec<Finding<'a>>,
            ended: &'a BTreeMap<String, String>,
        }
        let json = Json {
            release: &self.release,
            changed: !self.is_unchanged(),
            pins: &self.pins,
            dropped: &self.dropped,
            archives: self
                .archives
                .iter()
                .map(|(name, (archive, _))| (name.as_str(), archive))
                .collect(),
            programs: &self.programs,
            problems: self.problems.iter().map(Finding::from).collect(),
            ended: &self.ended,
        };
        serde_json::to_writer(&mut *out, &json)?;
        writeln!(out)
    }
}

/// Returns the archives of `new`, each with whether `old` has the same.
fn archives(old: Option<&Manifest>, new: &Manifest) -> BTreeMap<String, (Archive, bool)> {
    let before = |name: &str| old.and_then(|old| old.archives.get(name));
    let all = new.archives.iter();
    all.map(|(name, archive)| {
        let same = before(name) == Some(archive);
        (name.clone(), (archive.clone(), same))
    })
    .collect()
}

impl LockedProgram {
    fn new(program: &Program, manifest: &Manifest) -> Self {
        let own = manifest.programs.get(&program.name);
        Self {
            name: program.name.clone(),
            own: program.crates.len(),
            packages: program
                .is_resolved()
                .then(|| lockfile::count(&program.lock)),
            behind: program.behind.clone(),
            pins: own.map(|own| own.sources.clone()).unwrap_or_default(),
        }
    }

    fn text(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let Some(packages) = self.packages else {
            return writeln!(
                out,
                "  {:width$}  {FOUND}no lock{FOUND:#}",
                one_line(&self.name)
            );
        };
        write!(
            out,
            "  {:width$}  {}, {} of them Proxmox'",
            one_line(&self.name),
            count(packages as u64, "crate", "crates"),
            self.own
        )?;
        for (source, pin) in &self.pins {
            let date = pin.date.as_deref().unwrap_or_default();
            write!(
                out,
                ", {} {FAINT}{date} {}{FAINT:#}",
                one_line(source),
                short(pin)
            )?;
        }
        writeln!(out)?;
        let Some(why) = &self.behind else {
            return Ok(());
        };
        writeln!(
            out,
            "  {:width$}  {FOUND}an earlier release of its source{FOUND:#}: {}",
            "",
            one_line(why)
        )
    }
}

fn version(pin: &Pin) -> &str {
    pin.version.as_deref().unwrap_or("-")
}

/// Returns the first twelve digits of the commit, or the directory of a source beside the manifest.
fn short(pin: &Pin) -> &str {
    match (&pin.rev, &pin.path) {
        (Some(rev), _) => rev.get(..12).unwrap_or(rev),
        (None, Some(path)) => path,
        (None, None) => "",
    }
}

/// Describes a pin: how it changed, and whether there was no history to find it in.
fn note(locked: &LockedPin) -> String {
    let alone = if locked.pin.commit_only {
        "  known by its commit alone"
    } else {
        ""
    };
    format!("{}{alone}", change(locked))
}

fn change(locked: &LockedPin) -> String {
    match &locked.before {
        None => format!("  {GOOD}new{GOOD:#}"),
        Some(before) if *before == locked.pin => String::new(),
        Some(before) if before.rev == locked.pin.rev => format!("  {FOUND}changed{FOUND:#}"),
        Some(before) => {
            format!(
                "  {FOUND}was {} {}{FOUND:#}",
                one_line(version(before)),
                one_line(short(before))
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn pin(rev: char, version: &str) -> Pin {
        Pin {
            url: Some("https://git.example.org/hive.git".into()),
            rev: Some(rev.to_string().repeat(40)),
            date: Some("2026-01-02".into()),
            version: Some(version.into()),
            ..Pin::default()
        }
    }

    fn manifest(pins: &[(&str, Pin)]) -> Manifest {
        Manifest {
            name: "hive-2".into(),
            version: None,
            sources: pins
                .iter()
                .map(|(n, p)| ((*n).to_owned(), p.clone()))
                .collect::<BTreeMap<_, _>>(),
            ..Manifest::default()
        }
    }

    fn text(report: &LockReport) -> String {
        let mut out = Vec::new();
        report.text(&mut out, None).unwrap();
        anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
    }

    #[test]
    fn moved_new_and_dropped_pins_are_told_apart() {
        let old = manifest(&[
            ("a", pin('1', "1.0-1")),
            ("b", pin('2', "2.0-1")),
            ("z", pin('3', "3")),
        ]);
        let new = manifest(&[
            ("a", pin('1', "1.0-1")),
            ("b", pin('4', "2.0-2")),
            ("c", pin('5', "5")),
        ]);
        let expected = "\
hive-2: locked, 3 sources
  a  1.0-1  2026-01-02 111111111111
  b  2.0-2  2026-01-02 444444444444  was 2.0-1 222222222222
  c  5      2026-01-02 555555555555  new
  z  dropped
";
        assert_eq!(
            text(&LockReport::new(
                Some(&old),
                &new,
                &[],
                Vec::new(),
                BTreeMap::new()
            )),
            expected
        );
        let mut newer = new.clone();
        let archive = Archive {
            version: "1.0".into(),
            ..Archive::default()
        };
        newer.archives.insert("vm".into(), archive);
        let report = LockReport::new(Some(&new), &newer, &[], Vec::new(), BTreeMap::new());
        assert!(!report.is_unchanged());
        assert!(text(&report).ends_with("  vm  archive 1.0  changed\n"));
        let again = LockReport::new(Some(&new), &new, &[], Vec::new(), BTreeMap::new());
        assert!(again.is_unchanged());
        assert!(text(&again).starts_with("hive-2: nothing changed, 3 sources\n"));
    }
}
