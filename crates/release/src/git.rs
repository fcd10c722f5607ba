//! Trees read straight from Git objects: no checkout, one process to list a tree, one to read a repository.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::{Entry, Mode, Tree, bad_component, manifest, objects};
use cache::Cache;
use problem::{Code, Problem};

/// The object name of the empty blob.
const EMPTY: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// A commit's tree in a Git repository.
pub struct GitTree {
    source: String,
    git_dir: PathBuf,
    entries: Vec<Entry>,
    blobs: Option<Blobs>,
}

/// The blobs read from one commit, kept for the next run.
struct Blobs {
    cache: Cache,
    name: String,
    known: Mutex<Option<HashMap<String, Vec<u8>>>>,
}

impl Blobs {
    /// Returns the contents of `wanted`, in order. Calls `read` for those that are not kept, and
    /// keeps them.
    fn get(
        &self,
        wanted: &[&Entry],
        read: impl FnOnce(&[&Entry]) -> Result<Vec<Vec<u8>>, Problem>,
    ) -> Result<Vec<Vec<u8>>, Problem> {
        // The map stays intact if a thread panics while it holds the lock.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.get_or_insert_with(|| self.cache.get(&self.name).unwrap_or_default());
        let unknown: Vec<&Entry> = wanted
            .iter()
            .filter(|entry| !known.contains_key(&entry.id))
            .copied()
            .collect();
        if !unknown.is_empty() {
            let contents = read(&unknown)?;
            for (entry, content) in unknown.iter().zip(contents) {
                known.insert(entry.id.clone(), content);
            }
            self.cache.put(&self.name, known);
        }
        let content = |entry: &&Entry| known.get(&entry.id).cloned().unwrap_or_default();
        Ok(wanted.iter().map(content).collect())
    }
}

impl GitTree {
    /// As [`GitTree::open`], but reuses the listing and blobs in `cache`, because a commit never
    /// changes.
    ///
    /// # Errors
    /// As [`GitTree::open`]. A damaged repository is noticed only when something that is not kept
    /// is read.
    pub fn kept(
        source: &str,
        git_dir: &Path,
        rev: &str,
        date: Option<&str>,
        cache: &Cache,
    ) -> Result<Self, Problem> {
        let name = format!("{source}-{rev}-tree");
        let mut tree = if let Some(entries) = cache.get(&name) {
            Self {
                source: source.to_owned(),
                git_dir: git_dir.to_owned(),
                entries,
                blobs: None,
            }
        } else {
            let tree = Self::open(source, git_dir, rev, date)?;
            // A missing blob is listed as empty, and may be available tomorrow.
            let is_whole = |entry: &Entry| {
                entry.size > 0 || entry.mode == Mode::Submodule || entry.id == EMPTY
            };
            if tree.entries.iter().all(is_whole) {
                cache.put(&name, &tree.entries);
            }
            tree
        };
        tree.blobs = Some(Blobs {
            cache: cache.clone(),
            name: format!("{source}-{rev}-blobs"),
            known: Mutex::new(None),
        });
        Ok(tree)
    }

    /// Lists the tree of the commit `rev` (forty hex digits) in the repository `git_dir`.
    ///
    /// Problems name `source`. `date` is the pin's, and helps to describe what is there in place of
    /// a missing pin.
    ///
    /// A blob that the repository lacks is listed with size 0 and causes a problem only when it is
    /// read.
    ///
    /// # Errors
    /// `PNX-202` if the commit is missing, `PNX-203` if Git cannot read the repository, `PNX-209`
    /// for paths that are not UTF-8 or leave the tree.
    pub fn open(
        source: &str,
        git_dir: &Path,
        rev: &str,
        date: Option<&str>,
    ) -> Result<Self, Problem> {
        if !manifest::is_rev(rev) {
            return Err(
                Problem::new(&problem::MISSING_PIN, format!("{rev:?} is not a commit"))
                    .in_source(source),
            );
        }
        // `-l` lists sizes. For a missing object Git writes `BAD` and continues.
        let output = command(git_dir)
            .args(["ls-tree", "-r", "-l", "-z", "--full-tree", rev])
            .output()
            .map_err(|error| no_git(source, &error))?;
        if !output.status.success() {
            return Err(unlisted(source, git_dir, rev, date, &output));
        }
        let mut entries =
            parse_listing(&output.stdout).map_err(|cause| bad_tree(source, rev, &cause))?;
        entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        check_paths(&entries).map_err(|cause| bad_tree(source, rev, &cause))?;
        Ok(Self {
            source: source.to_owned(),
            git_dir: git_dir.to_owned(),
            entries,
            blobs: None,
        })
    }
}

