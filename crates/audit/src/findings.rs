//! A collection of findings with a limit.

use std::collections::BTreeMap;

use problem::Problem;

/// The most findings of one code to list.
pub const LISTED: usize = 100;

/// Findings in the order of discovery, at most [`LISTED`] for each code.
#[derive(Debug, Default)]
pub struct Findings {
    listed: Vec<Problem>,
    counts: BTreeMap<&'static str, u64>,
}

impl Findings {
    /// Adds a finding.
    pub fn add(&mut self, problem: Problem) {
        let count = self.counts.entry(problem.code.id).or_default();
        *count += 1;
        if *count <= LISTED as u64 {
            self.listed.push(problem);
        }
    }

    /// Adds the findings of another file.
    pub fn merge(&mut self, other: Self) {
        let mut unlisted = other.counts;
        for problem in other.listed {
            if let Some(count) = unlisted.get_mut(problem.code.id) {
                *count -= 1;
            }
            self.add(problem);
        }
        for (code, count) in unlisted {
            *self.counts.entry(code).or_default() += count;
        }
    }

    /// Returns the listed findings by code and place, and the number of further ones for each code.
    pub fn sorted(mut self) -> (Vec<Problem>, BTreeMap<&'static str, u64>) {
        self.listed
            .sort_by(|a, b| (a.code.id, &a.place, &a.cause).cmp(&(b.code.id, &b.place, &b.cause)));
        let mut more = self.counts;
        for problem in &self.listed {
            if let Some(count) = more.get_mut(problem.code.id) {
                *count -= 1;
            }
        }
        more.retain(|_, count| *count > 0);
        (self.listed, more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use problem::{DANGLING, LEFT_OVER};

    #[test]
    fn no_more_than_so_many_are_held_and_all_are_counted() {
        let file = || {
            let mut one = Findings::default();
            (0..150).for_each(|line| one.add(Problem::new(&LEFT_OVER, "x").at("f", Some(line))));
            one.add(Problem::new(&DANGLING, "y"));
            one
        };
        let mut all = Findings::default();
        (0..3).for_each(|_| all.merge(file()));
        assert_eq!(all.listed.len(), LISTED + 3);
        let (listed, more) = all.sorted();
        assert_eq!(listed.len(), LISTED + 3);
        assert_eq!(more, BTreeMap::from([(LEFT_OVER.id, 350)]));
    }
}
