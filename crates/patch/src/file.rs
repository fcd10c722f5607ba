//! Makes patch files in `git apply` format from the edits. Before anything is written, it applies
//! each patch in memory and parses the result.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use diffy::DiffOptions;
use rayon::prelude::*;

use crate::rewrite::{Edit, Theme, apply};
use decide::RuleId;
use problem::{PATCH_FAILS, Problem, REWRITE_UNPARSED};
use scan::calls::Calls;
use scan::proofs::Proofs;
use scan::{Language, ParseError, perl, rust};

/// A file of a source, with its edits.
#[derive(Debug, Clone)]
pub struct Edited {
    /// The path relative to the source.
    pub path: String,
    /// Its language; `None` for files that no scanner reads.
    pub language: Option<Language>,
    /// The bytes at the pin.
    pub original: Vec<u8>,
    /// Sorted by range, not overlapping.
    pub edits: Vec<Edit>,
    /// The executable bit, for a file that is deleted.
    pub executable: bool,
    /// Whether the patch of [`Theme::Features`] deletes the whole file.
    pub deleted: bool,
    /// The contents of this source that are known to parse.
    pub proofs: Arc<Proofs>,
    /// The original's syntax tree, if this run has parsed it.
    pub tree: Option<tree_sitter::Tree>,
}

impl Edited {
    /// Returns a range of the original with its edits applied, or `None` if no edit touches it.
    pub fn part(&self, range: &Range<usize>) -> Option<Vec<u8>> {
        let touches = |edit: &&Edit| edit.range.start < range.end && range.start < edit.range.end;
        let mut part = Vec::new();
        let mut at = range.start;
        let mut touched = self.edits.iter().filter(touches).peekable();
        touched.peek()?;
        for edit in touched {
            part.extend_from_slice(self.original.get(at..edit.range.start).unwrap_or_default());
            // An edit that began before the range has already been written there.
            if edit.range.start >= range.start {
                part.extend_from_slice(edit.replacement.as_bytes());
            }
            at = at.max(edit.range.end);
        }
        part.extend_from_slice(self.original.get(at..range.end).unwrap_or_default());
        Some(part)
    }
}

/// A patch file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Its subject.
    pub theme: Theme,
    /// `0001-paths.patch`.
    pub name: String,
    /// Its bytes, header included.
    pub bytes: Vec<u8>,
    /// The number of files that it changes.
    pub files: usize,
}

/// The facts in the header of a source's patches.
#[derive(Debug, Clone)]
pub struct Header<'a> {
    /// The source.
    pub source: &'a str,
    /// Its version or commit.
    pub version: &'a str,
    /// By theme: each rule with the number of occurrences that it decided.
    pub rules: &'a BTreeMap<Theme, BTreeMap<RuleId, usize>>,
}

/// Makes the patch files of one source and verifies them: it applies each in memory, in order, to
/// the bytes at the pin, compares the result with the edited bytes, and parses it.
///
/// # Errors
/// A patch does not produce the edited file, or an edited file no longer parses.
pub fn make(files: &[Edited], header: &Header, _calls: &Calls) -> Result<Vec<Patch>, Vec<Problem>> {
    let mut patches = Vec::new();
    let mut problems = Vec::new();
    for theme in Theme::ALL {
        let mut bytes = Vec::new();
        let mut changed = 0;
        for file in files {
            match file_patch(file, theme) {
                Ok(None) => {}
                Ok(Some(part)) => {
                    bytes.extend_from_slice(&part);
                    changed += 1;
                }
                Err(problem) => problems.push(problem.in_source(header.source)),
            }
        }
        if changed > 0 {
            let name = format!("{:04}-{}.patch", patches.len() + 1, theme.name());
            let mut whole = head(header, theme).into_bytes();
            whole.append(&mut bytes);
            patches.push(Patch {
                theme,
                name,
                bytes: whole,
                files: changed,
            });
        }
    }
    let again: Vec<Problem> = files
        .par_iter()
        .filter(|file| !file.deleted)
        .filter_map(parse_again)
        .collect();
    problems.extend(
        again
            .into_iter()
            .map(|problem| problem.in_source(header.source)),
    );
    if problems.is_empty() {
        if let Some(file) = files.first() {
            file.proofs.keep();
        }
        Ok(patches)
    } else {
        Err(problems)
    }
}

/// Writes the text before the first hunk: the subject and the reason. It names no release, so that
/// two releases with the same commit share one build.
fn head(header: &Header, theme: Theme) -> String {
    let (what, why) = match theme {
        Theme::Features => (
            "Remove what only works on Debian, or on one processor.",
            "Structural edits: of a module that goes its `use`, the method that mounts it, its index entry and its calls; of a\nfile the Makefile's words; an expression or an instruction of one processor gives way on the others.",
        ),
        Theme::Paths => (
            "Name files where they are, not where Debian puts them.",
            "Each change replaces one literal and keeps its quoting. The placeholders between at signs are\nfilled when the derivation is built, those of the link when it is linked.",
        ),
        Theme::Commands => (
            "Run commands from the computed PATH.",
            "Assignments to PATH take the programs that the code was found to run; programs run on another\nnode are called by name, for that node may be Debian or NixOS.",
        ),
        Theme::Crates => (
            "Take crates from the joined tree.",
            "Debian's registry goes from Cargo's configuration, and the root manifests name Proxmox' crates by path: every\nsource that a program is built from stands in a directory of its name beside the others.",
        ),
    };
    let mut text = format!(
        "{what}\n\n{why}\n\nMade by pve-nix for {} {}. Do not edit: change rules/ and run `cargo xtask regen`.\n\nRules:\n",
        header.source, header.version
    );
    for (rule, count) in header.rules.get(&theme).into_iter().flatten() {
        let _ = writeln!(text, "  {rule} ({count})");
    }
    text.push('\n');
    text
}

