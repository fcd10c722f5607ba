//! `debian/control`.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = xtask::debian::control::parse("debian/control", text);
});
