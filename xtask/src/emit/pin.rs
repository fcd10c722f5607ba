//! A pin as the expression that fetches it.

use super::formals::Formals;
use super::nix::{Binding, Expr, WriteError};
use super::package::{Class, Lack, lack};
use crate::release::{Entry, Mode, Pin, Source};

/// The formal argument that gives the hashes which pins lack, by commit.
const HASHES_ARGUMENT: &str = "pveSourceHashes";

/// Whether the pin's hash is not known, so that whoever builds it has to give it.
fn lacks_hash(pin: &Pin) -> bool {
    pin.path.is_none() && pin.nar_hash.is_none()
}

/// What whoever builds the source has to give, where its pin has no hash, and why it has none.
pub fn lacking(source: &Source) -> Option<Lack> {
    if !lacks_hash(&source.pin) {
        return None;
    }
    let rev = source.pin.rev.as_deref().unwrap_or_default();
    let what = format!("{HASHES_ARGUMENT}.\"{rev}\"");
    Some(Lack {
        class: Class::Unbuilt,
        ..lack(&source.name, what, why(source))
    })
}

/// Why a pin has no hash.
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
            format!("the pin has no hash, because the submodules{named} were not at hand")
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

/// The source's tree: a directory of this repository, or `fetchgit`. Where the hash is not known, it is
/// `pveSourceHashes."REV"`, and a build without that fails, naming the right one.
///
/// # Errors
/// Text that Nix cannot hold.
pub fn source(pin: &Pin, formals: &mut Formals) -> Result<Expr, WriteError> {
    if let Some(path) = &pin.path {
        return Ok(Expr::Path(format!("../../../{path}")));
    }
    let text = |text: &Option<String>| Expr::string(text.clone().unwrap_or_default());
    let hash = if pin.nar_hash.is_some() {
        text(&pin.nar_hash)
    } else {
        let hashes = formals.optional(HASHES_ARGUMENT, Expr::Set(Vec::new()))?;
        let rev = pin.rev.clone().unwrap_or_default();
        let fake = Box::new(formals.dotted("lib.fakeHash")?);
        Expr::SelectOr(Box::new(hashes), vec![rev], fake)
    };
    let mut bindings = vec![
        Binding::attr("url", text(&pin.url)),
        Binding::attr("rev", text(&pin.rev)),
        Binding::attr("hash", hash),
    ];
    if pin.submodules {
        bindings.push(Binding::attr("fetchSubmodules", Expr::Bool(true)));
    }
    formals.call("fetchgit", [Expr::Set(bindings)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::nix;
    use crate::problem::Problem;
    use crate::release::Tree;

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
        let named = format!("pveSourceHashes.\"{REV}\": the pin has no hash");
        assert_eq!(
            lacking_of(true, &[("a", Mode::File), ("vm", Mode::Submodule)]).unwrap(),
            format!("{named}, because the submodules (vm) were not at hand")
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

    #[test]
    fn a_hash_that_the_pin_lacks_is_an_argument() {
        let pin = Pin {
            url: Some("https://hive.example/vm.git".to_owned()),
            rev: Some(REV.to_owned()),
            submodules: true,
            ..Pin::default()
        };
        let mut formals = Formals::default();
        let fetched = source(&pin, &mut formals).unwrap();
        let text = nix::write(&formals.function(fetched)).unwrap();
        let expected = format!(
            "{{\n  fetchgit,\n  lib,\n  pveSourceHashes ? {{ }},\n}}:\nfetchgit {{\n  url = \"https://hive.example/vm.git\";\n  \
             rev = \"{REV}\";\n  hash = pveSourceHashes.\"{REV}\" or lib.fakeHash;\n  fetchSubmodules = true;\n}}\n"
        );
        assert_eq!(text, expected);
    }
}
