//! `debian/*.install`, `*.links`, `*.dirs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = debian::install::parse("debian/install", "x", text);
    let _ = debian::install::parse_links("debian/links", "x", text);
    let _ = debian::install::parse_dirs("debian/dirs", "x", text);
});
