//! `Cargo.toml`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = cargo::manifest::CargoManifest::parse("x", "Cargo.toml", bytes);
});
