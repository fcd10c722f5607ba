//! Computes the level of a source, and the figures of all sources.

use super::{Counts, History, Level, Presence, SourceDrift, Summary};

impl SourceDrift {
    /// Sets the level to the highest of all differences.
    pub(super) fn settle(&mut self) {
        let presence = match self.presence {
            Presence::Came | Presence::Went => Level::Review,
            Presence::Stayed => Level::Clean,
        };
        let history = match self.history {
            Some(History::Backward { .. } | History::Diverged { .. }) => Level::Review,
            _ => Level::Clean,
        };
        let problems = if self.problems.is_empty() {
            Level::Clean
        } else {
            Level::Broken
        };
        let all = [presence, history, problems];
        self.level = all
            .into_iter()
            .chain(self.places.iter().map(|one| one.level))
            .chain(self.needs.iter().map(|one| one.level))
            .chain(self.installs.iter().map(|one| one.level))
            .chain(self.lost_targets.iter().map(|one| one.level))
            .chain(self.local.iter().map(|one| one.level))
            .max()
            .unwrap_or_default();
    }
}

impl Summary {
    /// Computes the figures of all sources.
    pub(super) fn of(sources: &[SourceDrift]) -> Self {
        let at = |level: Level| {
            Level::ALL
                .iter()
                .position(|one| *one == level)
                .unwrap_or_default()
        };
        let mut summary = Self::default();
        for source in sources {
            summary.sources[at(source.level)] += 1;
            for place in &source.places {
                summary.places[at(place.level)] += 1;
            }
            summary.counts = summary.counts.plus(source.counts);
            summary.text = summary.text.plus(source.text);
        }
        summary
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            unchanged: self.unchanged + other.unchanged,
            shifted: self.shifted + other.shifted,
            moved: self.moved + other.moved,
            changed: self.changed + other.changed,
            added: self.added + other.added,
            removed: self.removed + other.removed,
        }
    }
}
