//! Required dependencies that are absent, optional ones, and directories that no rule knows.

use super::support::{Root, Run};

/// Makes a line of the demo's API use a module that nothing provides. Returns the line.
pub fn honeyed(root: &Root) -> usize {
    root.append(
        "rules/nixpkgs/perl.toml",
        "\n[missing.hive-honey]\nmodules = [\"Hive::Honey\"]\n",
    );
    root.edit(
        "demo/hive-manager/Hive/API.pm",
        "use Hive::Guest;\n",
        "use Hive::Guest;\nuse Hive::Honey; # has_honey\n",
    ) + 1
}

fn report(run: &Run) -> serde_json::Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn what_is_required_and_absent_is_a_finding_and_throws() {
    let root = Root::new();
    let line = honeyed(&root);
    let run = root.regen(&["--format", "json"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    let used = format!("Hive/API.pm:{line} uses it");
    let told = format!("PNX-407: hive-manager\n  hive-honey is required and absent: {used}");
    assert!(run.stderr.starts_with(&told), "{}", run.stderr);
    let first = report(&run)["required"][0].clone();
    assert_eq!(first, format!("hive-manager: hive-honey: {used}"));
    // It is written all the same, and evaluating it reports the absence.
    let package = root.text("pkgs/demo/hive-manager/package.nix");
    let throws =
        format!("hive-honey ? throw \"hive-manager needs hive-honey (Hive/API.pm:{line} uses it)");
    assert!(package.contains(&throws), "{package}");
    assert!(
        package.contains("inherit Authen-PAM hive-honey;"),
        "{package}"
    );
    let run = root.regen(&["--allow-missing"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("required and absent"), "{}", run.stdout);
}

#[test]
fn what_is_packaged_by_hand_is_not_absent() {
    let root = Root::new();
    honeyed(&root);
    root.write("pkgs/outside/hive-honey.nix", "{ }: null\n");
    let run = root.regen(&["--format", "json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(report(&run)["required"], serde_json::json!([]));
    let package = root.text("pkgs/demo/hive-manager/package.nix");
    assert!(package.contains("\n  hive-honey,\n"), "{package}");
}

#[test]
fn what_the_code_asks_for_may_be_absent_as_long_as_it_asks() {
    let root = Root::new();
    honeyed(&root);
    let probe = |asks: &str| {
        root.append(
            "rules/general/optional.toml",
            &format!(
                "\n[[optional]]\nname = \"hive-honey\"\ncost = \"no honey\"\n[[optional.probe]]\n\
                 source = \"hive-manager\"\nfile = \"Hive/API.pm\"\nasks = \"{asks}\"\n"
            ),
        );
    };
    probe("has_honey");
    let run = root.regen(&["--format", "json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let lacks = report(&run)["lacks"].clone();
    let last = lacks.as_array().and_then(|all| all.last().cloned());
    let last = last
        .unwrap_or_default()
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert!(
        last.starts_with("no honey: hive-honey (hive-manager: Hive/API.pm:"),
        "{lacks}"
    );
    let package = root.text("pkgs/demo/hive-manager/package.nix");
    assert!(package.contains("hive-honey ? null,"), "{package}");
    assert!(package.contains("cost = \"no honey\";"), "{package}");
    root.edit("demo/hive-manager/Hive/API.pm", " # has_honey", "");
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stderr.starts_with("PNX-407: "), "{}", run.stderr);
}

#[test]
fn a_directory_of_somebody_is_left_out_and_another_is_told() {
    let root = Root::new();
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let package = root.text("pkgs/demo/hive-manager/package.nix");
    assert!(
        package.contains("leaveOut = [ \"etc/network/if-up.d\" ];"),
        "{package}"
    );
    root.edit(
        "demo/hive-manager/Makefile",
        "$(DESTDIR)/etc/cron.d/hive",
        "$(DESTDIR)/etc/odd/hive",
    );
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stderr
            .contains("`/etc/odd/hive` is installed, and no rule says who reads what is there"),
        "{}",
        run.stderr
    );
}
