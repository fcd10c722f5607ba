//! Lexical operations on paths within a source, `/`-separated and relative to the tree's root.

/// Joins `path` to `base` without `.`, `..` and empty components. Returns `None` if it leaves the
/// tree.
///
/// A leading `/` is the root, as in the paths of `debian/*.install`. `base` is a normalised path of
/// the tree; `""` is its root.
pub fn join(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    let floor = parts.len();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.len() > floor => {
                parts.pop();
            }
            // Debian's tools work in the directory that contains `debian/`. Above it is another
            // tree.
            ".." => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Joins `path` to a file's directory. `..` may climb as far as the tree's root.
pub fn beside(directory: &str, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    join("", &format!("{directory}/{path}"))
}

/// Returns the directory of a path, `""` at the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// Returns the last component.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// Returns `path` relative to `root`, or `None` if it is not below it.
pub fn below<'a>(root: &str, path: &'a str) -> Option<&'a str> {
    if root.is_empty() {
        return Some(path);
    }
    path.strip_prefix(root)?.strip_prefix('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_climbs_out_is_none() {
        assert_eq!(join("", "a/../b"), Some("b".into()));
        assert_eq!(join("", "../b"), None);
        assert_eq!(join("nested", "../b"), None);
        assert_eq!(
            join("nested", "/usr//bin/./x"),
            Some("nested/usr/bin/x".into())
        );
    }

    #[test]
    fn a_symlink_may_climb_within_the_tree() {
        assert_eq!(beside("a/b", "../c"), Some("a/c".into()));
        assert_eq!(beside("a/b", "../../../c"), None);
        assert_eq!(beside("a", "/etc/passwd"), None);
    }

    #[test]
    fn below_wants_a_whole_component() {
        assert_eq!(below("pve", "pve/x"), Some("x"));
        assert_eq!(below("pve", "pve-rs/x"), None);
        assert_eq!(below("", "x"), Some("x"));
    }
}
