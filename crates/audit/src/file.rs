//! Audits one node of an output.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::PermissionsExt as _;

use memchr::memmem;

use super::findings::Findings;
use super::keep::Origin;
use super::pieces::{self, Piece};
use super::search::{Command, WRAPPERS};
use super::store::Leads;
use super::walk::{self, Nature, Node, Root};
use super::{Context, link, text};
use decide::kept::Absence;
use elf::Elf;
use problem::{
    BUILD_DIRECTORY, CORRUPT_ELF, Code, LEFT_OVER, NO_STORE_PATH, NOT_IN_PACKAGE, ODD_NODE,
    Problem, UNREADABLE,
};
use release::Mode;
use scan::{Language, paths};

/// Whether a path is below a directory of the kernel. These are the same on every system, even in
/// files from outside the release.
pub(super) fn is_kernels(path: &str) -> bool {
    ["/dev/", "/proc/", "/sys/"]
        .iter()
        .any(|directory| path.starts_with(directory))
}

/// The largest file to read whole and, if a scanner knows its language, to parse.
const WHOLE: u64 = 16 << 20;

/// The build directories of Nix' sandbox, of builds without one, and of a Nix that keeps them below
/// `/nix/var`.
const BUILD_DIRECTORIES: [&str; 3] = ["/build/", "/tmp/nix-build-", "/nix/var/nix/builds/"];

/// The text that pdfTeX writes before the name of an included picture's file. No PDF reader opens
/// it.
const PICTURE: &[u8] = b"/PTEX.FileName (";

/// Texts that Rust's standard library and the linker add to every program.
const TOOLCHAINS: [&str; 1] = ["/usr/lib/debug"];

/// The audit's result for one node.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Whether it is a regular file.
    pub is_file: bool,
    /// Whether it is a link.
    pub is_link: bool,
    /// A file's bytes.
    pub bytes: u64,
    /// Its findings.
    pub findings: Findings,
    /// The store paths that it names.
    pub names: BTreeSet<String>,
    /// The programs that it runs by name, to look up on the output's search path.
    pub commands: Vec<Command>,
    /// The search paths that it sets.
    pub paths: Vec<String>,
}

/// Audits a node.
pub(super) fn look(root: &Root, node: &Node, context: &Context) -> Seen {
    let mut looker = Looker {
        context,
        place: root.place(&node.relative),
        root,
        relative: &node.relative,
        seen: Seen::default(),
        told: HashSet::new(),
        elf: None,
    };
    match &node.nature {
        Err(error) => looker.unreadable(error),
        Ok(Nature::Odd(what)) => {
            looker.find(&ODD_NODE, format!("the output contains {what}"), None);
        }
        Ok(Nature::Link) => {
            looker.seen.is_link = true;
            link::look(&mut looker, root, &node.path);
        }
        Ok(Nature::File) => {
            looker.seen.is_file = true;
            if let Err(error) = looker.file(root, node) {
                looker.unreadable(&error);
            }
        }
    }
    looker.seen
}

/// The state of one node's audit.
pub(super) struct Looker<'a> {
    /// The shared input of the audit.
    pub context: &'a Context<'a>,
    /// The output that contains the node.
    root: &'a Root,
    /// Its path relative to the output.
    relative: &'a str,
    /// Its name in reports.
    place: String,
    /// The result so far.
    pub seen: Seen,
    /// The references already reported, so that each is reported once per file.
    told: HashSet<(&'static str, String)>,
    /// The facts of an ELF file, without sections if it is damaged.
    elf: Option<Elf>,
}

