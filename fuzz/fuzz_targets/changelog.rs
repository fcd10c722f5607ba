//! `debian/changelog`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = xtask::debian::changelog::parse("debian/changelog", text);
});
