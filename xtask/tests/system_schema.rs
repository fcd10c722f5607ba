//! Every available `system.json` follows docs/system.schema.json: those of the demo, and those of
//! releases generated in this tree. The documentation describes each key.

use std::path::{Path, PathBuf};

use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/system.schema.json");
const MANUAL: &str = include_str!("../../docs/system-json.md");

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn errors(instance: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&json(SCHEMA)).unwrap();
    validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Returns `pkgs/RELEASE/SOURCE/system.json` and `pkgs/RELEASE/system/PACKAGE.json`.
fn files() -> Vec<PathBuf> {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pkgs");
    let below = |directory: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(directory)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect()
    };
    let releases = below(&packages);
    let inside = releases.iter().flat_map(|release| below(release));
    let mut found: Vec<PathBuf> = inside.map(|source| source.join("system.json")).collect();
    let parts = releases
        .iter()
        .flat_map(|release| below(&release.join("system")));
    found.extend(parts);
    found.retain(|path| path.is_file());
    found
}

#[test]
fn every_system_json_follows_the_schema() {
    let files = files();
    assert!(files.len() >= 4, "{files:?}");
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            errors(&json(&text)),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
    }
}

#[test]
fn the_schema_refuses_what_is_not_the_format() {
    let good = json(include_str!("../../pkgs/demo/hive-manager/system.json"));
    assert_eq!(errors(&good), Vec::<String>::new());
    for (pointer, bad) in [
        ("/units/0/onUpgrade", Value::from("sometimes")),
        ("/units/0/name", Value::from("hived")),
        ("/units/0/enable", Value::Null),
        ("/directories/0/path", Value::from("var/lib")),
        ("/directories/0/mode", Value::from("755")),
        ("/users/0/uid", Value::from("33")),
        ("/groups/0/debianNumber", Value::from(-1)),
        ("/kernelModules", json("{}")),
        ("/setuid", Value::Null),
    ] {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).expect(pointer) = bad;
        assert!(!errors(&changed).is_empty(), "{pointer}");
    }
    for pointer in ["", "/units/0", "/users/0"] {
        let mut more = good.clone();
        more.pointer_mut(pointer).unwrap()["colour"] = Value::from("yellow");
        assert!(
            !errors(&more).is_empty(),
            "{pointer}: a key that nobody describes"
        );
        let mut less = good.clone();
        let object = less.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        let first = object.keys().next().unwrap().clone();
        object.remove(&first);
        assert!(!errors(&less).is_empty(), "{pointer}: without {first}");
    }
}

#[test]
fn the_manual_names_every_key() {
    let schema = json(SCHEMA);
    let mut objects = vec![&schema];
    objects.extend(schema["$defs"].as_object().unwrap().values());
    for object in objects {
        let keys = object["properties"].as_object().into_iter().flatten();
        for (key, _) in keys {
            assert!(
                MANUAL.contains(&format!("`{key}`")),
                "docs/system-json.md: `{key}`"
            );
        }
    }
}
