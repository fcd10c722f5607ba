//! Commits, with links to the pages that show them.

use serde::Serialize;

use super::shown_text;
use crate::drift::short;
use drift::{Commit, SourceDrift};

/// A commit.
#[derive(Serialize)]
pub(super) struct Linked {
    pub rev: String,
    pub date: String,
    pub subject: String,
    pub url: Option<String>,
}

/// Makes the link of a commit in `source`.
pub(super) fn linked(source: Option<&SourceDrift>, commit: &Commit) -> Linked {
    let at = source.and_then(|source| source.new.as_ref().or(source.old.as_ref()));
    let url = at.and_then(|at| at.url.as_deref());
    Linked {
        rev: shown_text(short(&commit.rev)),
        date: shown_text(&commit.date),
        subject: shown_text(&commit.subject),
        url: url.and_then(|url| page(url, &commit.rev)),
    }
}

/// Returns the page of a commit, if the repository's host has such pages.
pub(super) fn page(url: &str, rev: &str) -> Option<String> {
    let hex = (7..=64).contains(&rev.len()) && rev.bytes().all(|b| b.is_ascii_hexdigit());
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:@+%".contains(&b);
    if !hex || !url.bytes().all(plain) {
        return None;
    }
    // Proxmox' own server shows its repositories at another path than it serves them.
    for served in ["git://git.proxmox.com/git/", "https://git.proxmox.com/git/"] {
        if let Some(name) = url.strip_prefix(served) {
            return Some(format!(
                "https://git.proxmox.com/?p={name};a=commit;h={rev}"
            ));
        }
    }
    url.starts_with("https://").then(|| {
        let page = url.trim_end_matches('/');
        let page = page.strip_suffix(".git").unwrap_or(page);
        format!("{page}/commit/{rev}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_repositories_with_pages_are_linked() {
        let rev = "0123456789abcdef0123456789abcdef01234567";
        let linked = |url| page(url, rev);
        assert_eq!(
            linked("https://git.example.org/hive/hive-manager.git"),
            Some(format!(
                "https://git.example.org/hive/hive-manager/commit/{rev}"
            ))
        );
        assert_eq!(
            linked("git://git.proxmox.com/git/hive.git"),
            Some(format!(
                "https://git.proxmox.com/?p=hive.git;a=commit;h={rev}"
            ))
        );
        assert_eq!(linked("git://git.example.org/hive.git"), None);
        assert_eq!(linked("javascript:alert(1)"), None);
        assert_eq!(linked("https://x\"onclick=\"y"), None);
        assert_eq!(page("https://git.example.org/hive", "main"), None);
    }
}
