//! `kept.json`: the texts of Debian's that decisions keep in the rewritten sources. `audit`
//! compares a built output with it; any text that it does not list was left over.
//!
//! Comments, documentation, tests and files for builds only are omitted. Nobody runs them, and a
//! path kept in a comment must not excuse the same path in code.

use std::collections::{BTreeMap, BTreeSet};

use super::installed;
use analyse::AnalysedSource;
use debian::make::ActionKind;
use decide::kept::{Absence, KeptFile};
use decide::rules::{Provider, Rules};
use decide::{Context, Decided, Decision};
use graph::Role;
use patch::edits::Edits;
use patch::rewrite::{self, Placing, Put, Theme};
use patch::rust;
use release::is_own_pin;
use scan::source::ScannedFile;
use scan::{Form, Kind, Language, paths};

/// Lists the texts that the files of one source keep after `edits`.
pub fn files(
    source: &AnalysedSource,
    edits: &Edits,
    placing: Placing,
    rules: &Rules,
) -> Vec<KeptFile> {
    let places = places(source);
    let mut by_path: BTreeMap<&str, Vec<&Decided>> = BTreeMap::new();
    for decided in &source.decided {
        by_path.entry(&decided.path).or_default().push(decided);
    }
    let mut kept: Vec<KeptFile> = Vec::new();
    for file in &source.scanned.files {
        let Some(mut one) = listed(source, file, &places) else {
            continue;
        };
        let cuts = Cuts::of(edits, &file.path);
        if cuts.deleted {
            continue;
        }
        for decided in by_path.get(file.path.as_str()).into_iter().flatten() {
            if !cuts.covers(decided) {
                Notes(&mut one).note(decided, placing, rules);
            }
        }
        for written in &cuts.written {
            Notes(&mut one).note_written(written);
        }
        // For languages that a compiler joins, only the texts matter. Documents do not run.
        let named = !matches!(file.language, Language::C | Language::Rust | Language::Text)
            || !one.at.is_empty();
        if named || !one.paths.is_empty() {
            kept.push(one);
        }
    }
    kept
}

/// Makes the record of a file that may become part of an output, or `None` for any other.
fn listed(
    source: &AnalysedSource,
    file: &ScannedFile,
    places: &BTreeMap<String, BTreeSet<String>>,
) -> Option<KeptFile> {
    let is_packaging = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        path.split('/').any(|part| part == "debian")
            && matches!(
                name.rsplit('.').next().unwrap_or(name),
                "rules" | "preinst" | "postinst" | "prerm" | "postrm" | "config" | "templates"
            )
    };
    if file.language == Language::Make
        || layout::is_test(&file.path)
        || layout::is_example(&file.path)
        || is_packaging(&file.path)
    {
        return None;
    }
    Some(KeptFile {
        source: source.source.name.clone(),
        path: file.path.clone(),
        language: file.language,
        embedded: is_embedded(source, &file.path),
        at: places.get(&file.path).cloned().unwrap_or_default(),
        paths: BTreeMap::new(),
        commands: BTreeSet::new(),
        absent: BTreeMap::new(),
    })
}

/// Whether a Rust file of the source includes a file of that name.
fn is_embedded(source: &AnalysedSource, path: &str) -> bool {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let mut embeds = source
        .scanned
        .files
        .iter()
        .flat_map(|file| &file.scan.embeds);
    embeds.any(|embed| name(embed) == name(path))
}

/// Returns the installed paths of a source's files, by their path in the source.
fn places(source: &AnalysedSource) -> BTreeMap<String, BTreeSet<String>> {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    if is_own_pin(&source.source.name) {
        return places;
    }
    let mut put = |origin: &str, dest: &str| {
        let at = layout::fold(&format!("/{}", dest.trim_start_matches('/')));
        places.entry(origin.to_owned()).or_default().insert(at);
    };
    let made = source.packagings.iter().flat_map(|one| &one.made);
    for action in made.filter(|action| action.kind == ActionKind::File) {
        put(&action.origin, &action.dest);
    }
    for (place, origin) in installed::places(source).files {
        if !origin.directory {
            put(&origin.path, &place);
            continue;
        }
        let below = format!("{}/", origin.path);
        for file in &source.scanned.files {
            if let Some(rest) = file.path.strip_prefix(&below) {
                put(&file.path, &format!("{place}/{rest}"));
            }
        }
    }
    places
}

/// The parts of a file that features remove, and the texts that they insert.
struct Cuts<'e> {
    deleted: bool,
    ranges: Vec<std::ops::Range<usize>>,
    written: Vec<&'e str>,
}

impl<'e> Cuts<'e> {
    fn of(edits: &'e Edits, path: &str) -> Self {
        let found = edits
            .files
            .binary_search_by(|file| file.path.as_str().cmp(path));
        let file = found.ok().map(|at| &edits.files[at]);
        let edits = file.map_or(&[][..], |file| &file.edits);
        let cuts = edits.iter().filter(|edit| edit.theme == Theme::Features);
        let (ranges, written) = cuts
            .map(|edit| (edit.range.clone(), edit.replacement.as_str()))
            .unzip();
        Self {
            deleted: file.is_some_and(|file| file.deleted),
            ranges,
            written,
        }
    }

