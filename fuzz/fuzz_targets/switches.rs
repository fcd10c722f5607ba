//! The switches of any `debian/rules`.
#![no_main]

use debian::switches::{Configure, Package, read};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let package = Package {
        source: "hive-qemu",
        version: Some("9.0.1-2"),
        automatic: Configure::Script,
    };
    let _ = read(text, package);
});
