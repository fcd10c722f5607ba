//! Finds the upstream commit behind each change.

use std::collections::{BTreeSet, HashMap};

use memchr::memmem;
use serde::{Deserialize as De, Serialize as Ser};
use sha2::{Digest, Sha256};

use analyse::AnalysedSource;
use cache::Cache;
use problem::Problem;
use release::history::{self, Lines, Relation, Revision};
use release::source_name;

use super::{Commit, History};

/// A question to a source's history: which commit added or removed a text?
#[derive(Debug, Clone, PartialEq, Eq, Hash, Ser)]
pub(super) struct Question {
    /// The file.
    pub(super) path: String,
    /// The text that some lines gained or lost.
    pub(super) text: String,
    /// Whether the text was gained; otherwise it was lost.
    pub(super) gained: bool,
    /// The text around it, to search for if no changed line contains the text itself.
    pub(super) within: Option<String>,
}

/// Returns the relation of a source's two commits, or `None` unless there are two.
pub(super) fn relation(
    old: &AnalysedSource,
    new: &AnalysedSource,
    cache: Option<&Cache>,
) -> Result<Option<History>, Problem> {
    let (Some(git_dir), Some(from), Some(to)) = (new.source.tree.repository(), rev(old), rev(new))
    else {
        return Ok(None);
    };
    if from == to {
        return Ok(Some(History::Same));
    }
    let name = format!("{}-{from}-{to}-relation", source_name(&new.source.name));
    let kept = cache.and_then(|cache| cache.get::<Relation>(&name));
    let found = if let Some(found) = kept {
        found
    } else {
        let found = history::relation(&new.source.name, git_dir, from, to)?;
        if let Some(cache) = cache {
            cache.put(&name, &found);
        }
        found
    };
    Ok(Some(match (found.only_old, found.only_new) {
        (0, commits) => History::Forward { commits },
        (commits, 0) => History::Backward { commits },
        (old, new) => History::Diverged {
            old,
            new,
            base: found.base,
        },
    }))
}

/// Returns the commit for each question, in order.
///
/// # Errors
/// `PNX-203`: Git cannot list the commits.
pub(super) fn answers(
    questions: &[Question],
    old: &AnalysedSource,
    new: &AnalysedSource,
    history: Option<&History>,
    cache: Option<&Cache>,
) -> Result<Vec<Option<Commit>>, Problem> {
    let (Some(git_dir), Some(from), Some(to)) = (new.source.tree.repository(), rev(old), rev(new))
    else {
        return Ok(vec![None; questions.len()]);
    };
    if questions.is_empty() || matches!(history, None | Some(History::Same)) {
        return Ok(vec![None; questions.len()]);
    }
    let name = format!(
        "{}-{from}-{to}-{}",
        source_name(&new.source.name),
        fingerprint(questions)
    );
    if let Some(kept) = cache.and_then(|cache| cache.get::<Vec<Option<Kept>>>(&name)) {
        return Ok(kept.into_iter().map(|one| one.map(Kept::commit)).collect());
    }
    let backward = matches!(history, Some(History::Backward { .. }));
    let (first, last) = if backward { (to, from) } else { (from, to) };
    let paths: BTreeSet<&str> = questions.iter().map(|one| one.path.as_str()).collect();
    let mut revisions = history::between(&new.source.name, git_dir, first, last, &paths)?;
    if backward {
        undo(&mut revisions);
    }
    let mut known = HashMap::new();
    let found: Vec<Option<Commit>> = questions
        .iter()
        .map(|one| {
            known
                .entry(one)
                .or_insert_with(|| answer(one, &revisions))
                .clone()
        })
        .collect();
    if let Some(cache) = cache {
        cache.put(
            &name,
            &found
                .iter()
                .map(|one| one.as_ref().map(Kept::of))
                .collect::<Vec<_>>(),
        );
    }
    Ok(found)
}

fn rev(source: &AnalysedSource) -> Option<&str> {
    source.source.pin.rev.as_deref()
}

/// Reverses the revisions: going back, the oldest commit is undone last, and what it removed is
/// added.
fn undo(revisions: &mut [Revision]) {
    revisions.reverse();
    for lines in revisions.iter_mut().flat_map(|one| one.files.values_mut()) {
        std::mem::swap(&mut lines.added, &mut lines.removed);
    }
}

/// Returns the last commit that increased (or decreased) the occurrences of the text in the file;
/// otherwise the last that changed a line with it, or with the text around it.
fn answer(question: &Question, revisions: &[Revision]) -> Option<Commit> {
    let count = |lines: &[u8], text: &str| memmem::find_iter(lines, text.as_bytes()).count();
    let net = |lines: &Lines| {
        let (added, removed) = (
            count(&lines.added, &question.text),
            count(&lines.removed, &question.text),
        );
        if question.gained {
            added > removed
        } else {
            removed > added
        }
    };
    let touched =
        |lines: &Lines, text: &str| count(&lines.added, text) + count(&lines.removed, text) > 0;
    let last = |wanted: &dyn Fn(&Lines) -> bool| {
        revisions
            .iter()
            .find(|one| one.files.get(&question.path).is_some_and(wanted))
    };
    let found = last(&net)
        .or_else(|| last(&|lines| touched(lines, &question.text)))
        .or_else(|| {
            let within = question.within.as_deref()?;
            last(&|lines| touched(lines, within))
        })?;
    Some(Commit {
        rev: found.rev.clone(),
        date: found.date.clone(),
        subject: found.subject.clone(),
    })
}

/// A commit in the cache.
#[derive(De, Ser)]
struct Kept(String, String, String);

impl Kept {
    fn of(commit: &Commit) -> Self {
        Self(
            commit.rev.clone(),
            commit.date.clone(),
            commit.subject.clone(),
        )
    }

    fn commit(self) -> Commit {
        Commit {
            rev: self.0,
            date: self.1,
            subject: self.2,
        }
    }
}

/// Returns a name for a list of questions.
fn fingerprint(questions: &[Question]) -> String {
    use std::fmt::Write as _;

    let mut hash = Sha256::new();
    for one in questions {
        // This fails only if the text does not fit in memory.
        hash.update(postcard::to_allocvec(one).unwrap_or_default());
    }
    let mut name = String::new();
    for byte in hash.finalize().iter().take(12) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(rev: &str, removed: &str, added: &str) -> Revision {
        let lines = Lines {
            removed: removed.into(),
            added: added.into(),
        };
        Revision {
            rev: rev.to_owned(),
            files: HashMap::from([("x".to_owned(), lines)]),
            ..Revision::default()
        }
    }

    fn question(text: &str, gained: bool) -> Question {
        Question {
            path: "x".to_owned(),
            text: text.to_owned(),
            gained,
            within: Some("sub f".to_owned()),
        }
    }

    #[test]
    fn a_commit_that_only_indents_is_not_the_one() {
        let mut all = [
            revision("3", "sub f\n", "sub f {\n"),
            revision("2", "/bin/x\n", "  /bin/x\n"),
            revision("1", "", "/bin/x\n/bin/y\n"),
        ];
        let rev = |question: &Question, all: &[Revision]| answer(question, all).map(|one| one.rev);
        assert_eq!(rev(&question("/bin/x", true), &all).as_deref(), Some("1"));
        assert_eq!(rev(&question("/bin/x", false), &all).as_deref(), Some("2"));
        assert_eq!(rev(&question("/bin/z", true), &all).as_deref(), Some("3"));
        undo(&mut all);
        assert_eq!(rev(&question("/bin/y", false), &all).as_deref(), Some("1"));
    }
}
