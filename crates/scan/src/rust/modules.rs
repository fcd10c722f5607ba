//! Finds the file of a Rust module.

use crate::RustModule;

/// Returns the files that may contain `module`, declared in `file`. The compiler takes the one that
/// exists, and rejects two. Paths are relative to the source, without `.` and `..`; a path that
/// leaves the source is dropped.
///
/// `root` means that `file` is the root of a crate (`src/bin/x.rs`, `build.rs` and the like, whose
/// names do not show it) or was named by `#[path]`. Its modules lie beside it, like those of
/// `mod.rs`, `lib.rs` and `main.rs`.
///
/// The Rust Reference, "Module source filenames" and "The path attribute".
pub fn module_files(file: &str, root: bool, module: &RustModule) -> Vec<String> {
    let (dir, name) = file.rsplit_once('/').unwrap_or(("", file));
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    let beside = root || matches!(name, "mod.rs" | "lib.rs" | "main.rs");
    let mut parts: Vec<&str> = vec![dir];
    let below = !module.within.is_empty() || module.path.is_none();
    if !module.included && below {
        parts.extend((!beside).then_some(stem));
        parts.extend(module.within.iter().map(String::as_str));
    }
    let place = |last: &str| normal(parts.iter().copied().chain([last]));
    match &module.path {
        Some(path) => place(path).into_iter().collect(),
        None => [
            format!("{}.rs", module.name),
            format!("{}/mod.rs", module.name),
        ]
        .iter()
        .filter_map(|last| place(last))
        .collect(),
    }
}

/// Joins the parts to a path. Returns `None` if it is absolute or leaves the tree.
fn normal<'p>(parts: impl Iterator<Item = &'p str>) -> Option<String> {
    let mut whole: Vec<&str> = Vec::new();
    for part in parts {
        if part.starts_with('/') {
            return None;
        }
        for name in part.split('/') {
            match name {
                "" | "." => {}
                ".." => drop(whole.pop()?),
                name => whole.push(name),
            }
        }
    }
    Some(whole.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(file: &str, root: bool, within: &[&str], path: Option<&str>) -> Vec<String> {
        let module = RustModule {
            name: "x".to_owned(),
            within: within.iter().map(|&name| name.to_owned()).collect(),
            path: path.map(str::to_owned),
            ..RustModule::default()
        };
        module_files(file, root, &module)
    }

    #[test]
    fn modules_stand_beside_a_root_and_below_any_other() {
        assert_eq!(
            files("src/lib.rs", false, &[], None),
            ["src/x.rs", "src/x/mod.rs"]
        );
        assert_eq!(files("main.rs", false, &[], None), ["x.rs", "x/mod.rs"]);
        assert_eq!(
            files("src/a/mod.rs", false, &[], None),
            ["src/a/x.rs", "src/a/x/mod.rs"]
        );
        assert_eq!(
            files("src/a.rs", false, &[], None),
            ["src/a/x.rs", "src/a/x/mod.rs"]
        );
        assert_eq!(
            files("src/bin/a.rs", true, &[], None),
            ["src/bin/x.rs", "src/bin/x/mod.rs"]
        );
        assert_eq!(
            files("src/a.rs", false, &["i", "j"], None),
            ["src/a/i/j/x.rs", "src/a/i/j/x/mod.rs"]
        );
    }

    #[test]
    fn a_path_is_relative_to_the_file_and_its_inline_modules() {
        assert_eq!(
            files("src/a/b.rs", false, &[], Some("foo.rs")),
            ["src/a/foo.rs"]
        );
        assert_eq!(
            files("src/a/b.rs", false, &["inline"], Some("other.rs")),
            ["src/a/b/inline/other.rs"]
        );
        assert_eq!(
            files("src/a/mod.rs", false, &["inline"], Some("other.rs")),
            ["src/a/inline/other.rs"]
        );
        assert_eq!(
            files("src/a/b.rs", false, &[], Some("../c/./d.rs")),
            ["src/c/d.rs"]
        );
        assert!(files("src/a.rs", false, &[], Some("../../../etc/x.rs")).is_empty());
        assert!(files("src/a.rs", false, &[], Some("/etc/x.rs")).is_empty());
    }

    #[test]
    fn an_inclusion_is_relative_to_the_file_alone() {
        let module = RustModule {
            within: vec!["inline".to_owned()],
            path: Some("x.rs".to_owned()),
            included: true,
            ..RustModule::default()
        };
        assert_eq!(module_files("src/a/b.rs", false, &module), ["src/a/x.rs"]);
    }
}
