//! What `debian/` puts in place beyond `make install`: files and links.

use std::collections::{BTreeMap, BTreeSet};

use analyse::AnalysedSource;
use debian::Packaging;
use debian::install::{Base, Installed};
pub use debian::shipped::Origin;
use debian::shipped::origins;
use debian::tree_path;
use decide::rules::Rules;

/// What goes where; all places relative to the root and as on Debian.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Place to file or directory.
    pub files: BTreeMap<String, Origin>,
    /// Directory to patterns of what the build leaves.
    pub built: BTreeMap<String, BTreeSet<String>>,
    /// Link to target.
    pub links: BTreeMap<String, String>,
    /// Places that no output has.
    pub nowhere: BTreeSet<String>,
    /// Outside Perl modules (nixpkgs attributes) that its programs use, and that no link finds for them.
    pub modules: BTreeSet<String>,
}

/// The places of a source's packaging that `make install` does not fill.
pub fn places(source: &AnalysedSource) -> Places {
    places_of(source, &source.packagings, |_| true)
}

/// The same of some of its packagings, and of the Debian packages that are `wanted`.
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
            // Debian's documentation of its packages is nothing that runs.
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
    /// Without what the rules leave out.
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
