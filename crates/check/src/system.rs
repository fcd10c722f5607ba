//! The users, groups and directories that the link's sources set up, from their `system.json` and
//! units.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::service::Service;

/// The parts of `system.json` (`docs/system-json.md`) that the machine needs.
#[derive(Debug, Deserialize)]
struct Facts {
    directories: Vec<Directory>,
    users: Vec<FactUser>,
    groups: Vec<FactGroup>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FactUser {
    name: String,
    uid: Option<u32>,
    #[serde(default)]
    debian_number: Option<u32>,
    group: Option<String>,
    extra_groups: Vec<String>,
    home: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FactGroup {
    name: String,
    gid: Option<u32>,
    #[serde(default)]
    debian_number: Option<u32>,
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The absolute path.
    pub path: String,
    /// Four octal digits.
    pub mode: String,
    /// The owner's name.
    pub owner: String,
    /// The group's name.
    pub group: String,
}

/// A user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// Its group's number.
    pub gid: u32,
    /// Its home directory.
    pub home: String,
}

/// Users, groups and directories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// The users, by name.
    pub users: BTreeMap<String, User>,
    /// The groups, by name, with their numbers and members.
    pub groups: BTreeMap<String, (u32, BTreeSet<String>)>,
    /// The directories, by path.
    pub directories: Vec<Directory>,
}

/// The first number for users and groups without a fixed one. Further ones count down, as on
/// Debian.
const FREE: u32 = 999;

impl System {
    /// Collects the needs of `systems` (`system.json` by source) and `services`, in addition to the
    /// users of every machine.
    ///
    /// # Errors
    /// The source whose `system.json` is invalid, and the reason.
    pub fn new(
        systems: &BTreeMap<String, String>,
        services: &BTreeMap<String, String>,
        base: &BTreeMap<String, u32>,
    ) -> Result<Self, String> {
        let mut directories = BTreeMap::new();
        let mut users: Vec<FactUser> = base
            .iter()
            .map(|(name, uid)| base_user(name, Some(*uid)))
            .collect();
        let mut groups = Vec::new();
        for (source, text) in systems {
            let facts: Facts =
                serde_json::from_str(text).map_err(|error| format!("{source}: {error}"))?;
            // The machine uses Debian's numbers.
            users.extend(facts.users.into_iter().map(|user| FactUser {
                uid: user.uid.or(user.debian_number),
                ..user
            }));
            groups.extend(facts.groups.into_iter().map(|group| FactGroup {
                gid: group.gid.or(group.debian_number),
                ..group
            }));
            for directory in facts.directories {
                directories
                    .entry(directory.path.clone())
                    .or_insert(directory);
            }
        }
        for text in services.values() {
            let service = Service::parse(text, "");
            users.extend(service.user.iter().map(|name| base_user(name, None)));
            let named = service.group.iter().chain(&service.groups);
            groups.extend(named.map(|name| FactGroup {
                name: name.clone(),
                gid: None,
                debian_number: None,
            }));
        }
        let mut system = Self {
            directories: directories.into_values().collect(),
            ..Self::default()
        };
        system.number(&users, groups);
        Ok(system)
    }

