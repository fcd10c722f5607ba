//! A release manifest.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = xtask::release::Manifest::parse("fuzz", text);
});
