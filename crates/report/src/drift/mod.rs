//! Reports the differences between two releases that [`drift`] finds.
//!
//! Every format shows the same items ([`item`]) in the same order, riskiest first. All formats but
//! JSON have limits, and say what they omit.

use std::io::{self, Write};

use super::paint::{count, grouped};
use drift::{Counts, Drift, Level, SourceDrift, Summary, TextDrift};
use item::{Item, Said};

mod code;
mod html;
mod item;
mod json;
mod markdown;
mod sarif;
mod text;

/// The report on a drift.
#[derive(Debug, Clone, Copy)]
pub struct DriftReport<'a> {
    /// The differences.
    pub drift: &'a Drift,
    /// The lowest level to list. Items below it are only counted.
    pub from: Level,
    /// The sources to list; empty for all. The summary always counts all of them.
    pub only: &'a [String],
}

impl<'a> DriftReport<'a> {
    /// Makes the report on `drift`: all sources, from [`Level::Moved`] on.
    pub fn new(drift: &'a Drift) -> Self {
        Self {
            drift,
            from: Level::Moved,
            only: &[],
        }
    }

    /// Writes it for people, on a terminal of `width` columns if there is one.
    ///
    /// # Errors
    /// Writing fails.
    pub fn text(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        text::write(out, self, width)
    }

    /// Writes it for programs: one JSON object by `docs/drift.schema.json`, with everything that is
    /// listed.
    ///
    /// # Errors
    /// Writing fails.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write(out, self)
    }

    /// Writes it for a merge request or a job's summary, in at most 60,000 bytes.
    ///
    /// # Errors
    /// Writing fails.
    pub fn markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        markdown::write(out, self)
    }

    /// Writes it as SARIF 2.1.0, with at most 5,000 results.
    ///
    /// # Errors
    /// Writing fails.
    pub fn sarif(&self, out: &mut dyn Write) -> io::Result<()> {
        sarif::write(out, self)
    }

    /// Writes it as one self-contained HTML file.
    ///
    /// # Errors
    /// Writing or the template fails.
    pub fn html(&self, out: &mut dyn Write) -> io::Result<()> {
        html::write(out, self)
    }

    /// Returns the listed sources.
    fn sources(&self) -> impl Iterator<Item = &'a SourceDrift> + use<'a> {
        let only = self.only;
        self.drift
            .sources
            .iter()
            .filter(move |source| only.is_empty() || only.contains(&source.name))
    }

    /// Whether to include differences that concern no single source.
    fn is_whole(&self) -> bool {
        self.only.is_empty()
    }

    /// Returns all differences in the listed sources, of every level, riskiest first.
    fn items(&self) -> Vec<Item<'a>> {
        let mut items: Vec<Item> = self.sources().flat_map(item::of_source).collect();
        items.extend(self.drift.problems.iter().filter_map(|problem| {
            let source = problem.place.source.as_ref();
            let listed = self.is_whole() || source.is_some_and(|name| self.only.contains(name));
            listed.then(|| Item::problem(None, problem))
        }));
        if self.is_whole() {
            items.extend(item::of_structure(&self.drift.structure));
        }
        items.sort_by_key(|item| (std::cmp::Reverse(item.level), item.rank()));
        items
    }

    /// As [`Self::items`], merged by cause for people.
    fn causes(&self) -> Vec<Item<'a>> {
        item::grouped(self.items())
    }

    /// Returns `pve-9.1.4 → pve-9.1.5`.
    fn title(&self) -> String {
        format!("{} → {}", self.drift.old.release, self.drift.new.release)
    }

    /// Returns the verdict in one sentence, with the listed sources unless all are.
    fn verdict(&self, items: &[Item]) -> Said<'a> {
        if !self.is_whole() {
            let said = Said::default().own("of all sources; listed: ");
            return said.names(self.only).own(" only");
        }
        let needing = items.partition_point(|item| item.level >= Level::Review);
        let of = causes(&items[..needing]).map(|causes| format!(", of {causes}"));
        verdict(self.drift.level, tally(items), &of.unwrap_or_default())
    }
}

/// Counts `items` by level, in the order of [`Level::ALL`].
fn tally(items: &[Item]) -> [u64; 4] {
    let of = |level| items.iter().filter(move |item| item.level == level);
    Level::ALL.map(|level| of(level).map(Item::many).sum())
}

/// Returns `12 causes`, or `None` if every item has a cause of its own.
fn causes(items: &[Item]) -> Option<String> {
    let things: u64 = items.iter().map(Item::many).sum();
    let causes = items.len() as u64;
    (causes < things).then(|| count(causes, "cause", "causes"))
}

