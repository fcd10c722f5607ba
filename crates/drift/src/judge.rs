//! Judges how much attention the drift of a place needs.

use std::collections::HashSet;

use decide::{Context, Decided, Decision, RuleId, Table as RuleTable};
use release::source_name;
use scan::Kind;

use super::{Aspect, Change, Level};

/// A level and its reason, as half a sentence.
pub(super) type Judged = (Level, &'static str);

/// The decisions of the old release. A literal with the same decision as before needs no second
/// review.
#[derive(Default)]
pub(super) struct Known<'a> {
    in_source: HashSet<(&'a str, Said<'a>)>,
    anywhere: HashSet<Said<'a>>,
}

/// A literal, its context and its decision.
type Said<'a> = (Kind, &'a str, Context, &'a Decision);

fn said(one: &Decided) -> Said<'_> {
    (
        one.occurrence.kind,
        one.occurrence.text.as_str(),
        one.context,
        &one.decision,
    )
}

impl<'a> Known<'a> {
    /// Collects the decisions of each source's places.
    pub(super) fn of(sources: impl Iterator<Item = (&'a str, &'a [Decided])>) -> Self {
        let mut known = Self::default();
        for (source, decided) in sources {
            for one in decided.iter().filter(|one| !is_idle(one.context)) {
                known.in_source.insert((source_name(source), said(one)));
                known.anywhere.insert(said(one));
            }
        }
        known
    }

    /// Whether the old release decided such a literal the same way, in this source or, if its rule
    /// names the literal, in any.
    fn has(&self, source: &'a str, one: &'a Decided) -> bool {
        self.in_source.contains(&(source_name(source), said(one)))
            || (is_of_one_name(one) && self.anywhere.contains(&said(one)))
    }
}

/// Whether nothing that is built or run depends on the context.
fn is_idle(context: Context) -> bool {
    matches!(context, Context::Doc | Context::Test)
}

/// Whether the rule that decides the place names exactly this literal. Such a rule is right
/// wherever the literal occurs.
fn is_of_one_name(one: &Decided) -> bool {
    let is = |rule: &RuleId| rule.table().names_literals();
    one.rule.as_ref().is_some_and(is) || is_computed(one)
}

/// Whether the decision was computed from the sources themselves, from the modules that they
/// declare or the files that they install.
fn is_computed(one: &Decided) -> bool {
    let is = |rule: &RuleId| matches!(rule.table(), RuleTable::Module | RuleTable::Installed);
    one.rule.as_ref().is_some_and(is)
}

/// Whether it is a program that only a build runs by its bare name. If the program is missing, the
/// build stops.
fn is_build_tool(one: &Decided) -> bool {
    one.context == Context::Build && one.occurrence.kind == Kind::BareCommand
}

/// Classifies the differences of two paired places. Returns `None` if only the line differs.
pub(super) fn change(differs: &[Aspect]) -> Option<Change> {
    let is = |wanted: &[Aspect]| differs.iter().any(|aspect| wanted.contains(aspect));
    if is(&[
        Aspect::Literal,
        Aspect::Context,
        Aspect::Decision,
        Aspect::Rule,
    ]) {
        Some(Change::Changed)
    } else if is(&[Aspect::Source, Aspect::File, Aspect::Sub]) {
        Some(Change::Moved)
    } else {
        is(&[Aspect::Site]).then_some(Change::Changed)
    }
}

/// Returns the level of a new place.
pub(super) fn came<'a>(one: &'a Decided, source: &'a str, known: &Known<'a>) -> Judged {
    if one.decision == Decision::Unknown {
        (Level::Broken, "no rule decides it")
    } else if is_idle(one.context) {
        (Level::Clean, "only people and tests read it")
    } else if is_computed(one) {
        (Level::Moved, "the sources themselves say who has it")
    } else if is_build_tool(one) {
        (Level::Moved, "the build itself fails if it is missing")
    } else if known.has(source, one) {
        (Level::Moved, "decided as the same literal was before")
    } else {
        (Level::Review, "such a place was not decided before")
    }
}

/// Returns the level of a removed place.
pub(super) fn went(one: &Decided) -> Judged {
    if is_idle(one.context) {
        (Level::Clean, "only people and tests read it")
    } else {
        (Level::Moved, "nothing is left to decide")
    }
}

/// Returns the level of two paired places with these differences.
pub(super) fn paired<'a>(
    old: &'a Decided,
    new: &'a Decided,
    differs: &[Aspect],
    source: &'a str,
    known: &Known<'a>,
) -> Judged {
    let is = |aspect: Aspect| differs.contains(&aspect);
    if new.decision == Decision::Unknown {
        return (Level::Broken, "no rule decides it");
    }
    if is(Aspect::Context) {
        return if is_idle(old.context) && is_idle(new.context) {
            (Level::Clean, "only people and tests read it")
        } else {
            (Level::Review, "it acts elsewhere than before")
        };
    }
    if is(Aspect::Literal) {
        return came(new, source, known);
    }
    if is(Aspect::Decision) {
        return if is_computed(old) && is_computed(new) {
            (Level::Moved, "the sources themselves say who has it")
        } else {
            (Level::Review, "its decision differs from before")
        };
    }
    if is(Aspect::Rule) && !(is_computed(old) && is_computed(new)) {
        return (Level::Review, "another rule decides it, to the same end");
    }
    if is_idle(new.context) {
        (Level::Clean, "only people and tests read it")
    } else {
        (Level::Moved, "decided as before")
    }
}
