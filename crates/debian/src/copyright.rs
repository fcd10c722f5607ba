//! Reads the licence in `debian/copyright` as an SPDX expression, for Nix's `meta.license`.
//!
//! The short names of a machine-readable file (DEP-5) are translated. In any other file, the first
//! statement of a GNU licence counts.

use serde::{Deserialize, Serialize};

use super::control::stanzas;

/// The licences that a copyright file states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// The licence of the package as a whole, as an SPDX expression: `AGPL-3.0-or-later`, `MIT OR
    /// Apache-2.0`.
    pub main: String,
    /// The sorted SPDX ids of parts with other licences. Unknown short names are omitted.
    pub others: Vec<String>,
}

/// Returns the licence that a copyright file states, or `None` if it is not recognised.
pub fn parse(text: &str) -> Option<Licence> {
    let text = text.replace('\r', "");
    machine_readable(&text).or_else(|| free_text(&text))
}

/// Reads DEP-5: the licence of `Files: *`, of the header, or of the first stanza with files.
fn machine_readable(text: &str) -> Option<Licence> {
    if !text.starts_with("Format:") && !text.starts_with("Files:") {
        return None;
    }
    let stanzas = stanzas("", text).ok()?;
    let mut whole = None;
    let mut header = None;
    let mut first = None;
    let mut all = Vec::new();
    for stanza in &stanzas {
        let Some(name) = stanza
            .field("License")
            .and_then(|lines| lines.first().map(|(_, text)| (*text).to_owned()))
        else {
            continue;
        };
        let Some(expression) = expression(&name) else {
            continue;
        };
        match stanza.text("Files") {
            Some(files) if files.split_whitespace().any(|file| file == "*") => {
                whole = whole.or(Some(expression.clone()));
            }
            Some(_) => first = first.or_else(|| Some(expression.clone())),
            None if stanza.field("Format").is_some() => {
                header = header.or(Some(expression.clone()));
            }
            None => {}
        }
        all.push(expression);
    }
    let main = whole.or(header).or(first)?;
    all.retain(|expression| *expression != main);
    all.sort_unstable();
    all.dedup();
    Some(Licence { main, others: all })
}

/// Translates a DEP-5 licence expression, `MIT or Apache-2.0 and GPL-2+`, to SPDX.
fn expression(names: &str) -> Option<String> {
    let mut out = Vec::new();
    for word in names.replace(',', " ").split_whitespace() {
        out.push(match word.to_ascii_lowercase().as_str() {
            "or" => "OR".to_owned(),
            "and" => "AND".to_owned(),
            "with" => break,
            _ => spdx(word)?,
        });
    }
    Some(out.join(" ")).filter(|text| !text.is_empty())
}

/// Translates Debian's short name of a licence to its SPDX id. SPDX ids stay as they are.
fn spdx(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    for family in ["agpl", "lgpl", "gfdl", "gpl"] {
        if let Some(rest) = lower.strip_prefix(family) {
            return gnu(family, rest);
        }
    }
    let id = match lower.as_str() {
        "expat" | "mit" => "MIT",
        "apache-2.0" | "apache-2" => "Apache-2.0",
        "bsd-2-clause" => "BSD-2-Clause",
        "bsd-2-clause-patent" => "BSD-2-Clause-Patent",
        "bsd-3-clause" => "BSD-3-Clause",
        "bsd-4-clause" => "BSD-4-Clause",
        "isc" => "ISC",
        "openssl" => "OpenSSL",
        "zlib" => "Zlib",
        "mpl-2.0" => "MPL-2.0",
        "mpl-1.1" => "MPL-1.1",
        "artistic" | "artistic-1" => "Artistic-1.0-Perl",
        "artistic-2.0" => "Artistic-2.0",
        "cc0-1.0" | "cc0" => "CC0-1.0",
        "cc-by-sa-4.0" => "CC-BY-SA-4.0",
        "unlicense" => "Unlicense",
        _ => return None,
    };
    Some(id.to_owned())
}

/// Translates the versions of GNU licences: `-2+`, `-3.0-or-later`, `v3`,
/// `-1.3-no-invariants-or-later`.
fn gnu(family: &str, rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches(['-', 'v']);
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (version, suffix) = rest.split_at(end);
    let version = full_version(version)?;
    let later = suffix.ends_with('+') || suffix.ends_with("-or-later");
    let invariants = if suffix.contains("no-invariants") {
        "-no-invariants"
    } else {
        ""
    };
    let range = if later { "or-later" } else { "only" };
    Some(format!(
        "{}-{version}{invariants}-{range}",
        family.to_ascii_uppercase()
    ))
}

/// Writes `3` as `3.0`, as SPDX does. Accepts only numbers.
fn full_version(version: &str) -> Option<String> {
    let mut parts = version.split('.').filter(|part| !part.is_empty());
    let major: u8 = parts.next()?.parse().ok()?;
    let minor: u8 = parts.next().map_or(Ok(0), str::parse).ok()?;
    Some(format!("{major}.{minor}"))
}

