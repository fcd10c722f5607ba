//! Writes a drift as Markdown (GitHub's kind) for a merge request or a job's summary, within the
//! size limit of code hosts.
//!
//! It consists of independent blocks, so it can end after any of them. All of upstream's text is in
//! code spans or fences, where code hosts make neither links nor mentions of it.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::item::{self, Body, Fact, Item, Part, Said};
use super::{DriftReport, code, counts, figures, hunks, left_out, versions};
use crate::markdown::{code_cell, code_span, escape};
use crate::paint::{count, grouped, one_line, printable};
use drift::{Commit, Conflict, Excerpt, Level, Proposal, SourceDrift};

/// The most bytes in all. Code hosts reject more than 65,536.
const LIMIT: usize = 60_000;
/// The bytes reserved for the notes at the end.
const TAIL: usize = 3_000;
/// The most bytes of the table of sources.
const TABLE: usize = 10_000;
/// The most characters of one piece of upstream's text.
const LONGEST: usize = 300;
/// The most places of one cause.
const ALSO: usize = 12;
/// The most lines of a hunk or a proposal.
const LINES: usize = 40;

macro_rules! say {
    ($to:expr, $($text:tt)*) => {{
        // Writing to a String cannot fail.
        let _ = write!($to, $($text)*);
    }};
}

/// Writes the document.
pub(super) fn write(out: &mut dyn Write, report: &DriftReport) -> io::Result<()> {
    let items = report.causes();
    let kept = items.partition_point(|item| item.level >= report.from);
    let needed = items.partition_point(|item| item.level >= Level::Review);
    let (listed, below) = items.split_at(kept);
    let (needing, brief) = listed.split_at(needed.min(kept));
    let mut page = Page(head(report, &items));
    let unlisted = page.needing(needing);
    page.sources(report);
    let folded = page.brief(brief);
    page.idle(report);
    if let Some(left) = left_out(&needing[unlisted..]) {
        say!(
            page.0,
            "> **Left out here, for its length: {left}.** `--format json` and `--format html` have more.\n\n"
        );
    }
    if let Some(left) = left_out(&brief[folded..]) {
        say!(page.0, "> Not listed: {left}.\n\n");
    }
    if let Some(left) = left_out(below) {
        say!(page.0, "> Below what is listed: {left}.\n\n");
    }
    out.write_all(page.0.as_bytes())
}

/// The text written so far.
struct Page(String);

impl Page {
    /// Adds `block` if it fits within `limit` bytes.
    fn add(&mut self, block: &str, limit: usize) -> bool {
        let fits = self.0.len() + block.len() <= limit;
        if fits {
            self.0.push_str(block);
        }
        fits
    }

    /// Adds items that need a person, riskiest first: in full, then in short. Returns the number
    /// added.
    fn needing(&mut self, items: &[Item]) -> usize {
        // Reserve room for the table of sources and the rest, even if this part is long.
        let limit = LIMIT - TAIL - TABLE;
        if items.is_empty() {
            return 0;
        }
        self.0 += "## What needs a person\n\n";
        let shorts: Vec<String> = items.iter().map(short).collect();
        let mut rest: usize = shorts.iter().map(String::len).sum();
        for (place, (item, short)) in items.iter().zip(&shorts).enumerate() {
            // Each item in full must leave room for the short lines of the items after it, up to
            // half the page.
            rest -= short.len();
            let room = limit - rest.min(limit / 2);
            if !self.add(&full(item), room) && !self.add(short, limit) {
                return place;
            }
        }
        items.len()
    }

    fn sources(&mut self, report: &DriftReport) {
        let listed = |source: &&SourceDrift| source.level >= report.from.max(Level::Moved);
        let mut shown: Vec<&SourceDrift> = report.sources().filter(listed).collect();
        shown.sort_by_key(|source| std::cmp::Reverse(source.level));
        let rest = report.sources().count() - shown.len();
        if shown.is_empty() {
            return;
        }
        let limit = (self.0.len() + TABLE).min(LIMIT - TAIL);
        let title = count(shown.len() as u64, "source", "sources");
        say!(
            self.0,
            "<details><summary>{title} with differences</summary>\n\n"
        );
        self.0 += "| source | level | version | places | text hunks |\n";
        self.0 += "| :-- | :-- | :-- | :-- | :-- |\n";
        let told = shown
            .iter()
            .take_while(|source| self.add(&row(source), limit));
        let left = shown.len() - told.count();
        if left > 0 {
            say!(self.0, "\nAnd {} more.\n", grouped(left as u64));
        }
        if rest > 0 {
            say!(
                self.0,
                "\n{} not listed.\n",
                count(rest as u64, "source is", "sources are")
            );
        }
        self.0 += "\n</details>\n\n";
    }