/// Returns one theme's patch of one file, or `None` if the theme does not change the file.
fn file_patch(file: &Edited, theme: Theme) -> Result<Option<Vec<u8>>, Problem> {
    if file.deleted {
        return Ok((theme == Theme::Features).then(|| deletion(file)));
    }
    if !file.edits.iter().any(|edit| edit.theme == theme) {
        return Ok(None);
    }
    let before = match theme {
        Theme::Features => file.original.clone(),
        Theme::Paths => apply(&file.original, &file.edits, Theme::Features),
        Theme::Commands => apply(&file.original, &file.edits, Theme::Paths),
        Theme::Crates => apply(&file.original, &file.edits, Theme::Commands),
    };
    let after = apply(&file.original, &file.edits, theme);
    let mut options = DiffOptions::new();
    options
        .set_original_filename(format!("a/{}", file.path))
        .set_modified_filename(format!("b/{}", file.path));
    let patch = options.create_patch_bytes(&before, &after).to_bytes();
    let place = |cause: String| Problem::new(&PATCH_FAILS, cause).at(&file.path, None);
    let read_back = diffy::Patch::from_bytes(&patch).map_err(|error| place(error.to_string()))?;
    let outcome =
        diffy::apply_bytes(&before, &read_back).map_err(|error| place(error.to_string()))?;
    if outcome != after {
        return Err(place(format!(
            "applying the {} patch does not give the edited file",
            theme.name()
        )));
    }
    let mut bytes = format!("diff --git a/{0} b/{0}\n", file.path).into_bytes();
    bytes.extend_from_slice(&patch);
    Ok(Some(bytes))
}

/// Returns one patch of a file with all its themes, without a header. Empty if the file does not
/// change.
pub fn whole(file: &Edited) -> Vec<u8> {
    if file.deleted {
        return deletion(file);
    }
    let mut options = DiffOptions::new();
    options
        .set_original_filename(format!("a/{}", file.path))
        .set_modified_filename(format!("b/{}", file.path));
    let after = apply(&file.original, &file.edits, Theme::Crates);
    options
        .create_patch_bytes(&file.original, &after)
        .to_bytes()
}

/// Returns the deletion of a whole file, in Git's format.
fn deletion(file: &Edited) -> Vec<u8> {
    let mode = if file.executable { "100755" } else { "100644" };
    let mut options = DiffOptions::new();
    options
        .set_original_filename(format!("a/{}", file.path))
        .set_modified_filename("/dev/null");
    let mut bytes = format!(
        "diff --git a/{0} b/{0}\ndeleted file mode {mode}\n",
        file.path
    )
    .into_bytes();
    bytes.extend_from_slice(&options.create_patch_bytes(&file.original, b"").to_bytes());
    bytes
}

/// Parses the edited file again.
fn parse_again(file: &Edited) -> Option<Problem> {
    // Only the scanners of Perl and Rust reject a file.
    if file.edits.is_empty() {
        return None;
    }
    let error = match file.language {
        Some(Language::Perl) => perl_again(file),
        // Placeholders are inside literals, so their value does not matter to the parser.
        Some(Language::Rust) => {
            let bytes = apply(&file.original, &file.edits, Theme::Crates);
            file.proofs.check(&bytes, rust::check)
        }
        _ => Ok(()),
    };
    let error = error.err()?;
    let cause = format!("after the rewrite: {}", error.what);
    Some(Problem::new(&REWRITE_UNPARSED, cause).at(&file.path, Some(error.line)))
}

/// Parses the edited file with a store path in place of each placeholder.
fn perl_again(file: &Edited) -> Result<(), ParseError> {
    let mut edits = file.edits.clone();
    for edit in &mut edits {
        edit.replacement = filled(&edit.replacement);
    }
    let bytes = apply(&file.original, &edits, Theme::Crates);
    let parse = |bytes: &[u8]| match &file.tree {
        Some(tree) => {
            let replaced = edits
                .iter()
                .map(|edit| (edit.range.clone(), edit.replacement.len()));
            let replaced: Vec<_> = replaced.collect();
            perl::check_edited(bytes, &file.original, tree, &replaced)
        }
        None => perl::check(bytes),
    };
    file.proofs.check(&bytes, parse)
}

/// Fills a replacement's placeholder with a path like a real store path.
fn filled(replacement: &str) -> String {
    let mut parts = replacement.splitn(3, '@');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(before), Some(name), Some(after)) => {
            format!("{before}/nix/store/00000000000000000000000000000000-{name}{after}")
        }
        _ => replacement.to_owned(),
    }
}
