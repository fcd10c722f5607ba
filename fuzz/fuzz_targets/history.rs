//! The parser of `git log` output.
#![no_main]

use std::collections::BTreeSet;

libfuzzer_sys::fuzz_target!(|log: &[u8]| {
    let paths = BTreeSet::from(["x", "a/b"]);
    for revision in release::history::parse(log, &paths) {
        assert!(revision.files.keys().all(|path| paths.contains(path.as_str())));
    }
});
