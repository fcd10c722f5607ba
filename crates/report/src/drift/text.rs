//! Writes a drift for people: the verdict, the items that need a person, the sources, and the rest
//! in short.

use std::io::{self, Write};

use anstyle::Style;

use super::item::{self, Body, Fact, Item};
use super::{DriftReport, code, counts, figures, hunks, left_out, versions};
use crate::paint::{self, BAD, FAINT, FOUND, GOOD, HELP, STRONG, count, grouped, one_line};
use drift::{Conflict, Excerpt, Level, PlaceDrift, Proposal, SourceDrift};

/// The most items that need a person to show in full.
const FULL: usize = 200;
/// The most further ones, one line each.
const SHORT: usize = 300;
/// The most items that need nobody, one line each.
const BRIEF: usize = 40;
/// The most lines of a hunk.
const HUNK: usize = 24;
/// The most places of one cause.
const ALSO: usize = 40;
/// The column of a label's value.
const INDENT: usize = 11;

/// Writes the report.
pub(super) fn write(
    out: &mut dyn Write,
    report: &DriftReport,
    width: Option<usize>,
) -> io::Result<()> {
    let items = report.causes();
    head(out, report, &items, width)?;
    let kept = items.partition_point(|item| item.level >= report.from);
    let needed = items.partition_point(|item| item.level >= Level::Review);
    let (listed, below) = items.split_at(kept);
    let (needing, brief) = listed.split_at(needed.min(kept));
    full(out, needing, width)?;
    sources(out, report, width)?;
    in_short(out, brief, width)?;
    if report.is_whole() {
        idle(out, report, width)?;
    }
    if let Some(left) = left_out(below) {
        let said = format!("below what is listed: {left}");
        paint::paragraph(out, "", 0, &said, width)?;
    }
    Ok(())
}

/// Returns a level's colour.
fn style(level: Level) -> Style {
    match level {
        Level::Broken => BAD,
        Level::Review => FOUND,
        Level::Moved => HELP,
        Level::Clean => GOOD,
    }
}

fn head(
    out: &mut dyn Write,
    report: &DriftReport,
    items: &[Item],
    width: Option<usize>,
) -> io::Result<()> {
    let drift = report.drift;
    let colour = style(drift.level);
    writeln!(
        out,
        "{STRONG}{}{STRONG:#}: {colour}{}{colour:#}",
        one_line(&report.title()),
        drift.level.word()
    )?;
    let said = report.verdict(items).text();
    paint::paragraph(out, "  ", 2, &one_line(&said), width)?;
    for line in figures(&drift.summary) {
        paint::paragraph(out, "  ", 2, &line, width)?;
    }
    writeln!(out)
}

