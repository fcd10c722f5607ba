//! Parses the parts of a service's unit file that this crate acts on: systemd.syntax(7),
//! systemd.service(5), systemd.exec(5).

use std::collections::BTreeMap;
use syntax::unit::settings;

/// The condition under which a service counts as started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Its program runs.
    #[default]
    Simple,
    /// Its program has reported that it is ready.
    Notify,
    /// Its program has ended and left another process running.
    Forking,
    /// Its program has ended.
    Oneshot,
}

/// A command of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Its key: `ExecStartPre`.
    pub key: String,
    /// Whether it may fail (`-`).
    pub may_fail: bool,
    /// Whether it runs as root whatever `User=` says (`+`, `!`).
    pub privileged: bool,
    /// Program and arguments.
    pub words: Vec<String>,
}

/// A service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// `Type=`
    pub kind: Kind,
    /// Every command, in order.
    pub execs: Vec<Exec>,
    /// `Environment=`
    pub environment: BTreeMap<String, String>,
    /// `User=`
    pub user: Option<String>,
    /// `Group=`
    pub group: Option<String>,
    /// `SupplementaryGroups=`
    pub groups: Vec<String>,
    /// `PIDFile=`
    pub pid_file: Option<String>,
    /// `RuntimeDirectory=`, `StateDirectory=` …, as absolute paths.
    pub directories: Vec<String>,
    /// Conditions on paths: the key, whether it is negated, the path.
    pub conditions: Vec<(String, bool, String)>,
}

/// Keys that create directories, and their parent directories.
const DIRECTORIES: [(&str, &str); 5] = [
    ("RuntimeDirectory", "/run"),
    ("StateDirectory", "/var/lib"),
    ("CacheDirectory", "/var/cache"),
    ("LogsDirectory", "/var/log"),
    ("ConfigurationDirectory", "/etc"),
];

impl Service {
    /// Parses a unit's text. `name` fills its specifiers. Unknown settings are ignored.
    pub fn parse(text: &str, name: &str) -> Self {
        let mut service = Self::default();
        for setting in settings(text.as_bytes()) {
            let value = specifiers(&setting.text(text.as_bytes()), name);
            match setting.section() {
                "Service" => service.take(&setting.key, &value),
                "Unit" => service.condition(&setting.key, &value),
                _ => {}
            }
        }
        service
    }

    fn take(&mut self, key: &str, value: &str) {
        let one = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match key {
            "Type" => {
                self.kind = match value {
                    "forking" => Kind::Forking,
                    "oneshot" => Kind::Oneshot,
                    "notify" | "notify-reload" => Kind::Notify,
                    _ => Kind::Simple,
                }
            }
            "User" => self.user = one(),
            "Group" => self.group = one(),
            "SupplementaryGroups" => self.groups.extend(words(value)),
            "PIDFile" => self.pid_file = one().map(|path| below("/run", &path)),
            "Environment" => {
                let pairs = words(value);
                let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
                let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
                self.environment.extend(pairs);
            }
            _ if key.starts_with("Exec") => self.exec(key, value),
            _ => {
                if let Some((_, base)) = DIRECTORIES.iter().find(|(name, _)| *name == key) {
                    let made = words(value);
                    self.directories
                        .extend(made.iter().map(|name| below(base, name)));
                }
            }
        }
    }

    fn exec(&mut self, key: &str, value: &str) {
        // An empty value clears the list.
        if value.is_empty() {
            self.execs.retain(|exec| exec.key != key);
        }
        // One line may contain several commands, separated by `;`.
        for command in words(value).split(|word| word == ";") {
            let mut command = command.to_vec();
            let Some(program) = command.first_mut() else {
                continue;
            };
            let bare = program.trim_start_matches(['-', '@', ':', '+', '!', '|']);
            let marks = program[..program.len() - bare.len()].to_owned();
            *program = bare.to_owned();
            if marks.contains('@') && command.len() > 1 {
                command.remove(1);
            }
            self.execs.push(Exec {
                key: key.to_owned(),
                may_fail: marks.contains('-'),
                privileged: marks.contains(['+', '!']),
                words: command,
            });
        }
    }

    fn condition(&mut self, key: &str, value: &str) {
        let paths = [
            "ConditionPathExists",
            "ConditionFileIsExecutable",
            "ConditionPathIsDirectory",
        ];
        if paths.contains(&key) && !value.starts_with('|') {
            let path = value.trim_start_matches('!');
            let negated = value.starts_with('!');
            self.conditions
                .push((key.to_owned(), negated, path.to_owned()));
        }
    }

    /// Returns the commands of one key.
    pub fn of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Exec> {
        self.execs.iter().filter(move |exec| exec.key == key)
    }
}

fn below(base: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{base}/{path}")
    }
}

/// Splits a value into words and removes their quotes.
fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match (c, quote) {
            ('\\', _) => {
                let next = characters.next().unwrap_or('\\');
                word.get_or_insert_default().push(next);
            }
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Fills the specifiers in a value (systemd.unit(5)).
fn specifiers(value: &str, unit: &str) -> String {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let (prefix, instance) = stem.split_once('@').unwrap_or((stem, ""));
    let mut filled = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('%') {
        filled.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let known = match after.chars().next() {
            Some('%') => "%",
            Some('n') => unit,
            Some('N') => stem,
            Some('p') => prefix,
            Some('i' | 'I') => instance,
            Some('t') => "/run",
            Some('S') => "/var/lib",
            Some('C') => "/var/cache",
            Some('L') => "/var/log",
            _ => {
                filled.push('%');
                rest = after;
                continue;
            }
        };
        filled.push_str(known);
        rest = &after[1..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_read_as_systemd_does() {
        let text = "\
[Unit]
ConditionPathExists=/etc/hive/hived.conf
ConditionPathExists=!/etc/hive/off

[Service]
Type=forking
User=hive
SupplementaryGroups=adm
Environment=\"PATH=/a:/b c\" X=1
PIDFile=/run/hive/%p.pid
RuntimeDirectory=hive hive/%i
ExecStartPre=-/bin/rm -f \\
  '/run/a b'
ExecStartPre=+@/sbin/modprobe probe -q softdog
ExecStart=/out/bin/hived --name=%n 100%%
# ExecStart=/nowhere
ExecReload=/bin/kill -HUP $MAINPID

[Install]
ExecStart=/not/this
";
        let service = Service::parse(text, "hived@x.service");
        assert_eq!(service.kind, Kind::Forking);
        assert_eq!(service.environment["PATH"], "/a:/b c");
        assert_eq!(service.pid_file.as_deref(), Some("/run/hive/hived.pid"));
        assert_eq!(service.directories, ["/run/hive", "/run/hive/x"]);
        assert_eq!(
            service.conditions[1],
            (
                "ConditionPathExists".into(),
                true,
                "/etc/hive/off".to_owned()
            )
        );
        let pre: Vec<&Exec> = service.of("ExecStartPre").collect();
        assert_eq!(pre[0].words, ["/bin/rm", "-f", "/run/a b"]);
        assert!(pre[0].may_fail && !pre[0].privileged);
        assert_eq!(pre[1].words, ["/sbin/modprobe", "-q", "softdog"]);
        assert!(pre[1].privileged && !pre[1].may_fail);
        let start: Vec<&Exec> = service.of("ExecStart").collect();
        assert_eq!(
            start[0].words,
            ["/out/bin/hived", "--name=hived@x.service", "100%"]
        );
        assert_eq!(start.len(), 1);
    }
}
