//! The scanner of `Language::Shell`: it may refuse, never panic, and gives spans within the file.
#![no_main]

use std::sync::LazyLock;

use scan::calls::Calls;
use scan::{Language, scan};

static CALLS: LazyLock<Calls> = LazyLock::new(|| {
    Calls::parse(include_str!("../../rules/general/calls.toml"), "calls.toml").expect("the kept file")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(found) = scan(Language::Shell, "a/file", bytes, &CALLS) {
        for place in &found.occurrences {
            assert!(
                place.length > 0 && place.offset + place.length <= bytes.len(),
                "{place:?}"
            );
        }
    }
});
