//! Crates in submodules: mounts a source that another names by URL and commit in the other's tree.

use super::crates::joined;
use super::resolve::Known;
use super::select::Within;
use problem::Problem;
use release::{Earlier, Mode, OpenOptions, Pin, Source, own_pin};

/// The source in a submodule, for one program.
pub struct Mounted {
    /// The source's name, by which rules refer to it.
    pub name: String,
    /// The source at the commit that the outer source names, as the program's own pin.
    pub source: Source,
}

/// Opens the repository of a submodule at the commit that `outer`, the source around it, names. Its
/// name is that of the release's source with the same URL, or else the last part of the URL.
///
/// # Errors
/// PNX-214 with the commit, the URL and the places searched.
pub fn mount(
    within: &Within,
    outer: &Source,
    program: &str,
    known: &Known,
) -> Result<Mounted, Problem> {
    let refused = |why: String| {
        let needs = &within.problem.cause;
        let cause = format!(
            "{needs}, which is in the submodule {}: {why}",
            within.submodule
        );
        Problem {
            cause,
            ..within.problem.clone()
        }
        .mend(
            "Bring the submodule's repository up to date where sources are looked for, or put one there that has the \
             commit.",
        )
    };
    if let Some(path) = &outer.pin.path {
        return beside(within, path, program, known.options).map_err(refused);
    }
    let url = declared(outer, &within.submodule)
        .ok_or_else(|| refused("`.gitmodules` has no URL for it".to_owned()))?;
    let url = absolute(&url, outer.pin.url.as_deref().unwrap_or_default());
    let mut entries = outer.tree.entries().iter();
    let entry = entries.find(|one| one.mode == Mode::Submodule && one.path == within.submodule);
    let commit = entry
        .map(|one| one.id.clone())
        .filter(|id| !id.is_empty())
        .ok_or_else(|| refused(format!("nothing records its commit of {url}")))?;
    let name = name_of(&url, known)
        .filter(|name| *name != within.source)
        .ok_or_else(|| refused(format!("{url} names no source")))?;
    let lacks = |place: &str| {
        refused(format!(
            "no local copy has its commit {commit} of {url}; searched {place}"
        ))
    };
    let pin = Pin {
        url: Some(url.clone()),
        rev: Some(commit.clone()),
        ..Pin::default()
    };
    let history = match Earlier::of(&name, &pin, known.options) {
        Ok(Some(history)) => history,
        Ok(None) => {
            let sources = known
                .options
                .sources
                .as_deref()
                .unwrap_or(&known.options.root);
            let place = sources.join(&name);
            return Err(lacks(&format!("{}, a plain tree", place.display())));
        }
        Err(problem) => return Err(lacks(&format!("the source {name}: {}", problem.cause))),
    };
    if !history.has(&commit) {
        return Err(lacks(&history.git_dir().display().to_string()));
    }
    let kept = known.kept.get(program).and_then(|pins| pins.get(&name));
    let source = history.at(&commit, program, kept)?;
    Ok(Mounted { name, source })
}

/// Returns a submodule from a directory beside the manifest, whatever its repository.
fn beside(
    within: &Within,
    path: &str,
    program: &str,
    options: &OpenOptions,
) -> Result<Mounted, String> {
    let parts = within.submodule.rsplit('/');
    let name = parts.into_iter().next().unwrap_or_default().to_owned();
    let pin = Pin {
        path: Some(format!("{path}/{}", within.submodule)),
        ..Pin::default()
    };
    let source = release::open_pin(&own_pin(&name, program), &pin, options)
        .map_err(|problem| problem.cause)?;
    if source.tree.entries().is_empty() {
        return Err(format!("{path}/{} is empty", within.submodule));
    }
    Ok(Mounted { name, source })
}

/// Returns the URL of a submodule in the source's `.gitmodules`.
fn declared(source: &Source, submodule: &str) -> Option<String> {
    let mut entries = source.tree.entries().iter();
    let file = entries.find(|entry| entry.path == ".gitmodules")?;
    let text = source.tree.read_once(&[file]).ok()?;
    let text = String::from_utf8_lossy(text.first()?).into_owned();
    release::submodules(&text).remove(submodule)?
}

/// Resolves a URL in a repository at `base`. One that begins with `./` or `../` is relative
/// (gitmodules(5)).
fn absolute(url: &str, base: &str) -> String {
    if !(url.starts_with("./") || url.starts_with("../")) {
        return url.to_owned();
    }
    match base.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", joined(rest, url)),
        None => url.to_owned(),
    }
}

/// Returns the release's source with a URL, or else the name in the URL's last part.
fn name_of(url: &str, known: &Known) -> Option<String> {
    let same = |source: &&Source| source.pin.url.as_deref() == Some(url);
    let source = known.sources.iter().find(same);
    let named = source.map(|source| source.name.as_str());
    named.or_else(|| release::last_part(url)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_url_is_taken_from_the_source_s() {
        let base = "https://hive.example/git/vm.git";
        for (url, whole) in [
            ("../comb.git", "https://hive.example/git/comb.git"),
            ("./x", "https://hive.example/git/vm.git/x"),
            ("https://a.example/b", "https://a.example/b"),
        ] {
            assert_eq!(absolute(url, base), whole);
        }
    }
}