    /// Assigns a number to every user and group, starting with those that have a fixed one.
    fn number(&mut self, users: &[FactUser], mut groups: Vec<FactGroup>) {
        let owned = self.directories.iter();
        let group = |name: &str| FactGroup {
            name: name.to_owned(),
            gid: None,
            debian_number: None,
        };
        groups.extend(owned.map(|directory| group(&directory.group)));
        for user in users {
            let own = user.group.as_ref().unwrap_or(&user.name);
            groups.push(FactGroup {
                name: own.clone(),
                gid: user.uid.filter(|_| *own == user.name),
                debian_number: None,
            });
            groups.extend(user.extra_groups.iter().map(|name| group(name)));
        }
        groups.sort_by_key(|group| group.gid.is_none());
        for one in groups {
            let taken: BTreeSet<u32> = self.groups.values().map(|(gid, _)| *gid).collect();
            let number = one.gid.unwrap_or_else(|| free(&taken));
            let entry = (number, BTreeSet::new());
            self.groups.entry(one.name).or_insert(entry);
        }
        let mut sorted: Vec<&FactUser> = users.iter().collect();
        sorted.sort_by_key(|user| (user.uid.is_none(), user.home.is_none()));
        let owners: Vec<FactUser> = self
            .directories
            .iter()
            .map(|directory| base_user(&directory.owner, None))
            .collect();
        for user in sorted.into_iter().chain(&owners) {
            let own = user.group.as_ref().unwrap_or(&user.name);
            let taken: BTreeSet<u32> = self.users.values().map(|user| user.uid).collect();
            let gid = self.groups.get(own).map(|(gid, _)| *gid);
            let uid = user.uid.unwrap_or_else(|| free(&taken));
            self.users.entry(user.name.clone()).or_insert_with(|| User {
                uid,
                gid: gid.unwrap_or(uid),
                home: user.home.clone().unwrap_or_else(|| "/var/empty".to_owned()),
            });
            for extra in &user.extra_groups {
                if let Some((_, members)) = self.groups.get_mut(extra) {
                    members.insert(user.name.clone());
                }
            }
        }
    }

    /// Returns the text of `/etc/passwd`.
    pub fn passwd(&self) -> String {
        let mut text = String::new();
        for (name, user) in &self.users {
            let User { uid, gid, home } = user;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}:x:{uid}:{gid}:{name}:{home}:/bin/sh");
        }
        text
    }

    /// Returns the text of `/etc/group`.
    pub fn group(&self) -> String {
        let mut text = String::new();
        for (name, (gid, members)) in &self.groups {
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            let _ = writeln!(text, "{name}:x:{gid}:{}", members.join(","));
        }
        text
    }

    /// Returns the groups of a user, apart from its primary group.
    pub fn extra_groups<'a>(&'a self, user: &'a str) -> impl Iterator<Item = u32> + 'a {
        let within = self
            .groups
            .values()
            .filter(move |(_, members)| members.contains(user));
        within.map(|(gid, _)| *gid)
    }
}

fn base_user(name: &str, uid: Option<u32>) -> FactUser {
    FactUser {
        name: name.to_owned(),
        uid,
        debian_number: None,
        group: None,
        extra_groups: Vec::new(),
        home: (name == "root").then(|| "/root".to_owned()),
    }
}

fn free(taken: &BTreeSet<u32>) -> u32 {
    (1..=FREE)
        .rev()
        .find(|number| !taken.contains(number))
        .unwrap_or(FREE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_groups_and_owners_get_numbers() {
        let json = r#"{"directories": [{"path": "/var/log/hive", "mode": "0700", "owner": "www-data", "group": "adm",
            "from": "x"}],
            "users": [{"name": "www-data", "uid": 33, "group": "www-data", "extraGroups": ["hive"], "home": null}],
            "groups": [{"name": "hive", "gid": null}, {"name": "www-data", "gid": 33}]}"#;
        let systems = BTreeMap::from([("hive".to_owned(), json.to_owned())]);
        let unit = "[Service]\nUser=bee\nSupplementaryGroups=adm\n".to_owned();
        let services = BTreeMap::from([("x.service".to_owned(), unit)]);
        let base = BTreeMap::from([("root".to_owned(), 0), ("nobody".to_owned(), 65534)]);
        let system = System::new(&systems, &services, &base).unwrap();
        let passwd = system.passwd();
        assert!(
            passwd.contains("root:x:0:0:root:/root:/bin/sh\n"),
            "{passwd}"
        );
        assert!(passwd.contains("www-data:x:33:33:"), "{passwd}");
        assert!(passwd.contains("bee:x:999:"), "{passwd}");
        let group = system.group();
        assert!(group.contains(":www-data\n"), "{group}");
        assert_eq!(system.groups["root"].0, 0);
        assert!(system.groups.contains_key("adm"));
        let bad = BTreeMap::from([("hive".to_owned(), "{}".to_owned())]);
        let cause = System::new(&bad, &services, &base).unwrap_err();
        assert!(cause.starts_with("hive: missing field"), "{cause}");
    }
}
