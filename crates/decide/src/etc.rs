//! Paths below `/etc`: the sort of each, and code that writes files that NixOS links into the
//! store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use super::matcher::is_below;
use super::{Context, Decided, Decision};
pub use debian::system::{EtcPath, Sort};
use problem::{Problem, UNSAID_SORT, WRITTEN_LINK};
use release::{Entry, Source};
use scan::{Kind, Language, Occurrence};

/// A rule's statement about a path below `/etc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Etc {
    /// Its sort.
    pub sort: Sort,
    /// Whether the rule explains what happens if code writes a file that NixOS links.
    pub written: bool,
}

/// Returns the path on the machine that a place refers to, if it is below `/etc` and stays as it
/// is.
pub fn leads_to(one: &Decided) -> Option<&str> {
    let path = match &one.decision {
        Decision::Keep { .. } => one.occurrence.text.as_str(),
        Decision::System { path } => path.as_str(),
        _ => return None,
    };
    let acts = one.context == Context::Host && one.occurrence.kind == Kind::AbsolutePath;
    (acts && !one.occurrence.site.joined && is_below(path, "/etc")).then_some(path)
}

/// Returns the paths of a source, sorted.
pub fn paths(decided: &[Decided]) -> Vec<EtcPath> {
    let found: BTreeSet<EtcPath> = decided
        .iter()
        .filter_map(|one| {
            let sort = one.etc?.sort;
            Some(EtcPath {
                path: leads_to(one)?.to_owned(),
                sort,
                writable: matches!(sort, Sort::State | Sort::Own),
            })
        })
        .collect();
    found.into_iter().collect()
}

/// Returns the problems of places below `/etc` whose rule does not say the sort.
pub fn unsaid(source: &str, decided: &[Decided]) -> Vec<Problem> {
    let places = decided.iter().filter(|one| one.etc.is_none());
    places
        .filter_map(|one| {
            let path = leads_to(one)?;
            let rule = one.rule_name();
            let cause = format!("`{path}` stays by `{rule}`, which says no sort of it");
            let place = Problem::new(&UNSAID_SORT, cause).in_source(source);
            Some(place.at(&one.path, Some(one.occurrence.line)))
        })
        .collect()
}