impl Looker<'_> {
    /// Adds a finding.
    pub fn find(&mut self, code: &'static Code, cause: impl Into<String>, line: Option<u32>) {
        let problem = Problem::new(code, cause).at(self.place.clone(), line);
        self.seen.findings.add(problem);
    }

    /// Returns the node's path relative to the output.
    pub fn relative(&self) -> &str {
        self.relative
    }

    /// Returns the node's name in reports.
    pub fn place(&self) -> &str {
        &self.place
    }

    fn unreadable(&mut self, error: &io::Error) {
        self.find(&UNREADABLE, error.to_string(), None);
    }

    fn file(&mut self, root: &Root, node: &Node) -> io::Result<()> {
        let (mut file, meta) = walk::open(&node.path)?;
        self.seen.bytes = meta.len();
        let mode = if meta.permissions().mode() & 0o111 == 0 {
            Mode::File
        } else {
            Mode::Executable
        };
        let read = if meta.len() <= WHOLE {
            let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default() + 1);
            (&mut file).take(WHOLE + 1).read_to_end(&mut bytes)?;
            self.in_memory(root, node, mode, &bytes);
            bytes.len() as u64
        } else {
            self.in_pieces(node, mode, &mut file)?
        };
        if read != meta.len() {
            let cause = format!(
                "it had {} bytes when it was opened, and {read} were read",
                meta.len()
            );
            self.find(&UNREADABLE, cause, None);
        }
        Ok(())
    }

    fn in_memory(&mut self, root: &Root, node: &Node, mode: Mode, bytes: &[u8]) {
        if bytes.starts_with(elf::MAGIC) {
            self.program(elf::read(io::Cursor::new(bytes)));
        } else {
            let origin = self.context.keeping.origin(&node.relative);
            if let Some(language) = language(&origin, &node.relative, mode, bytes) {
                text::look(self, root, node, mode, &origin, language, bytes);
            }
        }
        self.bytes(&Piece::whole(bytes), None);
    }

    fn in_pieces(&mut self, node: &Node, mode: Mode, file: &mut File) -> io::Result<u64> {
        let mut head = Vec::new();
        (&mut *file)
            .take(scan::HEAD as u64)
            .read_to_end(&mut head)?;
        let mut plain = None;
        if head.starts_with(elf::MAGIC) {
            self.program(elf::read(&mut *file));
        } else {
            // The file is too large to parse, so search all of its bytes for paths.
            let origin = self.context.keeping.origin(&node.relative);
            plain =
                language(&origin, &node.relative, mode, &head).map(|language| (origin, language));
        }
        file.rewind()?;
        pieces::each(file, |piece| self.bytes(&piece, plain.as_ref()))
    }

    /// Records the headers of an ELF file.
    fn program(&mut self, read: Result<Elf, String>) {
        let elf = match read {
            Ok(elf) => elf,
            Err(cause) => {
                self.find(
                    &CORRUPT_ELF,
                    format!("it begins as ELF, and cannot be read: {cause}"),
                    None,
                );
                self.elf = Some(Elf::default());
                return;
            }
        };
        let prefix = self.context.store.prefix();
        let left = |path: &&String| {
            !path.starts_with(prefix) && paths::prefilter(path.as_bytes()) && path.starts_with('/')
        };
        if let Some(interpreter) = elf.interpreter.as_ref().filter(left) {
            let cause = format!("`{interpreter}` is its interpreter");
            self.find(&LEFT_OVER, cause, None);
        }
        for directory in elf.search.iter().filter(left) {
            let cause = format!("it looks for libraries in `{directory}` (RUNPATH)");
            self.find(&LEFT_OVER, cause, None);
        }
        self.elf = Some(elf);
    }

    /// Checks raw bytes: references into the store and to the build directory and, in programs and
    /// in files too large to parse, paths of Debian's.
    fn bytes(&mut self, piece: &Piece, plain: Option<&(Origin, Language)>) {
        self.references(piece);
        self.build_directories(piece);
        if self.elf.is_some() {
            self.literals(piece);
        } else if let Some((origin, language)) = plain {
            self.unparsed(piece, origin, *language);
        }
    }

    /// Checks the paths of a text that is too large to parse.
    fn unparsed(&mut self, piece: &Piece, origin: &Origin, language: Language) {
        for path in paths::paths(paths::Piece::whole(piece.bytes)) {
            if !piece.owns(path.start) || path.joined {
                continue;
            }
            let text = String::from_utf8_lossy(&piece.bytes[path.start..path.end]);
            let is_known =
                text.starts_with(self.context.store.prefix()) || text.starts_with(WRAPPERS);
            if !is_known && self.context.keeping.times(origin, language, &text) == Some(0) {
                self.left_over(piece, path.start, &text);
            }
        }
    }

    fn references(&mut self, piece: &Piece) {
        let context = self.context;
        let is_program = self.elf.is_some();
        for reference in context.store.references(piece) {
            let prefix = context.store.prefix();
            match context.store.leads(&reference, is_program) {
                Leads::There(base) => drop(self.seen.names.insert(base)),
                Leads::NoPath(name) => {
                    let cause = format!("`{prefix}{name}` does not exist");
                    self.once(&NO_STORE_PATH, &name, cause, piece, reference.start);
                }
                Leads::NoFile(base, rest) => {
                    if is_required(&rest, is_program) && !self.may_lack(&base, &rest) {
                        let cause = format!("`{prefix}{base}` has no `{rest}`");
                        self.once(
                            &NOT_IN_PACKAGE,
                            &format!("{base}/{rest}"),
                            cause,
                            piece,
                            reference.start,
                        );
                    }
                    self.seen.names.insert(base);
                }
            }
        }
    }

    /// Reports that a store path lacks a file whose path the code assembles, unless it may be
    /// missing.
    pub fn absent(&mut self, base: &str, rest: &str, cause: String, line: u32) {
        if self.may_lack(base, rest) || !self.told.insert((NOT_IN_PACKAGE.id, cause.clone())) {
            return;
        }
        self.find(&NOT_IN_PACKAGE, cause, Some(line));
    }

    /// Whether a file may be missing: a decision says so, or nothing uses the list that names it.
    fn may_lack(&self, base: &str, rest: &str) -> bool {
        // MakeMaker's list of installed files, from before manual pages were compressed. Only an
        // uninstallation reads it.
        if self.relative.ends_with("/.packlist") {
            return true;
        }
        match self.context.keeping.absence(self.relative, rest) {
            Some(Absence::Optional) => true,
            Some(Absence::Head) => self.context.store.has_head(base, rest),
            Some(Absence::Source(source)) => {
                let own = self.context.store.base_of(&self.root.path);
                own.as_deref() == Some(base) && self.root.lacks.contains(source)
            }
            None => false,
        }
    }

    fn build_directories(&mut self, piece: &Piece) {
        for directory in BUILD_DIRECTORIES {
            for at in memmem::find_iter(piece.bytes, directory) {
                let before = at.checked_sub(1).map(|before| piece.bytes[before]);
                let joined = before.is_some_and(|byte| {
                    byte.is_ascii_alphanumeric() || b"._-~/}*)@".contains(&byte)
                });
                let is_picture = piece.bytes[..at].ends_with(PICTURE);
                let rest = &piece.bytes[at + directory.len()..];
                let length = rest
                    .iter()
                    .take_while(|byte| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte))
                    .count();
                if piece.owns(at) && !joined && !is_picture && length > 0 {
                    let shown = String::from_utf8_lossy(&rest[..length.min(120)]);
                    let cause = format!("`{directory}{shown}` is where it was built");
                    self.once(&BUILD_DIRECTORY, directory, cause, piece, at);
                }
            }
        }
    }

    /// Checks the literals of a program that name a program or its data.
    fn literals(&mut self, piece: &Piece) {
        let bytes = piece.bytes;
        for path in paths::paths(paths::Piece::whole(bytes)) {
            if !piece.owns(path.start) || !self.is_data(piece, path.start) {
                continue;
            }
            let text = String::from_utf8_lossy(&bytes[path.start..path.end]);
            // `src/bin/x.rs` is not an absolute path. A path below `/usr` is, whatever literal
            // precedes it.
            let is_program = if path.joined {
                text.starts_with("/usr/") && !self.is_below_store(bytes, path.start)
            } else {
                ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/libexec/"]
                    .iter()
                    .any(|top| text.starts_with(top))
            };
            let run_on = path.joined || bytes.get(path.end) != Some(&0);
            let known = TOOLCHAINS.iter().any(|known| text.starts_with(known))
                || self.context.keeping.compiled(&text, run_on);
            if is_program && !known {
                self.left_over(piece, path.start, &text);
            }
        }
    }

    /// Whether an offset is in a section with a program's data. Without a section table, every
    /// offset is.
    fn is_data(&self, piece: &Piece, at: usize) -> bool {
        self.elf.as_ref().is_some_and(|elf| {
            let section = elf.section(piece.offset + at as u64);
            elf.sections.is_empty() || section.is_some_and(|section| section.is_data)
        })
    }

    /// Whether the bytes before a path are the start of a store path.
    fn is_below_store(&self, bytes: &[u8], at: usize) -> bool {
        let before = &bytes[at.saturating_sub(256)..at];
        let word = before
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_graphic())
            .count();
        memmem::find(
            &before[before.len() - word..],
            self.context.store.prefix().as_bytes(),
        )
        .is_some()
    }

    fn left_over(&mut self, piece: &Piece, at: usize, text: &str) {
        if is_kernels(text) {
            return;
        }
        let cause = format!("no decision keeps `{text}`");
        self.once(&LEFT_OVER, text, cause, piece, at);
    }

    /// Adds a finding at a byte, once for each `what`, with the line in a text, or section and
    /// offset in a program.
    fn once(&mut self, code: &'static Code, what: &str, cause: String, piece: &Piece, at: usize) {
        if !self.told.insert((code.id, what.to_owned())) {
            return;
        }
        let Some(elf) = &self.elf else {
            self.find(code, cause, Some(piece.line(at)));
            return;
        };
        let offset = piece.offset + at as u64;
        let cause = match elf.section(offset) {
            Some(section) => {
                let within = offset - section.range.start;
                format!(
                    "{cause} (in {} at {within:#x}, in the file at {offset:#x})",
                    section.name
                )
            }
            None => format!("{cause} (in the file at {offset:#x})"),
        };
        self.find(code, cause, None);
    }
}