impl Tree for GitTree {
    fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn read(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        match &self.blobs {
            Some(blobs) if !wanted.is_empty() => {
                blobs.get(wanted, |unknown| self.read_once(unknown))
            }
            _ => self.read_once(wanted),
        }
    }

    fn repository(&self) -> Option<&Path> {
        Some(&self.git_dir)
    }

    fn read_once(&self, wanted: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
        if let Some(entry) = wanted
            .iter()
            .find(|entry| !is_object_name(&entry.id) || entry.mode == Mode::Submodule)
        {
            let cause =
                "the entry is a submodule or has no Git object name, and has no content here";
            return Err(Problem::new(&problem::BAD_TREE, cause)
                .in_source(&*self.source)
                .at(&*entry.path, None));
        }
        let names: Vec<&str> = wanted.iter().map(|entry| entry.id.as_str()).collect();
        let contents = contents(&self.source, &self.git_dir, &names)?;
        let mut found = Vec::with_capacity(wanted.len());
        for (content, entry) in contents.into_iter().zip(wanted) {
            found.push(content.ok_or_else(|| {
                let cause = format!("the blob {} is not in {}", entry.id, self.git_dir.display());
                Problem::new(&problem::MISSING_BLOB, cause)
                    .in_source(&*self.source)
                    .at(&*entry.path, None)
            })?);
        }
        Ok(found)
    }
}

/// Makes a call of Git on one repository that ignores the caller's environment and the
/// configuration of user and system.
pub(super) fn command(git_dir: &Path) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"GIT_") {
            command.env_remove(name);
        }
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        // A partial clone would fetch missing objects one at a time.
        .env("GIT_NO_LAZY_FETCH", "1")
        // refs/replace would substitute other content for the pin's.
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .args(["-c", "safe.directory=*"])
        .arg("--git-dir")
        .arg(git_dir)
        .stdin(Stdio::null());
    command
}

/// Runs Git and returns its output.
///
/// # Errors
/// `PNX-203` with Git's message.
pub(super) fn run(source: &str, git_dir: &Path, arguments: &[&str]) -> Result<Vec<u8>, Problem> {
    let output = command(git_dir)
        .args(arguments)
        .output()
        .map_err(|error| no_git(source, &error))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(broken(source, git_dir, &output.stderr))
    }
}

/// Returns the contents of the objects `names` (object names or `REV:PATH`); `None` for missing
/// ones.
///
/// # Errors
/// `PNX-203` if Git fails or complains about the repository.
pub(super) fn contents(
    source: &str,
    git_dir: &Path,
    names: &[&str],
) -> Result<Vec<Option<Vec<u8>>>, Problem> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let Some(mut found) = objects::contents(git_dir, names) else {
        return asked_alone(source, git_dir, names);
    };
    // A missing object may be in a damaged pack.
    let absent: Vec<usize> = (0..names.len()).filter(|at| found[*at].is_none()).collect();
    if !absent.is_empty() {
        let names: Vec<&str> = absent.iter().map(|at| names[*at]).collect();
        for (at, content) in absent
            .into_iter()
            .zip(asked_alone(source, git_dir, &names)?)
        {
            found[at] = content;
        }
    }
    Ok(found)
}

