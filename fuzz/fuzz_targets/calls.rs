//! `rules/general/calls.toml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = scan::calls::Calls::parse(text, "calls.toml");
});
