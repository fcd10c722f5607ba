//! Scans line-based configuration: udev, logrotate, cron, PAM, sysctl, tmpfiles, sysusers,
//! `AppArmor`, lxc, APT's sources.

use toml_edit::{Document, Item, TableLike};

use super::calls::Calls;
use super::collect::{Collector, Span, is_command_name};
use super::{FileScan, Form, Kind, ParseError, Site, shell};

/// Scans Cargo's configuration for directories and registries that replace another source (the
/// Cargo Book, "Source Replacement"). Invalid TOML has none; cargo will report it.
fn cargo(bytes: &[u8]) -> FileScan {
    let mut out = Collector::new(bytes);
    let document = str::from_utf8(bytes)
        .ok()
        .and_then(|text| Document::parse(text).ok());
    let sources = document
        .as_ref()
        .and_then(|document| document.get("source"));
    let sources = sources.and_then(Item::as_table_like).into_iter();
    for (name, source) in sources.flat_map(TableLike::iter) {
        let keys = source.as_table_like().into_iter().flat_map(TableLike::iter);
        for (key, value) in keys.filter(|(key, _)| SOURCES.contains(key)) {
            let (Some(text), Some(span)) = (value.as_str(), value.span()) else {
                continue;
            };
            // Exclude the quotes, of either kind.
            let within = out.text_of(span.start, span.end);
            let Some(at) = within.find(text).filter(|_| text.starts_with('/')) else {
                continue;
            };
            let start = span.start + at;
            let site = Site {
                sub: Some(name.to_owned()),
                target: Some(key.to_owned()),
                ..Site::default()
            };
            let form = Form::Literal;
            out.mark(start, start + text.len(), Kind::CrateSource, form, site);
        }
    }
    out.finish(String::new())
}

/// The keys of a source that name its place on this machine.
const SOURCES: [&str; 2] = ["directory", "local-registry"];

/// The format of a file's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// udev(7): comma-separated matches and assignments.
    Udev,
    /// logrotate(8): scripts are between `postrotate` and `endscript`.
    Logrotate,
    /// crontab(5) with a column for the user: `/etc/cron.d`.
    Cron,
    /// `key = value`, `key: value` or `key value`.
    Keys,
}

/// logrotate's words that begin a script.
const SCRIPTS: &[&[u8]] = &[
    b"postrotate",
    b"prerotate",
    b"firstaction",
    b"lastaction",
    b"preremove",
];

/// Returns the occurrences of a configuration file. `path` determines its format.
pub fn scan(path: &str, bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    if path.contains(".cargo/") {
        return Ok(cargo(bytes));
    }
    let mut out = Collector::new(bytes);
    let switches = out.shebang().map(|(switches, _)| switches);
    let format = format(path);
    let mut script: Option<Script> = None;
    let mut start = 0;
    for newline in memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]) {
        let line = bytes.get(start..newline).unwrap_or_default();
        let trimmed = line.trim_ascii();
        let at = start + line.len() - line.trim_ascii_start().len();
        if let Some(open) = &script {
            if trimmed == b"endscript" {
                let text = bytes.get(open.start..start).unwrap_or_default();
                let site = Site {
                    sub: Some(open.name.clone()),
                    ..Site::default()
                };
                shell::script(&mut out, text, open.start, calls, &site);
                script = None;
            }
        } else if format == Format::Logrotate && SCRIPTS.contains(&trimmed) {
            script = Some(Script {
                name: String::from_utf8_lossy(trimmed).into_owned(),
                start: (newline + 1).min(bytes.len()),
            });
        } else if start > 0 || switches.is_none() {
            line_of(&mut out, format, at, at + trimmed.len(), calls);
        }
        start = newline + 1;
    }
    out.residue();
    Ok(out.finish(switches.unwrap_or_default()))
}

/// An open logrotate script.
struct Script {
    name: String,
    start: usize,
}

fn format(path: &str) -> Format {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit('.').next().unwrap_or(name);
    if matches!(extension, "rules" | "udev") {
        Format::Udev
    } else if extension == "logrotate" || path.contains("/logrotate.d/") {
        Format::Logrotate
    } else if extension == "cron" || path.contains("cron.d/") || name == "crontab" {
        Format::Cron
    } else {
        Format::Keys
    }
}

