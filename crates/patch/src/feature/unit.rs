//! Structural edits of a systemd unit: removes the commands that run a dropped program.

use super::{Cuts, Holds, not_here};
use decide::rules::Feature;
use problem::Problem;
use syntax::unit::{PREFIXES, Setting, settings};

/// Whether a file is a unit.
pub(super) fn is_unit(path: &str) -> bool {
    let endings = [".service", ".socket", ".mount"];
    endings.iter().any(|ending| path.ends_with(ending))
}

/// Returns the program that an `Exec…=` setting runs.
fn program(setting: &Setting, bytes: &[u8]) -> Option<String> {
    if !setting.key.starts_with("Exec") {
        return None;
    }
    let value = setting.text(bytes);
    let value = value.trim_start_matches(PREFIXES);
    value.split_whitespace().next().map(str::to_owned)
}

/// Returns the lines whose program is one of the feature's elements for this file.
///
/// # Errors
/// No line runs an element.
pub(super) fn cuts(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Cuts, Problem> {
    let mut cuts = Cuts::new();
    let elements = feature.drop_elements.iter().filter(|one| one.file == path);
    for element in elements {
        let before = cuts.len();
        let runs = settings(bytes).filter(|one| {
            program(one, bytes).as_ref() == Some(&element.text) && !one.continues(bytes)
        });
        cuts.extend(runs.map(|one| one.lines));
        if cuts.len() == before {
            let missing = format!("no line runs `{}`", element.text);
            return Err(not_here(feature, path, &missing));
        }
    }
    Ok(cuts)
}

/// Returns the feature's elements that the unit runs.
pub(super) fn holds(feature: &Feature, path: &str, bytes: &[u8]) -> Holds {
    let run: Vec<String> = settings(bytes)
        .filter_map(|one| program(&one, bytes))
        .collect();
    let elements = feature.drop_elements.iter().filter(|one| one.file == path);
    let there = elements.filter(|one| run.contains(&one.text));
    Holds {
        elements: there.map(|one| one.text.clone()).collect(),
        ..Holds::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use decide::rules::Rules;

    fn feature(text: &str) -> Feature {
        let dir = tempfile::tempdir().unwrap();
        let rule = format!(
            "[[feature]]\nname = \"wax\"\nwhy = \"-\"\nsource = \"hive\"\n\
             drop-elements = [{{ file = \"debian/hive.service\", text = \"{text}\" }}]\n"
        );
        std::fs::create_dir(dir.path().join("general")).unwrap();
        std::fs::write(dir.path().join("general/features.toml"), rule).unwrap();
        Rules::read(dir.path()).unwrap().features.remove(0)
    }

    #[test]
    fn a_command_goes_with_its_line() {
        let unit = b"[Service]\nExecStartPre=-/usr/bin/wax --set /usr/bin/bee\nExecStart=/usr/bin/bee wax\n";
        let dropped = feature("/usr/bin/wax");
        let cuts = cuts(&dropped, "debian/hive.service", unit).unwrap();
        assert_eq!((cuts.len(), cuts[0].clone()), (1, 10..56));
        assert_eq!(&unit[10..14], b"Exec");
        assert_eq!(unit[55], b'\n');
        assert!(
            holds(&dropped, "debian/hive.service", unit)
                .elements
                .contains("/usr/bin/wax")
        );
    }

    #[test]
    fn a_command_that_is_not_there_is_told() {
        let unit = b"[Service]\nExecStart=/usr/bin/bee\n";
        assert!(cuts(&feature("/usr/bin/wax"), "debian/hive.service", unit).is_err());
    }
}
