//! Structural edits of a systemd unit: the commands that run a program which goes.

use super::{Cuts, Holds, not_here};
use decide::rules::Feature;
use problem::Problem;

/// What stands before a command's program: systemd.service(5), "special executable prefixes".
const PREFIXES: &[char] = &['-', '@', ':', '+', '!', '|'];

/// Whether a file is a unit.
pub(super) fn is_unit(path: &str) -> bool {
    let endings = [".service", ".socket", ".mount"];
    endings.iter().any(|ending| path.ends_with(ending))
}

/// The program of a line that runs one, `Exec…=`.
fn program(line: &str) -> Option<&str> {
    let (key, value) = line.split_once('=')?;
    if !key.trim().starts_with("Exec") {
        return None;
    }
    let value = value.trim_start().trim_start_matches(PREFIXES);
    value.split_whitespace().next()
}

/// The lines whose program is an element of the feature for this file.
///
/// # Errors
/// An element that no line runs.
pub(super) fn cuts(feature: &Feature, path: &str, bytes: &[u8]) -> Result<Cuts, Problem> {
    let text = String::from_utf8_lossy(bytes);
    let mut cuts = Cuts::new();
    let elements = feature.drop_elements.iter().filter(|one| one.file == path);
    for element in elements {
        let before = cuts.len();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            if program(line) == Some(element.text.as_str()) && !line.trim_end().ends_with('\\') {
                cuts.push(offset..offset + line.len());
            }
            offset += line.len();
        }
        if cuts.len() == before {
            let missing = format!("no line runs `{}`", element.text);
            return Err(not_here(feature, path, &missing));
        }
    }
    Ok(cuts)
}

/// Which of the feature's elements the unit has.
pub(super) fn holds(feature: &Feature, path: &str, bytes: &[u8]) -> Holds {
    let text = String::from_utf8_lossy(bytes);
    let elements = feature.drop_elements.iter().filter(|one| one.file == path);
    let there = elements.filter(|one| {
        text.lines()
            .any(|line| program(line) == Some(one.text.as_str()))
    });
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
        std::fs::write(dir.path().join("features.toml"), rule).unwrap();
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
