//! Detects a file's language by its name and place and, if these are not enough, by its first
//! bytes.

use super::Language;
use release::Mode;

/// The number of bytes at a file's start that [`language`] may read.
pub const HEAD: usize = 512;

/// The information in a name.
enum Named {
    /// The file is in this language, whatever its content.
    Is(Language),
    /// The file is not scanned.
    Skip,
    /// The content decides. By default the language is this.
    Look(Language),
}

/// Returns the language to scan a file in, or `None` if nothing in it can assume Debian for what is
/// built from it. `head` is the file's start ([`HEAD`] bytes are enough), and may be empty if
/// [`wants_head`] returns false.
///
/// The following are not scanned. The crate `cargo` reads Cargo's files. Images, fonts, archives
/// and other binaries contain no text to rewrite. Translations are messages. Patches change other
/// programs, whose sources are not here. The crate `debian` reads debhelper's lists
/// (`debian/*.install` and the like) as data, and a changelog is history.
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

/// Whether the language depends on the file's first bytes.
pub fn wants_head(path: &str) -> bool {
    matches!(named(path), Named::Look(_))
}

fn named(path: &str) -> Named {
    let name = path.rsplit('/').next().unwrap_or(path);
    // Templates are scanned like the file itself, with `@NAME@` as text.
    let name = name.strip_suffix(".in").unwrap_or(name);
    if let Some(rest) = debian(path) {
        return debian_file(rest, name);
    }
    if matches!(name, "Makefile" | "GNUmakefile" | "makefile") || name.starts_with("Makefile.") {
        return Named::Is(Language::Make);
    }
    match name {
        // The API's schema as a single value of some megabytes. It is data for display, not a
        // program.
        "apidata.js" => return Named::Is(Language::Text),
        // The same schema, from which a Rust crate is made, and Devel::PPPort's generated header,
        // which is the same everywhere.
        "pve-api.json" | "ppport.h" => return Named::Skip,
        _ => {}
    }
    if path.starts_with(".cargo/") || path.contains("/.cargo/") {
        return match name {
            "config" | "config.toml" => Named::Is(Language::Config),
            _ => Named::Skip,
        };
    }
    if name.starts_with(".git") {
        return Named::Skip;
    }
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => by_extension(path, extension),
        _ => Named::Look(Language::Text),
    }
}

/// Returns the path below the source's `debian/`, which need not be at its root.
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
    use Language::{C, Config, Javascript, Make, Perl, Python, Rust, Shell, Text, Unit};
    match extension.to_ascii_lowercase().as_str() {
        "pm" | "pl" | "t" => Named::Is(Perl),
        "sh" | "bash" | "zsh" | "bash-completion" => Named::Is(Shell),
        "mk" | "mak" => Named::Is(Make),
        "service" | "timer" | "target" | "socket" | "path" | "mount" | "automount" | "slice"
        | "scope" | "swap" | "link" | "netdev" | "network" | "nspawn" => Named::Is(Unit),
        "c" | "h" | "cc" | "cpp" | "hh" | "hpp" | "xs" => Named::Is(C),
        "js" | "mjs" | "cjs" => Named::Is(Javascript),
        "py" => Named::Is(Python),
        "rs" => Named::Is(Rust),
        "conf" if path.contains(".d/") && is_drop_in(path) => Named::Is(Unit),
        "conf" | "cfg" | "link-conf" => Named::Look(Config),
        "rules" | "udev" | "logrotate" | "pam" | "sources" | "list" | "seccomp" | "cron" => {
            Named::Is(Config)
        }
        "toml" | "lock" | "patch" | "diff" | "po" | "pot" | "svg" | "map" | "png" | "jpg"
        | "jpeg" | "gif" | "ico" | "bmp" | "ppm" | "xcf" | "ttf" | "otf" | "woff" | "woff2"
        | "eot" | "gz" | "xz" | "zst" | "bz2" | "zip" | "tar" | "tgz" | "fd" | "bin" | "gpg"
        | "pem" | "key" | "crt" | "iso" | "img" | "rom" | "pdf" | "o" | "a" | "so" | "mo"
        | "der" | "pubkey" => Named::Skip,
        "adoc" | "md" | "pod" | "rst" | "html" | "css" | "scss" | "tpl" | "tt" | "hbs" | "json"
        | "xml" | "txt" | "dat" | "csv" | "yml" | "yaml" | "awk" | "php" | "dot" => Named::Is(Text),
        _ => Named::Look(Text),
    }
}