/// Returns the language to scan a built file as.
fn language(origin: &Origin, relative: &str, mode: Mode, head: &[u8]) -> Option<Language> {
    let head = &head[..head.len().min(scan::HEAD)];
    match origin.file() {
        Some(file) => (!head.contains(&0)).then_some(file.language),
        None => scan::language(relative, mode, head),
    }
}

/// Whether a file must exist where it is named. Programs also name directories that were configured
/// but never made.
fn is_required(rest: &str, is_program: bool) -> bool {
    let top = rest.split('/').next().unwrap_or(rest);
    if is_program {
        matches!(top, "bin" | "sbin" | "libexec")
    } else {
        !matches!(top, "etc" | "var" | "run" | "tmp")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::keep::Keeping;
    use super::super::machine::Machine;
    use super::super::search::Shelves;
    use super::super::store::Store;
    use super::*;
    use scan::calls::Calls;

    fn looked(node: &Node, root: &Root) -> Seen {
        let calls = Calls::parse(
            include_str!("../../../rules/general/calls.toml"),
            "calls.toml",
        )
        .expect("the kept file");
        let context = Context {
            store: Store::new(&root.path),
            keeping: Keeping::new(&[]),
            calls: &calls,
            shelves: Shelves::new(Machine::this(), BTreeSet::new()),
        };
        look(root, node, &context)
    }

    /// Audits `name`, listed as `nature`, in an output that contains a directory `there`. Returns
    /// the findings.
    fn found(name: &str, nature: io::Result<Nature>) -> String {
        let work = tempfile::TempDir::new().expect("a directory");
        std::fs::create_dir(work.path().join("there")).expect("a directory");
        let root = Root::new(work.path().to_path_buf(), "out".to_owned());
        let node = Node {
            relative: name.to_owned(),
            path: work.path().join(name),
            nature,
        };
        let (problems, _) = looked(&node, &root).findings.sorted();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_vanishes_while_it_is_read_is_told() {
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        for told in [
            found("x", Ok(Nature::File)),
            found("x", Ok(Nature::Link)),
            found("x", Err(gone())),
            // A directory, or a pipe, has replaced it.
            found("there", Ok(Nature::File)),
        ] {
            assert!(told.starts_with("PNX-607: out/"), "{told}");
        }
    }
}