/// Writes the items that need a person, in full.
fn full(out: &mut dyn Write, items: &[Item], width: Option<usize>) -> io::Result<()> {
    for item in items.iter().take(FULL) {
        one(out, item, width)?;
        writeln!(out)?;
    }
    let rest = items.get(FULL..).unwrap_or_default();
    for item in rest.iter().take(SHORT) {
        let colour = style(item.level);
        write!(out, "{colour}{}{colour:#} ", item.level.word())?;
        line(out, item, item.level.word().len() + 1, width)?;
    }
    if let Some(left) = rest.get(SHORT..).and_then(left_out) {
        let said = format!("and more that is not listed here: {left}; `--format json` has all");
        paint::paragraph(out, "", 0, &said, width)?;
    }
    if !rest.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

/// Writes an item on one line with its sentence at `column`, or on two if it does not fit.
fn line(out: &mut dyn Write, item: &Item, column: usize, width: Option<usize>) -> io::Result<()> {
    let place = one_line(&item.place);
    let said = item.told();
    let said = one_line(&said);
    let room = width.map_or(usize::MAX, |width| {
        width.saturating_sub(textwrap::core::display_width(&place) + column + 2)
    });
    if room < 24 {
        writeln!(out, "{place}")?;
        let room = width.unwrap_or(usize::MAX).saturating_sub(4).max(16);
        return writeln!(out, "    {FAINT}{}{FAINT:#}", fitting(&said, room));
    }
    let between = if place.is_empty() { "" } else { "  " };
    let said = fitting(&said, room);
    writeln!(out, "{place}{between}{FAINT}{said}{FAINT:#}")
}

fn one(out: &mut dyn Write, item: &Item, width: Option<usize>) -> io::Result<()> {
    let colour = style(item.level);
    write!(out, "{colour}{}{colour:#} ", item.level.word())?;
    let place = one_line(&item.place);
    writeln!(out, "{STRONG}{place}{STRONG:#}")?;
    let lead = format!("  {FAINT}{}{FAINT:#}  ", item.code.id);
    paint::paragraph(out, &lead, INDENT, &one_line(&item.said.text()), width)?;
    match item.body {
        Body::Place(place) => {
            of_place(out, item, place, width)?;
            also(out, item)
        }
        Body::Patch(patch) => patch
            .conflicts
            .iter()
            .try_for_each(|one| conflict(out, one, width)),
        Body::Problem(problem) => {
            let remedy = problem.remedy.as_deref().unwrap_or(problem.code.remedy);
            let lead = format!("  {HELP}help{HELP:#}     ");
            paint::paragraph(out, &lead, INDENT, &one_line(remedy), width)
        }
        _ => commit(out, item, width),
    }
}

/// Lists the other places of the same cause.
fn also(out: &mut dyn Write, item: &Item) -> io::Result<()> {
    if item.also.is_empty() {
        return Ok(());
    }
    let many = count(item.also.len() as u64, "place", "places");
    writeln!(out, "  {FAINT}and {many} more of this cause{FAINT:#}")?;
    for one in item.also.iter().take(ALSO) {
        let (place, text) = (one_line(&one.place), one_line(&one.text));
        writeln!(out, "    {place}  {FAINT}{text}{FAINT:#}")?;
    }
    match item.also.len().saturating_sub(ALSO) {
        0 => Ok(()),
        left => writeln!(
            out,
            "    and {}; `--format json` has all",
            grouped(left as u64)
        ),
    }
}

fn labelled(out: &mut dyn Write, name: &str, text: &str, width: Option<usize>) -> io::Result<()> {
    let lead = format!("  {FAINT}{name:<width$}{FAINT:#}", width = INDENT - 2);
    paint::paragraph(out, &lead, INDENT, &one_line(text), width)
}

fn of_place(
    out: &mut dyn Write,
    item: &Item,
    place: &PlaceDrift,
    width: Option<usize>,
) -> io::Result<()> {
    if let Some(spot) = place.spot() {
        labelled(out, "kind", item.kind(), width)?;
        if let (Some(source), Some(_), Some(old)) = (item.source, &place.new, &place.old) {
            let was = item::label(source, old);
            if was != item.place {
                writeln!(out, "  {FAINT}{:<9}{FAINT:#}{}", "was", one_line(&was))?;
            }
        }
        if let Some(differs) = item::differs(place) {
            labelled(out, "differs", &differs, width)?;
        }
        for fact in item
            .source
            .map(|s| item::facts(s, place))
            .unwrap_or_default()
        {
            told(out, &fact, width)?;
        }
        if spot.rule.is_none() {
            labelled(out, "rule", "none", width)?;
        }
    }
    commit(out, item, width)?;
    if let Some(excerpt) = &place.code {
        excerpted(out, excerpt, width)?;
    }
    if let Some(hint) = &place.hint {
        let lead = format!("  {HELP}help{HELP:#}     ");
        paint::paragraph(out, &lead, INDENT, &one_line(hint), width)?;
    }
    match &place.proposal {
        Some(proposal) => proposed(out, proposal, width),
        None => Ok(()),
    }
}

/// Writes a fact that the item's first lines do not show; both sides if they differ.
fn told(out: &mut dyn Write, fact: &Fact, width: Option<usize>) -> io::Result<()> {
    let text = match (&fact.old, &fact.new) {
        _ if ["place", "text"].contains(&fact.name) => return Ok(()),
        (Some(old), Some(new)) if !fact.is_same() => format!("{old} → {new}"),
        (_, Some(one)) | (Some(one), None) => one.clone(),
        (None, None) => return Ok(()),
    };
    labelled(out, fact.name, &text, width)
}

fn commit(out: &mut dyn Write, item: &Item, width: Option<usize>) -> io::Result<()> {
    let Some(commit) = item.commit() else {
        return Ok(());
    };
    let rev = super::short(&commit.rev);
    let said = format!("{rev} {} {}", commit.date, commit.subject);
    labelled(out, "commit", &said, width)
}

/// Writes the code and, without colour, a mark below the literal.
fn excerpted(out: &mut dyn Write, excerpt: &Excerpt, width: Option<usize>) -> io::Result<()> {
    let lines = code::lines(excerpt);
    let digits = lines.last().map_or(1, |line| line.number.to_string().len());
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(digits + 7).max(16));
    for line in lines {
        let sign = if line.here { '>' } else { ' ' };
        let number = line.number;
        write!(out, "  {sign} {FAINT}{number:>digits$} │{FAINT:#} ")?;
        let [before, marked, after] = windowed(&line, room);
        writeln!(
            out,
            "{}",
            format!("{before}{STRONG}{marked}{STRONG:#}{after}").trim_end()
        )?;
        if !marked.is_empty() {
            let blank = " ".repeat(textwrap::core::display_width(&before));
            let below = "^".repeat(textwrap::core::display_width(&marked).max(1));
            writeln!(
                out,
                "    {:>digits$} {FAINT}│{FAINT:#} {blank}{HELP}{below}{HELP:#}",
                ""
            )?;
        }
    }
    Ok(())
}

