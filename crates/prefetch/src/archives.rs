//! Release archives: files that upstream publishes at a URL.
//!
//! An archive comes from the directory of `--sources` if it contains a file named like the last
//! part of the URL. Otherwise curl downloads it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::mirrors::Mirrors;
use super::nix::Store;
use super::{State, expect, lay, unwritten};
use problem::{HASH_MISMATCH, MISSING_ARCHIVE, Problem};
use store::path::{self, Digest};

/// A file that a build fetches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// The name at the end of its store path.
    pub name: String,
    /// Its URL. `mirror://` refers to the hosts that this machine has configured.
    pub url: String,
    /// Its hash (SRI).
    pub hash: String,
}

/// The result of one file.
#[derive(Debug, Clone, Serialize)]
pub struct Fetched {
    /// The file's name.
    pub name: String,
    /// Its hash (SRI).
    pub hash: String,
    /// Its store path.
    pub path: String,
    /// Its result.
    pub state: State,
}

/// Adds files to the store. Each problem with a file is returned beside it.
///
/// # Errors
/// PNX-406: the store cannot be used.
pub fn put(
    store: &Store,
    wanted: &[Wanted],
    sources: Option<&Path>,
) -> Result<Vec<(Fetched, Option<Problem>)>, Problem> {
    let digest = |one: &Wanted| release::parse_sri(&one.hash);
    let known = wanted.iter().filter_map(|one| Some((one, digest(one)?)));
    let known: Vec<(&Wanted, Digest, String)> = known
        .map(|(one, digest)| {
            let path = path::of_file(store.directory(), &one.name, &digest);
            (one, digest, path)
        })
        .collect();
    let missing = store.missing(known.iter().map(|(_, _, path)| path.as_str()))?;
    let mut done = Vec::with_capacity(known.len());
    let mut hosts = Hosts::default();
    for (one, digest, path) in known {
        let mut fetched = Fetched {
            name: one.name.clone(),
            hash: one.hash.clone(),
            path,
            state: State::There,
        };
        let mut problem = None;
        if missing.contains(&fetched.path) {
            let directory = tempfile::tempdir().map_err(|error| unwritten(&error))?;
            let file = directory.path().join(&one.name);
            match one.get(&file, &digest, sources, &mut hosts) {
                Ok(()) => {
                    let stored = store.add_files(&[&file])?;
                    expect(&fetched.path, stored.first().map_or("", String::as_str))?;
                    fetched.state = State::Added;
                }
                Err(why) => {
                    fetched.state = State::Refused;
                    problem = Some(why);
                }
            }
        }
        done.push((fetched, problem));
    }
    Ok(done)
}

/// The state of the hosts during a run.
#[derive(Default)]
struct Hosts {
    mirrors: Mirrors,
    /// Hosts without a connection, with the reason. They are not tried again for the next file.
    unreachable: Vec<(String, String)>,
}

impl Hosts {
    fn why(&self, url: &str) -> Option<&str> {
        let host = host(url);
        let mut all = self.unreachable.iter();
        let known = all.find(|(unreachable, _)| unreachable == host);
        known.map(|(_, why)| why.as_str())
    }
}

/// Returns the scheme and host of a URL.
fn host(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(after..).and_then(|rest| rest.find('/'));
    end.and_then(|end| url.get(..after + end)).unwrap_or(url)
}

impl Wanted {
    /// Returns the names that a local copy may have.
    fn names(&self) -> Vec<&str> {
        let last = self.url.rsplit('/').next();
        let mut names: Vec<&str> = Vec::new();
        for name in last.into_iter().chain([self.name.as_str()]) {
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Puts the file at `to`, and checks its hash.
    fn get(
        &self,
        to: &Path,
        digest: &Digest,
        sources: Option<&Path>,
        hosts: &mut Hosts,
    ) -> Result<(), Problem> {
        let kept = sources.and_then(|directory| {
            let mut all = self.names().into_iter().map(|name| directory.join(name));
            all.find(|file| file.is_file())
        });
        let from = if let Some(kept) = kept {
            lay(&kept, to).map_err(|error| unwritten(&error))?;
            kept.display().to_string()
        } else {
            self.download(to, sources, hosts)?
        };
        let found = hash_of_file(to).map_err(|error| unwritten(&error))?;
        if found == *digest {
            return Ok(());
        }
        let found = release::sri(&found);
        let cause = format!(
            "{}: {from} is {found}, the hash that is pinned is {}",
            self.name, self.hash
        );
        Err(Problem::new(&HASH_MISMATCH, cause).mend(
            "Do not use the file: find out where it came from. If the hash that is pinned is wrong, mend it where it \
             stands ([[archive]] of its file in rules/sources, then `cargo xtask lock RELEASE`; or pkgs/outside).",
        ))
    }

    /// Downloads the file with curl. Returns the URL that worked.
    fn download(
        &self,
        to: &Path,
        sources: Option<&Path>,
        hosts: &mut Hosts,
    ) -> Result<String, Problem> {
        let mut said: Vec<String> = Vec::new();
        let urls = hosts.mirrors.urls(&self.url).unwrap_or_else(|why| {
            said.push(why);
            Vec::new()
        });
        for url in urls {
            let why = match hosts.why(&url) {
                Some(why) => why.to_owned(),
                None => match curl(&url, to) {
                    Ok(()) => return Ok(url),
                    Err(failed) => {
                        if failed.is_connection {
                            let known = (host(&url).to_owned(), failed.said.clone());
                            hosts.unreachable.push(known);
                        }
                        failed.said
                    }
                },
            };
            said.push(format!("{url} cannot be fetched: {why}"));
        }
        let nowhere = sources.map_or_else(String::new, |directory| {
            format!("it is not in {}, and ", directory.display())
        });
        let cause = format!("{}: {nowhere}{}", self.name, said.join("; "));
        Err(Problem::new(&MISSING_ARCHIVE, cause))
    }
}

/// The failure of curl.
struct Failed {
    said: String,
    /// Whether there was no connection, so that no other file of that host is available either.
    is_connection: bool,
}

/// Downloads `url` with curl, which reads its own configuration (proxies, certificates).
fn curl(url: &str, to: &Path) -> Result<(), Failed> {
    /// curl(1): the exit statuses for a proxy or host that was not found, a failed connection or
    /// handshake, and an untrusted certificate.
    const CONNECTION: [i32; 7] = [5, 6, 7, 28, 35, 60, 77];
    let output = Command::new("curl")
        .args(["--fail", "--silent", "--show-error", "--location"])
        .args(["--proto", "=http,https,file", "--connect-timeout", "30"])
        .arg("--output")
        .arg(to)
        .args(["--", url])
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().map(str::trim).find(|line| !line.is_empty());
            Err(Failed {
                said: said.unwrap_or("curl gives no reason").to_owned(),
                is_connection: output
                    .status
                    .code()
                    .is_some_and(|code| CONNECTION.contains(&code)),
            })
        }
        Err(error) => Err(Failed {
            said: format!("curl cannot be run: {error}"),
            is_connection: false,
        }),
    }
}

