//! Audits a text in a known language: scans it like its source, and compares it with the texts that
//! decisions keep.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::file::{Looker, is_kernels};
use super::keep::{self, Origin};
use super::pieces::Piece;
use super::search::{Command, WRAPPERS, is_complete, is_machines};
use super::walk::{self, Node, Root};
use super::{include, joined};
use problem::{LEFT_OVER, NOT_ON_PATH, Problem};
use release::Mode;
use scan::{FileScan, Form, Kind, Language, Occurrence};

/// Documents for people, and files with Debian's names that modules read to set up what Debian's
/// packages do.
const DOCUMENTATION: [&str; 5] = [
    "share/doc/",
    "share/man/",
    "share/info/",
    "share/licenses/",
    "share/pve-nix/",
];
/// Files that the user's own shell reads, with its own search path.
const COMPLETIONS: [&str; 2] = ["share/bash-completion/", "share/zsh/"];

/// The most bytes of a wrapper to read.
const WRAPPER: u64 = 1 << 20;

/// Audits a text.
pub(super) fn look(
    looker: &mut Looker,
    root: &Root,
    node: &Node,
    mode: Mode,
    origin: &Origin,
    language: Language,
    bytes: &[u8],
) {
    let within = |places: &[&str]| places.iter().any(|place| node.relative.starts_with(place));
    let is_compiled = matches!(language, Language::C | Language::Rust | Language::Make);
    if is_compiled || within(&DOCUMENTATION) || is_handbook(&node.relative) {
        return;
    }
    let path = origin
        .file()
        .map_or(node.relative.as_str(), |file| &file.path);
    let scanned = scan::scan(language, path, bytes, looker.context.calls);
    // A file that does not parse is read as plain text. Only Perl's scanner rejects files.
    let scanned =
        scanned.or_else(|_| scan::scan(Language::Text, path, bytes, looker.context.calls));
    let Ok(scanned) = scanned else { return };
    let mut text = Text {
        looker,
        origin,
        language,
    };
    // The link writes the shebangs of an object's programs.
    let is_executable = mode == Mode::Executable && !root.is_object();
    text.paths(&scanned, bytes, is_executable);
    if language == Language::Perl {
        joined::look(text.looker, bytes);
    }
    if matches!(language, Language::Config | Language::Unit | Language::Text) {
        include::look(text.looker, bytes);
    }
    let runs = matches!(
        language,
        Language::Perl | Language::Shell | Language::Python | Language::Unit
    );
    if runs && !within(&COMPLETIONS) {
        text.commands(&scanned, &node.path);
    }
}

/// Whether a file is in a directory of `share` with texts for people: documentation or translations
/// (`share/pve-docs`, `share/pve-i18n`).
fn is_handbook(relative: &str) -> bool {
    let directory = relative
        .strip_prefix("share/")
        .and_then(|below| below.split_once('/'));
    directory.is_some_and(|(name, _)| {
        ["-docs", "-doc", "-i18n"]
            .iter()
            .any(|end| name.ends_with(end))
    })
}

struct Text<'l, 'c, 'o> {
    looker: &'l mut Looker<'c>,
    origin: &'o Origin<'o>,
    language: Language,
}