/// Returns the verdict in one sentence, for `tally` items by level.
fn verdict<'a>(level: Level, tally: [u64; 4], of: &str) -> Said<'a> {
    let [_, moved, review, broken] = tally;
    let look = match review {
        1 => format!("1 thing wants a look{of}"),
        many => format!("{} things want a look{of}", grouped(many)),
    };
    let said = Said::default();
    match level {
        Level::Broken => {
            let stops = match broken {
                0 => "Something stops ".to_owned(),
                1 => "1 thing stops ".to_owned(),
                many => format!("{} things stop ", grouped(many)),
            };
            let said = said.own(stops).code("regen").own(" or the build");
            match review {
                0 => said.own(format!("{of}.")),
                _ => said.own(format!(", and {look}.")),
            }
        }
        Level::Review => said
            .own("Nothing stops ")
            .code("regen")
            .own(format!("; {look}.")),
        Level::Moved => said.own(match moved {
            0 => "Nothing needs a person.".to_owned(),
            1 => "Nothing needs a person: 1 thing came, went or moved and is decided as before."
                .to_owned(),
            many => format!(
                "Nothing needs a person: {} things came, went or moved and are decided as before.",
                grouped(many)
            ),
        }),
        Level::Clean => said.own("Nothing that the output depends on is different."),
    }
}

/// Returns `84 sources: 1 broken, 3 review, 80 clean`, riskiest first.
fn levels(numbers: [u64; 4], one: &str, many: &str) -> String {
    let parts: Vec<String> = Level::ALL
        .iter()
        .zip(numbers)
        .rev()
        .filter(|(_, number)| *number > 0)
        .map(|(level, number)| format!("{} {}", grouped(number), level.word()))
        .collect();
    let all = count(numbers.iter().sum(), one, many);
    if parts.is_empty() {
        all
    } else {
        format!("{all}: {}", parts.join(", "))
    }
}

/// Returns `12 moved, 3 added`, without zeros.
fn counts(counts: &Counts) -> String {
    let unchanged = match (counts.unchanged, counts.shifted) {
        (0, _) => None,
        (all, 0) => Some(format!("{} unchanged", grouped(all))),
        (all, shifted) => Some(format!(
            "{} unchanged ({} on another line)",
            grouped(all),
            grouped(shifted)
        )),
    };
    let rest = [
        (counts.moved, "moved"),
        (counts.changed, "changed"),
        (counts.added, "added"),
        (counts.removed, "removed"),
    ];
    let rest = rest.iter().filter(|(number, _)| *number > 0);
    let rest = rest.map(|(number, word)| format!("{} {word}", grouped(*number)));
    let parts: Vec<String> = unchanged.into_iter().chain(rest).collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Returns `5 hunks apply: 1 nowhere, 1 at another line, 3 where they were`, or `None` without
/// hunks.
fn hunks(text: &TextDrift) -> Option<String> {
    let TextDrift {
        clean,
        offset,
        fuzz,
        failed,
    } = *text;
    let all = clean + offset + fuzz + failed;
    let parts: Vec<String> = [
        (failed, "nowhere"),
        (fuzz, "with less context"),
        (offset, "at another line"),
        (clean, "where they were"),
    ]
    .iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, how)| format!("{} {how}", grouped(*number)))
    .collect();
    (all > 0).then(|| {
        let all = count(all, "hunk applies", "hunks apply");
        format!("{all}: {}", parts.join(", "))
    })
}

/// Returns the figures of the summary, one line each.
fn figures(summary: &Summary) -> Vec<String> {
    let mut lines = vec![
        levels(summary.sources, "source", "sources"),
        format!("places: {}", counts(&summary.counts)),
    ];
    let different = summary.places;
    if different.iter().any(|number| *number > 0) {
        lines.push(levels(
            different,
            "place is not unchanged",
            "places are not unchanged",
        ));
    }
    if let Some(hunks) = hunks(&summary.text) {
        lines.push(format!("as text patches: {hunks}"));
    }
    lines
}

/// Returns a source's versions, `1.2-3 → 1.2-4`, or its commits if the version is the same.
fn versions(source: &SourceDrift) -> String {
    let name = |at: &Option<drift::At>| {
        let at = at.as_ref()?;
        at.version
            .clone()
            .or_else(|| at.rev.as_deref().map(|rev| short(rev).to_owned()))
    };
    match (name(&source.old), name(&source.new)) {
        (Some(old), Some(new)) if old == new => old,
        (Some(old), Some(new)) => format!("{old} → {new}"),
        (Some(old), None) => format!("{old} →"),
        (None, Some(new)) => format!("→ {new}"),
        (None, None) => String::new(),
    }
}

/// Shortens a commit's name for people.
fn short(rev: &str) -> &str {
    rev.get(..12).unwrap_or(rev)
}

/// Counts the omitted items by level: `3,412 review, 80 moved`.
fn left_out(items: &[Item]) -> Option<String> {
    let parts: Vec<String> = Level::ALL
        .iter()
        .zip(tally(items))
        .rev()
        .filter(|(_, number)| *number > 0)
        .map(|(level, number)| format!("{} {}", grouped(number), level.word()))
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}