fn line_of(out: &mut Collector<'_>, format: Format, start: usize, end: usize, calls: &Calls) {
    let line = out.slice(start, end);
    match line.first() {
        None => {}
        Some(b'#' | b';') => {
            out.literal(Span::whole(start, end), Form::Comment, &Site::default());
        }
        Some(_) => match format {
            Format::Udev => udev(out, start, end, calls),
            Format::Cron => cron(out, start, end, calls),
            Format::Logrotate | Format::Keys => keys(out, start, end, calls),
        },
    }
}

/// Scans `KEY{attribute}=="value"`, comma-separated. `PROGRAM`, `RUN` and `IMPORT{program}` run
/// their value.
fn udev(out: &mut Collector<'_>, start: usize, end: usize, calls: &Calls) {
    let mut at = start;
    while at < end {
        let rest = out.slice(at, end);
        let Some(open) = memchr::memchr(b'"', rest) else {
            return out.literal(Span::whole(at, end), Form::Bare, &Site::default());
        };
        let value = at + open + 1;
        let length = memchr::memchr(b'"', out.slice(value, end)).unwrap_or(end - value);
        let key = rest
            .get(..open)
            .unwrap_or_default()
            .trim_ascii_start()
            .split(|b| matches!(b, b'=' | b'!' | b'+' | b'-' | b':'))
            .next()
            .unwrap_or_default();
        let key = key.strip_prefix(b",").unwrap_or(key).trim_ascii();
        let site = Site {
            call: Some(String::from_utf8_lossy(key).into_owned()),
            ..Site::default()
        };
        let runs = matches!(
            key,
            b"PROGRAM" | b"RUN" | b"RUN{program}" | b"IMPORT{program}"
        );
        if runs {
            words(out, value, value + length, &site, calls);
        } else {
            out.literal(Span::whole(value, value + length), Form::Literal, &site);
        }
        at = value + length + 1;
    }
}

