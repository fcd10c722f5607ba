//! `debian/changelog`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = debian::changelog::parse("debian/changelog", text);
});
