//! The hashes of a pin: computed or, if the tree cannot be assembled here, published by somebody.

use std::path::Path;

use super::nar::{self, NarHash};
use super::sources::Rule;
use super::{GitTree, Mode, OpenOptions, Pin, Tree as _, Whole, omit::Omitting};
use problem::Problem;

/// The hashes of a commit.
pub(super) struct Hashes {
    /// The omitted paths.
    pub(super) omit: Vec<String>,
    /// Whether the fetched tree has submodules.
    pub(super) submodules: bool,
    /// The hash of the fetched tree, or the reason why it cannot be computed, and the remedy.
    pub(super) whole: Result<String, (String, String)>,
    /// The hash of the tree without its submodules, if it has some that are fetched.
    pub(super) tree: Option<String>,
}

impl Hashes {
    /// Computes the hashes of a commit as far as possible.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub(super) fn of(
        name: &str,
        (git_dir, rev, date): (&Path, &str, &str),
        rule: &Rule,
        options: &OpenOptions,
    ) -> Result<Self, Problem> {
        let omit = rule.omitted(date);
        let tree = GitTree::open(name, git_dir, rev, None)?;
        // Upstream's archive includes the submodules' files.
        let mut entries = tree.entries().iter();
        let submodules = rule.archive.is_none()
            && !rule.is_without_submodules(date)
            && entries.any(|entry| entry.mode == Mode::Submodule);
        let tree = Omitting::of(Box::new(tree), &omit);
        let hash = nar::hash(tree.as_ref())?;
        if !submodules {
            return Ok(Self {
                omit,
                submodules,
                whole: explained(hash),
                tree: None,
            });
        }
        let whole = whole(name, (git_dir, rev), (rule, &omit), options)?;
        Ok(Self {
            omit,
            submodules,
            whole,
            tree: hash.known(),
        })
    }

    /// Chooses the hash of a pin among the computed, the published and the previous one.
    ///
    /// # Errors
    /// `PNX-225` if there is none. If two exist and differ, `PNX-206` is returned beside the hash.
    pub(super) fn settle(
        &self,
        rev: &str,
        rule: &Rule,
        before: Option<&Pin>,
    ) -> Result<(String, Option<Problem>), Problem> {
        let published = rule.known(rev, self.submodules);
        let published = published.map(|one| ("what is published", one.hash.as_str()));
        // A pin that was fetched differently had another tree.
        let before = before.filter(|pin| {
            pin.rev.as_deref() == Some(rev)
                && pin.omit == self.omit
                && pin.submodules == self.submodules
        });
        let before = before.and_then(|pin| pin.nar_hash.as_deref());
        let others = [published, before.map(|hash| ("the manifest so far", hash))];
        let mut others = others.into_iter().flatten();
        match &self.whole {
            Ok(computed) => {
                let differing = others.find(|(_, hash)| hash != computed);
                let problem = differing.map(|(who, hash)| {
                    let cause = format!("the tree of {rev} is {computed}, {who} has {hash}");
                    Problem::new(&problem::HASH_MISMATCH, cause)
                });
                Ok((computed.clone(), problem))
            }
            Err((cause, remedy)) => {
                if let Some((_, hash)) = others.next() {
                    return Ok((hash.to_owned(), None));
                }
                let cause = format!("the tree of {rev} cannot be hashed: {cause}");
                Err(Problem::new(&problem::NO_HASH, cause).mend(remedy.clone()))
            }
        }
    }
}

/// Hashes a tree with its submodules.
fn whole(
    name: &str,
    at: (&Path, &str),
    (rule, omit): (&Rule, &[String]),
    options: &OpenOptions,
) -> Result<Result<String, (String, String)>, Problem> {
    let pin = Pin {
        url: Some(rule.url.clone()),
        ..Pin::default()
    };
    let mut whole = Whole::at(name, at, &pin, options, true)?;
    whole.omit(omit);
    let [first, rest @ ..] = whole.absent() else {
        return Ok(explained(nar::hash(&whole)?));
    };
    let more = match rest.len() {
        0 => String::new(),
        count => format!(", and {count} more are missing"),
    };
    let cause = format!(
        "its submodule {} is missing: {}{more}",
        first.path,
        first.cause()
    );
    let url = first.url.as_deref().unwrap_or("the submodule's repository");
    let place = match &options.sources {
        Some(sources) => format!(
            " to {}",
            sources
                .join(format!("{name}.submodules"))
                .join(&first.path)
                .display()
        ),
        None => String::new(),
    };
    let remedy = format!(
        "Clone {url}, with the commit {}{place}; or add the hash that somebody published as [[repository.known]] to \
         rules/sources/{name}.toml.",
        first.rev
    );
    Ok(Err((cause, remedy)))
}

/// Returns a hash, or the reason why there is none, and the remedy.
fn explained(hash: NarHash) -> Result<String, (String, String)> {
    match hash {
        NarHash::Known(hash) => Ok(hash),
        NarHash::MissingBlob(path) => Err((
            format!("the repository does not have the content of {path}"),
            format!(
                "Fetch the missing object (`git fetch --refetch` in a partial clone); or, where only tests read such files, \
                 add `omit` to [repository] of the source in rules/sources/, so that {path} is left out everywhere."
            ),
        )),
        NarHash::Converted(path) => Err((
            format!(
                "{path} asks Git to change files when they are checked out, which is not done here"
            ),
            "Add the hash that `nix-prefetch-git` tells as a `known` commit to rules/sources/."
                .to_owned(),
        )),
    }
}
