//! The files that debhelper installs according to `debian/`: `install`, `links`, `dirs`, units,
//! udev rules and so on.
//!
//! `dh` never runs. The tables in this module encode the manual pages of its programs
//! (`dh_install(1)`, `dh_link(1)`, `dh_installsystemd(1)` …). Globs are not expanded.

use std::borrow::Cow;

use globset::GlobBuilder;
use serde::{Deserialize, Serialize};

use super::role::{COPIED, Role, UNIT_SUFFIXES};
use super::tree_path;
use problem::{BAD_TREE, PATH_ESCAPES, Problem};

/// The directory in which to look for an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Base {
    /// A file of the source.
    Source,
    /// `debian/tmp`, the result of `make install`.
    Built,
    /// The build directory, then `debian/tmp`. The source does not contain the file, so a build
    /// makes it.
    Either,
}

/// The files that one line, or one file, of `debian/` puts into a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// The binary package.
    pub package: String,
    /// The debhelper program that installs it: `dh_install`, `dh_installudev`.
    pub tool: Cow<'static, str>,
    /// The origin, relative to the directory that contains `debian/`, or to `debian/tmp`. May be a
    /// glob or a directory.
    pub origin: String,
    /// The directory in which to look for `origin`.
    pub base: Base,
    /// The destination relative to the package's root: a directory, or a file's path if `renames`.
    /// If the directory part of a glob is kept, it contains the glob's characters.
    pub dest: String,
    /// Whether `dest` is the installed file itself (with `=>`, or for files that debhelper names).
    pub renames: bool,
    /// The file's mode. `None` keeps the origin's.
    pub mode: Option<u32>,
    /// The file in `debian/` that lists it, relative to the source.
    pub path: String,
    /// 1-based line in that file; 1 for a file that is installed itself.
    pub line: u32,
}

impl Installed {
    /// Whether it installs a file at `path`, relative to the package's root (`usr/bin/x`).
    pub fn covers(&self, path: &str) -> bool {
        if self.renames {
            return self.dest == path;
        }
        let name = tree_path::file_name(&self.origin);
        let installed = if self.dest.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.dest)
        };
        matches(&installed, path)
    }
}

/// Whether a shell glob matches `path` or a directory above it.
pub fn matches(glob: &str, path: &str) -> bool {
    if !glob.contains(['*', '?', '[', '{']) {
        return tree_path::below(glob, path).is_some() && !glob.is_empty() || glob == path;
    }
    let Ok(glob) = GlobBuilder::new(glob).literal_separator(true).build() else {
        return false;
    };
    let matcher = glob.compile_matcher();
    let mut path = path;
    loop {
        if matcher.is_match(path) {
            return true;
        }
        match path.rsplit_once('/') {
            Some((above, _)) => path = above,
            None => return false,
        }
    }
}

/// A symbolic link made by `dh_link`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The binary package.
    pub package: String,
    /// The link's target, relative to the package's root.
    pub target: String,
    /// The link, relative to the package's root.
    pub link: String,
    /// The file that lists it, relative to the source.
    pub path: String,
    /// 1-based line in it.
    pub line: u32,
}

/// A directory made by `dh_installdirs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The binary package.
    pub package: String,
    /// Relative to the package's root.
    pub directory: String,
    /// The file that lists it, relative to the source.
    pub path: String,
    /// 1-based line in it.
    pub line: u32,
}

/// A line of a list in `debian/`: its words and its number.
struct Line<'a> {
    words: Vec<&'a str>,
    number: u32,
}

/// Returns the lines that are neither empty nor comments.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let comment = words.first().is_none_or(|word| word.starts_with('#'));
        (!comment).then_some(Line { words, number })
    })
}

fn escapes(path: &str, line: u32, word: &str) -> Problem {
    Problem::new(
        &PATH_ESCAPES,
        format!("`{word}` leaves the directory that contains `debian/`"),
    )
    .at(path, Some(line))
}

