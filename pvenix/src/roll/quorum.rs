//! Whether a cluster keeps its quorum without a node.

/// The votes that `corosync-quorumtool -s` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Votes {
    /// Votes that are there, a quorum device's among them.
    pub total: u32,
    /// As many are needed.
    pub quorum: u32,
    /// The votes of each node that is there, by its number.
    pub nodes: Vec<(u32, u32)>,
}

impl Votes {
    /// Reads the program's text.
    pub fn of(text: &str) -> Result<Self, String> {
        let number = |label: &str| {
            let line = text
                .lines()
                .find_map(|line| line.trim().strip_prefix(label));
            let word = line.and_then(|rest| rest.split_whitespace().next());
            word.and_then(|word| word.parse().ok())
                .ok_or_else(|| format!("corosync-quorumtool does not say `{label}'"))
        };
        // "  1  1 alpha (local)"; a QDevice has the number 0.
        let row = |line: &str| {
            let mut words = line.split_whitespace();
            let id = words.next()?;
            let id = match id.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => id.parse().ok()?,
            };
            Some((id, words.next()?.parse().ok()?))
        };
        Ok(Self {
            total: number("Total votes:")?,
            quorum: number("Quorum:")?,
            nodes: text.lines().filter_map(row).collect(),
        })
    }

    /// Why the cluster would lose its quorum with a node, if it would.
    pub fn refusal(&self, id: u32) -> Option<String> {
        let of_node = self.nodes.iter().find(|(node, _)| *node == id);
        let own = of_node.map_or(0, |(_, votes)| *votes);
        let left = self.total.saturating_sub(own);
        (left < self.quorum).then(|| {
            format!(
                "without it the cluster has {left} of the {} votes that it needs",
                self.quorum
            )
        })
    }
}
