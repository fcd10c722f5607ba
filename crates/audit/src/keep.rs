//! What releases keep, by the built file.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use decide::kept::{Absence, Kept, KeptFile, NAME};
use problem::{BAD_KEPT, Problem};
use scan::Language;

/// Reads the `kept.json` files.
///
/// # Errors
/// Every one that cannot be read.
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

/// The `kept.json` of every release that is generated below `root`, or of one.
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
        let cause = format!("there is no pkgs/{of}/{NAME}, which says what decisions keep");
        let remedy = format!("Run `cargo xtask regen {of}`, or name the file with `--kept`.");
        return Err(Problem::new(&BAD_KEPT, cause).mend(remedy));
    }
    Ok(found)
}

/// Where programs have state and configuration, which nothing is asked of.
const STATE: [&str; 6] = ["/etc/", "/var/", "/run/", "/tmp/", "/proc/", "/dev/"];

/// What releases keep, by the built file.
pub struct Keeping<'a> {
    /// By the place that Makefiles and `debian/` put a file at.
    at: HashMap<&'a str, Vec<&'a KeptFile>>,
    /// By file name, `.in` taken away.
    named: HashMap<&'a str, Vec<&'a KeptFile>>,
    /// What any file of a language keeps: for what is joined or generated.
    of_language: HashMap<Language, Allowed<'a>>,
}

#[derive(Default)]
struct Allowed<'a> {
    paths: HashSet<&'a str>,
    commands: HashSet<&'a str>,
}

/// What a built file may hold.
pub enum Origin<'a> {
    /// It is made of these files of the same name and place (in several releases, say).
    Files(Vec<&'a KeptFile>),
    /// It is joined from several, or generated: what any file of the language keeps.
    Any,
}

impl<'a> Keeping<'a> {
    /// Of releases.
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
            // What a Rust file includes ends up where its literals do.
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

    /// What the built file at this place is made of.
    pub fn origin(&self, place: &str) -> Origin<'a> {
        if let Some(files) = self.at.get(place) {
            return Origin::Files(files.clone());
        }
        let name = place.rsplit('/').next().unwrap_or(place);
        let unwrapped = unwrapped(name);
        // What is known to be put elsewhere is another file of that name, unless a wrapper took its name.
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

    /// Why what a built file names below an output need not be there.
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

    /// How often a text may stand in a file; `None` for as often as it likes.
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

    /// Whether a file may run a program that no search path has.
    pub fn runs(&self, origin: &Origin, language: Language, program: &str) -> bool {
        match origin {
            Origin::Files(files) => files.iter().any(|file| file.commands.contains(program)),
            Origin::Any => {
                let any = self.of_language.get(&language);
                any.is_some_and(|any| any.commands.contains(program))
            }
        }
    }

    /// Whether a compiled program may hold a path: literals of C and Rust end up there. With `run_on`, the next literals
    /// may stand behind it, which may be paths, too.
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
    /// The source's file that says how it is scanned.
    pub fn file(&self) -> Option<&'a KeptFile> {
        match self {
            Self::Files(files) => files.first().copied(),
            Self::Any => None,
        }
    }
}

/// The name of a program that a wrapper runs: `.NAME-wrapped`.
pub fn unwrapped(name: &str) -> Option<&str> {
    name.strip_prefix('.')?.strip_suffix("-wrapped")
}

/// How many components at their ends two paths share.
fn common(a: &str, b: &str) -> usize {
    let pairs = a.rsplit('/').zip(b.rsplit('/'));
    pairs
        .take_while(|(a, b)| a.strip_suffix(".in").unwrap_or(a) == *b)
        .count()
}

/// The programs that rules say are in `/run/wrappers/bin`.
pub fn wrappers(rules: &decide::rules::Rules) -> BTreeSet<String> {
    let all = rules.programs.iter();
    all.filter(|(_, provider)| matches!(provider, decide::rules::Provider::Wrapper))
        .map(|(name, _)| name.clone())
        .collect()
}
