//! Merges problems of one cause. An unreachable host fails for every source and crate with the same
//! message.

use std::collections::BTreeMap;

use problem::{MISSING_SOURCE, Problem};

/// The number of names to list.
const NAMED: usize = 8;

/// Removes duplicates. Of several sources that could not be fetched for one cause, the first
/// problem names the others.
pub fn once(problems: Vec<Problem>) -> Vec<Problem> {
    let mut told: Vec<Problem> = Vec::with_capacity(problems.len());
    let mut firsts: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let mut others: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for problem in problems {
        let source = problem.place.source.clone().unwrap_or_default();
        // A source and the same source at a program's own pin fail alike.
        let name = release::source_name(&source).to_owned();
        if let Some(first) = firsts.get(&(problem.code.id, key(&problem))) {
            let of_first = told.get(*first).and_then(|one| one.place.source.as_deref());
            let names = others.entry(*first).or_default();
            if of_first.map(release::source_name) != Some(&name) && !names.contains(&name) {
                names.push(name);
            }
        } else {
            firsts.insert((problem.code.id, key(&problem)), told.len());
            told.push(problem);
        }
    }
    for (first, names) in others {
        if let Some(problem) = told.get_mut(first).filter(|_| !names.is_empty()) {
            problem.cause = format!("{} (the same of {})", problem.cause, listed(&names));
        }
    }
    told
}

/// Returns the key that problems of one cause share: for a fetch, the message without the URL.
fn key(problem: &Problem) -> String {
    let fetched = problem.cause.split_once(" cannot be fetched: ");
    match fetched.filter(|_| problem.code.id == MISSING_SOURCE.id) {
        Some((url, said)) => said.replace(url, ""),
        None => format!("{}: {}", problem.place, problem.cause),
    }
}

/// Returns `a, b and 3 more`.
pub fn listed(names: &[String]) -> String {
    let (named, more) = names.split_at(names.len().min(NAMED));
    match more.len() {
        0 => named.join(", "),
        count => format!("{} and {count} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use problem::HASH_MISMATCH;

    #[test]
    fn a_host_that_is_not_there_is_told_once() {
        let failed = |name: &str| {
            let url = format!("https://hive.example/{name}.git");
            let cause = format!("{url} cannot be fetched: fatal: unable to access '{url}': no TLS");
            Problem::new(&MISSING_SOURCE, cause).in_source(name)
        };
        let mut all: Vec<Problem> = (0..20).map(|at| failed(&format!("c{at}"))).collect();
        all.push(failed("c0"));
        let other = |source: &str| Problem::new(&HASH_MISMATCH, "x").in_source(source);
        all.extend([other("a"), other("b"), other("b")]);
        let told = once(all);
        let causes: Vec<&str> = told.iter().map(|one| one.cause.as_str()).collect();
        assert_eq!(causes.len(), 3, "{causes:?}");
        let ending = "no TLS (the same of c1, c2, c3, c4, c5, c6, c7, c8 and 11 more)";
        assert!(causes[0].ends_with(ending), "{causes:?}");
        assert_eq!(causes[1..], ["x", "x"]);
    }
}
