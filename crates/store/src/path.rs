//! Store paths of fixed outputs (Nix manual, "Store Path Specification"), and the names that
//! nixpkgs' fetchers choose.

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// The extensions that nixpkgs strips from the last part of a URL (`lib.sources.urlToName`).
const EXTENSIONS: [&str; 13] = [
    "git", "tar", "zip", "gz", "tgz", "bz", "tbz", "bz2", "tbz2", "lzma", "txz", "xz", "zstd",
];

/// Returns the name that nixpkgs' `fetchgit` gives a commit: the last part of the URL and seven
/// digits.
pub fn fetchgit_name(url: &str, rev: &str) -> String {
    let url = url.rsplit(':').next().unwrap_or(url);
    let url = url.strip_suffix('/').unwrap_or(url);
    let mut name = url.rsplit('/').next().unwrap_or(url);
    while let Some((stem, extension)) = name.rsplit_once('.')
        && EXTENSIONS.contains(&extension)
    {
        name = stem;
    }
    format!("{name}-{}", rev.get(..7).unwrap_or(rev))
}

/// Returns the name that `importCargoLock` gives a crate's archive.
pub fn crate_name(name: &str, version: &str) -> String {
    format!("crate-{name}-{version}.tar.gz")
}

/// Returns the store path of a tree with this NAR hash (`outputHashMode = "recursive"`).
pub fn of_tree(store: &str, name: &str, nar: &Digest) -> String {
    made("source", nar, store, name)
}

/// Returns the store path of a file with this hash (`outputHashMode = "flat"`).
pub fn of_file(store: &str, name: &str, hash: &Digest) -> String {
    let inner = Sha256::digest(format!("fixed:out:sha256:{}:", hex(hash)));
    made("output:out", &inner.into(), store, name)
}

fn made(kind: &str, digest: &Digest, store: &str, name: &str) -> String {
    let fingerprint = format!("{kind}:sha256:{}:{store}:{name}", hex(digest));
    let digest: Digest = Sha256::digest(fingerprint).into();
    format!("{store}/{}-{name}", base32(&folded(&digest)))
}

/// Folds a digest to 160 bits.
fn folded(digest: &Digest) -> [u8; 20] {
    let mut folded = [0; 20];
    for (at, byte) in digest.iter().enumerate() {
        folded[at % 20] ^= byte;
    }
    folded
}

/// Encodes in Nix' base 32, which has its own alphabet and writes the last digit first.
fn base32(bytes: &[u8; 20]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";
    let digit = |at: usize| {
        let (byte, shift) = (at * 5 / 8, at * 5 % 8);
        let next = bytes.get(byte + 1).copied().unwrap_or_default();
        let both = u16::from_le_bytes([bytes[byte], next]);
        char::from(DIGITS[usize::from(both >> shift & 31)])
    };
    (0..32).rev().map(digit).collect()
}

/// Encodes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Parses sixty-four hexadecimal digits.
pub fn parse_hex(text: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commits_name_is_nixpkgs() {
        const REV: &str = "0123456789abcdef0123456789abcdef01234567";
        for (url, name) in [
            ("git://hive.example/git/comb.git", "comb-0123456"),
            ("https://hive.example/comb.tar.gz.git/", "comb-0123456"),
            ("git@hive.example:wax", "wax-0123456"),
            ("https://hive.example/x.y", "x.y-0123456"),
            ("file:///srv/hive/common", "common-0123456"),
        ] {
            assert_eq!(fetchgit_name(url, REV), name);
        }
    }

    /// The expected paths are those of `nix-store --print-fixed-path` (Nix 2.8).
    #[test]
    fn paths_are_those_of_nix() {
        let digest: [u8; 32] = Sha256::digest("hive").into();
        assert_eq!(
            hex(&digest),
            "7640da40298286a6e462d5a80f1c608b0df8660fb13bd5aad0f32b6db68b42c0"
        );
        assert_eq!(
            of_tree("/nix/store", "comb-0123456", &digest),
            "/nix/store/l0k50s8pz9ka22wivfn78kn8czzacdjw-comb-0123456"
        );
        assert_eq!(
            of_file("/nix/store", &crate_name("wax", "1.0.0+2"), &digest),
            "/nix/store/3abydsfr2mmy9k8z23nmqfvivssj392x-crate-wax-1.0.0+2.tar.gz"
        );
        assert_eq!(parse_hex(&hex(&digest)), Some(digest));
        assert_eq!(parse_hex("é"), None);
    }
}
