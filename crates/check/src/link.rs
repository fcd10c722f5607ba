//! Reads the contents of a built link.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use store::place::Store;

/// The directory of the link's Perl modules.
const SITE_PERL: &str = "lib/perl5/site_perl";
/// The directory of its units.
const UNITS: &str = "lib/systemd/system";
/// Its list of gaps, one a line: the name, a tab, the cost.
const LACKS: &str = "nix-support/pve-lacks";
/// The file that names the Perl for its modules.
const PERL: &str = "nix-support/pve-perl";
/// The directory of its sources' `system.json`.
const SYSTEMS: &str = "share/pve-nix/system";

/// A built link.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Link {
    /// Its output's path as its programs know it.
    pub out: PathBuf,
    /// The store that contains it.
    pub store: Store,
    /// Its programs, in `bin` and elsewhere, by path.
    pub programs: Vec<Program>,
    /// Its own Perl modules, by path.
    pub modules: Vec<Module>,
    /// Its services, by name.
    pub services: BTreeMap<String, String>,
    /// The parts that it lacks; `None` if it has no list.
    pub lacks: Option<BTreeSet<String>>,
    /// The Perl that its own file names.
    pub told_perl: Option<PathBuf>,
    /// The texts of its sources' `system.json`, by name.
    pub systems: BTreeMap<String, String>,
    /// The reason why it needs this machine's `/usr`; `None` if its store is enough.
    pub leans_on: Option<String>,
}

/// A program.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Program {
    /// The path below the output: `bin/qm`.
    pub place: String,
    /// The interpreter in its shebang.
    pub interpreter: Option<PathBuf>,
    /// The rest of the shebang.
    pub switches: String,
    /// Whether it is the link's own, rather than a link into another package.
    pub own: bool,
}

impl Program {
    /// Whether Perl runs it.
    pub fn is_perl(&self) -> bool {
        let name = self
            .interpreter
            .as_deref()
            .and_then(Path::file_name)
            .and_then(|name| name.to_str());
        name.is_some_and(|name| {
            name.strip_prefix("perl")
                .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
        })
    }

    /// Whether its shebang enables taint mode.
    pub fn is_tainted(&self) -> bool {
        self.switches.split_whitespace().any(taints)
    }
}

/// Whether a switch of Perl's contains `T`: `-T`, `-wT`. A switch with a value ends a bundle.
fn taints(word: &str) -> bool {
    let Some(letters) = word.strip_prefix('-') else {
        return false;
    };
    let bundle = letters.split(['I', 'M', 'm', 'e', 'E', 'i', '-']).next();
    bundle.is_some_and(|bundle| bundle.contains('T'))
}

/// A Perl module.
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Module {
    /// The path below the output.
    pub place: String,
    /// The argument of `require`, such as `PVE/Tools.pm`; `None` if neither its path nor its text
    /// shows it.
    pub required: Option<String>,
    /// The directory below the output from which to require it, if Perl does not search that by
    /// itself and some program has a `use lib`.
    pub directory: Option<String>,
    /// Whether its first line enables taint mode.
    pub tainted: bool,
}

