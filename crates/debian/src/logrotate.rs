//! Parses `logrotate.d` files (`logrotate(8)`): the logs that a package rotates, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tree_path;

/// The directives that `endscript` ends.
const SCRIPTS: [&str; 5] = [
    "firstaction",
    "lastaction",
    "postrotate",
    "preremove",
    "prerotate",
];

/// One section: files and their rotation.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rotation {
    /// Absolute paths or patterns.
    pub files: Vec<String>,
    /// Each directive's argument, or an empty text.
    pub directives: BTreeMap<String, String>,
    /// The lines of `postrotate` and the like. Debian's ways to call a service are replaced by
    /// systemd's.
    pub scripts: BTreeMap<String, Vec<String>>,
    /// The place where the section begins.
    pub from: String,
}

/// Parses a file into its sections. A directive outside of a section applies to all sections after
/// it.
pub fn read(path: &str, text: &str) -> Vec<Rotation> {
    let mut sections = Vec::new();
    let mut common: BTreeMap<String, String> = BTreeMap::new();
    let mut files: Vec<String> = Vec::new();
    let mut section: Option<Rotation> = None;
    let mut script: Option<String> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = script.clone() {
            if line == "endscript" {
                script = None;
            } else if let Some(section) = &mut section
                && !line.is_empty()
            {
                let lines = section.scripts.entry(name).or_default();
                lines.push(systemd(line));
            }
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = line
            .split_once(|c: char| c.is_whitespace() || c == '=')
            .map_or((line, ""), |(word, rest)| (word, rest.trim()));
        match (&mut section, word) {
            (None, _) if line.starts_with(['/', '"', '\'']) => {
                let (names, opens) = line
                    .strip_suffix('{')
                    .map_or((line, false), |names| (names, true));
                let names = names.split_whitespace();
                files.extend(names.map(|name| name.trim_matches(['"', '\'']).to_owned()));
                if opens {
                    section = Some(begun(&mut files, &common, path, index));
                }
            }
            (None, "{") => section = Some(begun(&mut files, &common, path, index)),
            (None, _) => {
                common.insert(word.to_owned(), rest.to_owned());
            }
            (Some(_), "}") => sections.extend(section.take()),
            (Some(_), word) if SCRIPTS.contains(&word) => script = Some(word.to_owned()),
            (Some(open), _) => {
                open.directives.insert(word.to_owned(), rest.to_owned());
            }
        }
    }
    sections
}

fn begun(
    files: &mut Vec<String>,
    common: &BTreeMap<String, String>,
    path: &str,
    index: usize,
) -> Rotation {
    Rotation {
        files: std::mem::take(files),
        directives: common.clone(),
        scripts: BTreeMap::new(),
        from: format!("{path}:{}", index + 1),
    }
}

/// Turns `invoke-rc.d NAME VERB` and `service NAME VERB` into a call of systemctl. Other lines
/// stay.
fn systemd(line: &str) -> String {
    let mut words = line.split_whitespace();
    let program = words.next().map(tree_path::file_name);
    let is_debian = matches!(program, Some("invoke-rc.d" | "service"));
    match (is_debian, words.next(), words.next()) {
        (true, Some(name), Some(verb)) => {
            let rest: Vec<&str> = words.collect();
            format!("systemctl {verb} {name}.service {}", rest.join(" "))
                .trim_end()
                .to_owned()
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_scripts_and_common_directives() {
        let text = "# c\nweekly\n/var/log/a/*.log \"/var/log/b.log\" {\n  rotate 7\n  daily\t\n  postrotate\n    \
                    invoke-rc.d bee restart 2>/dev/null || true\n    /bin/kill -HUP x\n  endscript\n}\n/var/log/c\n{\n  size=1M\n}\n";
        let found = read("debian/logrotate", text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].files, ["/var/log/a/*.log", "/var/log/b.log"]);
        assert_eq!(found[0].from, "debian/logrotate:3");
        let directives: Vec<(&str, &str)> = found[0]
            .directives
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(directives, [("daily", ""), ("rotate", "7"), ("weekly", "")]);
        assert_eq!(
            found[0].scripts["postrotate"],
            [
                "systemctl restart bee.service 2>/dev/null || true",
                "/bin/kill -HUP x"
            ]
        );
        assert_eq!(found[1].files, ["/var/log/c"]);
        assert_eq!(found[1].directives["size"], "1M");
    }
}
