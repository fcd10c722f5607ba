//! Rule files. The first line names the file.
#![no_main]

const FILES: [&str; 9] = [
    "general/paths",
    "sources/hive",
    "nixpkgs/attributes",
    "nixpkgs/crates",
    "nixpkgs/debian",
    "nixpkgs/paths",
    "nixpkgs/perl",
    "nixpkgs/programs",
    "nixpkgs/python",
];

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Some((file, rest)) = text.split_once('\n') else {
        return;
    };
    let Some(file) = FILES.iter().find(|name| **name == file) else {
        return;
    };
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(format!("{file}.toml"));
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    std::fs::write(path, rest).expect("written");
    let _ = decide::rules::Rules::read(dir.path());
});
