//! Compares the switches of a packaging with the nixpkgs recipe over which the source is built.

use std::collections::{BTreeMap, BTreeSet};

use super::RuleId;
use super::rules::{Over, OverValue, SwitchRule};
use debian::Packaging;
use debian::switches::{Configure, Switch};
use problem::{Problem, UNDECIDED_SWITCH};

/// The changes to nixpkgs' recipe that the switches of a packaging require.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recipe {
    /// Arguments of the attribute's function.
    pub arguments: BTreeMap<String, OverValue>,
    /// Arguments for one processor only, by its GNU name.
    pub only: BTreeMap<String, BTreeMap<String, OverValue>>,
    /// Switches to pass on, in order.
    pub flags: Vec<Flag>,
    /// nixpkgs attributes that they need.
    pub inputs: BTreeSet<String>,
}

/// A switch to pass on.
#[derive(Debug, PartialEq, Eq)]
pub struct Flag {
    /// The program that reads it.
    pub system: Configure,
    /// Its text.
    pub text: String,
    /// The GNU name of the processor that has it, if only one does.
    pub on: Option<String>,
}

/// A recipe, with the results of making it.
#[derive(Debug, Default)]
pub struct Held {
    /// The recipe.
    pub recipe: Recipe,
    /// The switches that no rule decides or that cannot be read.
    pub findings: Vec<Problem>,
    /// The rules that decided.
    pub used: BTreeSet<RuleId>,
}

/// Applies the rules to the switches of a source's packagings.
pub fn hold(source: &str, packagings: &[Packaging], over: &Over) -> Held {
    let mut held = Held::default();
    for packaging in packagings {
        let path = packaging.rules.path.as_str();
        let finding = |line: u32, cause: String| {
            Problem::new(&UNDECIDED_SWITCH, cause)
                .in_source(source)
                .at(path, Some(line))
        };
        for one in &packaging.rules.unread {
            let cause = format!("a switch cannot be read: {}", one.why);
            held.findings.push(finding(one.line, cause));
        }
        for switch in &packaging.rules.switches {
            let result = match rule(switch, over) {
                Some((name, rule)) => {
                    held.used.insert(RuleId::switch(source, name));
                    held.recipe.add(switch, rule)
                }
                None => Err(format!(
                    "no rule says what `{}` is in nixpkgs' `{}`",
                    switch.written(),
                    over.over
                )),
            };
            if let Err(cause) = result {
                held.findings.push(finding(switch.line, cause));
            }
        }
    }
    held
}

/// Returns the rule for a switch: for the switch with its value, or else for any value. Whether
/// nixpkgs has a switch, or which argument it is, may depend on the value.
fn rule<'o>(switch: &Switch, over: &'o Over) -> Option<(&'o str, &'o SwitchRule)> {
    let exact = over.switch.get_key_value(switch.written().as_str());
    let any = || {
        let found = over.switch.get_key_value(switch.name.as_str());
        found.filter(|(_, rule)| takes_any(rule))
    };
    let found = exact.or_else(any)?;
    Some((found.0.as_str(), found.1))
}

fn takes_any(rule: &SwitchRule) -> bool {
    let passes = |value: &OverValue| match value {
        OverValue::Bool(_) => false,
        OverValue::Text(text) => text.contains(VALUE),
        OverValue::List(list) => list.iter().any(|text| text.contains(VALUE)),
    };
    rule.default.is_none() && (rule.arguments.is_empty() || rule.arguments.values().all(passes))
}

/// The text that represents the switch's value.
const VALUE: &str = "{value}";

impl Recipe {
    fn add(&mut self, switch: &Switch, rule: &SwitchRule) -> Result<(), String> {
        self.inputs.extend(rule.inputs.iter().cloned());
        if rule.flag {
            self.flags.push(Flag {
                system: switch.system,
                text: switch.written(),
                on: switch.on.clone(),
            });
        }
        for (name, value) in &rule.arguments {
            let value = filled(value, switch.value.as_deref().unwrap_or_default());
            let arguments = match &switch.on {
                Some(cpu) => self.only.entry(cpu.clone()).or_default(),
                None => &mut self.arguments,
            };
            let before = arguments.insert(name.clone(), value.clone());
            if before.is_some_and(|before| before != value) {
                return Err(format!(
                    "`{}` gives the argument `{name}` another value than a switch before it",
                    switch.written()
                ));
            }
        }
        Ok(())
    }
}

fn filled(value: &OverValue, of: &str) -> OverValue {
    match value {
        OverValue::Bool(_) => value.clone(),
        OverValue::Text(text) => OverValue::Text(text.replace(VALUE, of)),
        OverValue::List(list) if *list == [VALUE] => {
            OverValue::List(of.split(',').map(str::to_owned).collect())
        }
        OverValue::List(list) => {
            OverValue::List(list.iter().map(|text| text.replace(VALUE, of)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(text: &str, on: Option<&str>) -> Switch {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (text.to_owned(), None),
        };
        Switch {
            line: 3,
            system: Configure::Script,
            name,
            value,
            on: on.map(str::to_owned),
        }
    }

    fn over(rules: &str) -> Over {
        toml::from_str(&format!("over = \"qemu\"\n[switch]\n{rules}")).unwrap()
    }

    #[test]
    fn a_rule_that_names_the_value_decides_it_alone() {
        let over = over(
            "\"-Dman=true\" = { default = \"x\" }\n\"-Dlist\" = { default = \"x\" }\n\"--prefix\" = { drop = \"x\" }",
        );
        let decided = |text| rule(&switch(text, None), &over).map(|(name, _)| name);
        assert_eq!(decided("-Dman=true"), Some("-Dman=true"));
        assert_eq!(decided("-Dman=false"), None);
        assert_eq!(decided("-Dlist=a"), None);
        assert_eq!(decided("--prefix=/usr"), Some("--prefix"));
    }

    #[test]
    fn a_value_becomes_a_list() {
        let over = over("\"--target-list\" = { override = { targets = [\"{value}\"] } }");
        let one = switch("--target-list={cpu}-softmmu,arm-softmmu", None);
        let (_, rule) = rule(&one, &over).unwrap();
        let mut recipe = Recipe::default();
        recipe.add(&one, rule).unwrap();
        let list = ["{cpu}-softmmu", "arm-softmmu"].map(str::to_owned);
        assert_eq!(recipe.arguments["targets"], OverValue::List(list.to_vec()));
        let other = switch("--target-list=arm-softmmu", None);
        assert!(recipe.add(&other, rule).is_err());
        let here = switch("--target-list=arm-softmmu", Some("aarch64"));
        recipe.add(&here, rule).unwrap();
        assert!(recipe.only["aarch64"].contains_key("targets"));
    }
}
