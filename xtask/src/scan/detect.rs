//! Which language a file is in: by name, place, and, where these do not tell, by its first bytes.

use super::Language;
use crate::release::Mode;

/// Bytes of a file's head that [`language`] may look at.
pub const HEAD: usize = 512;

/// What a name tells.
enum Named {
    /// It is this language whatever it holds.
    Is(Language),
    /// Nothing in it is scanned.
    Skip,
    /// The contents tell; text that says nothing is this.
    Look(Language),
}

/// The language to scan a file as; `None` where nothing in it can assume Debian for what is built from it. `head` is the
/// file's beginning ([`HEAD`] bytes are enough), and may be empty where [`wants_head`] says no.
///
/// What is not scanned, and why: Rust and Cargo's files belong to the room `cargo`; images, fonts, archives and other
/// binaries hold no text to rewrite; translations are messages; patches change other programs, whose sources are not
/// here; lists that debhelper reads (`debian/*.install` and its like) are read as data by the room `debian`, a
/// changelog is history.
pub fn language(path: &str, mode: Mode, head: &[u8]) -> Option<Language> {
    if matches!(mode, Mode::Symlink | Mode::Submodule) {
        return None;
    }
    match named(path) {
        Named::Is(language) => Some(language),
        Named::Skip => None,
        Named::Look(_) if head.contains(&0) => None,
        Named::Look(default) => Some(
            by_shebang(head)
                .or_else(|| by_section(default, head))
                .unwrap_or(default),
        ),
    }
}

/// Whether a file's beginning is needed to know its language.
pub fn wants_head(path: &str) -> bool {
    matches!(named(path), Named::Look(_))
}

fn named(path: &str) -> Named {
    let name = path.rsplit('/').next().unwrap_or(path);
    // A template of a file is a file: the scanners read `@NAME@` as text.
    let name = name.strip_suffix(".in").unwrap_or(name);
    if let Some(rest) = debian(path) {
        return debian_file(rest, name);
    }
    if matches!(name, "Makefile" | "GNUmakefile" | "makefile") || name.starts_with("Makefile.") {
        return Named::Is(Language::Make);
    }
    if name == "apidata.js" {
        // The API's schema as one value of some megabytes: data, not a program.
        return Named::Is(Language::Text);
    }
    if path.starts_with(".cargo/") || path.contains("/.cargo/") || name.starts_with(".git") {
        return Named::Skip;
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => by_extension(path, extension),
        _ => Named::Look(Language::Text),
    }
}

/// The path below the source's `debian/`, which need not be at its root.
fn debian(path: &str) -> Option<&str> {
    path.strip_prefix("debian/")
        .or_else(|| path.split_once("/debian/").map(|(_, rest)| rest))
}

fn debian_file(rest: &str, name: &str) -> Named {
    if rest.starts_with("patches/") || rest.starts_with("source/") {
        return Named::Skip;
    }
    // `PACKAGE.postinst` and `postinst` are the same to debhelper.
    match name.rsplit('.').next().unwrap_or(name) {
        "rules" if !rest.contains('/') => Named::Is(Language::Make),
        "preinst" | "postinst" | "prerm" | "postrm" | "config" | "init" | "default" => {
            Named::Look(Language::Shell)
        }
        "bash-completion" | "bc" => Named::Is(Language::Shell),
        "udev" | "logrotate" | "pam" | "tmpfiles" | "sysusers" | "cron" | "modprobe" => {
            Named::Is(Language::Config)
        }
        "changelog" | "control" | "watch" | "compat" | "install" | "links" | "dirs" | "docs"
        | "manpages" | "examples" | "triggers" | "lintian-overrides" | "symbols" | "conffiles"
        | "maintscript" | "clean" | "not-installed" => Named::Skip,
        extension if name.contains('.') => by_extension(rest, extension),
        _ => Named::Look(Language::Text),
    }
}

