//! The shell of maintainer scripts.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = debian::shell::run(text);
});
