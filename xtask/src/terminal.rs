//! Writes to stdout and stderr, with colours and progress on terminals only.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use problem::{OUTPUT_FAILED, Problem};
use report::paint;

/// Writes a result to stdout, without colours unless a terminal reads. A reader that stops early
/// (`| head`) is not an error.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Vec<Problem>> {
    let mut out = BufWriter::with_capacity(1 << 16, anstream::stdout().lock());
    printed(write(&mut out).and_then(|()| out.flush()), out)
}

/// As [`print`], for formats without colours: JSON, SARIF, HTML, Markdown.
pub fn print_plain(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Vec<Problem>> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    printed(write(&mut out).and_then(|()| out.flush()), out)
}

fn printed<W: Write>(written: io::Result<()>, out: BufWriter<W>) -> Result<(), Vec<Problem>> {
    // Otherwise the rest of the buffer would be written again on drop.
    let _ = out.into_parts();
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(vec![Problem::new(
            &OUTPUT_FAILED,
            format!("stdout: {error}"),
        )]),
        _ => Ok(()),
    }
}

/// Writes problems to stderr, coloured on terminals only.
pub fn complain(problems: &[Problem]) {
    let stderr = io::stderr();
    let width = stderr.is_terminal().then(|| columns(&stderr)).flatten();
    let mut out = BufWriter::new(anstream::stderr().lock());
    for problem in problems {
        // Nothing can report that stderr is not writable.
        let _ = paint::problem(&mut out, problem, width);
    }
    let _ = out.flush();
}

/// Writes lines to stderr that are not problems.
pub fn note(lines: impl IntoIterator<Item = String>) {
    let mut out = BufWriter::new(anstream::stderr().lock());
    for line in lines {
        // As above.
        let _ = writeln!(out, "{}", paint::one_line(&line));
    }
    let _ = out.flush();
}

/// Shows the current activity on stderr, on terminals only.
pub fn spinner() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    spinner
}

/// Shows the current activity for as long as it lives, on stderr, on terminals only.
pub struct Busy(ProgressBar);

impl Busy {
    /// Shows an activity without a count.
    pub fn new(doing: &str) -> Self {
        Self::with(
            ProgressBar::no_length(),
            doing,
            "{spinner} {msg} ({elapsed})",
        )
    }

    /// Shows an activity over a number of things.
    pub fn counting(doing: &str, all: usize) -> Self {
        let bar = ProgressBar::new(all as u64);
        Self::with(
            bar,
            doing,
            "{spinner} {msg}: {pos}/{len} {prefix:.dim} ({elapsed})",
        )
    }

    fn with(bar: ProgressBar, doing: &str, template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        bar.set_draw_target(ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(doing.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    /// Counts one thing as done.
    pub fn done(&self, what: &str) {
        self.0.set_prefix(what.to_owned());
        self.0.inc(1);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Returns the width of stdout's terminal in columns; `None` without a terminal.
pub fn width() -> Option<usize> {
    columns(&io::stdout())
}

fn columns(stream: &impl std::os::fd::AsFd) -> Option<usize> {
    let (terminal_size::Width(columns), _) = terminal_size::terminal_size_of(stream)?;
    Some(usize::from(columns))
}