impl Link {
    /// Reads the link at `path`, after following links to it.
    ///
    /// # Errors
    /// `path` is not a directory, or something in it cannot be read.
    pub fn read(path: &Path) -> io::Result<Self> {
        let path = path.canonicalize()?;
        if !path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::NotADirectory));
        }
        let (store, out) = Store::of(&path);
        let mut link = Self {
            lacks: lines(&path.join(LACKS))?,
            told_perl: lines(&path.join(PERL))?
                .and_then(|lines| lines.into_iter().next())
                .map(PathBuf::from),
            programs: Vec::new(),
            modules: Vec::new(),
            services: BTreeMap::new(),
            systems: texts(&path.join(SYSTEMS), ".json")?,
            leans_on: None,
            store,
            out,
        };
        for entry in WalkDir::new(&path).sort_by_file_name() {
            let entry = entry?;
            if !entry.file_type().is_dir()
                && let Some(place) = entry.path().strip_prefix(&path).ok().and_then(Path::to_str)
            {
                link.take(place)?;
            }
        }
        link.leans_on = link.leaning();
        Ok(link)
    }

    /// Adds the file at `place`.
    fn take(&mut self, place: &str) -> io::Result<()> {
        let known = self.out.join(place);
        let own = !self.store.lies(&known).is_symlink();
        // A link that leads nowhere on this machine (to state, to a manual page) is not a program.
        let Some(lies) = self
            .store
            .resolve_lies(&known)
            .filter(|file| file.is_file())
        else {
            return Ok(());
        };
        let executable = lies.metadata()?.permissions().mode() & 0o111 != 0;
        if place.ends_with(".pm") {
            if own {
                let (_, switches) = first_line(&lies)?;
                let text = String::from_utf8_lossy(&std::fs::read(&lies)?).into_owned();
                let (directory, declared) = declared(place, &text).unzip();
                let required = required(place);
                self.modules.push(Module {
                    place: place.to_owned(),
                    directory: directory.filter(|_| required.is_none()),
                    required: required.or(declared),
                    tainted: switches.split_whitespace().any(taints),
                });
            }
        } else if place.starts_with(UNITS) && place.ends_with(".service") {
            let name = place.rsplit('/').next().unwrap_or(place);
            let text = String::from_utf8_lossy(&std::fs::read(&lies)?).into_owned();
            self.services.insert(name.to_owned(), text);
        } else if executable && (place.starts_with("bin/") || own && starts_a_program(&lies)?) {
            let (interpreter, switches) = first_line(&lies)?;
            self.programs.push(Program {
                place: place.to_owned(),
                interpreter,
                switches,
                own,
            });
        }
        Ok(())
    }

    /// Whether the link contains `place`.
    pub fn holds(&self, place: &str) -> bool {
        self.store.resolve(&self.out.join(place)).is_some()
    }

    /// Returns the Perl that runs its programs and loads its modules.
    pub fn perl(&self) -> Option<&Path> {
        let perl = |program: &&Program| program.is_perl() && program.own;
        let found = self.programs.iter().find(perl);
        found
            .and_then(|program| program.interpreter.as_deref())
            .or(self.told_perl.as_deref())
    }

    /// Returns the directory of its own modules.
    pub fn site_perl(&self) -> PathBuf {
        self.out.join(SITE_PERL)
    }

    /// Returns the `PATH` of its services, or else the directory of its programs.
    pub fn search_path(&self) -> String {
        let paths = self.services.values().filter_map(|text| {
            let lines = text.lines().map(str::trim);
            lines
                .filter_map(|line| line.strip_prefix("Environment="))
                .find_map(|value| value.trim_matches('"').strip_prefix("PATH="))
                .map(str::to_owned)
        });
        let longest = paths.max_by_key(|path| (path.len(), path.clone()));
        let own = self.out.join("bin").display().to_string();
        longest.filter(|path| path.contains(&own)).unwrap_or(own)
    }

    /// Describes a part of it that leads to this machine's own files, as in a store built without a
    /// cache.
    fn leaning(&self) -> Option<String> {
        let interpreters = self.programs.iter().filter_map(|program| {
            let path = program.interpreter.clone()?;
            Some((program.place.clone(), path))
        });
        let dirs = self.search_path();
        let dirs = dirs
            .split(':')
            .filter(|dir| self.store.holds(Path::new(dir)));
        let commands = dirs.flat_map(|dir| {
            let entries = std::fs::read_dir(self.store.lies(Path::new(dir)));
            let names = entries.into_iter().flatten().flatten();
            names.map(move |entry| (dir.to_owned(), Path::new(dir).join(entry.file_name())))
        });
        let told = self
            .told_perl
            .iter()
            .map(|perl| (PERL.to_owned(), perl.clone()));
        for (place, path) in interpreters.chain(told).chain(commands) {
            let Some(leads) = self.store.resolve(&path) else {
                continue;
            };
            if !self.store.holds(&leads) {
                return Some(format!("{place} leads to {}", leads.display()));
            }
            if let Some(loader) = loader(&self.store.lies(&leads))
                && !self.stays(Path::new(&loader))
            {
                return Some(format!("{} is loaded by {loader}", leads.display()));
            }
        }
        None
    }

    /// Whether a path is in the store and does not lead out of it.
    fn stays(&self, path: &Path) -> bool {
        let leads_out = |path: PathBuf| !self.store.holds(&path);
        self.store.holds(path) && !self.store.resolve(path).is_some_and(leads_out)
    }
}

