//! A downstream's patch, applied to a file.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: (&[u8], &[u8])| {
    let (patch, content) = input;
    for file in drift::hunks::parse(patch) {
        let fits = drift::hunks::apply(&file, Some(content));
        assert_eq!(fits.len(), file.hunks.len());
    }
});
