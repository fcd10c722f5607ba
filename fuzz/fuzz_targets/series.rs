//! A quilt series, and the headers of a patch.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = debian::series::parse("debian/patches/series", text);
    let _ = debian::series::check_patch("debian/patches/x", text.as_bytes(), 1);
});