fn by_extension(path: &str, extension: &str) -> Named {
    use Language::{C, Config, Javascript, Make, Perl, Python, Shell, Text, Unit};
    match extension.to_ascii_lowercase().as_str() {
        "pm" | "pl" | "t" => Named::Is(Perl),
        "sh" | "bash" | "zsh" | "bash-completion" => Named::Is(Shell),
        "mk" | "mak" => Named::Is(Make),
        "service" | "timer" | "target" | "socket" | "path" | "mount" | "automount" | "slice"
        | "scope" | "swap" | "link" | "netdev" | "network" | "nspawn" => Named::Is(Unit),
        "c" | "h" | "cc" | "cpp" | "hh" | "hpp" | "xs" => Named::Is(C),
        "js" | "mjs" | "cjs" => Named::Is(Javascript),
        "py" => Named::Is(Python),
        "rs" | "toml" | "lock" | "patch" | "diff" | "po" | "pot" | "svg" | "map" => Named::Skip,
        "conf" if path.contains(".d/") && is_drop_in(path) => Named::Is(Unit),
        "conf" | "cfg" | "link-conf" => Named::Look(Config),
        "rules" | "udev" | "logrotate" | "pam" | "sources" | "list" | "seccomp" | "cron" => {
            Named::Is(Config)
        }
        "png" | "jpg" | "jpeg" | "gif" | "ico" | "bmp" | "ppm" | "xcf" | "ttf" | "otf" | "woff"
        | "woff2" | "eot" | "gz" | "xz" | "zst" | "bz2" | "zip" | "tar" | "tgz" | "fd" | "bin"
        | "gpg" | "pem" | "key" | "crt" | "iso" | "img" | "rom" | "pdf" | "o" | "a" | "so"
        | "mo" | "der" | "pubkey" => Named::Skip,
        "adoc" | "md" | "pod" | "rst" | "html" | "css" | "scss" | "tpl" | "tt" | "hbs" | "json"
        | "xml" | "txt" | "dat" | "csv" | "yml" | "yaml" | "awk" | "php" | "dot" => Named::Is(Text),
        _ => Named::Look(Text),
    }
}

/// Whether a `*.conf` stands in a unit's drop-in folder.
fn is_drop_in(path: &str) -> bool {
    const UNITS: [&str; 7] = [
        "service", "timer", "target", "socket", "path", "mount", "slice",
    ];
    path.rsplit('/').nth(1).is_some_and(|folder| {
        folder
            .strip_suffix(".d")
            .and_then(|unit| unit.rsplit('.').next())
            .is_some_and(|kind| UNITS.contains(&kind))
    })
}

fn by_shebang(head: &[u8]) -> Option<Language> {
    let line = head.strip_prefix(b"#!")?;
    let line = line.split(|b| *b == b'\n').next()?;
    let mut words = line
        .split(|b| b.is_ascii_whitespace())
        .filter(|word| !word.is_empty());
    let mut interpreter = file_name(words.next()?);
    if interpreter == b"env" {
        interpreter =
            file_name(words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))?);
    }
    Some(match interpreter {
        b"perl" => Language::Perl,
        b"sh" | b"bash" | b"dash" | b"zsh" | b"ash" => Language::Shell,
        b"make" => Language::Make,
        b"node" | b"nodejs" => Language::Javascript,
        _ if interpreter.starts_with(b"python") => Language::Python,
        // `nft -f`, `awk -f`: read by line, the shebang itself is what matters.
        _ => Language::Config,
    })
}

/// A drop-in whose folder is made when it is installed shows by its first section.
fn by_section(default: Language, head: &[u8]) -> Option<Language> {
    const SECTIONS: [&[u8]; 5] = [
        b"[Unit]",
        b"[Service]",
        b"[Socket]",
        b"[Timer]",
        b"[Install]",
    ];
    (default == Language::Config
        && head
            .split(|b| *b == b'\n')
            .any(|line| SECTIONS.contains(&line.trim_ascii())))
    .then_some(Language::Unit)
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}
