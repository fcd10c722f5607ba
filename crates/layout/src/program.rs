//! Programs, by the directories that hold them.

/// The FHS directories that hold programs; a path in one of them names a program.
pub const PROGRAM_DIRECTORIES: &[&str] = &[
    "/usr/local/sbin/",
    "/usr/local/bin/",
    "/usr/sbin/",
    "/usr/bin/",
    "/sbin/",
    "/bin/",
    "/usr/libexec/",
];

/// The program a path names: its name below one of the FHS program directories.
pub fn program_of(path: &str) -> Option<&str> {
    let name = PROGRAM_DIRECTORIES
        .iter()
        .find_map(|dir| path.strip_prefix(dir))?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}