/// Finds the first statement of a GNU licence with a version in free text.
fn free_text(text: &str) -> Option<Licence> {
    let words: Vec<String> = text
        .split_whitespace()
        .map(str::to_ascii_lowercase)
        .collect();
    let mut found: Vec<String> = Vec::new();
    for start in 0..words.len() {
        let Some((family, length)) = family(words.get(start..).unwrap_or_default()) else {
            continue;
        };
        let after = words.get(start + length..).unwrap_or_default();
        if let Some(id) = stated(family, after) {
            found.push(id);
        }
    }
    let main = found.first()?.clone();
    found.retain(|id| *id != main);
    found.sort_unstable();
    found.dedup();
    Some(Licence {
        main,
        others: found,
    })
}

/// Returns the licence named at the start of `words`, and the number of words in its name.
fn family(words: &[String]) -> Option<(&'static str, usize)> {
    let word = |index: usize| {
        words.get(index).map_or("", |word| {
            word.trim_matches(|c: char| !c.is_ascii_alphanumeric())
        })
    };
    if word(0) != "gnu" {
        return None;
    }
    let (family, general) = match word(1) {
        "affero" => ("agpl", 2),
        "lesser" | "library" => ("lgpl", 2),
        "general" => ("gpl", 1),
        _ => return None,
    };
    let named = word(general) == "general"
        && word(general + 1) == "public"
        && matches!(word(general + 2), "license" | "licence");
    named.then_some((family, general + 3))
}

/// Returns the SPDX id, if the sentence after a licence's name states a version.
fn stated(family: &str, after: &[String]) -> Option<String> {
    // "…as published by the Free Software Foundation, either version 3 of the License" has ten
    // words.
    let reach = after.get(..after.len().min(14)).unwrap_or_default();
    let at = reach.iter().position(|word| word == "version")?;
    if reach
        .iter()
        .take(at)
        .any(|word| word == "gnu" || word.ends_with('.'))
    {
        return None;
    }
    let number = after.get(at + 1)?.trim_end_matches(['.', ',', ';']);
    let version = full_version(number)?;
    let tail = after.get(at + 2..).unwrap_or_default();
    let tail = tail.get(..tail.len().min(10)).unwrap_or_default();
    let later = tail
        .windows(2)
        .any(|pair| matches!(pair, [a, b] if (a == "any" || a == "or") && b.starts_with("later")));
    Some(format!(
        "{}-{version}-{}",
        family.to_ascii_uppercase(),
        if later { "or-later" } else { "only" }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn main(text: &str) -> Option<String> {
        parse(text).map(|licence| licence.main)
    }

    #[test]
    fn machine_readable_files_give_the_whole_packages_licence() {
        let text = "Format: https://example/1.0/\n\nFiles: debian/*\nCopyright: me\nLicense: GPL-2+\n text\n\n\
                    Files: *\nCopyright: me\nLicense: LGPL-2.1+\n text\n";
        let licence = parse(text).unwrap();
        assert_eq!(licence.main, "LGPL-2.1-or-later");
        assert_eq!(licence.others, ["GPL-2.0-or-later"]);
    }

    #[test]
    fn short_names_become_spdx_ids() {
        let of = |name: &str| main(&format!("Files:\n *\nCopyright: me\nLicense: {name}\n"));
        assert_eq!(of("AGPLv3").as_deref(), Some("AGPL-3.0-only"));
        assert_eq!(
            of("AGPL-3.0-or-later").as_deref(),
            Some("AGPL-3.0-or-later")
        );
        assert_eq!(
            of("MIT or Apache-2.0").as_deref(),
            Some("MIT OR Apache-2.0")
        );
        assert_eq!(
            of("GFDL-1.3-no-invariants-or-later").as_deref(),
            Some("GFDL-1.3-no-invariants-or-later")
        );
        assert_eq!(of("Expat").as_deref(), Some("MIT"));
        assert_eq!(of("house-rules"), None);
        assert_eq!(of("GPL"), None);
    }

    #[test]
    fn free_text_is_recognised() {
        let agpl = "redistribute it under the terms of the GNU Affero General Public License as published by\n\
                    the Free Software Foundation, either version 3 of the License, or\n(at your option) any later version.";
        assert_eq!(main(agpl).as_deref(), Some("AGPL-3.0-or-later"));
        assert_eq!(
            main("under the GNU General Public License version 2.\nSee /x").as_deref(),
            Some("GPL-2.0-only")
        );
        assert_eq!(
            main("under the GNU Lesser General Public License version 2 or later.").as_deref(),
            Some("LGPL-2.0-or-later")
        );
    }

    #[test]
    fn a_name_without_a_version_is_no_statement() {
        assert_eq!(
            main("see the GNU General Public License for more details."),
            None
        );
        assert_eq!(main("all rights reserved"), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "\\PC*|(Files:|License:|gnu|general|public|version|[ \n0-9.,]){0,40}") {
            let _ = parse(&text);
        }
    }
}
