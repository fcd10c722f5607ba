//! Looks up the texts that releases keep, by built file.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use decide::kept::{Absence, Kept, KeptFile, NAME};
use problem::{BAD_KEPT, Problem};
use scan::Language;

/// Reads the `kept.json` files.
///
/// # Errors
/// One problem for each unreadable file.
pub fn read(files: &[PathBuf]) -> Result<Vec<Kept>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut all = Vec::new();
    for file in files {
        let at =
            |cause: String| Problem::new(&BAD_KEPT, cause).at(file.display().to_string(), None);
        let text = std::fs::read(file).map_err(|error| at(error.to_string()));
        let kept = text.and_then(|text| {
            serde_json::from_slice(&text).map_err(|error| {
                let line = u32::try_from(error.line()).ok().filter(|line| *line > 0);
                Problem::new(&BAD_KEPT, error.to_string()).at(file.display().to_string(), line)
            })
        });
        match kept {
            Ok(kept) => all.push(kept),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(all)
    } else {
        Err(problems)
    }
}

/// Returns the `kept.json` of every release below `root`, or of one release.
///
/// # Errors
/// There is none.
pub fn generated(root: &Path, release: Option<&str>) -> Result<Vec<PathBuf>, Problem> {
    let pkgs = root.join("pkgs");
    let mut found: Vec<PathBuf> = if let Some(release) = release {
        vec![pkgs.join(release).join(NAME)]
    } else {
        let entries = std::fs::read_dir(&pkgs).into_iter().flatten().flatten();
        entries.map(|entry| entry.path().join(NAME)).collect()
    };
    found.retain(|file| file.is_file());
    found.sort();
    if found.is_empty() {
        let of = release.unwrap_or("RELEASE");
        let cause =
            format!("there is no pkgs/{of}/{NAME}, which lists the texts that decisions keep");
        let remedy = format!("Run `cargo xtask regen {of}`, or name the file with `--kept`.");
        return Err(Problem::new(&BAD_KEPT, cause).mend(remedy));
    }
    Ok(found)
}

/// Directories of state and configuration, where nothing is required to exist.
const STATE: [&str; 6] = ["/etc/", "/var/", "/run/", "/tmp/", "/proc/", "/dev/"];

/// The texts that releases keep, by built file.
pub struct Keeping<'a> {
    /// Files by the path at which Makefiles and `debian/` install them.
    at: HashMap<&'a str, Vec<&'a KeptFile>>,
    /// Files by name, without `.in`.
    named: HashMap<&'a str, Vec<&'a KeptFile>>,
    /// The texts that any file of a language keeps, for joined and generated files.
    of_language: HashMap<Language, Allowed<'a>>,
}

#[derive(Default)]
struct Allowed<'a> {
    paths: HashSet<&'a str>,
    commands: HashSet<&'a str>,
}

/// The sources of a built file, which determine the texts it may contain.
pub enum Origin<'a> {
    /// These files of the same name and path, for instance in several releases.
    Files(Vec<&'a KeptFile>),
    /// Unknown, because it was joined from several files or generated. It may contain what any file
    /// of its language keeps.
    Any,
}

impl<'a> Keeping<'a> {
    /// Indexes the files of some releases.
    pub fn new(releases: &'a [Kept]) -> Self {
        let mut keeping = Self {
            at: HashMap::new(),
            named: HashMap::new(),
            of_language: HashMap::new(),
        };
        for file in releases.iter().flat_map(|release| &release.files) {
            for place in &file.at {
                keeping.at.entry(place).or_default().push(file);
            }
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let name = name.strip_suffix(".in").unwrap_or(name);
            keeping.named.entry(name).or_default().push(file);
            // A file that Rust includes ends up beside Rust's literals.
            let language = if file.embedded {
                Language::Rust
            } else {
                file.language
            };
            let allowed = keeping.of_language.entry(language).or_default();
            allowed.paths.extend(file.paths.keys().map(String::as_str));
            allowed
                .commands
                .extend(file.commands.iter().map(String::as_str));
        }
        keeping
    }

