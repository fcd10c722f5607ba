//! Checks the files that a configuration includes, in an output and behind its links into other
//! packages.
//!
//! Files of other packages are not audited. But a file that the output links to counts as the
//! output's, so its includes must exist, in the store or on the machine.

use std::io::Read as _;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

use super::file::Looker;
use problem::{LEFT_OVER, NO_STORE_PATH, NOT_IN_PACKAGE};

/// The most bytes of a linked file to read. Configurations are shorter.
const CONFIGURATION: u64 = 1 << 18;
/// Directories that only Debian fills.
const DEBIAN: [&str; 6] = ["/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/opt/"];
/// The administrator's programs, whose presence is unknown.
const SYSTEM: &str = "/run/current-system/sw/";

/// Matches directives that read another file or directory: LXC's, the shell's, PAM's, sudo's,
/// dnsmasq's, a unit's, and any program's `include`.
fn directives() -> Option<&'static Regex> {
    static DIRECTIVES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let keys = r"lxc\.include|lxc\.seccomp\.profile|lxc\.hook\.[\w-]+|[@#]?include(?:dir)?|conf-(?:dir|file)|EnvironmentFile|source";
        Regex::new(&format!(r#"^\s*(?:{keys})\s*[=\s]\s*-?["']?(/[^\s"'#;]+)"#)).ok()
    });
    DIRECTIVES.as_ref()
}

/// Checks the includes of a configuration in the output. Paths in the store are checked as
/// references elsewhere.
pub(super) fn look(looker: &mut Looker, bytes: &[u8]) {
    for (line, path) in includes(bytes) {
        one(looker, &path, Some(line), "", false);
    }
}

/// As [`look`], for the target of a link into another package. If a hostpkgs package leads on to a
/// file of this machine, its includes are this machine's too.
pub(super) fn linked(looker: &mut Looker, link: &Path, target: &str) {
    let store = &looker.context.store;
    if !store.machine.ends_in_store(link, store.prefix()) {
        return;
    }
    let mut bytes = Vec::new();
    let read = looker.context.store.machine.read(link);
    let read = read.and_then(|file| file.take(CONFIGURATION).read_to_end(&mut bytes));
    if read.is_err() || bytes.contains(&0) {
        return;
    }
    for (line, path) in includes(&bytes) {
        let of = format!(", in line {line} of `{target}`");
        one(looker, &path, None, &of, true);
    }
}

fn includes(bytes: &[u8]) -> Vec<(u32, String)> {
    let Some(directives) = directives() else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(bytes);
    let lines = (1..).zip(text.lines());
    lines
        .filter_map(|(line, text)| {
            Some((line, directives.captures(text)?.get(1)?.as_str().to_owned()))
        })
        .collect()
}

/// Checks one included file. `of` names the including file if it is not the audited one.
fn one(looker: &mut Looker, path: &str, line: Option<u32>, of: &str, is_linked: bool) {
    if path.starts_with(SYSTEM) {
        let cause = format!(
            "`{path}` is included{of}: what an administrator installed, and nothing that this output brings"
        );
        looker.find(&LEFT_OVER, cause, line);
    } else if is_linked && DEBIAN.iter().any(|directory| path.starts_with(directory)) {
        let cause = format!("`{path}` is included{of}, which only Debian has");
        looker.find(&LEFT_OVER, cause, line);
    } else if let Some(text) = path.strip_prefix(looker.context.store.prefix()) {
        let (base, rest) = text.split_once('/').unwrap_or((text, ""));
        let rest = rest.trim_end_matches('/');
        let store = &looker.context.store;
        let is_there = store.exists(base) && store.exists(&format!("{base}/{rest}"));
        if is_linked && !store.exists(base) {
            looker.find(
                &NO_STORE_PATH,
                format!("`{path}` is included{of}, but does not exist"),
                line,
            );
        } else if is_linked && !is_there {
            looker.find(
                &NOT_IN_PACKAGE,
                format!("`{path}` is included{of}, but does not exist"),
                line,
            );
        } else if is_there && store.is_empty(base, rest) {
            let cause = format!("`{path}` is included{of}, but is empty");
            looker.find(&NOT_IN_PACKAGE, cause, line);
        }
    }
}