/// Reads the first 4096 bytes of a file.
fn head(file: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(4096);
    File::open(file)?.take(4096).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a file is a script or an executable for this kind of machine, rather than a shared
/// object.
fn starts_a_program(file: &Path) -> io::Result<bool> {
    Ok(head(file)?.starts_with(b"#!"))
}

/// Returns the interpreter of a script and the rest of its shebang.
fn first_line(file: &Path) -> io::Result<(Option<PathBuf>, String)> {
    let head = head(file)?;
    let Some(rest) = head.strip_prefix(b"#!") else {
        return Ok((None, String::new()));
    };
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let line = line.trim();
    let (interpreter, switches) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    Ok((Some(PathBuf::from(interpreter)), switches.trim().to_owned()))
}

/// Returns the dynamic loader of an ELF program.
fn loader(file: &Path) -> Option<String> {
    elf::read(File::open(file).ok()?).ok()?.interpreter
}

/// Returns the argument of `require` for the module at `place`: its path below `site_perl`, or
/// below the version and architecture there.
fn required(place: &str) -> Option<String> {
    let below = place.strip_prefix(SITE_PERL)?.strip_prefix('/')?;
    let mut below = below;
    let is_version = |part: &str| part.starts_with('5') && part.contains('.');
    while let Some((part, rest)) = below.split_once('/') {
        if !is_version(part) && !part.contains("-linux") {
            break;
        }
        below = rest;
    }
    Some(below.to_owned())
}

/// Returns the directory from which to require the module at `place` and the argument of `require`,
/// judged by the package that its text declares.
fn declared(place: &str, text: &str) -> Option<(String, String)> {
    let declares = |line: &str| {
        line.trim_start()
            .strip_prefix("package ")?
            .split([';', ' ', '{'])
            .next()
            .map(str::to_owned)
    };
    let package = text.lines().find_map(declares)?;
    let file = format!("{}.pm", package.replace("::", "/"));
    let directory = place.strip_suffix(&file)?.strip_suffix('/')?;
    Some((directory.to_owned(), file))
}

/// Reads the lines of a file; `None` if it does not exist.
fn lines(file: &Path) -> io::Result<Option<BTreeSet<String>>> {
    match std::fs::read_to_string(file) {
        // The text after the tab is for people.
        Ok(text) => Ok(Some(
            text.lines()
                .filter_map(|line| line.split('\t').next())
                .map(str::to_owned)
                .collect(),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the files with this ending in a directory, by the name before it. A missing directory has
/// none.
fn texts(directory: &Path, ending: &str) -> io::Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    if !directory.is_dir() {
        return Ok(texts);
    }
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(name) = name.and_then(|name| name.strip_suffix(ending)) {
            texts.insert(name.to_owned(), std::fs::read_to_string(&path)?);
        }
    }
    Ok(texts)
}

/// Reads the texts of `SOURCE/system.json` in a release's directory (`pkgs/RELEASE`), by source.
///
/// # Errors
/// The directory or a file cannot be read.
pub fn systems(directory: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut systems = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let file = path.join("system.json");
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && file.is_file()
        {
            systems.insert(name.to_owned(), std::fs::read_to_string(file)?);
        }
    }
    Ok(systems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taint_mode_is_read_from_the_switches() {
        for tainted in ["-T", "-wT", "-Tw -I/x", "-w -T", "-TI/x"] {
            assert!(tainted.split_whitespace().any(taints), "{tainted}");
        }
        for untainted in ["", "-w", "-I/T", "-MT", "-t", "T"] {
            assert!(!untainted.split_whitespace().any(taints), "{untainted}");
        }
    }

    #[test]
    fn a_module_is_required_by_its_place_below_an_inc_directory() {
        let of = |place: &str| required(&format!("{SITE_PERL}/{place}"));
        assert_eq!(of("PVE/Tools.pm").unwrap(), "PVE/Tools.pm");
        assert_eq!(of("5.40.0/PVE/X.pm").unwrap(), "PVE/X.pm");
        assert_eq!(
            of("5.40.0/x86_64-linux-thread-multi/PVE/IPCC.pm").unwrap(),
            "PVE/IPCC.pm"
        );
        assert_eq!(required("share/x/X.pm"), None);
        let text = "# x\npackage A::X;\n";
        let told = declared("share/x/A/X.pm", text);
        assert_eq!(told, Some(("share/x".into(), "A/X.pm".into())));
        assert_eq!(declared("share/x/B.pm", text), None);
    }

    #[test]
    fn a_loader_in_the_store_may_lead_out_of_it() {
        let root = tempfile::tempdir().unwrap();
        let store = root.path().join("nix/store");
        let make = |place: &str, bytes: &[u8]| {
            let file = store.join(place);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, bytes).unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        // This machine's shell, with its loader replaced by one of the store.
        let mut shell = std::fs::read("/bin/sh").unwrap();
        let asked = elf::read(std::io::Cursor::new(&shell)).unwrap();
        let asked = asked.interpreter.expect("a dynamic program");
        let at = memchr::memmem::find(&shell, asked.as_bytes()).unwrap();
        let mut known = b"/nix/store/g/ld.so".to_vec();
        known.resize(asked.len(), 0);
        shell[at..at + asked.len()].copy_from_slice(&known);
        make("perl/bin/perl", &shell);
        make("link/share/x", b"#!/nix/store/perl/bin/perl\n");
        make("g/ld.so", b"");

        let read = || Link::read(&store.join("link")).unwrap().leans_on;
        assert_eq!(read(), None);
        std::fs::remove_file(store.join("g/ld.so")).unwrap();
        std::os::unix::fs::symlink(&asked, store.join("g/ld.so")).unwrap();
        let told = "/nix/store/perl/bin/perl is loaded by /nix/store/g/ld.so";
        assert_eq!(read().as_deref(), Some(told));
    }
}
