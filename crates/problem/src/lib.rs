//! Problems and their codes, one file for each code.

use std::fmt;

mod finding;
pub mod meant;
pub mod number;

pub use finding::{Finding, problems};

/// Whether a problem is a finding about the input's content (exit status 1) or stops the run (exit
/// status 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The run goes on and collects other findings. Exit status 1.
    Finding,
    /// The run stops and writes nothing. Exit status 2.
    Fatal,
}

/// A problem code: one constant in a file of its own.
#[derive(Debug)]
pub struct Code {
    /// `PNX-101`.
    pub id: &'static str,
    /// The title, one line.
    pub title: &'static str,
    /// The severity, which decides the exit status.
    pub severity: Severity,
    /// The reason why it is a problem, in a few sentences.
    pub explanation: &'static str,
    /// A small example of a cause.
    pub example: &'static str,
    /// The remedy.
    pub remedy: &'static str,
}

/// The place of a problem.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The source's name, if the place is in a source.
    pub source: Option<String>,
    /// The file, relative to the source or to the working directory.
    pub path: Option<String>,
    /// 1-based line.
    pub line: Option<u32>,
}

/// A problem with its code, place and cause.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Its code.
    pub code: &'static Code,
    /// Its place.
    pub place: Place,
    /// The cause: one sentence or a few lines.
    pub cause: String,
    /// A remedy for this case, if it differs from the code's own.
    pub remedy: Option<String>,
}

impl Problem {
    /// Makes a problem of `code` without a place.
    pub fn new(code: &'static Code, cause: impl Into<String>) -> Self {
        Self {
            code,
            place: Place::default(),
            cause: cause.into(),
            remedy: None,
        }
    }

    /// Sets the file and the line.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, line: Option<u32>) -> Self {
        self.place.path = Some(path.into());
        self.place.line = line;
        self
    }

    /// Sets the source.
    #[must_use]
    pub fn in_source(mut self, source: impl Into<String>) -> Self {
        self.place.source = Some(source.into());
        self
    }

    /// Sets the remedy.
    #[must_use]
    pub fn mend(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for part in [&self.source, &self.path].into_iter().flatten() {
            write!(f, "{between}{part}")?;
            between = "/";
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code.id)?;
        if self.place != Place::default() {
            write!(f, "{}: ", self.place)?;
        }
        write!(
            f,
            "{}\n  help: {}",
            self.cause,
            self.remedy.as_deref().unwrap_or(self.code.remedy)
        )
    }
}

impl std::error::Error for Problem {}

macro_rules! codes {
    ($($module:ident => $name:ident),* $(,)?) => {
        $(mod $module; pub use $module::$name;)*

        /// Every code, sorted by number.
        pub static CODES: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    pnx_101 => UNDECIDED,
    pnx_102 => STALE_RULE,
    pnx_103 => BAD_RULE,
    pnx_104 => DUPLICATE_RULE,
    pnx_105 => UNPARSED,
    pnx_106 => UNREWRITABLE,
    pnx_107 => UNKNOWN_ATTRIBUTE,
    pnx_108 => WRONG_EXAMPLE,
    pnx_201 => MISSING_SOURCE,
    pnx_202 => MISSING_PIN,
    pnx_203 => BROKEN_REPOSITORY,
    pnx_204 => MISSING_BLOB,
    pnx_205 => UNSATISFIED,
    pnx_206 => HASH_MISMATCH,
    pnx_207 => BAD_MANIFEST,
    pnx_208 => UNSAFE_URL,
    pnx_209 => BAD_TREE,
    pnx_211 => BAD_CRATES,
    pnx_212 => BAD_CARGO_MANIFEST,
    pnx_213 => UNKNOWN_WORKSPACE,
    pnx_214 => UNSATISFIED_CRATE,
    pnx_215 => AMBIGUOUS_CRATE,
    pnx_216 => CRATE_CIRCLE,
    pnx_217 => LOCK_UNFIT,
    pnx_218 => UNRESOLVED,
    pnx_219 => PATCHED_CRATE,
    pnx_220 => UNKNOWN_MODULE,
    pnx_221 => MISSING_SUBMODULE,
    pnx_222 => MISSING_CRATE,
    pnx_223 => UNLISTED_ARCHIVE,
    pnx_224 => MISSING_ARCHIVE,
    pnx_225 => NO_HASH,
    pnx_226 => UNREADABLE_FETCH,
    pnx_227 => OLDER_PIN,
    pnx_228 => BAD_EXPORTS,
    pnx_301 => BAD_CONTROL,
    pnx_302 => BAD_CHANGELOG,
    pnx_303 => PATH_ESCAPES,
    pnx_304 => UNMAPPED_PACKAGE,
    pnx_305 => UNMAPPED_MODULE,
    pnx_306 => BAD_SERIES,
    pnx_307 => UNMAPPED_NATIVE,
    pnx_308 => UNDECIDED_SWITCH,
    pnx_309 => UNKNOWN_PLACE,
    pnx_310 => UNREACHED_PACKAGE,
    pnx_311 => UNSAID_SORT,
    pnx_312 => WRITTEN_LINK,
    pnx_313 => UNREAD_PACKAGING,
    pnx_401 => PATCH_FAILS,
    pnx_402 => REWRITE_UNPARSED,
    pnx_403 => OUTPUT_DIFFERS,
    pnx_404 => FEATURE_NOT_FOUND,
    pnx_405 => OUTPUT_FAILED,
    pnx_406 => STORE_FAILED,
    pnx_407 => REQUIRED_ABSENT,
    pnx_408 => DROPPED_PATCH,
    pnx_409 => BAD_PLUGIN,
    pnx_501 => USAGE,
    pnx_601 => LEFT_OVER,
    pnx_602 => NO_STORE_PATH,
    pnx_603 => NOT_IN_PACKAGE,
    pnx_604 => NOT_ON_PATH,
    pnx_605 => DANGLING,
    pnx_606 => BUILD_DIRECTORY,
    pnx_607 => UNREADABLE,
    pnx_608 => ODD_NODE,
    pnx_609 => CORRUPT_ELF,
    pnx_610 => BAD_KEPT,
    pnx_701 => POINT_FAILED,
    pnx_702 => NO_MACHINE,
    pnx_703 => BAD_LINK,
    pnx_801 => PLACE_DRIFTED,
    pnx_802 => DECIDED_OTHERWISE,
    pnx_803 => NEED_DRIFTED,
    pnx_804 => INSTALL_DRIFTED,
    pnx_805 => LOCAL_PATCH_FAILS,
    pnx_806 => STRUCTURE_DRIFTED,
    pnx_807 => HISTORY_DRIFTED,
    pnx_808 => LOST_TARGET,
}

/// Finds a code by its id, ignoring case.
pub fn code(id: &str) -> Option<&'static Code> {
    CODES
        .iter()
        .copied()
        .find(|code| code.id.eq_ignore_ascii_case(id))
}