    /// Returns the sources of the built file at this path.
    pub fn origin(&self, place: &str) -> Origin<'a> {
        if let Some(files) = self.at.get(place) {
            return Origin::Files(files.clone());
        }
        let name = place.rsplit('/').next().unwrap_or(place);
        let unwrapped = unwrapped(name);
        // A source file that is installed elsewhere is not this one, unless a wrapper has taken its
        // name.
        let named = self
            .named
            .get(unwrapped.unwrap_or(name))
            .into_iter()
            .flatten();
        let files: Vec<&KeptFile> = named
            .copied()
            .filter(|file| file.at.is_empty() || unwrapped.is_some())
            .collect();
        let longest = files.iter().map(|file| common(&file.path, place)).max();
        let nearest = files
            .into_iter()
            .filter(|file| Some(common(&file.path, place)) == longest);
        match nearest.collect::<Vec<_>>() {
            none if none.is_empty() => Origin::Any,
            files => Origin::Files(files),
        }
    }

    /// Returns the reason why a file below an output that a built file names may be missing.
    pub fn absence(&self, relative: &str, rest: &str) -> Option<&'a Absence> {
        let Origin::Files(files) = self.origin(relative) else {
            return None;
        };
        let is_below = |place: &str| {
            let below = rest.strip_prefix(place);
            below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        };
        let mut absent = files.into_iter().flat_map(|file| &file.absent);
        absent
            .find(|(place, _)| is_below(place))
            .map(|(_, absence)| absence)
    }

    /// Returns how often a text may occur in a file; `None` for any number.
    pub fn times(&self, origin: &Origin, language: Language, text: &str) -> Option<u32> {
        match origin {
            Origin::Files(files) => files
                .iter()
                .filter_map(|file| file.paths.get(text))
                .max()
                .copied()
                .or(Some(0)),
            Origin::Any => {
                let any = self.of_language.get(&language);
                any.is_none_or(|any| !any.paths.contains(text)).then_some(0)
            }
        }
    }

    /// Whether a file may run a program that is on no search path.
    pub fn runs(&self, origin: &Origin, language: Language, program: &str) -> bool {
        match origin {
            Origin::Files(files) => files.iter().any(|file| file.commands.contains(program)),
            Origin::Any => {
                let any = self.of_language.get(&language);
                any.is_some_and(|any| any.commands.contains(program))
            }
        }
    }

    /// Whether a compiled program may contain a path, because literals of C and Rust end up there.
    /// With `run_on`, further literals, which may also be paths, may directly follow it.
    pub fn compiled(&self, text: &str, run_on: bool) -> bool {
        let compiled = [Language::C, Language::Rust];
        let allowed: Vec<&Allowed> = compiled
            .iter()
            .filter_map(|language| self.of_language.get(language))
            .collect();
        if !run_on {
            return allowed.iter().any(|allowed| allowed.paths.contains(text));
        }
        let mut kept = allowed.iter().flat_map(|allowed| &allowed.paths);
        kept.any(|kept| {
            let rest = text.strip_prefix(*kept);
            rest.is_some_and(|rest| {
                !rest.starts_with('/')
                    || kept.ends_with('/')
                    || STATE.iter().any(|top| rest.starts_with(top))
                    || self.compiled(rest, true)
            })
        })
    }
}

impl<'a> Origin<'a> {
    /// Returns the source file that determines how to scan it.
    pub fn file(&self) -> Option<&'a KeptFile> {
        match self {
            Self::Files(files) => files.first().copied(),
            Self::Any => None,
        }
    }
}

/// Returns the name of the program that a wrapper runs: `.NAME-wrapped`.
pub fn unwrapped(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix("-wrapped")
}

/// Counts the components that two paths share at their ends.
fn common(a: &str, b: &str) -> usize {
    let pairs = a.rsplit('/').zip(b.rsplit('/'));
    pairs
        .take_while(|(a, b)| a.strip_suffix(".in").unwrap_or(a) == *b)
        .count()
}

/// Returns the programs that rules place in `/run/wrappers/bin`.
pub fn wrappers(rules: &decide::rules::Rules) -> BTreeSet<String> {
    let all = rules.programs.iter();
    all.filter(|(_, provider)| matches!(provider, decide::rules::Provider::Wrapper))
        .map(|(name, _)| name.clone())
        .collect()
}
