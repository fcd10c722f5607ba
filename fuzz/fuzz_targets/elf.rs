//! The reader of ELF files. It may return an error but must not panic, and must respect its limit
//! whatever the headers say.
#![no_main]

use std::io::Cursor;


libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for head in [&b""[..], elf::MAGIC, b"\x7fELF\x02\x01\x01\0", b"\x7fELF\x01\x02\x01\0"] {
        let file = [head, bytes].concat();
        if let Ok(found) = elf::read(Cursor::new(&file)) {
            assert!(found.sections.iter().all(|section| section.range.start < section.range.end));
        }
    }
});
