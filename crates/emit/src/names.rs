//! `releases/RELEASE/attributes.toml`: the names of a release's attributes, which the overlay needs
//! before anything is built. They lie beside the pins, so that listing a release builds nothing,
//! even if its expressions are made at evaluation.

use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, value};

use problem::{OUTPUT_DIFFERS, Problem};

/// The file of a release.
pub struct Names {
    place: PathBuf,
    text: String,
}

/// Makes the file with the sorted names of `attributes` and `objects`.
pub fn file(release: &str, attributes: &[String], objects: &[String]) -> Names {
    let mut document = DocumentMut::new();
    document.insert("attributes", list(attributes));
    document.insert("objects", list(objects));
    let head =
        format!("# The attributes of {release}; written by `cargo xtask regen {release}`.\n\n");
    Names {
        place: Path::new("releases").join(release).join("attributes.toml"),
        text: head + &document.to_string(),
    }
}

/// Makes a list with one name a line.
fn list(names: &[String]) -> Item {
    let mut list = Array::new();
    for name in names {
        let mut one = toml_edit::Value::from(name);
        one.decor_mut().set_prefix("\n    ");
        list.push_formatted(one);
    }
    list.set_trailing("\n");
    list.set_trailing_comma(true);
    value(list)
}

impl Names {
    /// Writes the file below `root` if its content changes.
    ///
    /// # Errors
    /// PNX-405.
    pub fn write(&self, root: &Path) -> Result<(), Problem> {
        if self.is_there(root) {
            return Ok(());
        }
        output::replace(&root.join(&self.place), self.text.as_bytes())
    }

    /// Returns a finding if the file below `root` differs.
    pub fn finding(&self, root: &Path) -> Option<Problem> {
        let cause = "a fresh run writes other names: pins, rules or the tool changed";
        let problem = Problem::new(&OUTPUT_DIFFERS, cause);
        let place = self.place.display().to_string();
        (!self.is_there(root)).then(|| problem.at(place, None))
    }

    fn is_there(&self, root: &Path) -> bool {
        fs::read_to_string(root.join(&self.place)).is_ok_and(|there| there == self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_one_a_line() {
        let names = file(
            "hive-2",
            &["hive-vm".to_owned(), "pve".to_owned()],
            &["hive-vm".to_owned()],
        );
        assert_eq!(
            names.text,
            "# The attributes of hive-2; written by `cargo xtask regen hive-2`.\n\nattributes = [\n    \"hive-vm\",\n    \"pve\",\n]\nobjects = [\n    \"hive-vm\",\n]\n"
        );
        let root = tempfile::tempdir().unwrap();
        assert!(names.finding(root.path()).is_some());
        names.write(root.path()).unwrap();
        assert!(names.finding(root.path()).is_none());
    }
}