/// Returns the SHA-256 digest of a file.
fn hash_of_file(path: &Path) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    fn wanted(url: &str, content: &str) -> Wanted {
        let digest: Digest = Sha256::digest(content).into();
        Wanted {
            name: "wax-1.0.tar.xz".to_owned(),
            url: url.to_owned(),
            hash: release::sri(&digest),
        }
    }

    fn got(
        one: &Wanted,
        sources: Option<&Path>,
    ) -> (PathBuf, tempfile::TempDir, Result<(), Problem>) {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("got");
        let digest = release::parse_sri(&one.hash).unwrap();
        let result = one.get(&to, &digest, sources, &mut Hosts::default());
        (to, directory, result)
    }

    #[test]
    fn a_file_is_taken_by_its_urls_name_and_held_against_its_hash() {
        let kept = tempfile::tempdir().unwrap();
        fs::write(kept.path().join("v1.0.tar.xz"), "wax").unwrap();
        let one = wanted("https://hive.invalid/a/v1.0.tar.xz", "wax");
        let (file, _directory, result) = got(&one, Some(kept.path()));
        result.unwrap();
        assert_eq!(fs::read(file).unwrap(), b"wax");
        let other = wanted("https://hive.invalid/a/v1.0.tar.xz", "honey");
        let problem = got(&other, Some(kept.path())).2.unwrap_err();
        assert_eq!(problem.code.id, "PNX-206");
        assert!(problem.cause.contains(&other.hash), "{problem}");
        let wax = release::sri(&Sha256::digest("wax").into());
        assert!(problem.cause.contains(&wax), "{problem}");
    }

    #[test]
    fn what_a_url_gives_is_held_against_its_hash() {
        let kept = tempfile::tempdir().unwrap();
        let file = kept.path().join("wax.tar.xz");
        fs::write(&file, "wax").unwrap();
        let url = format!("file://{}", file.display());
        got(&wanted(&url, "wax"), None).2.unwrap();
        let problem = got(&wanted(&url, "honey"), None).2.unwrap_err();
        assert_eq!(problem.code.id, "PNX-206");
        assert!(problem.cause.contains(&url), "{problem}");
        let nowhere = wanted(&format!("{url}.gz"), "wax");
        let problem = got(&nowhere, Some(kept.path())).2.unwrap_err();
        assert_eq!(problem.code.id, "PNX-224");
        assert!(problem.cause.contains("it is not in"), "{problem}");
        assert!(problem.cause.contains("curl: (37)"), "{problem}");
    }

    #[test]
    fn a_mirrors_hosts_are_asked_in_turn() {
        let kept = tempfile::tempdir().unwrap();
        fs::create_dir(kept.path().join("far")).unwrap();
        fs::write(kept.path().join("far/wax.tar.xz"), "wax").unwrap();
        let one = wanted("mirror://hive/far/wax.tar.xz", "wax");
        let digest = release::parse_sri(&one.hash).unwrap();
        let to = kept.path().join("got");
        let ask = |hosts: &[String]| {
            let mirrors = Mirrors::of("hive", hosts);
            let unreachable = Vec::new();
            let mut hosts = Hosts {
                mirrors,
                unreachable,
            };
            one.get(&to, &digest, None, &mut hosts)
        };
        let host = format!("file://{}", kept.path().display());
        ask(&[format!("{host}/gone"), host]).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"wax");
        let problem = ask(&[]).unwrap_err();
        assert_eq!(problem.code.id, "PNX-224");
        assert!(problem.cause.contains("NIX_MIRRORS_hive"), "{problem}");
    }

    #[test]
    fn a_host_is_what_stands_before_the_path() {
        assert_eq!(host("https://hive.example/a/b"), "https://hive.example");
        assert_eq!(host("file:///a/b"), "file://");
        assert_eq!(host("https://hive.example"), "https://hive.example");
    }
}
