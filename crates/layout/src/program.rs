//! The directories that hold programs.

/// The FHS directories that hold programs. A path in one of them names a program.
pub const PROGRAM_DIRECTORIES: &[&str] = &[
    "/usr/local/sbin/",
    "/usr/local/bin/",
    "/usr/sbin/",
    "/usr/bin/",
    "/sbin/",
    "/bin/",
    "/usr/libexec/",
];

/// Returns the program that a path names: its file name, if it lies directly in one of
/// [`PROGRAM_DIRECTORIES`].
pub fn program_of(path: &str) -> Option<&str> {
    let name = PROGRAM_DIRECTORIES
        .iter()
        .find_map(|dir| path.strip_prefix(dir))?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}
