//! The command's own messages: refusals, problems that would stop the next command, and requests
//! for things that do not exist.

use crate::support::{Root, Run, project, real_sources};

/// Returns the last line of a text.
fn last(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

/// Makes the demo's feature refer to something that does not exist.
fn spoil_feature(root: &Root) {
    root.edit(
        "demo/rules/sources/hive-manager.toml",
        "drop-files = [\"Hive/API/APT.pm\"]",
        "drop-files = [\"Hive/API/APT.pm\"]\ndrop-elements = [{ file = \"Hive/Report.pm\", text = \"upgrade\" }]",
    );
}

#[test]
fn a_run_that_refuses_says_so_in_its_last_line() {
    let root = Root::new();
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        "use warnings;\nmy $honey = '/usr/bin/nobody-knows';\n",
    );
    let before = root.written();
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(
        last(&run.stdout),
        "demo: nothing written: fix 1 finding first; see above"
    );
    assert!(!run.stdout.contains("nothing changed"), "{}", run.stdout);
    assert!(!run.stdout.contains("as a fresh run"), "{}", run.stdout);
    assert_eq!(root.written(), before);
    let json = root.regen(&["--format", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["refused"], 1);
}

#[test]
fn a_run_that_cannot_go_on_says_so_in_its_last_line() {
    let root = Root::new();
    root.write("demo/hive-manager/Hive/Report.pm", "sub {{{ '/usr/bin/x'\n");
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert_eq!(
        last(&run.stderr),
        "demo: nothing written: fix 1 problem first; see above"
    );
}

#[test]
fn a_scan_shows_what_would_stop_regen() {
    let root = Root::new();
    spoil_feature(&root);
    let run = root.run(&["scan", "demo"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("PNX-404"), "{}", run.stdout);
    let told = "no list here contains `upgrade`";
    assert_eq!(run.stdout.matches(told).count(), 1, "{}", run.stdout);
    assert_eq!(last(&run.stdout), "1 finding");
}

#[test]
fn a_place_is_that_of_the_newest_release() {
    let root = Root::new();
    for release in ["hive-1.9", "hive-1.10"] {
        let text = root.text("releases/demo.toml");
        let text = format!("version = \"{}\"\n{text}", &release[5..]);
        root.write(&format!("releases/{release}.toml"), text);
    }
    let place = "hive-guests/src/Hive/Storage.pm:15";
    let run = root.run(&["explain", place]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let first = run.stdout.lines().next();
    assert_eq!(
        first,
        Some("hive-guests/src/Hive/Storage.pm:15 in hive-1.10")
    );
}

#[test]
fn a_place_is_told_with_its_line_its_rule_what_it_becomes_and_what_is_found() {
    let root = Root::new();
    let place = "hive-guests/src/Hive/Storage.pm:15";
    let rules = root.text("rules/nixpkgs/programs.toml");
    let rule = |name: &str| {
        let line = rules
            .lines()
            .position(|line| line.contains(&format!("\"{name}\"")));
        format!(
            "by rule command.{name} (rules/nixpkgs/programs.toml:{})",
            line.expect("a rule") + 1
        )
    };
    let told = root.run(&["explain", place]).stdout;
    assert!(
        told.contains("\n  dir => [qw{/bin/mount /usr/bin/stat}],\n"),
        "{told}"
    );
    assert!(told.contains(&rule("mount")), "{told}");
    assert!(told.contains(&rule("stat")), "{told}");
    let becomes = "it becomes\n  dir => [qw{/run/wrappers/bin/mount @coreutils@/bin/stat}],\n";
    assert!(told.contains(becomes), "{told}");
    root.edit(
        "demo/hive-guests/src/Hive/Storage.pm",
        "/usr/bin/stat",
        "/usr/bin/nobody-knows",
    );
    let run = root.run(&["explain", place]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let finding =
        "PNX-101: hive-guests/src/Hive/Storage.pm:15\n  no rule decides `/usr/bin/nobody-knows`";
    assert!(run.stdout.contains(finding), "{}", run.stdout);
    let gone = root
        .run(&["explain", "hive-manager/Hive/API/APT.pm:3"])
        .stdout;
    assert!(gone.contains("the whole file is removed"), "{gone}");
}

#[test]
fn a_place_that_is_not_there_is_an_error_and_says_which_was_meant() {
    let root = Root::new();
    for (place, told) in [
        (
            "hive-guests/src/Hive/Storage.pm:4000",
            "there is no line 4000",
        ),
        (
            "hive-guests/Hive/Storage.pm:15",
            "Did you mean `hive-guests/src/Hive/Storage.pm:15`?",
        ),
        (
            "hive-gests/src/Hive/Storage.pm:15",
            "Did you mean `hive-guests`?",
        ),
    ] {
        let run = root.run(&["explain", place]);
        assert_eq!(run.code, Some(2), "{place}: {}", run.stdout);
        assert!(run.stderr.contains(told), "{place}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

/// Explains the places that the project's own texts use as examples.
#[test]
fn the_tutorial_of_rules_goes_as_it_says() {
    let tutorial = std::fs::read_to_string(project().join("docs/rules.md")).expect("readable");
    let block = |fence: &str, beginning: &str| {
        let fence = format!("```{fence}\n");
        let mut blocks = tutorial.split(&fence).skip(1);
        let block = blocks.find(|block| block.starts_with(beginning));
        let block = block.unwrap_or_else(|| panic!("no block that begins with {beginning}"));
        block.split("```").next().unwrap_or_default().to_owned()
    };
    let root = Root::new();
    root.edit(
        "demo/hive-guests/src/Hive/Storage.pm",
        "sub mount_nfs {",
        &format!("{}sub mount_nfs {{", block("perl", "sub format_disk")),
    );
    let place = "hive-guests/src/Hive/Storage.pm:29";
    let scanned = root.run(&["scan", "demo"]);
    assert_eq!(scanned.code, Some(1), "{}", scanned.stdout);
    assert!(scanned.stdout.contains(place), "{}", scanned.stdout);
    let explained = root.run(&["explain", place]);
    for line in block("", "$ cargo xtask explain").lines().skip(1) {
        assert!(
            explained.stdout.contains(line.trim()),
            "{line}: {}",
            explained.stdout
        );
    }
    root.append(
        "rules/nixpkgs/programs.toml",
        &block("toml", "[bcachefs-tools]"),
    );
    let scanned = root.run(&["scan", "demo"]);
    assert!(scanned.stdout.contains("PNX-107"), "{}", scanned.stdout);
    root.append(
        "rules/nixpkgs/attributes.toml",
        &block("toml", "bcachefs-tools = "),
    );
    let scanned = root.run(&["scan", "demo"]);
    assert_eq!(
        scanned.code,
        Some(0),
        "{}{}",
        scanned.stdout,
        scanned.stderr
    );
    let explained = root.run(&["explain", place]);
    assert!(
        explained.stdout.contains("bcachefs-tools"),
        "{}",
        explained.stdout
    );
}

#[test]
fn the_examples_of_the_documents_explain_something() {
    let Some(sources) = real_sources() else {
        return;
    };
    let mut examples = Vec::new();
    for file in ["README.md", "docs/rules.md", "xtask/src/command/explain.rs"] {
        let text = std::fs::read_to_string(project().join(file)).expect("readable");
        for line in text.lines() {
            let Some((_, rest)) = line.split_once("xtask explain ") else {
                continue;
            };
            let words: Vec<&str> = rest
                .split(['"', '`'])
                .next()
                .unwrap_or("")
                .split_whitespace()
                .collect();
            // The tutorial's are of a demo with one line more: the next test has it.
            let real = |word: &&str| word.contains(".pm:") && !word.starts_with("hive-");
            if words.first().is_some_and(real) {
                examples.push(words.into_iter().map(str::to_owned).collect::<Vec<_>>());
            }
        }
    }
    assert!(examples.len() >= 2, "{examples:?}");
    for example in examples {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pve-nix"));
        command
            .arg("explain")
            .args(&example)
            .arg("--sources")
            .arg(&sources);
        let run = Run::of(command.current_dir(project()));
        assert_eq!(run.code, Some(0), "{example:?}: {}", run.stderr);
        assert!(
            run.stdout.contains("decision"),
            "{example:?}: {}",
            run.stdout
        );
    }
}

#[test]
fn an_attribute_that_nobody_has_is_an_error_of_every_command_that_decides() {
    let root = Root::new();
    root.edit(
        "rules/nixpkgs/programs.toml",
        "\n[zstd]\n",
        "\n[zstd-guessed]\n",
    );
    root.append(
        "rules/nixpkgs/paths.toml",
        "\n[[path]]\nname = \"guessed\"\nwhere.exact = [\"/usr/share/honey\"]\ndecide = { package = \"honey-guessed\" }\n",
    );
    let line = |file: &str, what: &str| {
        let text = root.text(file);
        let line = text.lines().position(|line| line == what).expect("there");
        format!("{file}:{}", line + 1)
    };
    let rule = line("rules/nixpkgs/paths.toml", "name = \"guessed\"");
    for command in [
        &["scan", "demo"][..],
        &["regen", "demo"],
        &["drift", "demo", "demo"],
    ] {
        let run = root.run(command);
        let told = run.stdout.clone() + &run.stderr;
        assert_eq!(run.code, Some(1), "{command:?}: {told}");
        assert!(told.contains("PNX-107"), "{command:?}: {told}");
        assert!(told.contains(&rule), "{command:?}: {told}");
        assert!(
            told.contains("rules/nixpkgs/programs.toml:"),
            "{command:?}: {told}"
        );
        assert!(told.contains("`zstd-guessed`"), "{command:?}: {told}");
    }
    assert_eq!(root.text("pkgs/demo/earlier"), "of an earlier run\n");
}

#[test]
fn what_this_project_or_the_release_has_is_no_guess() {
    let root = Root::new();
    for name in ["hive-common", "cstream", "dpkg-shim"] {
        let rule = format!(
            "\n[[path]]\nname = \"of-{name}\"\nwhere.exact = [\"/usr/share/{name}\"]\ndecide = {{ package = \"{name}\" }}\n"
        );
        root.append("rules/nixpkgs/paths.toml", &rule);
    }
    let run = root.run(&["scan", "demo"]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
}

#[test]
fn a_source_that_is_none_is_an_error_and_says_which_was_meant() {
    let root = Root::new();
    for command in [
        &["scan", "demo", "--source", "hive-gusts"][..],
        &["scan", "all", "--source", "hive-guests,hive-gusts"],
        &["drift", "demo", "demo", "--source", "hive-gusts"],
    ] {
        let run = root.run(command);
        assert_eq!(run.code, Some(2), "{command:?}: {}", run.stdout);
        let told = "--source hive-gusts: demo has no such source";
        assert!(run.stderr.contains(told), "{command:?}: {}", run.stderr);
        let meant = "Did you mean `hive-guests`?";
        assert!(run.stderr.contains(meant), "{command:?}: {}", run.stderr);
        assert_eq!(run.stdout, "");
    }
}

#[test]
fn a_directory_of_sources_that_is_not_there_is_an_error_of_every_command() {
    let root = Root::new();
    root.write("file", "");
    for command in [
        &["scan", "demo"][..],
        &["regen", "demo"],
        &["drift", "demo", "demo"],
        &["graph", "demo"],
        &["lock", "pve-1.0"],
        &["prefetch", "demo"],
        &["join", "demo", "hive-rs", "--out", "out"],
        &["explain", "hive-guests/Makefile:1"],
    ] {
        let run = root.run(&[command, &["--sources", "upstrem"]].concat());
        assert_eq!(run.code, Some(2), "{command:?}: {}", run.stdout);
        let told = "there is no such directory; did you mean `upstream`?";
        assert!(run.stderr.contains(told), "{command:?}: {}", run.stderr);
    }
    let run = root.run(&["scan", "demo", "--sources", "file"]);
    assert!(
        run.stderr.contains("it is not a directory"),
        "{}",
        run.stderr
    );
    let run = Run::of(
        root.command(&["scan", "demo"])
            .env("PVE_SOURCES", "nowhere"),
    );
    assert_eq!(run.code, Some(2), "{}", run.stdout);
}

#[test]
fn a_filter_that_nothing_passes_is_an_error_and_says_what_is_too_narrow() {
    let root = Root::new();
    let filter = [
        "scan",
        "demo",
        "--source",
        "hive-rs",
        "--decision",
        "system",
    ];
    let run = root.run(&filter);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    let told = "no occurrence passes the filter\n  help: Widen it: ";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    // That nothing is undecided is an answer.
    let run = root.run(&["scan", "demo", "--decision", "unknown"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("\n  0 of "), "{}", run.stdout);
}

#[test]
fn a_filter_tells_what_passes_it_and_no_table_of_everything() {
    let root = Root::new();
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        "use warnings;\nmy $honey = '/usr/bin/nobody-knows';\n",
    );
    for format in ["text", "markdown", "html"] {
        let run = root.run(&[
            "scan",
            "demo",
            "--source",
            "hive-guests",
            "--format",
            format,
        ]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        let told = run.stdout;
        assert!(told.contains(" occurrences in 1 of "), "{told}");
        assert!(!told.contains("hive-cluster/"), "{told}");
        assert!(!told.contains("| hive-cluster |"), "{told}");
        assert!(!told.contains("nobody-knows"), "{told}");
    }
    let text = root
        .run(&["scan", "demo", "--source", "hive-guests"])
        .stdout;
    assert_eq!(
        last(&text),
        "1 finding elsewhere, which --source leaves out"
    );
}

#[test]
fn a_history_that_ends_before_the_date_is_said_so() {
    let root = Root::new();
    let run = crate::codes::locked(&root, "Depends: pve-manager (>= 1)");
    assert!(
        !run.stdout.contains("ended before that day"),
        "{}",
        run.stdout
    );
    let lock = [
        "lock",
        "pve-1.0",
        "--sources",
        "upstream",
        "--at",
        "2999-01-01",
    ];
    let run = root.run(&lock);
    assert!(
        run.stdout.contains("1 history ended before that day"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("pve-manager (2"), "{}", run.stdout);
    let run = root.run(&["lock", "pve-9.9", "--sources", "upstream"]);
    assert!(
        run.stderr.contains("the local history ends on 2"),
        "{}",
        run.stderr
    );
}

/// On a terminal (made by `script`), and nowhere else, long operations show their progress.
#[test]
fn what_takes_long_says_what_it_does_on_a_terminal() {
    let root = Root::new();
    let program = env!("CARGO_BIN_EXE_pve-nix");
    for (command, told) in [
        ("scan demo", "scanning demo"),
        ("regen demo", "making demo"),
        ("drift demo demo", "comparing demo with demo"),
    ] {
        let mut script = std::process::Command::new("script");
        root.place(&mut script);
        script.args(["-qec", &format!("{program} {command}"), "/dev/null"]);
        let run = Run::of(&mut script);
        assert!(run.stdout.contains(told), "{command}: {}", run.stdout);
        let words: Vec<&str> = command.split(' ').collect();
        let run = root.run(&words);
        assert!(!run.stderr.contains(told), "{command}: {}", run.stderr);
    }
}

#[test]
fn one_cause_is_told_once_with_all_its_places_and_the_counts_add_up() {
    let root = Root::new();
    let calls =
        "my @honey = ('/usr/bin/nobody-knows', '/usr/bin/nobody-knows', '/usr/bin/nobody-else');\n";
    for file in ["Report.pm", "API.pm"] {
        let file = format!("demo/hive-manager/Hive/{file}");
        root.edit(&file, "use warnings;\n", &format!("use warnings;\n{calls}"));
    }
    let text = root.run(&["scan", "demo"]).stdout;
    assert_eq!(last(&text), "6 findings of 2 causes");
    let (_, told) = text.split_once("PNX-101").expect("findings");
    assert_eq!(told.matches("`/usr/bin/nobody-knows`").count(), 1, "{text}");
    assert_eq!(
        told.matches("hive-manager/Hive/Report.pm:").count(),
        3,
        "{text}"
    );
    let most = told.find("nobody-knows").expect("told");
    assert!(most < told.find("nobody-else").expect("told"), "{text}");
    let html = root.run(&["scan", "demo", "--format", "html"]).stdout;
    let finding = html.find("<ul class=\"findings\">").expect("findings");
    assert!(finding < html.find("<table class=\"sum\">").expect("a table"));
    assert!(html.contains("6 findings of 2 causes"), "{html}");
}