/// Parses a `debian/install` or `debian/PACKAGE.install`. Problems name `path`.
///
/// It understands both the lines of `dh_install(1)` and those of `dh-exec` (`from => to`, `[arch]`,
/// `<profile>`).
///
/// # Errors
/// PNX-303 for a path that leaves the tree, PNX-209 for an unreadable line.
pub fn parse(path: &str, package: &str, text: &str) -> Result<Vec<Installed>, Vec<Problem>> {
    let mut installed = Vec::new();
    let mut problems = Vec::new();
    for line in lines(text) {
        match install_line(path, package, &line) {
            Ok(found) => installed.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    unless(problems, installed)
}

fn install_line(path: &str, package: &str, line: &Line) -> Result<Vec<Installed>, Problem> {
    // dh-exec's conditions precede or follow the paths. Lists for Nix are not split by
    // architecture.
    let condition = |word: &str| word.starts_with('<') && word.ends_with('>');
    let words: Vec<&str> = line
        .words
        .iter()
        .copied()
        .filter(|word| !condition(word) && !is_architecture_list(word))
        .collect();
    let one = |origin: &str, dest: Option<&str>, renames| {
        one_file(path, package, line.number, origin, dest, renames)
    };
    if let Some(arrow) = words.iter().position(|word| *word == "=>") {
        let (from, to) = words.split_at(arrow);
        return match (from, to) {
            ([from], ["=>", to]) => Ok(vec![one(from, Some(to), true)?]),
            ([], ["=>", to]) => Ok(vec![one(to, Some(tree_path::parent(to)), false)?]),
            _ => {
                let cause = "`=>` needs one file and its new name";
                Err(Problem::new(&BAD_TREE, cause)
                    .at(path, Some(line.number))
                    .mend("write `from => to`"))
            }
        };
    }
    match words.as_slice() {
        [] => Ok(Vec::new()),
        [alone] => Ok(vec![one(alone, None, false)?]),
        [origins @ .., dest] => origins
            .iter()
            .map(|origin| one(origin, Some(dest), false))
            .collect(),
    }
}

/// Whether a word is an architecture list `[amd64 arm64]`, or its first or last word. A glob's
/// brackets always have text around them.
fn is_architecture_list(word: &str) -> bool {
    word.starts_with('[') && word.ends_with(']') && !word.contains('/')
}

fn one_file(
    path: &str,
    package: &str,
    line: u32,
    word: &str,
    dest: Option<&str>,
    renames: bool,
) -> Result<Installed, Problem> {
    let origin = tree_path::join("", word).ok_or_else(|| escapes(path, line, word))?;
    let (origin, base) = match tree_path::below("debian/tmp", &origin) {
        Some(built) => (built.to_owned(), Base::Built),
        None => (origin, Base::Either),
    };
    let dest = match dest {
        Some(dest) => tree_path::join("", dest).ok_or_else(|| escapes(path, line, dest))?,
        // Without a destination, the file keeps its place below `debian/tmp`.
        None => tree_path::parent(&origin).to_owned(),
    };
    Ok(Installed {
        package: package.to_owned(),
        tool: Cow::Borrowed("dh_install"),
        origin,
        base,
        dest,
        renames,
        mode: None,
        path: path.to_owned(),
        line,
    })
}

/// The variable that debhelper replaces by the processor's GNU name (debhelper(7), "Substitutions
/// in debhelper config files").
pub const GNU_CPU: &str = "${DEB_HOST_GNU_CPU}";

/// Returns the first unknown debhelper variable in a path. A link with such a variable would lead
/// nowhere.
fn unknown_variable(path: &str) -> Option<&str> {
    let variables = path.match_indices("${").map(|(at, _)| &path[at..]);
    let whole = variables.map(|rest| rest.find('}').map_or(rest, |end| &rest[..=end]));
    let mut unknown = whole.filter(|variable| *variable != GNU_CPU);
    unknown.next()
}

/// Parses a `debian/links`: pairs of target and link.
///
/// # Errors
/// PNX-303 for a path that leaves the package, PNX-209 for an odd number of words or an unknown
/// variable.
pub fn parse_links(path: &str, package: &str, text: &str) -> Result<Vec<Link>, Vec<Problem>> {
    let mut links = Vec::new();
    let mut problems = Vec::new();
    for line in lines(text) {
        for pair in line.words.chunks(2) {
            let [target, link] = pair else {
                let cause = "a link needs two paths: what it points to, and the link";
                problems.push(
                    Problem::new(&BAD_TREE, cause)
                        .at(path, Some(line.number))
                        .mend("write `usr/bin/target usr/bin/link`"),
                );
                continue;
            };
            if let Some(variable) = [target, link]
                .into_iter()
                .find_map(|path| unknown_variable(path))
            {
                let cause = format!("`{variable}` is not understood in a link");
                let mend = "Only ${DEB_HOST_GNU_CPU} is. Teach debian::install what else debhelper puts in its place.";
                problems.push(
                    Problem::new(&BAD_TREE, cause)
                        .at(path, Some(line.number))
                        .mend(mend),
                );
                continue;
            }
            match (tree_path::join("", target), tree_path::join("", link)) {
                (Some(target), Some(link)) => {
                    links.push(Link {
                        package: package.to_owned(),
                        target,
                        link,
                        path: path.to_owned(),
                        line: line.number,
                    });
                }
                (None, _) => problems.push(escapes(path, line.number, target)),
                (_, None) => problems.push(escapes(path, line.number, link)),
            }
        }
    }
    unless(problems, links)
}

/// Parses a `debian/dirs`.
///
/// # Errors
/// PNX-303 for a path that leaves the package.
pub fn parse_dirs(path: &str, package: &str, text: &str) -> Result<Vec<Made>, Vec<Problem>> {
    let mut made = Vec::new();
    let mut problems = Vec::new();
    for line in lines(text) {
        for word in &line.words {
            match tree_path::join("", word) {
                Some(directory) => {
                    made.push(Made {
                        package: package.to_owned(),
                        directory,
                        path: path.to_owned(),
                        line: line.number,
                    });
                }
                None => problems.push(escapes(path, line.number, word)),
            }
        }
    }
    unless(problems, made)
}

/// Parses a `docs`, `examples`, `manpages` or `info` file. Each word is a file of the source.
fn parse_documents(
    path: &str,
    package: &str,
    tool: &'static str,
    text: &str,
) -> Result<Vec<Installed>, Vec<Problem>> {
    let mut installed = Vec::new();
    let mut problems = Vec::new();
    for line in lines(text) {
        for word in &line.words {
            let dest = match tool {
                "dh_installexamples" => format!("usr/share/doc/{package}/examples"),
                "dh_installman" => manual_directory(word),
                "dh_installinfo" => "usr/share/info".to_owned(),
                _ => format!("usr/share/doc/{package}"),
            };
            match one_file(path, package, line.number, word, Some(&dest), false) {
                Ok(file) => installed.push(Installed {
                    tool: Cow::Borrowed(tool),
                    ..file
                }),
                Err(problem) => problems.push(problem),
            }
        }
    }
    unless(problems, installed)
}

/// Returns `usr/share/man/man8` for `x.8`, `x.8.gz` and `x.8pve`.
fn manual_directory(word: &str) -> String {
    let name = word.strip_suffix(".gz").unwrap_or(word);
    let section = name
        .rsplit_once('.')
        .and_then(|(_, section)| section.chars().next());
    format!(
        "usr/share/man/man{}",
        section.filter(char::is_ascii_digit).unwrap_or('1')
    )
}

/// Parses a `bash-completion` file: the completion itself, or a list of `file [name]`.
fn parse_completions(
    path: &str,
    package: &str,
    text: &str,
) -> Result<Vec<Installed>, Vec<Problem>> {
    const DIRECTORY: &str = "usr/share/bash-completion/completions";
    let is_list = lines(text).all(|line| {
        line.words.len() <= 2
            && line
                .words
                .iter()
                .all(|word| !word.contains(['(', '{', '$', ';', '=']))
    });
    if !is_list {
        return Ok(vec![whole(
            path,
            package,
            "dh_bash-completion",
            format!("{DIRECTORY}/{package}"),
            0o644,
        )]);
    }
    let mut installed = Vec::new();
    let mut problems = Vec::new();
    for line in lines(text) {
        let Some(file) = line.words.first() else {
            continue;
        };
        let name = line
            .words
            .get(1)
            .copied()
            .unwrap_or_else(|| tree_path::file_name(file));
        match one_file(
            path,
            package,
            line.number,
            file,
            Some(&format!("{DIRECTORY}/{name}")),
            true,
        ) {
            Ok(file) => installed.push(Installed {
                tool: Cow::Borrowed("dh_bash-completion"),
                mode: Some(0o644),
                ..file
            }),
            Err(problem) => problems.push(problem),
        }
    }
    unless(problems, installed)
}

/// Returns what was read, unless there are problems.
fn unless<T>(problems: Vec<Problem>, read: Vec<T>) -> Result<Vec<T>, Vec<Problem>> {
    if problems.is_empty() {
        Ok(read)
    } else {
        Err(problems)
    }
}

/// Describes a file of `debian/` that is installed itself.
fn whole(path: &str, package: &str, tool: &'static str, dest: String, mode: u32) -> Installed {
    let origin = path
        .find("debian/")
        .and_then(|start| path.get(start..))
        .unwrap_or(path)
        .to_owned();
    Installed {
        package: package.to_owned(),
        tool: Cow::Borrowed(tool),
        origin,
        base: Base::Source,
        dest,
        renames: true,
        mode: Some(mode),
        path: path.to_owned(),
        line: 1,
    }
}

/// Everything that the lists and files of one `debian/` install.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// Files and directories.
    pub installed: Vec<Installed>,
    /// Symbolic links.
    pub links: Vec<Link>,
    /// Directories.
    pub directories: Vec<Made>,
}

impl Files {
    /// Adds the files that a file of this role installs. `path` is relative to the source.
    ///
    /// # Errors
    /// As [`parse`] and the other parsers.
    pub fn add(&mut self, role: &Role, path: &str, text: &str) -> Result<(), Vec<Problem>> {
        let package = role.package.as_str();
        match role.suffix {
            "install" => self.installed.extend(parse(path, package, text)?),
            "links" => self.links.extend(parse_links(path, package, text)?),
            "dirs" => self.directories.extend(parse_dirs(path, package, text)?),
            "docs" => {
                self.installed
                    .extend(parse_documents(path, package, "dh_installdocs", text)?);
            }
            "examples" => {
                self.installed
                    .extend(parse_documents(path, package, "dh_installexamples", text)?);
            }
            "manpages" => {
                self.installed
                    .extend(parse_documents(path, package, "dh_installman", text)?);
            }
            "info" => {
                self.installed
                    .extend(parse_documents(path, package, "dh_installinfo", text)?);
            }
            "bash-completion" => self
                .installed
                .extend(parse_completions(path, package, text)?),
            suffix if UNIT_SUFFIXES.contains(&suffix) => {
                self.installed.push(whole(
                    path,
                    package,
                    "dh_installsystemd",
                    format!("usr/lib/systemd/system/{}", role.unit()),
                    0o644,
                ));
            }
            suffix => {
                if let Some(row) = COPIED.iter().find(|row| row.0 == suffix) {
                    self.installed.push(copied(role, path, row));
                }
            }
        }
        Ok(())
    }

    /// Decides for each origin that could be either whether the source contains it.
    pub fn locate(&mut self, in_source: impl Fn(&str) -> bool) {
        for file in &mut self.installed {
            if file.base == Base::Either && in_source(&file.origin) {
                file.base = Base::Source;
            }
        }
    }
}

/// Describes a file that debhelper renames: `debian/PACKAGE.70.udev` becomes `70-PACKAGE.rules`.
fn copied(role: &Role, path: &str, row: &(&str, &'static str, &str, &str, &str, u32)) -> Installed {
    let (suffix, tool, directory, before, after, mode) = *row;
    let priority = role
        .name
        .as_deref()
        .filter(|name| suffix == "udev" && name.bytes().all(|byte| byte.is_ascii_digit()));
    let name = match priority {
        Some(priority) => format!("{priority}-{}{after}", role.package),
        None => format!("{before}{}{after}", role.stem()),
    };
    whole(
        path,
        &role.package,
        tool,
        format!("{directory}/{name}"),
        mode,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::role;
    use proptest::prelude::*;

    fn files(name: &str, text: &str) -> Files {
        let role = role(name, &["main", "main-dev", "other"]).unwrap();
        let mut files = Files::default();
        files.add(&role, &format!("debian/{name}"), text).unwrap();
        files
    }

    fn installed(name: &str, text: &str) -> Vec<(String, String, String, bool)> {
        let files = files(name, text).installed;
        files
            .into_iter()
            .map(|file| (file.package, file.origin, file.dest, file.renames))
            .collect()
    }

    fn row(
        package: &str,
        origin: &str,
        dest: &str,
        renames: bool,
    ) -> (String, String, String, bool) {
        (package.into(), origin.into(), dest.into(), renames)
    }

    #[test]
    fn install_lines() {
        let text = "# comment\n\n/usr/bin/one\nconf/*.conf other.conf /etc/demo/\ndebian/tmp/usr/lib/*/x.so\n";
        assert_eq!(
            installed("install", text),
            [
                row("main", "usr/bin/one", "usr/bin", false),
                row("main", "conf/*.conf", "etc/demo", false),
                row("main", "other.conf", "etc/demo", false),
                row("main", "usr/lib/*/x.so", "usr/lib/*", false),
            ]
        );
        let files = files("main-dev.install", text);
        assert_eq!(files.installed[3].base, Base::Built);
        assert_eq!(
            (files.installed[2].line, files.installed[2].package.as_str()),
            (4, "main-dev")
        );
    }

    #[test]
    fn dh_exec_renames() {
        assert_eq!(
            installed("install", "a/b => usr/bin/c\n"),
            [row("main", "a/b", "usr/bin/c", true)]
        );
        assert_eq!(
            installed("install", "<!nodoc> a/b usr/share [amd64]\n"),
            [row("main", "a/b", "usr/share", false)]
        );
        assert_eq!(
            parse("p", "x", "a b => c\n").unwrap_err()[0].code.id,
            "PNX-209"
        );
    }

    #[test]
    fn paths_that_leave_the_tree_are_named() {
        for text in [
            "\n../x usr/bin\n",
            "\nx ../../etc\n",
            "\na => ../b\n",
            "\ndebian/../../x\n",
        ] {
            let problems = parse("debian/install", "main", text).unwrap_err();
            assert_eq!(
                (problems[0].code.id, problems[0].place.line),
                ("PNX-303", Some(2)),
                "{text}"
            );
        }
        assert_eq!(
            parse_links("l", "p", "usr/x ../y\n").unwrap_err()[0]
                .code
                .id,
            "PNX-303"
        );
        assert_eq!(
            parse_dirs("d", "p", "a\n../b\n").unwrap_err()[0].place.line,
            Some(2)
        );
    }

    #[test]
    fn links_are_pairs() {
        let links = files("other.links", "/usr/bin/a usr/bin/b usr/c usr/d\n").links;
        assert_eq!(
            (links[0].target.as_str(), links[0].link.as_str()),
            ("usr/bin/a", "usr/bin/b")
        );
        assert_eq!(links[1].link, "usr/d");
        assert_eq!(
            parse_links("l", "p", "usr/bin/a-${DEB_HOST_GNU_CPU} usr/bin/${env:X}\n").unwrap_err()
                [0]
            .place
            .line,
            Some(1)
        );
        assert_eq!(
            parse_links("l", "p", "alone\n").unwrap_err()[0].code.id,
            "PNX-209"
        );
    }

    #[test]
    fn files_that_debhelper_names() {
        let dest = |name: &str| installed(name, "x").remove(0).2;
        assert_eq!(dest("main.udev"), "usr/lib/udev/rules.d/60-main.rules");
        assert_eq!(dest("main.70.udev"), "usr/lib/udev/rules.d/70-main.rules");
        assert_eq!(
            dest("other.extra.udev"),
            "usr/lib/udev/rules.d/60-extra.rules"
        );
        assert_eq!(dest("tmpfiles"), "usr/lib/tmpfiles.d/main.conf");
        assert_eq!(dest("other.cron.d"), "etc/cron.d/other");
        assert_eq!(dest("other.if-up"), "etc/network/if-up.d/other");
        assert_eq!(dest("main.service"), "usr/lib/systemd/system/main.service");
        assert_eq!(
            dest("main@.service"),
            "usr/lib/systemd/system/main@.service"
        );
        assert_eq!(
            dest("main.helper.timer"),
            "usr/lib/systemd/system/helper.timer"
        );
        assert_eq!(
            dest("helper.socket"),
            "usr/lib/systemd/system/helper.socket"
        );
        assert_eq!(dest("main-dev.logrotate"), "etc/logrotate.d/main-dev");
    }

    #[test]
    fn documents_and_completions() {
        assert_eq!(
            installed("docs", "README\n"),
            [row("main", "README", "usr/share/doc/main", false)]
        );
        assert_eq!(
            installed("manpages", "man/x.8.gz\n"),
            [row("main", "man/x.8.gz", "usr/share/man/man8", false)]
        );
        let completions = "usr/share/bash-completion/completions";
        assert_eq!(
            installed("main.bash-completion", "debian/x.bc x\n"),
            [row(
                "main",
                "debian/x.bc",
                &format!("{completions}/x"),
                true
            )]
        );
        assert_eq!(
            installed("main.bash-completion", "_x() { :; }\ncomplete -F _x x\n"),
            [row(
                "main",
                "debian/main.bash-completion",
                &format!("{completions}/main"),
                true
            )]
        );
    }

    #[test]
    fn a_role_belongs_to_the_longest_package_name() {
        assert_eq!(
            role("main-dev.install", &["main", "main-dev"])
                .unwrap()
                .package,
            "main-dev"
        );
        assert_eq!(role("unknown.install", &["main"]), None);
        assert_eq!(role("rules", &["main"]), None);
        assert_eq!(role("service", &["main"]), None);
    }

    #[test]
    fn a_line_covers_what_it_installs() {
        let line = |text: &str| parse("p", "main", text).unwrap().remove(0);
        assert!(line("usr/lib/").covers("usr/lib/systemd/system/x.service"));
        assert!(line("usr/lib/*/x.so").covers("usr/lib/triplet/x.so"));
        assert!(!line("usr/lib/*.so").covers("usr/lib/triplet/x.so"));
        assert!(
            line("etc/x.service /usr/lib/systemd/system/")
                .covers("usr/lib/systemd/system/x.service")
        );
        assert!(!line("usr/bin/qm").covers("usr/bin/qmrestore"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|([a-z/. *#<>=\\[\\]{}\n-]{0,120})") {
            let _ = parse("debian/install", "main", &text);
            let _ = parse_links("debian/links", "main", &text);
            let _ = parse_dirs("debian/dirs", "main", &text);
            let _ = parse_completions("debian/bash-completion", "main", &text);
        }

        #[test]
        fn any_name_has_a_role_or_none(name in "\\PC{0,30}|(main|dev|[.@a-z-]){0,6}(service|install|udev|cron\\.d)?") {
            let _ = role(&name, &["main", "main-dev"]);
        }

        #[test]
        fn any_glob_can_be_asked(glob in "[a-z/*?\\[\\]{},!-]{0,20}", path in "[a-z/]{0,20}") {
            let _ = matches(&glob, &path);
        }
    }
}
