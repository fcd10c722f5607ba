//! Arguments that several commands share.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use problem::meant;

/// `--sources`.
#[derive(Debug, Clone, Args)]
pub struct SourcesDir {
    /// Directory with one Git repository or plain tree for each source, by name
    ///
    /// A source is DIR/NAME or DIR/NAME.git, bare or not. Without this option, sources are cloned
    /// from their URLs into the cache directory.
    #[arg(long, value_name = "DIR", env = "PVE_SOURCES", hide_env_values = true)]
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    sources: Option<PathBuf>,
}

impl SourcesDir {
    /// Returns the directory, or `None` if neither the option nor the variable names one. As in a
    /// shell, an empty variable counts as unset.
    pub fn get(&self) -> Option<&Path> {
        self.sources
            .as_deref()
            .filter(|dir| !dir.as_os_str().is_empty())
    }
}

/// The options for finding sources.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// The directory that contains them.
    #[command(flatten)]
    pub dir: SourcesDir,

    /// Directory with additional rules, in files named like those of rules/ (repeatable)
    ///
    /// They are checked like the others. Added contexts and path rules are tried first; an added
    /// rule that decides nothing is a finding.
    #[arg(long, value_name = "DIR")]
    #[arg(value_parser = OsStringValueParser::new().try_map(directory))]
    pub rules: Vec<PathBuf>,

    /// Continue without missing sources, and report the gaps in the result
    #[arg(long)]
    pub allow_missing: bool,

    /// Do not use the cache of scanned files
    #[arg(long)]
    pub no_cache: bool,
}

/// The format of a short result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum PlainFormat {
    /// For people; coloured on terminals only.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Returns a parser that accepts one of `values` by its word.
pub fn one_of<T>(
    values: &'static [T],
    word: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    PossibleValuesParser::new(values.iter().map(|value| word(*value))).try_map(move |given| {
        let meant = values.iter().copied().find(|value| word(*value) == given);
        meant.ok_or("not one of the possible values")
    })
}

/// Checks a release's name. It names a file in `releases/`, so it must not lead elsewhere.
pub fn release_name(name: &str) -> Result<String, String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(inside) {
        Ok(name.to_owned())
    } else {
        Err("a release's name is letters, digits, `-`, `.` and `_`: demo, pve-9.1.4".to_owned())
    }
}

/// Checks that a directory exists. An empty argument is allowed.
pub fn directory(given: OsString) -> Result<PathBuf, String> {
    let path = PathBuf::from(given);
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(path);
    }
    let what = if path.exists() {
        "it is not a directory"
    } else {
        "there is no such directory"
    };
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let beside = parent.read_dir().into_iter().flatten().flatten();
    let beside = beside.filter(|entry| entry.path().is_dir());
    let names: Vec<String> = beside
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let meant = meant::meant(&name, names.iter().map(String::as_str));
    let meant =
        meant.map(|name| format!("; did you mean `{}`?", path.with_file_name(name).display()));
    Err(format!("{what}{}", meant.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_cannot_name_a_file_elsewhere() {
        assert!(release_name("pve-9.1.4").is_ok());
        for bad in ["../x", ".x", "-x", "a/b", "", "a b", "a\0"] {
            assert!(release_name(bad).is_err(), "{bad}");
        }
    }
}
