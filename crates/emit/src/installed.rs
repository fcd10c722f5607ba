//! Files and links that `debian/` installs in addition to `make install`.

use std::collections::{BTreeMap, BTreeSet};

use analyse::AnalysedSource;
use debian::Packaging;
use debian::install::{Base, Installed};
pub use debian::shipped::Origin;
use debian::shipped::origins;
use debian::tree_path;
use decide::rules::Rules;

/// Files and links by destination. All destinations are relative to the root and as on Debian.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The file or directory for each destination.
    pub files: BTreeMap<String, Origin>,
    /// For each directory, patterns of files that the build produces.
    pub built: BTreeMap<String, BTreeSet<String>>,
    /// The target of each link.
    pub links: BTreeMap<String, String>,
    /// Destinations that no output has.
    pub nowhere: BTreeSet<String>,
    /// Perl modules from outside (nixpkgs attributes) that its programs use and that no link adds.
    pub modules: BTreeSet<String>,
}

/// Returns the files and links of a source's packaging that `make install` does not install.
pub fn places(source: &AnalysedSource) -> Places {
    places_of(source, &source.packagings, |_| true)
}

/// As [`places`], for some of its packagings and for the Debian packages that are `wanted`.
pub fn places_of<'a>(
    source: &AnalysedSource,
    packagings: impl IntoIterator<Item = &'a Packaging>,
    wanted: impl Fn(&str) -> bool,
) -> Places {
    let mut places = Places::default();
    for packaging in packagings {
        let made: BTreeSet<&str> = packaging
            .made
            .iter()
            .map(|action| action.dest.as_str())
            .collect();
        for one in &packaging.files.installed {
            // Nothing runs Debian's documentation of its packages.
            let documents = matches!(
                &*one.tool,
                "dh_installdocs" | "dh_installexamples" | "dh_installman"
            );
            if !documents && wanted(&one.package) {
                places.add(source, packaging, one, &made);
            }
        }
        for link in &packaging.files.links {
            if made.contains(link.link.as_str()) || !wanted(&link.package) {
                continue;
            }
            if layout::has_place(&link.link) {
                places.links.insert(link.link.clone(), link.target.clone());
            } else {
                places.nowhere.insert(link.link.clone());
            }
        }
    }
    places
}

impl Places {
    /// Removes the destinations that the rules leave out.
    #[must_use]
    pub fn laid_out(mut self, rules: &Rules) -> Self {
        let stays = |place: &str| rules.left_out(place).is_none();
        self.files.retain(|place, _| stays(place));
        self.built.retain(|place, _| stays(place));
        self.links.retain(|place, _| stays(place));
        self.nowhere.retain(|place| stays(place));
        self
    }

    fn add(
        &mut self,
        source: &AnalysedSource,
        packaging: &Packaging,
        one: &Installed,
        made: &BTreeSet<&str>,
    ) {
        if one.base != Base::Source {
            let dest = format!("{}/", one.dest);
            if one.base == Base::Either && layout::has_place(&dest) && !one.renames {
                self.built
                    .entry(dest)
                    .or_default()
                    .insert(one.origin.clone());
            }
            return;
        }
        for origin in origins(source.source.tree.entries(), packaging, &one.origin) {
            let place = if one.renames {
                one.dest.clone()
            } else {
                format!("{}/{}", one.dest, tree_path::file_name(&origin.path))
            };
            let place = place.trim_start_matches('/').to_owned();
            if made.contains(place.as_str()) {
                continue;
            }
            let executable = one.mode.map_or(origin.executable, |mode| mode & 0o111 != 0);
            if layout::has_place(&place) {
                self.files.insert(
                    place,
                    Origin {
                        executable,
                        ..origin
                    },
                );
            } else {
                self.nowhere.insert(place);
            }
        }
    }
}
