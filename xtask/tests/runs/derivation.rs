//! Parses a store derivation (`.drv`): the hashes of its outputs, and whether they are plausible.

use std::collections::BTreeMap;

use release::parse_sri;

/// The hashes of an empty file and of an empty directory.
const OF_NOTHING: [&str; 2] = [
    "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    "sha256-pQpattmS9VmO3ZIQUFn66az8GSmB4IvYhTTCFn6SUmo=",
];

/// A value of that format: a string, or a list or tuple of values.
enum Term {
    Text(String),
    Many(Vec<Term>),
}

impl Term {
    /// Parses a value at the start of `rest`. A constructor's name before it adds nothing to its
    /// shape.
    fn read(rest: &mut &str) -> Option<Self> {
        *rest = rest.trim_start_matches(|one: char| one.is_ascii_alphabetic());
        let (open, after) = rest.split_at_checked(1)?;
        *rest = after;
        match open {
            "\"" => Self::text(rest),
            "[" => Self::many(rest, ']'),
            "(" => Self::many(rest, ')'),
            _ => None,
        }
    }

    fn text(rest: &mut &str) -> Option<Self> {
        let mut text = String::new();
        let mut all = rest.char_indices();
        loop {
            text.push(match all.next()? {
                (at, '"') => {
                    *rest = &rest[at + 1..];
                    return Some(Self::Text(text));
                }
                (_, '\\') => match all.next()?.1 {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                },
                (_, other) => other,
            });
        }
    }

    fn many(rest: &mut &str, close: char) -> Option<Self> {
        let mut many = Vec::new();
        loop {
            if let Some(after) = rest.strip_prefix(close) {
                *rest = after;
                return Some(Self::Many(many));
            }
            *rest = rest.strip_prefix(',').unwrap_or(rest);
            many.push(Self::read(rest)?);
        }
    }

    /// Returns the elements of a list or tuple.
    fn parts(&self) -> &[Self] {
        match self {
            Self::Many(many) => many,
            Self::Text(_) => &[],
        }
    }

    /// Returns its text, if it is a string.
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Many(_) => None,
        }
    }

    /// Returns a tuple of `N` strings.
    fn tuple<const N: usize>(&self) -> Option<[&str; N]> {
        let all: Option<Vec<&str>> = self.parts().iter().map(Self::as_text).collect();
        all?.try_into().ok()
    }
}

/// The outputs and the environment of a derivation.
pub struct Derivation {
    /// Each output's algorithm and hexadecimal hash. Both are empty if the inputs determine the
    /// path.
    outputs: Vec<(String, String)>,
    env: BTreeMap<String, String>,
}

impl Derivation {
    /// Parses a file's text; `None` for another format.
    pub fn read(text: &str) -> Option<Self> {
        let whole = Term::read(&mut &*text)?;
        let [outputs, _, _, _, _, _, env] = whole.parts() else {
            return None;
        };
        let output = |one: &Term| {
            let [_, _, algorithm, hash] = one.tuple()?;
            Some((algorithm.to_owned(), hash.to_owned()))
        };
        let variable = |one: &Term| {
            let [name, value] = one.tuple()?;
            Some((name.to_owned(), value.to_owned()))
        };
        Some(Self {
            outputs: outputs.parts().iter().map(output).collect::<Option<_>>()?,
            env: env.parts().iter().map(variable).collect::<Option<_>>()?,
        })
    }

    /// Whether its output has a fixed hash, so that it is fetched.
    pub fn is_fetched(&self) -> bool {
        self.outputs.iter().any(|(_, hash)| !hash.is_empty())
    }

    /// Returns the fault of its hashes, if any.
    pub fn fault(&self) -> Option<String> {
        for (algorithm, hash) in &self.outputs {
            if hash.is_empty() && !algorithm.is_empty() {
                return Some("its output has an algorithm and no hash".to_owned());
            }
            if is_made_up(hash) {
                return Some(format!("its hash is made up: {hash}"));
            }
        }
        let mut asked = ["outputHash", "outputHashAlgo"].into_iter();
        let asked = asked.find(|name| !self.is_fetched() && self.env.contains_key(*name));
        asked.map(|name| format!("it sets {name}, and its output is not fixed"))
    }
}

/// Whether a hash repeats one digit, or is that of an empty file or directory.
fn is_made_up(hash: &str) -> bool {
    let hex = |sri: &str| -> String {
        let digest = parse_sri(sri).expect("a hash");
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let first = hash.chars().next();
    first.is_some_and(|first| hash.chars().all(|digit| digit == first))
        || OF_NOTHING.iter().any(|sri| hex(sri) == hash)
}

/// Makes a derivation's text with one output and one more variable.
fn text(algorithm: &str, hash: &str, variable: &str) -> String {
    format!(
        "Derive([(\"out\",\"/nix/store/x-wax\",\"{algorithm}\",\"{hash}\")],[(\"/nix/store/y.drv\",[\"out\"])],\
         [\"/nix/store/z.sh\"],\"x86_64-linux\",\"/bin/sh\",[\"-c\",\"echo \\\"a\\\\n\\\"\\n\"],[(\"{variable}\",\"x\"),\
         (\"out\",\"/nix/store/x-wax\")])"
    )
}

fn fault(algorithm: &str, hash: &str, variable: &str) -> Option<String> {
    let text = text(algorithm, hash, variable);
    Derivation::read(&text).expect("a derivation").fault()
}

#[test]
fn a_hash_that_nothing_can_have_is_a_fault() {
    let right = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    assert_eq!(fault("r:sha256", right, "name"), None);
    assert_eq!(fault("", "", "name"), None);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let directory = "a50a5ab6d992f5598edd92105059fae9acfc192981e08bd88534c2167e92526a";
    for made_up in [&"0".repeat(64), &"a".repeat(64), empty, directory] {
        let fault = fault("sha256", made_up, "name").unwrap_or_else(|| panic!("{made_up}"));
        assert!(fault.contains(made_up), "{fault}");
    }
    assert!(fault("r:sha256", "", "name").is_some());
    assert!(fault("", "", "outputHash").is_some());
    assert!(fault("", "", "outputHashAlgo").is_some());
}

#[test]
fn another_format_is_no_derivation() {
    let whole = text("", "", "name");
    for other in [
        "",
        "{}",
        "Derive(",
        &whole[..whole.len() - 3],
        "Derive([],[])",
    ] {
        assert!(Derivation::read(other).is_none(), "{other}");
    }
}