    /// Adds items that need nobody, one line each. Returns the number added.
    fn brief(&mut self, items: &[Item]) -> usize {
        if items.is_empty() {
            return 0;
        }
        let title = count(items.len() as u64, "thing", "things");
        let opening = format!("<details><summary>{title} decided as before</summary>\n\n");
        if !self.add(&opening, LIMIT - TAIL) {
            return 0;
        }
        let told = items.iter().take_while(|item| {
            let line = format!("- {}{}\n", placed(item), said(item));
            self.add(&line, LIMIT - TAIL)
        });
        let told = told.count();
        self.0 += "\n</details>\n\n";
        told
    }

    fn idle(&mut self, report: &DriftReport) {
        let rules = &report.drift.idle_rules;
        if rules.is_empty() || !report.is_whole() {
            return;
        }
        let limit = LIMIT - TAIL / 2;
        self.0 += "Rules that decide nothing any more: ";
        let mut between = "";
        let told = rules.iter().take_while(|rule| {
            let fits = self.add(&format!("{between}{}", span(&rule.to_string())), limit);
            between = ", ";
            fits
        });
        let left = rules.len() - told.count();
        if left > 0 {
            say!(self.0, " and {} more", grouped(left as u64));
        }
        self.0 += ".\n\n";
    }
}

fn head(report: &DriftReport, items: &[Item]) -> String {
    let drift = report.drift;
    let mut text = format!(
        "# Drift: {} → {}\n\n**{}**: ",
        span(&drift.old.release),
        span(&drift.new.release),
        drift.level.word()
    );
    text += &sentence(&report.verdict(items));
    text += "\n\n";
    for line in figures(&drift.summary) {
        say!(text, "- {line}\n");
    }
    text.push('\n');
    text
}

/// Makes a code span of upstream's text, on one line and shortened.
fn span(text: &str) -> String {
    code_span(&one_line(&code::cut(text, LONGEST)))
}

/// As [`span`], for a table.
fn cell(text: &str) -> String {
    code_cell(&one_line(&code::cut(text, LONGEST)))
}

/// As [`span`], for HTML, where Markdown does not apply.
fn html(text: &str) -> String {
    let mut html = String::from("<code>");
    for c in one_line(&code::cut(text, LONGEST)).chars() {
        match c {
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '&' => html += "&amp;",
            '"' => html += "&quot;",
            c => html.push(c),
        }
    }
    html + "</code>"
}

/// Makes a fence that nothing in `text` can end.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}\n\n")
}

fn placed(item: &Item) -> String {
    match span(&item.place) {
        place if place.is_empty() => place,
        place => format!("{place}: "),
    }
}

fn said(item: &Item) -> String {
    sentence(&item.said)
}

fn sentence(said: &Said) -> String {
    let mut text = String::new();
    for part in &said.0 {
        match part {
            Part::Own(own) => escape(&mut text, &code::cut(&one_line(own), LONGEST)),
            Part::Code(code) => text += &span(code),
        }
    }
    text
}

fn summary(item: &Item) -> String {
    let mut text = String::new();
    for part in &item.said.0 {
        match part {
            // Our own words contain no HTML, but a problem's cause may.
            Part::Own(own) if own.contains(['<', '>', '&', '@', '#']) => text += &html(own),
            Part::Own(own) => text += &code::cut(&one_line(own), LONGEST),
            Part::Code(code) => text += &html(code),
        }
    }
    text
}

/// Writes an item on one line.
fn short(item: &Item) -> String {
    format!(
        "- **{}** {} {}{}\n",
        item.level.word(),
        item.code.id,
        placed(item),
        said(item)
    )
}

/// Writes an item with all details, folded.
fn full(item: &Item) -> String {
    let body = match item.body {
        Body::Place(place) => of_place(item, place),
        Body::Patch(patch) => patch.conflicts.iter().map(conflict).collect(),
        Body::Problem(problem) => {
            let remedy = problem.remedy.as_deref().unwrap_or(problem.code.remedy);
            format!("Help: {}\n\n", sentence(&Said::marked(remedy)))
        }
        _ => item.commit().map(commit).unwrap_or_default(),
    };
    if body.is_empty() {
        return short(item) + "\n";
    }
    let open = if item.level == Level::Broken {
        " open"
    } else {
        ""
    };
    let place = match &*item.place {
        "" => String::new(),
        place => html(place) + " ",
    };
    format!(
        "<details{open}><summary><b>{}</b> {} {place}{}</summary>\n\n{body}</details>\n\n",
        item.level.word(),
        item.code.id,
        summary(item)
    )
}

