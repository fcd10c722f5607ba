//! `debian/control`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = debian::control::parse("debian/control", text);
});
