//! Writes a pin as the expression that fetches it.

use super::package::{Class, Lack, lack};
use nix::Formals;
use nix::{Binding, Expr, WriteError};
use release::{Archive, Entry, Mode, Pin, Source};

/// Whether the pin's hash is unknown, so that it cannot be fetched.
fn lacks_hash(pin: &Pin) -> bool {
    pin.path.is_none() && pin.nar_hash.is_none() && !is_given(pin)
}

/// Whether the tree is an argument of the expression, as for a plugin.
fn is_given(pin: &Pin) -> bool {
    pin.path.is_none() && pin.url.is_none() && pin.rev.is_none()
}

/// Returns the gap of a source whose pin has no hash, with the reason.
pub fn lacking(source: &Source) -> Option<Lack> {
    if !lacks_hash(&source.pin) {
        return None;
    }
    let rev = source.pin.rev.as_deref().unwrap_or_default();
    let what = format!("the hash of {rev}");
    Some(Lack {
        class: Class::Unbuilt,
        ..lack(&source.name, what, why(source))
    })
}

/// Returns the reason why a pin has no hash.
fn why(source: &Source) -> String {
    let entries = source.tree.entries();
    let absent: Vec<&Entry> = entries.iter().filter(|entry| entry.is_absent()).collect();
    match absent.as_slice() {
        _ if source.pin.submodules => {
            let is_submodule = |entry: &&Entry| entry.mode == Mode::Submodule;
            let all = entries.iter().filter(is_submodule);
            let all: Vec<&str> = all.map(|entry| entry.path.as_str()).collect();
            let named = if all.is_empty() {
                String::new()
            } else {
                format!(" ({})", all.join(", "))
            };
            format!("the pin has no hash, because the submodules{named} were not available")
        }
        [] => "the pin has no hash; `cargo xtask lock` computes it".to_owned(),
        [first, rest @ ..] => format!(
            "the pin has no hash, because the clone lacks objects: {}{}",
            first.path,
            match rest.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            }
        ),
    }
}

/// Returns the source's tree: a directory of this repository, or `fetchgit`. If its hash is
/// unknown, evaluating it throws and names the source and the reason.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn source(source: &Source, formals: &mut Formals) -> Result<Expr, WriteError> {
    at(source, &source.pin, formals)
}

/// Returns the source's tree by another pin than its own, for instance without the submodules that
/// a program adds itself.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn at(source: &Source, pin: &Pin, formals: &mut Formals) -> Result<Expr, WriteError> {
    if is_given(pin) {
        return formals.variable("src");
    }
    if let Some(path) = &pin.path {
        return Ok(Expr::Path(format!("../../../{path}")));
    }
    let text = |text: &Option<String>| Expr::string(text.clone().unwrap_or_default());
    let hash = if pin.nar_hash.is_some() {
        text(&pin.nar_hash)
    } else {
        let rev = pin.rev.as_deref().unwrap_or_default();
        let cause = format!(
            "{} at {rev} cannot be fetched: {}",
            source.name,
            why(source)
        );
        Expr::variable("throw")?.apply([Expr::string(cause)])
    };
    let mut bindings = vec![
        Binding::attr("url", text(&pin.url)),
        Binding::attr("rev", text(&pin.rev)),
        Binding::attr("hash", hash),
    ];
    // `fetchgit` fetches submodules unless `fetchSubmodules` is false.
    let mut entries = source.tree.entries().iter();
    if pin.submodules || entries.any(|entry| entry.mode == Mode::Submodule) {
        bindings.push(Binding::attr("fetchSubmodules", Expr::Bool(pin.submodules)));
    }
    if !pin.omit.is_empty() {
        let lines = pin
            .omit
            .iter()
            .map(|path| format!("rm -rf \"$out/{path}\"\n"));
        bindings.push(Binding::attr(
            "postFetch",
            Expr::string(lines.collect::<String>()),
        ));
    }
    formals.call("fetchgit", [Expr::Set(bindings)])
}