fn of_place(item: &Item, place: &drift::PlaceDrift) -> String {
    let facts = item.source.map(|source| item::facts(source, place));
    let mut text = table(&facts.unwrap_or_default());
    if let Some(differs) = item::differs(place) {
        say!(text, "Differs in: {differs}.\n\n");
    }
    text += &place.commit.as_ref().map(commit).unwrap_or_default();
    text += &place.code.as_ref().map(excerpt).unwrap_or_default();
    text += &also(item);
    if let Some(hint) = &place.hint {
        say!(text, "Help: {}.\n\n", sentence(&item::Said::marked(hint)));
    }
    text += &place.proposal.as_ref().map(proposed).unwrap_or_default();
    text
}

/// Lists the other places of the same cause.
fn also(item: &Item) -> String {
    if item.also.is_empty() {
        return String::new();
    }
    let many = count(item.also.len() as u64, "place", "places");
    let mut text = format!("And {many} more of this cause:\n\n");
    for one in item.also.iter().take(ALSO) {
        say!(text, "- {} {}\n", span(&one.place), span(&one.text));
    }
    if item.also.len() > ALSO {
        say!(
            text,
            "- and {} more\n",
            grouped((item.also.len() - ALSO) as u64)
        );
    }
    text.push('\n');
    text
}

/// Writes the two sides of a place as a table, or one column if there is only one side.
fn table(facts: &[Fact]) -> String {
    let value = |side: &Option<String>| side.as_deref().map(cell).unwrap_or_default();
    let old = facts.iter().any(|fact| fact.old.is_some());
    let new = facts.iter().any(|fact| fact.new.is_some());
    let mut text = match (old, new) {
        (true, true) => "| | old | new |\n| :-- | :-- | :-- |\n".to_owned(),
        (true, false) => "| | old |\n| :-- | :-- |\n".to_owned(),
        (false, true) => "| | new |\n| :-- | :-- |\n".to_owned(),
        (false, false) => return String::new(),
    };
    for fact in facts {
        say!(text, "| {} |", fact.name);
        if old {
            say!(text, " {} |", value(&fact.old));
        }
        if new {
            if old && fact.is_same() {
                text += " the same |";
            } else {
                say!(text, " {} |", value(&fact.new));
            }
        }
        text.push('\n');
    }
    text + "\n"
}

fn commit(commit: &Commit) -> String {
    format!(
        "Commit {} of {}: {}\n\n",
        span(super::short(&commit.rev)),
        span(&commit.date),
        span(&commit.subject)
    )
}

/// Writes the code in a fence, with a sign at the literal's line and a mark below the literal.
fn excerpt(excerpt: &Excerpt) -> String {
    let lines = code::lines(excerpt);
    let digits = lines.last().map_or(1, |line| line.number.to_string().len());
    let mut text = String::new();
    for line in lines {
        let sign = if line.here { '>' } else { ' ' };
        text += format!("{sign} {:>digits$} | {}", line.number, line.whole()).trim_end();
        text.push('\n');
        if !line.marked.is_empty() {
            let blank = " ".repeat(line.before.chars().count());
            let below = "^".repeat(line.marked.chars().count());
            say!(text, "  {:>digits$} | {blank}{below}\n", "");
        }
    }
    fenced("text", &text)
}

fn proposed(proposal: &Proposal) -> String {
    let mut text = format!("To {}:\n\n", sentence(&item::paste(proposal)));
    text += &fenced("toml", &bounded(&proposal.toml));
    if !proposal.closest.is_empty() {
        text += "Closest rules:\n\n";
        for closest in proposal.closest.iter().take(5) {
            say!(text, "- {}", span(&closest.rule.to_string()));
            for (place, fails) in closest.fails.iter().take(8).enumerate() {
                text += if place == 0 { ", but for " } else { ", " };
                text += &span(fails);
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text
}

fn conflict(conflict: &Conflict) -> String {
    let place = format!("{}:{}", conflict.file, conflict.line);
    let mut text = format!("{}\n\n", span(&place));
    text += &fenced("diff", &bounded(&conflict.hunk));
    match &conflict.upstream {
        Some(upstream) => text + "The new tree has there:\n\n" + &excerpt(upstream),
        None => text + "The new tree does not have the file.\n\n",
    }
}

/// Returns the first lines of `text` and the number of the rest.
fn bounded(text: &str) -> String {
    let mut lines = text.lines();
    let mut kept = String::new();
    for line in lines.by_ref().take(LINES) {
        kept += &code::cut(&printable(line), LONGEST);
        kept.push('\n');
    }
    let more = lines.count() as u64;
    if more > 0 {
        say!(kept, "… {}\n", count(more, "line more", "lines more"));
    }
    kept
}

fn row(source: &SourceDrift) -> String {
    format!(
        "| {} | {} | {} | {} | {} |\n",
        cell(&source.name),
        source.level.word(),
        cell(&versions(source)),
        counts(&source.counts),
        hunks(&source.text).unwrap_or_default(),
    )
}
