//! Kinds of decisions, and the number of occurrences of each.

use serde::{Serialize, Serializer};

use super::{Decided, Decision};

/// The kind of a decision, without its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// [`Decision::Package`].
    Package,
    /// [`Decision::Own`].
    Own,
    /// [`Decision::Sibling`].
    Sibling,
    /// [`Decision::Command`].
    Command,
    /// [`Decision::Wrapper`].
    Wrapper,
    /// [`Decision::System`].
    System,
    /// [`Decision::Embed`].
    Embed,
    /// [`Decision::Keep`].
    Keep,
    /// [`Decision::Disable`].
    Disable,
    /// [`Decision::Unknown`].
    Unknown,
}

impl Verdict {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::Package,
        Self::Own,
        Self::Sibling,
        Self::Command,
        Self::Wrapper,
        Self::System,
        Self::Embed,
        Self::Keep,
        Self::Disable,
        Self::Unknown,
    ];

    /// Returns the kind of `decision`.
    pub fn of(decision: &Decision) -> Self {
        match decision {
            Decision::Package { .. } => Self::Package,
            Decision::Own { .. } => Self::Own,
            Decision::Sibling { .. } => Self::Sibling,
            Decision::Command { .. } => Self::Command,
            Decision::Wrapper { .. } => Self::Wrapper,
            Decision::System { .. } => Self::System,
            Decision::Embed { .. } => Self::Embed,
            Decision::Keep { .. } => Self::Keep,
            Decision::Disable { .. } => Self::Disable,
            Decision::Unknown => Self::Unknown,
        }
    }

    /// Returns its word: the JSON's `decision.type`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Package => "package",
            Self::Own => "self",
            Self::Sibling => "sibling",
            Self::Command => "command",
            Self::Wrapper => "wrapper",
            Self::System => "system",
            Self::Embed => "embed",
            Self::Keep => "keep",
            Self::Disable => "disable",
            Self::Unknown => "unknown",
        }
    }
}

impl Decision {
    /// Formats a decision as a short phrase: `package lvm2, bin/lvs`.
    pub fn phrase(&self) -> String {
        let word = Verdict::of(self).word();
        match self {
            Self::Package { attr, target } => format!("{word} {attr}, {target}"),
            Self::Own { target } => format!("{word}, {target}"),
            Self::Sibling { source, target } => format!("{word} {source}, {target}"),
            Self::Command {
                attr,
                source,
                program,
            } => match attr.as_deref().or(source.as_deref()) {
                Some(origin) => format!("{word} {program} of {origin}"),
                None => format!("{word} {program}"),
            },
            Self::Wrapper { program } => format!("{word} {program}"),
            Self::System { path } => format!("{word}, {path}"),
            Self::Embed { source, path } => format!("{word} {source}/{path}"),
            Self::Keep { reason } => format!("{word}: {reason}"),
            Self::Disable { feature } => format!("{word} {feature}"),
            Self::Unknown => word.to_owned(),
        }
    }
}

/// Occurrences by kind of decision, in the order of [`Verdict::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally([u64; Verdict::ALL.len()]);

impl Tally {
    /// Counts `decided`.
    pub fn of<'a>(decided: impl IntoIterator<Item = &'a Decided>) -> Self {
        let mut tally = Self::default();
        for decided in decided {
            tally.0[Verdict::of(&decided.decision) as usize] += 1;
        }
        tally
    }

    /// Returns the count of a verdict.
    pub fn get(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// Returns the total.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Verdict::ALL.map(|verdict| (verdict.word(), self.get(verdict))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_has_the_word_of_the_decisions_type() {
        let own = Decision::Own {
            target: "bin/x".into(),
        };
        for decision in [own, Decision::Unknown] {
            let json = serde_json::to_value(&decision).unwrap();
            assert_eq!(json["type"], Verdict::of(&decision).word());
        }
    }

    #[test]
    fn the_order_of_all_is_that_of_the_enum() {
        for (place, verdict) in Verdict::ALL.into_iter().enumerate() {
            assert_eq!(verdict as usize, place);
        }
    }
}