/// The same by a process that answers nothing else and whose complaints are read.
fn asked_alone(
    source: &str,
    git_dir: &Path,
    names: &[&str],
) -> Result<Vec<Option<Vec<u8>>>, Problem> {
    let mut child = command(git_dir)
        .args(["cat-file", "--batch", "--buffer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| no_git(source, &error))?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    // Git answers while it still reads requests. All three pipes must flow at once, or one fills up
    // and blocks the others.
    let (found, complaint) = thread::scope(|scope| {
        scope.spawn(move || stdin.map(|stdin| ask(stdin, names)));
        let complaint = scope.spawn(move || {
            let mut text = Vec::new();
            stderr.map(|mut stderr| stderr.read_to_end(&mut text));
            text
        });
        let found = stdout.map_or_else(
            || Ok(Vec::new()),
            |stdout| {
                let mut stdout = BufReader::with_capacity(1 << 16, stdout);
                names.iter().map(|_| objects::answer(&mut stdout)).collect()
            },
        );
        (found, complaint.join().unwrap_or_default())
    });
    let status = child.wait();
    match found {
        Ok(found) if status.is_ok_and(|status| status.success()) => {
            // A damaged pack makes its objects `missing` too, but then Git complains.
            if found.iter().any(Option::is_none) && !complaint.is_empty() {
                return Err(broken(source, git_dir, &complaint));
            }
            Ok(found)
        }
        Err(error) if complaint.is_empty() => {
            Err(broken(source, git_dir, error.to_string().as_bytes()))
        }
        Ok(_) | Err(_) => Err(broken(source, git_dir, &complaint)),
    }
}

/// Writes one name a line. An error here results in missing answers.
fn ask(mut stdin: impl Write, names: &[&str]) -> io::Result<()> {
    let mut lines = Vec::with_capacity(names.iter().map(|name| name.len() + 1).sum());
    for name in names {
        lines.extend_from_slice(name.as_bytes());
        lines.push(b'\n');
    }
    stdin.write_all(&lines)
}

/// Parses `git ls-tree -r -l -z`: `MODE TYPE OBJECT SIZE<TAB>PATH<NUL>`, the size padded to seven columns.
fn parse_listing(listing: &[u8]) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::with_capacity(memchr::memchr_iter(0, listing).count());
    for record in listing
        .split(|&b| b == 0)
        .filter(|record| !record.is_empty())
    {
        let malformed = || format!("git ls-tree gave {:?}", String::from_utf8_lossy(record));
        let tab = memchr::memchr(b'\t', record).ok_or_else(malformed)?;
        let (facts, path) = record.split_at(tab);
        let path = path.get(1..).unwrap_or_default();
        let path = str::from_utf8(path)
            .map_err(|_| format!("the path {:?} is not UTF-8", String::from_utf8_lossy(path)))?;
        let facts = str::from_utf8(facts).map_err(|_| malformed())?;
        let mut facts = facts.split_ascii_whitespace();
        let (Some(mode), Some(kind), Some(id), Some(size)) =
            (facts.next(), facts.next(), facts.next(), facts.next())
        else {
            return Err(malformed());
        };
        let mode = match (mode, kind) {
            ("100755" | "100775", "blob") => Mode::Executable,
            ("120000", "blob") => Mode::Symlink,
            ("160000", "commit") => Mode::Submodule,
            // 100664 occurs in histories made by old versions of Git.
            ("100644" | "100664", "blob") => Mode::File,
            _ => return Err(format!("{path} has the mode {mode} ({kind})")),
        };
        // `-` for submodules, `BAD` for objects that the repository lacks.
        let size = size.parse().unwrap_or(0);
        entries.push(Entry {
            path: path.to_owned(),
            mode,
            size,
            id: id.to_owned(),
        });
    }
    Ok(entries)
}

/// Rejects paths that leave the tree, duplicate paths, and paths that are both a file and a
/// directory. `entries` must be sorted.
pub(super) fn check_paths(entries: &[Entry]) -> Result<(), String> {
    let files: HashSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    if files.len() != entries.len() {
        return Err("a path occurs twice in the tree".to_owned());
    }
    let mut last_parent = "";
    for entry in entries {
        if let Some(part) = bad_component(&entry.path) {
            return Err(format!("the path {:?} has the part {part:?}", entry.path));
        }
        // A patch's header and a line of a report cannot contain it.
        if entry.path.contains(char::is_control) {
            return Err(format!("the path {:?} has a control character", entry.path));
        }
        let Some((parent, _)) = entry.path.rsplit_once('/') else {
            continue;
        };
        if parent == last_parent {
            continue;
        }
        last_parent = parent;
        let mut above = Some(parent);
        while let Some(directory) = above {
            if files.contains(directory) {
                return Err(format!("the path {directory:?} is a file and a directory"));
            }
            above = directory.rsplit_once('/').map(|(above, _)| above);
        }
    }
    Ok(())
}

fn is_object_name(id: &str) -> bool {
    matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit())
}