    fn covers(&self, decided: &Decided) -> bool {
        let start = decided.occurrence.offset;
        let end = start + decided.occurrence.length;
        self.ranges
            .iter()
            .any(|cut| cut.start <= start && end <= cut.end)
    }
}

/// Collects the texts that a file keeps.
struct Notes<'k>(&'k mut KeptFile);

impl Notes<'_> {
    /// Records the text that an occurrence leaves in the file.
    fn note(&mut self, decided: &Decided, placing: Placing, rules: &Rules) {
        let place = &decided.occurrence;
        // An installed file is not changed, whatever it is for.
        let unbuilt =
            self.0.at.is_empty() && matches!(decided.context, Context::Test | Context::Build);
        let is_prose = matches!(place.form, Form::Comment | Form::Pod) && !self.0.embedded;
        if is_prose || unbuilt || place.site.joined {
            return;
        }
        match place.kind {
            Kind::BareCommand => {
                if is_excused(decided, rules) {
                    self.0.commands.insert(place.text.clone());
                }
            }
            Kind::AbsolutePath | Kind::PathAssignment | Kind::Shebang => {
                self.note_path(decided, placing);
                self.note_absence(decided, placing, rules);
            }
            Kind::Module
            | Kind::CrateSource
            | Kind::ArchitectureTriplet
            | Kind::UnitName
            | Kind::PamService
            | Kind::BusName
            | Kind::SysctlKey
            | Kind::KernelModule => {}
        }
    }

    /// Records the paths and `PATH` values that a feature writes into the file. The rule's author
    /// has decided them.
    fn note_written(&mut self, text: &str) {
        let bytes = text.as_bytes();
        // The parser of the built file recognises a pattern within the text by itself.
        let pattern = paths::Piece {
            notation: paths::Notation::Regex,
            ..paths::Piece::whole(bytes)
        };
        let spans = [paths::Piece::whole(bytes), pattern];
        let spans = spans.into_iter().flat_map(paths::paths);
        let spans = spans.map(|span| span.start..span.end);
        let values = paths::path_assignments(bytes).map(|(start, end)| start..end);
        let all: BTreeSet<(usize, usize)> = spans
            .chain(values)
            .map(|one| (one.start, one.end))
            .collect();
        for span in all.into_iter().map(|(start, end)| start..end) {
            let path = String::from_utf8_lossy(&bytes[span]);
            *self.0.paths.entry(path.into_owned()).or_default() += 1;
        }
    }

    /// Records that the target of the place may be missing.
    fn note_absence(&mut self, decided: &Decided, placing: Placing, rules: &Rules) {
        let said = decided.rule.as_ref().and_then(|rule| rules.absent(rule));
        let (target, absence) = match (&decided.decision, said) {
            (
                Decision::Package { target, .. }
                | Decision::Own { target }
                | Decision::Sibling { target, .. },
                Some(said),
            ) => (target, said.into()),
            (Decision::Sibling { source, target }, None)
                if placing.roles.get(source) != Some(&Role::Object) =>
            {
                (target, Absence::Source(source.clone()))
            }
            _ => return,
        };
        self.0
            .absent
            .insert(target.trim_matches('/').to_owned(), absence);
    }

    fn note_path(&mut self, decided: &Decided, placing: Placing) {
        let text = &decided.occurrence.text;
        let left = match rewrite::put(decided, placing) {
            // Whoever runs it finds it by name on its search path.
            Some((Put::Text(program), Theme::Commands)) => {
                self.0.commands.insert(program);
                return;
            }
            Some((Put::Text(path), _)) => path,
            None if matches!(decided.decision, Decision::Keep { .. })
                && !rust::is_edited(decided, placing) =>
            {
                text.clone()
            }
            // No decision keeps it: it is a file of a source without a derivation.
            _ => return,
        };
        let left = if text.ends_with('/') && !left.ends_with('/') {
            format!("{left}/")
        } else {
            left
        };
        *self.0.paths.entry(left).or_default() += 1;
    }
}

/// Whether the host's search paths may lack the program.
fn is_excused(decided: &Decided, rules: &Rules) -> bool {
    match &decided.decision {
        _ if decided.context != Context::Host => true,
        Decision::Command {
            source: Some(_),
            program,
            ..
        } => matches!(rules.programs.get(program), Some(Provider::Unpinned { .. })),
        Decision::Command { attr: None, .. } | Decision::Keep { .. } => true,
        _ => false,
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_feature_writes_is_kept_in_any_form() {
        let mut file = KeptFile::of_crate("hive", BTreeMap::new());
        Notes(&mut file).note_written(
            "exec('env', 'PATH=/usr/sbin:/usr/bin', $own =~ s{/bin/[^/]+$}{/etc/hive}r, '/etc/hive');",
        );
        let kept = |path: &str| file.paths.get(path).copied();
        assert_eq!(kept("/usr/sbin:/usr/bin"), Some(1));
        assert_eq!(kept("/bin/"), Some(1));
        assert_eq!(kept("/etc/hive"), Some(2));
    }
}
