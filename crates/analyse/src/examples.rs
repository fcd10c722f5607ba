//! The examples of rules: each is scanned and decided, by all rules, as a line of a source would be.

use std::collections::HashMap;

use decide::Decided;
use decide::engine::World;
use decide::rules::Example;
use problem::{Problem, WRONG_EXAMPLE};

use super::Knowledge;

/// The examples that other rules than their own decide.
pub fn examples(knowledge: &Knowledge) -> Vec<Problem> {
    let examples = knowledge.rules.examples.iter();
    examples
        .filter_map(|example| wrong(example, knowledge))
        .collect()
}

fn wrong(example: &Example, knowledge: &Knowledge) -> Option<Problem> {
    let Example { rule, place, .. } = example;
    let cause = match decided(example, knowledge) {
        Err(cause) => cause,
        Ok(all) if all.iter().any(|one| is_of(one, example)) => return None,
        Ok(all) => {
            let told: Vec<String> = all.iter().map(told).collect();
            match told.as_slice() {
                [] => "nothing in it assumes Debian".to_owned(),
                told => told.join(", "),
            }
        }
    };
    let cause = format!("`{rule}` does not decide its example: {cause}");
    Some(Problem::new(&WRONG_EXAMPLE, cause).at(&place.file, place.line))
}

/// Every place of an example with its decision.
fn decided(example: &Example, knowledge: &Knowledge) -> Result<Vec<Decided>, String> {
    let Example { file, line, .. } = example;
    let bytes = format!("{line}\n");
    let language = scan::language(file, release::Mode::File, bytes.as_bytes());
    let language = language.ok_or_else(|| format!("no scanner reads a file like {file}"))?;
    let scanned = scan::scan(language, file, bytes.as_bytes(), &knowledge.calls);
    let scanned = scanned.map_err(|error| format!("it does not parse: {}", error.what))?;
    let world = World::new(
        &knowledge.rules,
        &example.release,
        std::iter::empty(),
        HashMap::new(),
        HashMap::new(),
    );
    Ok(world.decide(&example.source, file, language, &scanned))
}

fn is_of(one: &Decided, example: &Example) -> bool {
    let rules = [one.rule.as_ref(), one.context_rule.as_ref()];
    rules.contains(&Some(&example.rule))
}

fn told(one: &Decided) -> String {
    let text = &one.occurrence.text;
    let by = [&one.context_rule, &one.rule].into_iter().flatten();
    let by: Vec<String> = by.map(|rule| format!("`{rule}`")).collect();
    match by.as_slice() {
        [] => format!("no rule decides `{text}`"),
        by => format!("`{text}` is decided by {}", by.join(" and ")),
    }
}
