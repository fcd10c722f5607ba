//! Scans systemd units and files in the same syntax (drop-ins, `*.link`): systemd.syntax(7),
//! systemd.service(5).

use std::ops::Range;

use syntax::unit::{self, Entry, PREFIXES, Setting};

use super::calls::Calls;
use super::collect::{Collector, Span, is_command_name};
use super::{FileScan, Form, Kind, ParseError, Site, shell};

/// Returns the occurrences of a unit.
pub fn scan(bytes: &[u8], calls: &Calls) -> Result<FileScan, ParseError> {
    let mut out = Collector::new(bytes);
    for entry in unit::entries(bytes) {
        match entry {
            Entry::Comment { section, range } => {
                let site = site(section.as_deref(), None);
                out.literal(Span::whole(range.start, range.end), Form::Comment, &site);
            }
            Entry::Other { section, range } => {
                let site = site(section.as_deref(), None);
                out.literal(Span::whole(range.start, range.end), Form::Bare, &site);
            }
            Entry::Setting(setting) => directive(&mut out, setting, calls),
        }
    }
    Ok(out.finish(String::new()))
}

fn site(section: Option<&str>, key: Option<String>) -> Site {
    Site {
        sub: section.map(str::to_owned),
        call: key,
        ..Site::default()
    }
}

fn directive(out: &mut Collector<'_>, setting: Setting, calls: &Calls) {
    let Range { start, end } = setting.value;
    let is_command = setting.key.strip_prefix("Exec").is_some_and(|rest| {
        rest.starts_with("Start")
            || rest.starts_with("Stop")
            || rest == "Reload"
            || rest == "Condition"
    });
    let site = site(setting.section.as_deref(), Some(setting.key));
    if is_command {
        command(out, start, end, &site, calls);
    } else {
        out.literal(Span::whole(start, end), Form::Bare, &site);
    }
}

/// One word of a command line, as a range without quotes.
struct Word {
    start: usize,
    end: usize,
    quote: Option<u8>,
}

/// Scans `ExecStart=` and the like. A lone `;` begins another command.
fn command(out: &mut Collector<'_>, start: usize, end: usize, site: &Site, calls: &Calls) {
    let all = words(out.slice(start, end), start);
    let file = out.bytes();
    let is_end = |word: &Word| word.quote.is_none() && file.get(word.start..word.end) == Some(b";");
    for words in all.split(is_end) {
        one_command(out, words, site, calls);
    }
}

fn one_command(out: &mut Collector<'_>, words: &[Word], site: &Site, calls: &Calls) {
    let texts: Vec<String> = words
        .iter()
        .enumerate()
        .map(|(index, word)| {
            let text = out.text_of(word.start, word.end);
            match index {
                0 => text.trim_start_matches(PREFIXES).to_owned(),
                _ => text,
            }
        })
        .collect();
    let names: Vec<&str> = texts.iter().map(String::as_str).collect();
    for (index, (word, place)) in words
        .iter()
        .zip(shell::places(calls, &names, site))
        .enumerate()
    {
        let (text, before) = (names[index], &names[..index]);
        let form = match word.quote {
            Some(b'"') => Form::Interpolated,
            Some(_) => Form::Literal,
            None => Form::Bare,
        };
        let start = if index == 0 {
            word.end - text.len().min(word.end - word.start)
        } else {
            word.start
        };
        let is_whole = text.len() == word.end - start;
        if place.is_program && is_whole && is_command_name(text.as_bytes()) {
            let site = place.site.clone();
            out.mark(start, word.end, Kind::BareCommand, form, site);
        }
        let is_script = before.last() == Some(&calls.shell_option())
            && before.iter().any(|name| calls.is_shell(name));
        if is_script {
            let text = out.slice(start, word.end);
            let inner = Site {
                sub: place.site.sub,
                ..Site::default()
            };
            shell::script(out, text, start, calls, &inner);
        } else {
            out.literal(Span::whole(start, word.end), form, &place.site);
        }
    }
}

fn words(line: &[u8], base: usize) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        if byte.is_ascii_whitespace() || byte == b'\\' && line.get(at + 1) == Some(&b'\n') {
            at += 1;
            continue;
        }
        let quote = Some(byte).filter(|b| matches!(b, b'"' | b'\''));
        let start = at + usize::from(quote.is_some());
        let rest = line.get(start..).unwrap_or_default();
        let length = match quote {
            Some(quote) => closing(rest, quote),
            None => rest.iter().position(u8::is_ascii_whitespace),
        };
        let end = start + length.unwrap_or(rest.len());
        words.push(Word {
            start: base + start,
            end: base + end,
            quote,
        });
        at = end + usize::from(quote.is_some());
    }
    words
}

/// Returns the offset of the quote that closes a word. A backslash protects a quote.
fn closing(rest: &[u8], quote: u8) -> Option<usize> {
    let mut escaped = false;
    rest.iter().position(|b| {
        let closes = *b == quote && !escaped;
        escaped = *b == b'\\' && !escaped;
        closes
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::testing::{calls, only, texts};

    fn unit(text: &str) -> FileScan {
        scan(text.as_bytes(), &calls()).expect("a unit is never refused")
    }

    #[test]
    fn an_executable_may_have_prefixes() {
        for prefix in ["", "-", "@", "+", "!", "!!", "|", ":", "-@", "-+"] {
            let scan = unit(&format!(
                "[Service]\nExecStart={prefix}/usr/bin/x --y /etc/z\n"
            ));
            let found = only(&scan, "/usr/bin/x");
            assert_eq!(found.site.sub.as_deref(), Some("Service"));
            assert_eq!(found.site.call.as_deref(), Some("ExecStart"));
            assert_eq!(
                (found.site.word, found.site.joined),
                (Some(0), false),
                "{prefix}"
            );
            let argument = only(&scan, "/etc/z");
            assert_eq!(argument.site.word, Some(2));
            assert_eq!(argument.site.before.as_deref(), Some("/usr/bin/x --y"));
        }
    }

    #[test]
    fn names_are_commands() {
        let scan = unit(
            "[Service]\nExecStart=-timeout -k 2 5 qm start\nExecStop=/bin/sh -c 'ip a; /sbin/b'\n",
        );
        assert_eq!(texts(&scan, Kind::BareCommand), ["timeout", "qm", "ip"]);
        assert_eq!(texts(&scan, Kind::AbsolutePath), ["/bin/sh", "/sbin/b"]);
    }

    #[test]
    fn a_value_goes_on_after_a_backslash() {
        let scan = unit("[Service]\nExecStart=/usr/bin/x \\\n  /etc/y ; /usr/bin/z\n");
        assert_eq!(only(&scan, "/etc/y").site.word, Some(1));
        assert_eq!(only(&scan, "/usr/bin/z").site.word, Some(0));
        assert_eq!(only(&scan, "/usr/bin/z").line, 3);
    }

    #[test]
    fn other_directives_name_their_key() {
        let scan = unit(
            "[Unit]\nConditionPathExists=!/usr/bin/x\n[Service]\nEnvironmentFile=-/etc/default/y\nEnvironment=\"PATH=/sbin:/bin\"\n# /usr/c\n",
        );
        assert_eq!(
            only(&scan, "/usr/bin/x").site.call.as_deref(),
            Some("ConditionPathExists")
        );
        assert_eq!(
            only(&scan, "/etc/default/y").site.sub.as_deref(),
            Some("Service")
        );
        assert_eq!(texts(&scan, Kind::PathAssignment), ["/sbin:/bin"]);
        assert_eq!(only(&scan, "/usr/c").form, Form::Comment);
    }
}
