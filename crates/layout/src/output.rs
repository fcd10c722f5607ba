//! Maps the paths that Debian packages install to paths in a Nix output.
//!
//! [`ROWS`] is the only table. `docs/nix.md` shows it ("Where things go"), and the build hook,
//! which moves the files, has a copy as a shell function. Tests compare both with it.

/// Maps one directory on Debian to a directory in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The directory on Debian, without a leading slash. `TRIPLET` matches an architecture's
    /// triplet (`x86_64-linux-gnu`), `VERSION` a name that begins with a digit.
    pub debian: &'static str,
    /// The directory in the output.
    pub output: &'static str,
    /// Whether packages install files there. The other rows are for the administrator's own
    /// programs, which code names too.
    pub installs: bool,
}

const fn row(debian: &'static str, output: &'static str) -> Row {
    Row {
        debian,
        output,
        installs: true,
    }
}

const fn named(debian: &'static str, output: &'static str) -> Row {
    Row {
        installs: false,
        ..row(debian, output)
    }
}

/// The table. The first row whose directory contains a path decides.
pub const ROWS: &[Row] = &[
    row("usr/share/perl5", "lib/perl5/site_perl"),
    row("usr/lib/TRIPLET/perl5/VERSION", "lib/perl5/site_perl"),
    row("usr/lib/TRIPLET/perl5", "lib/perl5/site_perl"),
    row(
        "usr/share/zsh/vendor-completions",
        "share/zsh/site-functions",
    ),
    row("usr/lib/TRIPLET", "lib"),
    row("usr/bin", "bin"),
    row("usr/sbin", "bin"),
    named("usr/local/bin", "bin"),
    named("usr/local/sbin", "bin"),
    row("bin", "bin"),
    row("sbin", "bin"),
    row("usr/lib", "lib"),
    row("lib", "lib"),
    row("usr/libexec", "libexec"),
    row("usr/share", "share"),
    row("usr/include", "include"),
    row("etc", "etc"),
    row("var", "share/factory/var"),
];

/// Maps a path on Debian to its path in the output. A path that no row matches keeps its name,
/// without `/usr`.
pub fn fold(path: &str) -> String {
    let path = path.trim_matches('/');
    let found = ROWS.iter().find_map(|row| Some((row, row.rest(path)?)));
    match found {
        Some((row, "")) => row.output.to_owned(),
        Some((row, rest)) => format!("{}/{rest}", row.output),
        None => path.strip_prefix("usr/").unwrap_or(path).to_owned(),
    }
}

/// Whether the output has a place for `path` (no leading slash), which a package installs.
pub fn has_place(path: &str) -> bool {
    let mut below = ROWS.iter().filter(|row| {
        row.rest(path.trim_end_matches('/'))
            .is_some_and(|rest| !rest.is_empty())
            || path.ends_with('/') && row.rest(path.trim_end_matches('/')).is_some()
    });
    below.next().is_some_and(|row| row.installs)
}

impl Row {
    /// Returns the path below the row's directory: empty for the directory itself, `None` for a
    /// path outside of it.
    fn rest<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut rest = path;
        for part in self.debian.split('/') {
            let (name, after) = rest.split_once('/').unwrap_or((rest, ""));
            let is_it = match part {
                "TRIPLET" => is_triplet(name),
                "VERSION" => name.starts_with(|first: char| first.is_ascii_digit()),
                part => name == part,
            };
            if !is_it {
                return None;
            }
            rest = after;
        }
        Some(rest)
    }
}

/// Whether `name` is an architecture's triplet, such as `x86_64-linux-gnu`.
fn is_triplet(name: &str) -> bool {
    name.split_once("-linux-gnu")
        .is_some_and(|(cpu, _)| !cpu.is_empty() && !cpu.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_the_table_folds() {
        for (debian, output) in [
            ("/usr/bin/hive", "bin/hive"),
            ("/usr/sbin/hived", "bin/hived"),
            ("/bin/sh", "bin/sh"),
            ("/sbin", "bin"),
            ("/usr/local/sbin/hive", "bin/hive"),
            ("/usr/local/share/hive", "local/share/hive"),
            (
                "/usr/share/perl5/Hive/Tools.pm",
                "lib/perl5/site_perl/Hive/Tools.pm",
            ),
            ("/usr/share/perl5", "lib/perl5/site_perl"),
            ("/usr/share/perl5x/a", "share/perl5x/a"),
            (
                "/usr/lib/x86_64-linux-gnu/perl5/5.40/Hive/IPC.pm",
                "lib/perl5/site_perl/Hive/IPC.pm",
            ),
            (
                "/usr/lib/x86_64-linux-gnu/perl5/Hive/IPC.pm",
                "lib/perl5/site_perl/Hive/IPC.pm",
            ),
            ("/usr/lib/aarch64-linux-gnu/libhive.so", "lib/libhive.so"),
            ("/usr/lib/x86_64-linux-gnu", "lib"),
            (
                "/usr/lib/systemd/system/hive.service",
                "lib/systemd/system/hive.service",
            ),
            ("/lib/hive", "lib/hive"),
            (
                "/usr/share/zsh/vendor-completions/_hive",
                "share/zsh/site-functions/_hive",
            ),
            (
                "/usr/share/zsh/functions/_hive",
                "share/zsh/functions/_hive",
            ),
            ("/usr/libexec/hive/", "libexec/hive"),
            ("/usr/include/hive.h", "include/hive.h"),
            ("/etc/hive", "etc/hive"),
            ("/var/lib/hive/x", "share/factory/var/lib/hive/x"),
            ("/opt/hive", "opt/hive"),
            ("/usr/games/hive", "games/hive"),
        ] {
            assert_eq!(fold(debian), output, "{debian}");
        }
    }

    #[test]
    fn packages_install_below_a_row_and_nowhere_else() {
        for path in [
            "usr/bin/x",
            "usr/bin/",
            "lib/x",
            "var/lib/x",
            "usr/share/perl5/X.pm",
        ] {
            assert!(has_place(path), "{path}");
        }
        for path in [
            "usr/bin",
            "usr/local/bin/x",
            "opt/x",
            "usr/games/x",
            "binary/x",
            "/usr/bin/x",
        ] {
            assert!(!has_place(path), "{path}");
        }
    }
}