/// Returns a release archive as `fetchurl`.
///
/// # Errors
/// A text cannot be a Nix string.
pub fn archive(archive: &Archive, formals: &mut Formals) -> Result<Expr, WriteError> {
    let bindings = vec![
        Binding::attr("url", Expr::string(archive.url.clone())),
        Binding::attr("hash", Expr::string(archive.hash.clone())),
    ];
    formals.call("fetchurl", [Expr::Set(bindings)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix;
    use problem::Problem;
    use release::Tree;

    const REV: &str = "8242e22b507b56a292af4828cb351b4d1dd69a76";

    struct Listed(Vec<Entry>);

    impl Tree for Listed {
        fn entries(&self) -> &[Entry] {
            &self.0
        }

        fn read(&self, _: &[&Entry]) -> Result<Vec<Vec<u8>>, Problem> {
            Ok(Vec::new())
        }
    }

    fn lacking_of(submodules: bool, entries: &[(&str, Mode)]) -> Option<String> {
        let entry = |(path, mode): &(&str, Mode)| Entry {
            path: (*path).to_owned(),
            mode: *mode,
            size: 0,
            id: "0".repeat(40),
        };
        let source = Source {
            name: "hive-vm".to_owned(),
            pin: Pin {
                rev: Some(REV.to_owned()),
                submodules,
                ..Pin::default()
            },
            tree: Box::new(Listed(entries.iter().map(entry).collect())),
        };
        lacking(&source).map(|lack| format!("{}: {}", lack.what, lack.why))
    }

    #[test]
    fn the_cause_of_a_lacking_hash_is_told() {
        let named = format!("the hash of {REV}: the pin has no hash");
        assert_eq!(
            lacking_of(true, &[("a", Mode::File), ("vm", Mode::Submodule)]).unwrap(),
            format!("{named}, because the submodules (vm) were not available")
        );
        assert_eq!(
            lacking_of(false, &[("a", Mode::File), ("b", Mode::File)]).unwrap(),
            format!("{named}, because the clone lacks objects: a and 1 more")
        );
        assert_eq!(
            lacking_of(false, &[]).unwrap(),
            format!("{named}; `cargo xtask lock` computes it")
        );
    }

    fn fetched(pin: Pin, modes: &[Mode]) -> String {
        let entry = |mode: &Mode| Entry {
            path: "vm".to_owned(),
            mode: *mode,
            size: 0,
            id: "0".repeat(40),
        };
        let source_ = Source {
            name: "hive-vm".to_owned(),
            pin: Pin {
                url: Some("https://hive.example/vm.git".to_owned()),
                rev: Some(REV.to_owned()),
                ..pin
            },
            tree: Box::new(Listed(modes.iter().map(entry).collect())),
        };
        let mut formals = Formals::default();
        let fetched = source(&source_, &mut formals).unwrap();
        nix::write(&formals.function(fetched)).unwrap()
    }

    #[test]
    fn a_pin_without_a_hash_is_an_error_that_tells_why() {
        let pin = Pin {
            submodules: true,
            ..Pin::default()
        };
        let text = fetched(pin, &[]);
        let expected = format!(
            "hash = throw \"hive-vm at {REV} cannot be fetched: the pin has no hash, because the submodules were not available\";"
        );
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("  fetchSubmodules = true;\n"), "{text}");
        assert!(text.starts_with("{\n  fetchgit,\n}:\n"), "{text}");
    }

    #[test]
    fn what_is_left_out_is_taken_away_after_fetching() {
        let pin = Pin {
            nar_hash: Some("sha256-x".to_owned()),
            omit: vec!["wax/tests".to_owned(), "big".to_owned()],
            ..Pin::default()
        };
        let text = fetched(pin, &[Mode::Submodule]);
        let expected = "  hash = \"sha256-x\";\n  fetchSubmodules = false;\n  postFetch = ''\n    rm -rf \"$out/wax/tests\"\n    rm -rf \"$out/big\"\n  '';\n";
        assert!(text.contains(expected), "{text}");
        // A pin without submodules does not mention them.
        let pin = Pin {
            nar_hash: Some("sha256-x".to_owned()),
            ..Pin::default()
        };
        let text = fetched(pin, &[Mode::File]);
        assert!(!text.contains("fetchSubmodules"), "{text}");
    }

    #[test]
    fn an_archive_is_fetched_by_its_url() {
        let one = Archive {
            version: "10.2.1".to_owned(),
            url: "https://hive.example/vm-10.2.1.tar.xz".to_owned(),
            hash: "sha256-x".to_owned(),
        };
        let mut formals = Formals::default();
        let fetched = archive(&one, &mut formals).unwrap();
        let text = nix::write(&formals.function(fetched)).unwrap();
        let expected = "{\n  fetchurl,\n}:\nfetchurl {\n  url = \"https://hive.example/vm-10.2.1.tar.xz\";\n  hash = \"sha256-x\";\n}\n";
        assert_eq!(text, expected);
    }
}