/// Returns the part of a line that fits `room` columns and shows as much of the literal as
/// possible.
fn windowed(line: &code::Line, room: usize) -> [String; 3] {
    let wide = |text: &str| textwrap::core::display_width(text);
    if wide(&line.before) + wide(&line.marked) + wide(&line.after) <= room {
        return [&line.before, &line.marked, &line.after].map(Clone::clone);
    }
    let marked = fitting(&line.marked, room.saturating_sub(8));
    let free = room - wide(&marked);
    let before = if wide(&line.before) <= free / 2 {
        line.before.clone()
    } else {
        let kept: String = line.before.chars().rev().collect();
        let kept = fitting(&kept, free / 2);
        kept.chars().rev().collect()
    };
    let after = fitting(&line.after, free - wide(&before));
    [before, marked, after]
}

/// Cuts `text` to `room` columns and marks the cut.
fn fitting(text: &str, room: usize) -> String {
    if textwrap::core::display_width(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += textwrap::core::display_width(c.encode_utf8(&mut [0; 4]));
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

fn proposed(out: &mut dyn Write, proposal: &Proposal, width: Option<usize>) -> io::Result<()> {
    let lead = format!("  {HELP}help{HELP:#}     ");
    let said = item::paste(proposal).text() + ":";
    paint::paragraph(out, &lead, INDENT, &one_line(&said), width)?;
    // People copy it, so do not wrap its lines.
    for line in proposal.toml.lines() {
        writeln!(out, "    {}", one_line(line))?;
    }
    for closest in &proposal.closest {
        let said = match closest.fails.as_slice() {
            [] => closest.rule.to_string(),
            fails => format!("{}, but for {}", closest.rule, fails.join(", ")),
        };
        labelled(out, "closest", &said, width)?;
    }
    Ok(())
}

fn conflict(out: &mut dyn Write, conflict: &Conflict, width: Option<usize>) -> io::Result<()> {
    writeln!(
        out,
        "  {STRONG}{}:{}{STRONG:#}",
        one_line(&conflict.file),
        conflict.line
    )?;
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(4).max(16));
    let mut lines = conflict.hunk.lines();
    for line in lines.by_ref().take(HUNK) {
        let shown = fitting(&code::visible(line, &mut 0), room);
        let colour = match line.as_bytes().first() {
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => HELP,
            _ => Style::new(),
        };
        writeln!(out, "    {colour}{shown}{colour:#}")?;
    }
    let more = lines.count() as u64;
    if more > 0 {
        writeln!(
            out,
            "    {FAINT}{}{FAINT:#}",
            count(more, "line more", "lines more")
        )?;
    }
    match &conflict.upstream {
        Some(excerpt) => {
            labelled(out, "new tree", "has there:", width)?;
            excerpted(out, excerpt, width)
        }
        None => labelled(out, "new tree", "does not have the file", width),
    }
}

/// Lists the sources that are not clean: a table if it fits, otherwise some lines for each.
fn sources(out: &mut dyn Write, report: &DriftReport, width: Option<usize>) -> io::Result<()> {
    let listed = |source: &&SourceDrift| source.level >= report.from.max(Level::Moved);
    let mut shown: Vec<&SourceDrift> = report.sources().filter(listed).collect();
    shown.sort_by_key(|source| std::cmp::Reverse(source.level));
    let rest = report.sources().count() - shown.len();
    let rows: Vec<[String; 9]> = shown.iter().map(|source| row(source)).collect();
    if !rows.is_empty() {
        let titles = [
            "source",
            "level",
            "version",
            "moved",
            "changed",
            "added",
            "removed",
            "unchanged",
            "lost hunks",
        ];
        let wide = |text: &str| textwrap::core::display_width(text);
        let widths: [usize; 9] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| wide(&row[column]));
            cells.chain([titles[column].len()]).max().unwrap_or(0)
        });
        let needed = widths.iter().map(|width| width + 2).sum::<usize>();
        if width.is_some_and(|width| width < needed) {
            stacked(out, &shown, width)?;
        } else {
            table(out, &titles, &rows, &shown, &widths)?;
        }
    }
    if rest > 0 {
        let more = count(rest as u64, "source", "sources");
        let word = if report.from > Level::Moved {
            "of a lower level"
        } else {
            "clean"
        };
        let verb = if rest == 1 { "is" } else { "are" };
        let said = match rows.len() {
            0 => format!("{more} {verb} {word}"),
            _ => format!("and {more} that {verb} {word}"),
        };
        paint::paragraph(out, "  ", 2, &said, width)?;
    }
    writeln!(out)
}