impl Text<'_, '_, '_> {
    /// Compares the paths of the text with those that decisions keep.
    fn paths(&mut self, scanned: &FileScan, bytes: &[u8], is_executable: bool) {
        let mut places: BTreeMap<&str, Vec<&Occurrence>> = BTreeMap::new();
        for place in &scanned.occurrences {
            if self.assumes(place, is_executable)
                && !is_open(bytes, place.offset)
                && !self.is_a_machines(place, bytes)
            {
                places.entry(&place.text).or_default().push(place);
            }
        }
        for (text, places) in places {
            let times = self
                .looker
                .context
                .keeping
                .times(self.origin, self.language, text);
            let Some(times) = times.filter(|times| places.len() > *times as usize) else {
                continue;
            };
            let cause = if times == 0 {
                format!("no decision keeps `{text}`")
            } else {
                let lines: Vec<String> =
                    places.iter().map(|place| place.line.to_string()).collect();
                format!(
                    "`{text}` occurs {} times (lines {}), but decisions keep {times}",
                    places.len(),
                    lines.join(", ")
                )
            };
            self.looker.find(&LEFT_OVER, cause, Some(places[0].line));
        }
    }

    /// Whether a place names a file of the kernel, or one that may be missing: systemd ignores a
    /// missing file whose name has `-` before it.
    fn is_a_machines(&self, place: &Occurrence, bytes: &[u8]) -> bool {
        let text = place.text.as_str();
        let is_optional = self.language == Language::Unit
            && text.starts_with("/etc/")
            && place.offset > 0
            && bytes.get(place.offset - 1) == Some(&b'-');
        is_optional || is_kernels(text)
    }

    /// Whether an occurrence assumes that the host is like Debian.
    fn assumes(&self, place: &Occurrence, is_executable: bool) -> bool {
        let prefix = self.looker.context.store.prefix();
        let text = place.text.as_str();
        if matches!(place.form, Form::Comment | Form::Pod)
            || place.site.joined
            || text.starts_with(prefix)
        {
            return false;
        }
        match place.kind {
            Kind::AbsolutePath => match text.strip_prefix(WRAPPERS) {
                Some(program) => {
                    let program = program.trim_matches('/');
                    !program.is_empty() && !self.looker.context.shelves.wraps(program)
                }
                None => true,
            },
            Kind::PathAssignment => !is_known(text, prefix),
            Kind::Shebang => is_executable && text.starts_with('/'),
            _ => false,
        }
    }

    /// Looks up commands on the search path that the text sets, or leaves them to the output's.
    fn commands(&mut self, scanned: &FileScan, path: &Path) {
        let context = self.looker.context;
        let prefix = context.store.prefix();
        let set = scanned.occurrences.iter().filter(|place| {
            place.kind == Kind::PathAssignment && !matches!(place.form, Form::Comment | Form::Pod)
        });
        let set: Vec<&str> = set.map(|place| place.text.as_str()).collect();
        let own = set.iter().find(|path| is_complete(path, prefix)).copied();
        let mut more: Vec<String> = set
            .iter()
            .flat_map(|path| path.split(':'))
            .map(str::to_owned)
            .collect();
        more.extend(wrapper(self.looker, path));
        more.retain(|directory| directory.starts_with('/'));
        self.looker.seen.paths.extend(own.map(str::to_owned));
        let has = |program: &str| {
            more.iter()
                .any(|directory| context.shelves.has(directory, program))
        };
        for place in scanned
            .occurrences
            .iter()
            .filter(|place| place.kind == Kind::BareCommand)
        {
            let program = place.text.as_str();
            if self.language == Language::Unit && is_started(place) {
                let problem = Problem::new(
                    &NOT_ON_PATH,
                    format!("systemd starts `{program}`, and searches no PATH for it"),
                );
                let at = self.looker.place().to_owned();
                self.looker
                    .seen
                    .findings
                    .add(problem.at(at, Some(place.line)));
                continue;
            }
            let excused = matches!(place.form, Form::Comment | Form::Pod)
                || program.contains('/')
                || context.keeping.runs(self.origin, self.language, program);
            if excused || has(program) {
                continue;
            }
            let command = Command {
                program: program.to_owned(),
                place: self.looker.place().to_owned(),
                line: place.line,
            };
            if own.is_some() {
                let problem: Problem = command.missing("the PATH that the file sets");
                self.looker.seen.findings.add(problem);
            } else {
                self.looker.seen.commands.push(command);
            }
        }
    }
}

/// Whether a unit's occurrence is the first word of a command.
fn is_started(place: &Occurrence) -> bool {
    let site = &place.site;
    site.word == Some(0)
        && site
            .call
            .as_deref()
            .is_some_and(|key| key.starts_with("Exec"))
}

/// Whether a placeholder precedes an offset. The link of an object closes its `@pve@/bin/x`.
fn is_open(bytes: &[u8], offset: usize) -> bool {
    let Some(name) = bytes[..offset.min(bytes.len())].strip_suffix(b"@") else {
        return false;
    };
    let length = name
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-')
        .count();
    length > 0 && name[..name.len() - length].ends_with(b"@")
}

/// Whether a search path contains nothing of Debian's.
fn is_known(path: &str, prefix: &str) -> bool {
    let mut directories = path.split(':').filter(|one| one.starts_with('/'));
    directories.all(|one| one.starts_with(prefix) || is_machines(one))
}

/// Returns the directories in the `PATH` that a program's wrapper sets.
fn wrapper(looker: &Looker, path: &Path) -> Vec<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(wrapper) = name.and_then(keep::unwrapped) else {
        return Vec::new();
    };
    let mut bytes = Vec::new();
    let read = walk::open(&path.with_file_name(wrapper))
        .and_then(|(file, _)| file.take(WRAPPER).read_to_end(&mut bytes));
    if read.is_err() {
        return Vec::new();
    }
    let store = &looker.context.store;
    let piece = Piece::whole(&bytes);
    let directories = store
        .references(&piece)
        .filter(|one| one.text.ends_with("/bin"));
    directories
        .map(|one| format!("{}{}", store.prefix(), one.text))
        .collect()
}