/// Matches calls and shell words that change a file.
static WRITES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?x)\b(file_set_contents|replace_file|unlink|rename|symlink|mkdir|make_path|mkpath|copy|move|file_copy|tempfile)\b
        |register_file\s*\( |O_(WRONLY|RDWR|CREAT|TRUNC)
        |open\s*\([^;]*["']\s*\+?> |IO::File->new\s*\([^;]*["']\s*(>|w|a\b) |fopen\s*\([^;]*"[wa]
        |\b(sed\s+-i|tee|ln\s+-s|cp|mv|rm|truncate|install)\s
        |(^|[^=>-])>>?\s*["$/] |fs::(write|rename|remove_file) |File::create|create_new"#,
    )
    .unwrap_or_else(|error| unreachable!("{error}"))
});

/// Splits the text into statements, each with its offset.
fn statements(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive(';').map(move |one| {
        let at = start;
        start += one.len();
        (at, one)
    })
}

/// Returns the offsets of `name` in `text` as a whole word: with a sigil or as a hash's key, in
/// capitals, or in a language without sigils.
fn words<'t>(text: &'t str, name: &'t str, sigils: bool) -> impl Iterator<Item = usize> + 't {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    let places = text.match_indices(name).map(|(at, _)| at);
    places.filter(move |at| {
        let before = at.checked_sub(1).map(|before| bytes[before]);
        let after = bytes.get(*at + name.len()).copied();
        let named = !sigils
            || name.chars().all(|letter| !letter.is_lowercase())
            || matches!(before, Some(b'$' | b'@' | b'%' | b'{'));
        named && !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Returns the lines that are not comments, whose apostrophes and arrows are not code.
fn code(text: &str) -> String {
    let lines = text.lines();
    let lines = lines.filter(|line| !line.trim_start().starts_with(['#', '/', '*']));
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the line of a place in a statement that begins at `start`, with two lines before it,
/// where a call would begin. Distant lines of a long list are not about the place.
fn around(text: &str, start: usize, offset: usize) -> String {
    let head = &text[start..offset];
    let begin = head.rmatch_indices('\n').nth(2).map_or(0, |(at, _)| at);
    let end = text[offset..]
        .find('\n')
        .map_or(text.len(), |end| offset + end);
    code(&text[start + begin..end])
}

/// Returns the sub that contains `offset`, up to the closing brace at the start of a line. Its
/// variables are its own.
fn enclosing<'t>(text: &'t str, offset: usize, sub: &str) -> (usize, &'t str) {
    let head = &text[..offset.min(text.len())];
    let start = ["sub ", "fn "]
        .iter()
        .filter_map(|word| head.rfind(&format!("{word}{sub}")))
        .max();
    let end = text[head.len()..].find("\n}");
    match (start, end) {
        (Some(start), Some(end)) => (start, &text[start..head.len() + end]),
        _ => (0, text),
    }
}

/// Whether a statement that writes names the place: the literal itself, or the variable or constant
/// that receives it, within the place's sub if there is one.
pub fn is_written(text: &str, language: Language, place: &Occurrence) -> bool {
    let (offset, site) = (place.offset, &place.site);
    let sub = site.sub.as_deref();
    let (start, text) = sub.map_or((0, text), |sub| enclosing(text, offset, sub));
    let offset = offset - start;
    let sigils = matches!(language, Language::Perl | Language::Shell | Language::Make);
    statements(text).any(|(at, statement)| {
        let holds = (at..at + statement.len()).contains(&offset);
        let names = site.target.as_deref().into_iter();
        let names = names.flat_map(|target| words(statement, target, sigils));
        let mut places = names.map(|place| at + place).chain(holds.then_some(offset));
        places.any(|place| WRITES.is_match(&around(text, at, place)))
    })
}

/// Returns the problems of places that write files that NixOS links into the store, unless the rule
/// explains that.
///
/// # Errors
/// A file cannot be read.
pub fn written(
    source: &Source,
    decided: &[Decided],
    entries: &BTreeMap<&str, usize>,
) -> Result<Vec<Problem>, Problem> {
    let asked = |one: &&Decided| {
        one.etc
            .is_some_and(|etc| etc.sort == Sort::Nixos && !etc.written)
            && leads_to(one).is_some()
    };
    let places: Vec<&Decided> = decided.iter().filter(asked).collect();
    let all = source.tree.entries();
    let files: BTreeMap<&str, &Entry> = places
        .iter()
        .filter_map(|one| {
            let path = one.path.as_str();
            Some((path, &all[*entries.get(path)?]))
        })
        .collect();
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<&Entry> = files.values().copied().collect();
    let contents = source.tree.read(&wanted)?;
    let texts: BTreeMap<&str, String> = files
        .keys()
        .zip(contents)
        .map(|(path, bytes)| (*path, String::from_utf8_lossy(&bytes).into_owned()))
        .collect();
    let problem = |one: &&Decided| {
        let path = one.path.as_str();
        let text = texts.get(path)?;
        if !is_written(text, one.language, &one.occurrence) {
            return None;
        }
        let rule = one.rule_name();
        let cause = format!(
            "`{}` is NixOS' own by `{rule}`, a link into the store, and the code writes it",
            one.occurrence.text
        );
        let problem = Problem::new(&WRITTEN_LINK, cause).in_source(&source.name);
        Some(problem.at(path, Some(one.occurrence.line)))
    };
    Ok(places.iter().filter_map(problem).collect())
}

#[cfg(test)]
mod tests {
    use scan::calls::Calls;
    use scan::{Language, perl};

    /// Whether the first path below `/etc` is written, as the scanner finds it.
    fn is_written(code: &str) -> bool {
        let calls = include_str!("../../../rules/general/calls.toml");
        let calls = Calls::parse(calls, "calls.toml").expect("the calls");
        let scan = perl::scan(code.as_bytes(), &calls).expect("it parses");
        let mut places = scan.occurrences.iter();
        let place = places.find(|one| one.text == "/etc/hosts");
        super::is_written(code, Language::Perl, place.expect("a place"))
    }

    #[test]
    fn a_variable_of_another_sub_is_another() {
        let code = "sub one {\n    my $fn = '/etc/hosts';\n    read_it($fn);\n}\n";
        let other = "sub two {\n    unlink $fn;\n}\n";
        assert!(!is_written(&format!("{code}{other}")));
        assert!(is_written(&code.replace("read_it($fn)", "unlink $fn")));
    }

    #[test]
    fn a_write_is_found_by_the_literal_and_by_what_it_goes_to() {
        let code = "my $fn = '/etc/hosts';\nmy $text = read_it($fn);\n";
        assert!(!is_written(code));
        for writes in [
            "file_set_contents($fn, $text);",
            "unlink $fn;",
            "open(my $fh, '>', $fn);",
            "open(my $fh, \">>$fn\");",
            "IO::File->new($fn, \"w\");",
            "IO::File->new($fn, O_WRONLY | O_CREAT, 0600);",
            "rename(\"$fn.tmp\", $fn);",
            "system(\"cp x $fn\");",
        ] {
            assert!(is_written(&format!("{code}{writes}")), "{writes}");
        }
        for reads in [
            "open(my $fh, '<', $fn);",
            "IO::File->new($fn, \"r\");",
            "# unlink $fn;",
            "unlink $fnord;",
            "my $long = {\n a => 'unlink x',\n b => 1,\n c => 2,\n d => $fn };",
            "my %h = (fn => 1);\nunlink $h{other};",
        ] {
            assert!(!is_written(&format!("{code}{reads}\n")), "{reads}");
        }
        assert!(is_written("print 1; file_set_contents('/etc/hosts', '');"));
        assert!(is_written(
            "use constant HOSTS => '/etc/hosts';\nunlink(HOSTS);"
        ));
    }
}
