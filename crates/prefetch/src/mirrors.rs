//! The hosts behind `mirror://NAME/PATH`, which nixpkgs' `fetchurl` uses for archives with many
//! mirrors.
//!
//! This repository names no host; the machine's own configuration does. As in nixpkgs' own
//! `fetchurl`, the variable `NIX_MIRRORS_NAME` comes first; for Debian's archive, APT's
//! configuration follows. `nix/hostpkgs` does the same.

use std::collections::BTreeMap;
use std::env;
use std::process::{Command, Stdio};

/// The hosts of each name that the run has looked up.
#[derive(Debug, Default)]
pub struct Mirrors(BTreeMap<String, Vec<String>>);

impl Mirrors {
    /// Makes mirrors with one name, for a test.
    #[cfg(test)]
    pub fn of(name: &str, hosts: &[String]) -> Self {
        Self(BTreeMap::from([(name.to_owned(), hosts.to_vec())]))
    }

    /// Expands a URL to itself, or to its path on every mirror of its name.
    ///
    /// # Errors
    /// The reason why there is none, in words.
    pub fn urls(&mut self, url: &str) -> Result<Vec<String>, String> {
        let Some(rest) = url.strip_prefix("mirror://") else {
            return Ok(vec![url.to_owned()]);
        };
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        let hosts = self
            .0
            .entry(name.to_owned())
            .or_insert_with(|| configured(name));
        if hosts.is_empty() {
            let apt = match name {
                "debian" => "APT's lists have no archive of Debian (`apt-get update`), and ",
                _ => "",
            };
            return Err(format!(
                "{url} is on no host: {apt}the variable NIX_MIRRORS_{name} names none"
            ));
        }
        let at = |host: &String| format!("{}/{path}", host.trim_end_matches('/'));
        Ok(hosts.iter().map(at).collect())
    }
}

/// Returns the hosts that this machine has configured for a name.
fn configured(name: &str) -> Vec<String> {
    let set = env::var(format!("NIX_MIRRORS_{name}")).unwrap_or_default();
    let set: Vec<String> = set.split_whitespace().map(str::to_owned).collect();
    if !set.is_empty() || name != "debian" {
        return set;
    }
    let targets = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)"])
        .args(["Created-By: Packages", "Origin: Debian", "Label: Debian"])
        .stdin(Stdio::null())
        .output();
    targets.map_or_else(
        |_| Vec::new(),
        |output| listed(&String::from_utf8_lossy(&output.stdout)),
    )
}

/// Returns each line once, in order. APT lists an archive once for every suite.
fn listed(text: &str) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !hosts.iter().any(|host| host == line) {
            hosts.push(line.to_owned());
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_stands_for_its_hosts() {
        let hosts = ["https://a.example/x/", "https://b.example"].map(str::to_owned);
        let mut mirrors = Mirrors::of("hive", &hosts);
        let urls = mirrors.urls("mirror://hive/pool/wax.tar.gz").unwrap();
        let expected = [
            "https://a.example/x/pool/wax.tar.gz",
            "https://b.example/pool/wax.tar.gz",
        ];
        assert_eq!(urls, expected);
        let plain = "https://hive.example/wax.tar.gz";
        assert_eq!(mirrors.urls(plain).unwrap(), [plain]);
        let why = mirrors.urls("mirror://no-such-hive/x").unwrap_err();
        assert!(why.contains("NIX_MIRRORS_no-such-hive"), "{why}");
    }

    #[test]
    fn an_archive_that_apt_tells_twice_is_one() {
        let told =
            "http://a.example/debian/\nhttp://a.example/debian/\n\nhttp://b.example/debian/\n";
        let expected = ["http://a.example/debian/", "http://b.example/debian/"];
        assert_eq!(listed(told), expected);
    }
}