fn bad_tree(source: &str, rev: &str, cause: &str) -> Problem {
    Problem::new(&problem::BAD_TREE, format!("in the tree of {rev}: {cause}")).in_source(source)
}

/// Makes the problem that Git itself cannot be run.
pub(super) fn no_git(source: &str, error: &io::Error) -> Problem {
    Problem::new(
        &problem::BROKEN_REPOSITORY,
        format!("git cannot be run: {error}"),
    )
    .in_source(source)
    .mend("Install Git and see that it is on PATH.")
}

fn broken(source: &str, git_dir: &Path, complaint: &[u8]) -> Problem {
    explained(
        &problem::BROKEN_REPOSITORY,
        source,
        &format!("Git cannot read {}", git_dir.display()),
        complaint,
    )
}

/// Makes a problem with the first lines of Git's message, which can have thousands.
pub(super) fn explained(
    code: &'static Code,
    source: &str,
    cause: &str,
    complaint: &[u8],
) -> Problem {
    let complaint = String::from_utf8_lossy(complaint);
    let mut lines: Vec<&str> = complaint
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .take(6)
        .collect();
    if lines.len() == 6 {
        lines[5] = "…";
    }
    let said = if lines.is_empty() {
        "Git gives no reason".to_owned()
    } else {
        lines.join("\n    ")
    };
    Problem::new(code, format!("{cause}: {said}")).in_source(source)
}

/// Makes the problem of a tree that could not be listed: the commit is missing, or the repository
/// is damaged.
fn unlisted(
    source: &str,
    git_dir: &Path,
    rev: &str,
    date: Option<&str>,
    listing: &Output,
) -> Problem {
    let known = match command(git_dir).args(["cat-file", "-e", rev]).output() {
        Ok(output) => output,
        Err(error) => return no_git(source, &error),
    };
    // For a missing object, `-e` exits with 1 silently. Any other problem has a message.
    let complains = known.stderr.starts_with(b"error:")
        || known.stderr.windows(7).any(|text| text == b"\nerror:");
    if known.status.success() || complains || !has_commits(git_dir) {
        return broken(source, git_dir, &listing.stderr);
    }
    let mut cause = format!("the commit {rev} is not in {}", git_dir.display());
    if let Some((what, commit)) = nearest(git_dir, date) {
        cause = format!("{cause}; {what} there is {commit}");
    }
    Problem::new(&problem::MISSING_PIN, cause).in_source(source)
}

/// Whether Git accepts `git_dir` as a repository, even an empty one.
fn has_commits(git_dir: &Path) -> bool {
    command(git_dir)
        .args(["rev-parse", "--git-dir"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Returns a commit in place of a missing pin: the last one up to the pin's day, or else the
/// newest.
fn nearest(git_dir: &Path, date: Option<&str>) -> Option<(String, String)> {
    let newest = |before: Option<String>| {
        let mut command = command(git_dir);
        command.args(["log", "-1", "--all", "--format=%H (%cs, %s)"]);
        command.args(before);
        let output = command
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (!line.is_empty()).then_some(line)
    };
    let near = date.and_then(|date| {
        Some((
            format!("the last commit up to {date}"),
            newest(Some(format!("--before={date}T23:59:59Z")))?,
        ))
    });
    near.or_else(|| Some(("the newest commit".to_owned(), newest(None)?)))
}
