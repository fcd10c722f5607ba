//! Rule files. The first line names the file.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Some((file, rest)) = text.split_once('\n') else {
        return;
    };
    const FILES: [&str; 11] = [
        "contexts", "paths", "own", "programs", "commands", "perl", "python", "debian", "features",
        "closure", "system",
    ];
    let Some(file) = FILES.iter().find(|name| **name == file) else {
        return;
    };
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join(format!("{file}.toml")), rest).expect("written");
    let _ = decide::rules::Rules::read(dir.path());
});