/// Whether a `*.conf` is in a unit's drop-in directory.
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
        .split(u8::is_ascii_whitespace)
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
        // `nft -f`, `awk -f`: only the shebang matters, so the file is read by lines.
        _ => Language::Config,
    })
}

/// Detects drop-ins by their first section, for those whose directory exists only after
/// installation.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn by_name(path: &str) -> Option<Language> {
        language(path, Mode::File, b"")
    }

    #[test]
    fn names_tell() {
        use Language::{C, Config, Javascript, Make, Perl, Python, Rust, Shell, Text, Unit};
        for (path, expected) in [
            ("PVE/X.pm", Some(Perl)),
            ("PVE/X.pm.in", Some(Perl)),
            ("t/x.t", Some(Perl)),
            ("Makefile", Some(Make)),
            ("x/defines.mk.in", Some(Make)),
            ("debian/rules", Some(Make)),
            ("sub/debian/rules", Some(Make)),
            ("a.rules", Some(Config)),
            ("debian/p.udev", Some(Config)),
            ("debian/postinst", Some(Shell)),
            ("debian/p.prerm", Some(Shell)),
            ("debian/p.service", Some(Unit)),
            ("x@.service.in", Some(Unit)),
            ("a.service.d/b.conf", Some(Unit)),
            ("sysctl.d/b.conf", Some(Config)),
            ("common.conf.in", Some(Config)),
            ("x.xs", Some(C)),
            ("x.JS", Some(Javascript)),
            ("x.py", Some(Python)),
            ("x.adoc", Some(Text)),
            ("debian/p.install", None),
            ("debian/changelog", None),
            ("debian/patches/x.c", None),
            ("a.patch", None),
            ("src/main.rs", Some(Rust)),
            ("src/config.rs.in", Some(Rust)),
            ("debian/patches/x.rs", None),
            (".cargo/config.toml", Some(Config)),
            (".cargo/other.toml", None),
            ("x.png", None),
            ("de.po", None),
        ] {
            assert_eq!(by_name(path), expected, "{path}");
        }
    }

    #[test]
    fn the_beginning_tells_where_the_name_does_not() {
        for (path, head, expected) in [
            ("bin/x", "#!/usr/bin/perl -T\n", Some(Language::Perl)),
            (
                "bin/x",
                "#!/usr/bin/env -S python3 -x\n",
                Some(Language::Python),
            ),
            ("hook", "#! /bin/sh\n", Some(Language::Shell)),
            ("debian/postinst", "#!/usr/bin/perl\n", Some(Language::Perl)),
            ("debian/x.config", "#!/bin/bash\n", Some(Language::Shell)),
            ("x.nft", "#!/usr/sbin/nft -f\n", Some(Language::Config)),
            ("late.conf", "# x\n[Unit]\nAfter=y\n", Some(Language::Unit)),
            ("plain.conf", "a = b\n", Some(Language::Config)),
            ("LICENSE", "words", Some(Language::Text)),
            ("blob", "a\0b", None),
        ] {
            assert!(wants_head(path), "{path}");
            assert_eq!(
                language(path, Mode::File, head.as_bytes()),
                expected,
                "{path}"
            );
        }
        assert!(!wants_head("x.pm") && !wants_head("x.png"));
    }

    #[test]
    fn links_are_not_scanned() {
        assert_eq!(language("x.pm", Mode::Symlink, b""), None);
        assert_eq!(language("x.pm", Mode::Submodule, b""), None);
    }
}