/// Scans the words of a command that no shell reads.
fn words(out: &mut Collector<'_>, start: usize, end: usize, site: &Site, calls: &Calls) {
    let text = out.slice(start, end);
    let mut spans = Vec::new();
    let mut at = 0;
    for word in text.split(|b| b.is_ascii_whitespace() || *b == b'\'') {
        if !word.is_empty() {
            spans.push((start + at, start + at + word.len()));
        }
        at += word.len() + 1;
    }
    let texts: Vec<String> = spans.iter().map(|(s, e)| out.text_of(*s, *e)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for ((start, end), place) in spans.into_iter().zip(shell::places(calls, &texts, site)) {
        if place.is_program && is_command_name(out.slice(start, end)) {
            out.mark(
                start,
                end,
                Kind::BareCommand,
                Form::Bare,
                place.site.clone(),
            );
        }
        out.literal(Span::whole(start, end), Form::Bare, &place.site);
    }
}

/// Scans five fields or an `@` word, the user and the command line; or an assignment.
fn cron(out: &mut Collector<'_>, start: usize, end: usize, calls: &Calls) {
    let line = out.slice(start, end);
    let is_time = |b: &u8| b.is_ascii_digit() || matches!(b, b'*' | b'@');
    if !line.first().is_some_and(is_time) {
        return keys(out, start, end, calls);
    }
    let fields = if line.first() == Some(&b'@') { 2 } else { 6 };
    let mut at = 0;
    for _ in 0..fields {
        let rest = line.get(at..).unwrap_or_default();
        at += rest.iter().take_while(|b| !b.is_ascii_whitespace()).count();
        let rest = line.get(at..).unwrap_or_default();
        at += rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    }
    let text = line.get(at..).unwrap_or_default();
    shell::script(out, text, start + at, calls, &Site::default());
}

/// Scans `key = value`, `key: value` or `key value`. The key becomes the call, the value the
/// literal.
fn keys(out: &mut Collector<'_>, start: usize, end: usize, calls: &Calls) {
    let line = out.slice(start, end);
    let key = line
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        .count();
    let rest = line.get(key..).unwrap_or_default();
    if key == 0 || rest.first().is_some_and(|b| *b == b'/') {
        return out.literal(Span::whole(start, end), Form::Bare, &Site::default());
    }
    let gap = rest
        .iter()
        .take_while(|b| b.is_ascii_whitespace() || matches!(b, b'=' | b':'))
        .count();
    let name = out.text_of(start, start + key);
    let value = start + key + gap;
    let site = Site {
        call: Some(name.clone()),
        target: Some(name.clone()),
        ..Site::default()
    };
    if name.starts_with("lxc.hook.") {
        words(out, value, end, &site, calls);
    } else if name == "PATH" {
        // Include the key, so that the value is found as an assignment.
        out.literal(Span::whole(start, end), Form::Bare, &site);
    } else {
        let span = Span {
            after: gap == 0,
            ..Span::whole(value, end)
        };
        out.literal(span, Form::Bare, &site);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::testing::{calls, only, texts};

    fn config(path: &str, text: &str) -> FileScan {
        scan(path, text.as_bytes(), &calls()).expect("configuration is never refused")
    }

    #[test]
    fn udev_runs_programs() {
        let scan = config(
            "a.rules",
            "# /usr/c\nKERNEL==\"x\", PROGRAM=\"/usr/libexec/n %k\", RUN+=\"blk /dev/y\", SYMLINK+=\"z/%c\"\n",
        );
        assert_eq!(only(&scan, "/usr/c").form, Form::Comment);
        let program = only(&scan, "/usr/libexec/n");
        assert_eq!(
            (program.site.call.as_deref(), program.site.word),
            (Some("PROGRAM"), Some(0))
        );
        let run = only(&scan, "blk");
        assert_eq!(
            (run.kind, run.site.call.as_deref()),
            (Kind::BareCommand, Some("RUN"))
        );
        assert_eq!(only(&scan, "/dev/y").site.before.as_deref(), Some("blk"));
    }

    #[test]
    fn logrotate_runs_scripts() {
        let scan = config(
            "debian/a.logrotate",
            "/var/log/x.log {\n  daily\n  postrotate\n    /bin/systemctl reload x\n    invoke y >/dev/null\n  endscript\n}\n",
        );
        assert_eq!(
            only(&scan, "/bin/systemctl").site.sub.as_deref(),
            Some("postrotate")
        );
        assert_eq!(texts(&scan, Kind::BareCommand), ["invoke"]);
        assert_eq!(only(&scan, "/var/log/x.log").line, 1);
    }

    #[test]
    fn cron_runs_command_lines() {
        let scan = config(
            "etc/cron.d/x",
            "PATH=/sbin:/bin\n0 5 * * * root test -x /usr/bin/y && y\n@reboot root z\n",
        );
        assert_eq!(texts(&scan, Kind::PathAssignment), ["/sbin:/bin"]);
        assert_eq!(texts(&scan, Kind::BareCommand), ["y", "z"]);
        assert_eq!(texts(&scan, Kind::AbsolutePath), ["/usr/bin/y"]);
    }

    #[test]
    fn keys_name_their_values() {
        let scan = config(
            "x.conf",
            "lxc.hook.start = /usr/share/h x\nlxc.log=/var/l\nSigned-By: /usr/share/k\nauth required /lib/p.so\n/usr/bin/q ix,\n; /usr/c\n",
        );
        let hook = only(&scan, "/usr/share/h");
        assert_eq!(
            (hook.site.call.as_deref(), hook.site.word),
            (Some("lxc.hook.start"), Some(0))
        );
        assert_eq!(
            only(&scan, "/var/l").site.target.as_deref(),
            Some("lxc.log")
        );
        assert_eq!(
            only(&scan, "/usr/share/k").site.call.as_deref(),
            Some("Signed-By")
        );
        assert_eq!(only(&scan, "/lib/p.so").site.call.as_deref(), Some("auth"));
        assert_eq!(only(&scan, "/usr/bin/q").site.call, None);
        assert_eq!(only(&scan, "/usr/c").form, Form::Comment);
    }
}
