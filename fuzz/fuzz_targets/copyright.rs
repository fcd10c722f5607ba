//! `debian/copyright`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = debian::copyright::parse(text);
});
