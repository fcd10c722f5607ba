//! A release manifest.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = release::Manifest::parse("fuzz", text);
});