fn row(source: &SourceDrift) -> [String; 9] {
    let number = |number: u64| grouped(number);
    let all = &source.counts;
    [
        one_line(&source.name).into_owned(),
        source.level.word().to_owned(),
        one_line(&versions(source)).into_owned(),
        number(all.moved),
        number(all.changed),
        number(all.added),
        number(all.removed),
        number(all.unchanged),
        number(source.text.failed),
    ]
}

fn table(
    out: &mut dyn Write,
    titles: &[&str; 9],
    rows: &[[String; 9]],
    sources: &[&SourceDrift],
    widths: &[usize; 9],
) -> io::Result<()> {
    let padded = |text: &str, column: usize| {
        let blank = " ".repeat(widths[column].saturating_sub(textwrap::core::display_width(text)));
        match column {
            0..3 => format!("{text}{blank}"),
            _ => format!("{blank}{text}"),
        }
    };
    let titles: Vec<String> = (0..9)
        .map(|column| padded(titles[column], column))
        .collect();
    writeln!(out, "  {FAINT}{}{FAINT:#}", titles.join("  "))?;
    for (row, source) in rows.iter().zip(sources) {
        let cells: Vec<String> = (0..9)
            .map(|column| {
                let cell = padded(&row[column], column);
                let colour = match column {
                    1 => style(source.level),
                    3.. if row[column] == "0" => FAINT,
                    _ => Style::new(),
                };
                format!("{colour}{cell}{colour:#}")
            })
            .collect();
        writeln!(out, "  {}", cells.join("  "))?;
    }
    Ok(())
}

fn stacked(out: &mut dyn Write, sources: &[&SourceDrift], width: Option<usize>) -> io::Result<()> {
    for source in sources {
        let colour = style(source.level);
        let word = source.level.word();
        writeln!(
            out,
            "  {STRONG}{}{STRONG:#}  {colour}{word}{colour:#}",
            one_line(&source.name)
        )?;
        let versions = versions(source);
        if !versions.is_empty() {
            paint::paragraph(out, "    ", 4, &one_line(&versions), width)?;
        }
        paint::paragraph(out, "    ", 4, &counts(&source.counts), width)?;
        if let Some(hunks) = hunks(&source.text) {
            paint::paragraph(out, "    ", 4, &format!("as text patches: {hunks}"), width)?;
        }
    }
    Ok(())
}

/// Lists items that need nobody, one line each.
fn in_short(out: &mut dyn Write, items: &[Item], width: Option<usize>) -> io::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "{STRONG}Decided as before{STRONG:#}")?;
    for item in items.iter().take(BRIEF) {
        write!(out, "  ")?;
        line(out, item, 2, width)?;
    }
    if items.len() > BRIEF {
        let more = count((items.len() - BRIEF) as u64, "more", "more");
        writeln!(out, "  {FAINT}and {more}{FAINT:#}")?;
    }
    writeln!(out)
}

fn idle(out: &mut dyn Write, report: &DriftReport, width: Option<usize>) -> io::Result<()> {
    let rules = &report.drift.idle_rules;
    if rules.is_empty() {
        return Ok(());
    }
    writeln!(out, "{STRONG}Rules that decide nothing any more{STRONG:#}")?;
    let listed = rules
        .iter()
        .take(BRIEF)
        .map(|rule| one_line(&rule.to_string()).into_owned());
    let more = rules.len().saturating_sub(BRIEF) as u64;
    let more = (more > 0).then(|| format!(" and {} more", grouped(more)));
    let said = listed.collect::<Vec<_>>().join(", ") + &more.unwrap_or_default();
    paint::paragraph(out, "  ", 2, &said, width)?;
    writeln!(out)
}
