//! Guesses the name that a user meant.

/// Returns the known name most like `given`, or `None` if none is similar. A name also counts as
/// similar if it contains the given one or the other way round: `manager` may mean `pve-manager`.
pub fn meant<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let given = given.to_lowercase();
    let score = |name: &str| {
        let name = name.to_lowercase();
        let alike = strsim::jaro_winkler(&given, &name);
        let holds = given.len() >= 3 && (name.contains(&given) || given.contains(&name));
        if holds { alike.max(0.9) } else { alike }
    };
    let scored = known.into_iter().map(|name| (score(name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
    (best.0 >= 0.85).then_some(best.1)
}

/// Returns the file that `given` may mean: one with the same file name elsewhere, or else the most
/// similar path.
pub fn file<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let known: Vec<&str> = known.into_iter().collect();
    let name = |path: &'k str| path.rsplit('/').next().unwrap_or(path);
    let wanted = given.rsplit('/').next().unwrap_or(given);
    let named: Vec<&str> = known
        .iter()
        .copied()
        .filter(|path| name(path) == wanted)
        .collect();
    meant(given, named.iter().copied())
        .or_else(|| named.first().copied())
        .or_else(|| meant(given, known))
}

/// Makes a remedy from the name that was probably meant, followed by all known names.
pub fn remedy<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let all = format!("There are {}.", known.join(", "));
    match meant(given, known) {
        Some(name) => format!("Did you mean `{name}`? {all}"),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_meant_and_nothing_else() {
        let known = ["pve-manager", "pve-storage", "qemu-server"];
        assert_eq!(meant("pve-manger", known), Some("pve-manager"));
        assert_eq!(meant("manager", known), Some("pve-manager"));
        assert_eq!(meant("PVE-Storage", known), Some("pve-storage"));
        assert_eq!(meant("honey", known), None);
        assert_eq!(meant("x", []), None);
        let files = ["src/PVE/API2/Storage.pm", "src/PVE/Storage.pm", "Makefile"];
        assert_eq!(file("PVE/Storage.pm", files), Some("src/PVE/Storage.pm"));
        assert_eq!(
            file("src/PVE/Storrage.pm", files),
            Some("src/PVE/Storage.pm")
        );
        assert_eq!(file("honey", files), None);
        assert_eq!(
            remedy("qemu-sever", known),
            "Did you mean `qemu-server`? There are pve-manager, pve-storage, qemu-server."
        );
    }
}
