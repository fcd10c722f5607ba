//! The purpose of a file in a source's tree, judged by its path.

/// The directories in which upstream keeps its tests and their data.
pub const TEST_DIRECTORIES: &[&str] = &["t", "test", "testdata", "testing", "tests"];

/// The extensions of documents, whose text is prose.
const DOCUMENTS: &[&str] = &["adoc", "md", "pod", "rst", "txt"];

/// Whether only upstream's tests read the file.
pub fn is_test(path: &str) -> bool {
    directories(path).any(|part| TEST_DIRECTORIES.contains(&part))
}

/// Whether the file is an example. Nothing runs examples in place.
pub fn is_example(path: &str) -> bool {
    directories(path).any(|part| part == "examples")
}

/// Whether the file is a document: by its extension, or by a name in capitals such as `README` or
/// `LICENSE`.
pub fn is_document(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".in").unwrap_or(name);
    match name.rsplit_once('.') {
        Some((stem, extension)) => DOCUMENTS.contains(&extension) || is_capital(stem),
        None => is_capital(name) || path == "debian/copyright",
    }
}

/// The parts of a path, including the file's own name.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
}

fn is_capital(name: &str) -> bool {
    name.len() > 3 && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_code_by_whole_names() {
        for path in [
            "t/a.pl",
            "src/test/x.pm",
            "a/testing/b",
            "tests/x",
            "a/testdata/b",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in [
            "src/a.t",
            "src/latest/x",
            "contest/a",
            "src/Test/X.pm",
            "a/tests.pm",
        ] {
            assert!(!is_test(path), "{path}");
        }
        assert!(is_example("debian/examples/a.conf"));
        assert!(!is_example("src/example.pm"));
    }

    #[test]
    fn documents_are_known_by_extension_or_capitals() {
        for path in [
            "README",
            "doc/a.adoc",
            "LICENSE-MIT",
            "a/NEWS.in",
            "debian/copyright",
        ] {
            assert!(is_document(path), "{path}");
        }
        for path in ["a.pm", "TOC", "src/copyright", "Makefile"] {
            assert!(!is_document(path), "{path}");
        }
    }
}
