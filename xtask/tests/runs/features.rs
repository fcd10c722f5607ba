//! Features that are removed, in addition to the demo's.

use crate::support::Root;

/// A list of the demo's report, with entries that lead to a removed program.
const COMMANDS: &str = "\nmy $commands = {\n    'now' => ['hostname'],\n    'upgrade' => {\n        run => ['zpool', 'upgrade'],\n    },\n};\n\
                        my @all = (\n    'hostname',\n    'zpool upgrade',\n    'zpool status',\n);\n";

/// Adds elements to those that the demo's feature removes from the report.
fn drop(root: &Root, elements: &[&str]) {
    let listed = elements
        .iter()
        .map(|text| format!("{{ file = \"Hive/Report.pm\", text = \"{text}\" }}"));
    let listed: Vec<String> = listed.collect();
    root.edit(
        "demo/rules/sources/hive-manager.toml",
        "drop-files = [\"Hive/API/APT.pm\"]",
        &format!(
            "drop-files = [\"Hive/API/APT.pm\"]\ndrop-elements = [{}]",
            listed.join(", ")
        ),
    );
}

#[test]
fn elements_of_lists_go_with_their_values() {
    let root = Root::new();
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        &format!("use warnings;\n{COMMANDS}"),
    );
    drop(&root, &["upgrade", "zpool upgrade"]);
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    let gone: Vec<&str> = patch
        .lines()
        .skip_while(|line| *line != "--- a/Hive/Report.pm")
        .skip(1)
        .take_while(|line| !line.starts_with("diff "))
        .filter(|line| line.starts_with('-'))
        .collect();
    assert_eq!(
        gone,
        [
            "-    'upgrade' => {",
            "-        run => ['zpool', 'upgrade'],",
            "-    },",
            "-    'zpool upgrade',"
        ]
    );
}

#[test]
fn an_element_that_is_not_there_is_told() {
    let root = Root::new();
    drop(&root, &["upgrade"]);
    let run = root.regen(&[]);
    assert!(run.stderr.contains("PNX-404"), "{}", run.stderr);
    assert!(
        run.stderr.contains("no list here contains `upgrade`"),
        "{}",
        run.stderr
    );
}

#[test]
fn calls_of_a_dropped_module_go_by_method_and_by_full_name() {
    let root = Root::new();
    let calls = "\nsub refresh {\n    Hive::API::APT->update();\n    Hive::API::APT::refresh(1);\n    \
                 Hive::API::APTLess::refresh(2);\n    Hive::API::APT::Deeper::refresh(3);\n}\n";
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        &format!("use warnings;\n{calls}"),
    );
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    let gone: Vec<&str> = patch
        .lines()
        .filter(|line| line.starts_with("-    Hive::API::"))
        .collect();
    assert_eq!(
        gone,
        [
            "-    Hive::API::APT->update();",
            "-    Hive::API::APT::refresh(1);"
        ]
    );
}

/// Makes the demo's feature replace expressions of the report.
fn replace(root: &Root, text: &str, with: &str) {
    let entry = format!("{{ file = \"Hive/Report.pm\", text = \"{text}\", with = \"{with}\" }}");
    root.edit(
        "demo/rules/sources/hive-manager.toml",
        "drop-files = [\"Hive/API/APT.pm\"]",
        &format!("drop-files = [\"Hive/API/APT.pm\"]\nreplace = [{entry}]"),
    );
}

#[test]
fn a_whole_expression_is_replaced_and_nothing_that_holds_it() {
    let root = Root::new();
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        "use warnings;\n\n# &SYS_mknod\nmy $call = { mknod => &SYS_mknod, at => &SYS_mknodat, text => '&SYS_mknod' };\n",
    );
    replace(&root, "&SYS_mknod", "&SYS_mkdir");
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    let line = "+my $call = { mknod => &SYS_mkdir, at => &SYS_mknodat, text => '&SYS_mknod' };";
    assert!(patch.contains(line), "{patch}");
    assert!(!patch.contains("+# "), "{patch}");
}

#[test]
fn an_expression_that_is_not_there_is_told() {
    let root = Root::new();
    replace(&root, "&SYS_mknod", "&SYS_mkdir");
    let run = root.regen(&[]);
    assert!(run.stderr.contains("PNX-404"), "{}", run.stderr);
    assert!(
        run.stderr.contains("no `&SYS_mknod` is here"),
        "{}",
        run.stderr
    );
}

/// C code without headers, with the instruction in each relevant position.
const ASKS: &str = "\
/* asm(\"cpuid\") */
const char *told = \"cpuid\";
unsigned maker(unsigned leaf);
unsigned maker(unsigned leaf)
{
    unsigned a, b, pair[2];

    __asm__ volatile (\"cpuid\"
        : \"=a\" (a), \"=b\" (b), \"=c\" (*pair), \"=d\" (*(pair + 1))
        : \"0\" (leaf));
    if (b)
        asm volatile (\" cpuid \" : \"+a\" (a) : : \"ebx\", \"ecx\", \"edx\");
    a++; asm (\"cpuid\" : \"=a\" (a) : \"0\" (leaf), \"c\" (0) : \"ebx\", \"edx\"); b++;
    __asm__ (\"\" : \"+r\" (a));
    return a + b + pair[0] + pair[1];
}
";

/// Returns the file after the feature's patch.
fn patched(root: &Root, file: &str) -> String {
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.join("pkgs/demo/patches/hive-qemu/0001-features.patch");
    let source = root.join("demo/hive-qemu");
    let output = std::process::Command::new("patch")
        .args(["-p1", "--fuzz=0", "--output=-", "--input"])
        .arg(&patch)
        .arg(file)
        .current_dir(source)
        .output()
        .expect("patch runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Compiles with all warnings as errors, for a processor with or without the instruction.
fn compiles(text: &str, has_it: bool) -> bool {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.c");
    std::fs::write(&file, text).expect("written");
    let mut cc = std::process::Command::new("cc");
    // An instruction of no processor represents one that this processor lacks.
    cc.args([
        "-O2",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-std=gnu11",
        "-c",
        "-o",
        "/dev/null",
    ]);
    cc.arg(if has_it { "-DHAS_IT" } else { "-UHAS_IT" });
    cc.arg(&file).status().expect("cc runs").success()
}

#[test]
fn an_instruction_is_compiled_where_it_is_there_and_brings_nought_elsewhere() {
    let root = Root::new();
    root.write("demo/hive-qemu/src/hive-emu.c", ASKS);
    root.edit(
        "demo/rules/sources/hive-qemu.toml",
        "macro = \"__x86_64__\", instruction = \"cpuid\" }]\n",
        "macro = \"HAS_IT\", instruction = \"cpuid\" }]\n",
    );
    let text = patched(&root, "src/hive-emu.c");
    assert_eq!(text.matches("#ifdef HAS_IT\n").count(), 3, "{text}");
    assert_eq!(text.matches("\n#else\n").count(), 3, "{text}");
    let foreign = text
        .replace("\"cpuid\"", "\"no such instruction\"")
        .replace("\" cpuid \"", "\"no such instruction\"");
    assert!(compiles(&foreign, false), "{foreign}");
    assert!(!compiles(&foreign, true));
    if cfg!(target_arch = "x86_64") {
        assert!(compiles(&text, true), "{text}");
    }
    let before: String = text
        .lines()
        .scan(false, |skipping, line| {
            *skipping = match line {
                "#else" => true,
                "#endif" => false,
                _ => *skipping,
            };
            Some(if *skipping || line.starts_with('#') {
                String::new()
            } else {
                format!("{line}\n")
            })
        })
        .collect();
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(words(&before), words(ASKS));
}

#[test]
fn an_instruction_that_is_not_there_is_told() {
    let root = Root::new();
    root.edit(
        "demo/rules/sources/hive-qemu.toml",
        "instruction = \"cpuid\" }]\n",
        "instruction = \"rdmsr\" }]\n",
    );
    let run = root.regen(&[]);
    assert!(run.stderr.contains("PNX-404"), "{}", run.stderr);
    assert!(
        run.stderr.contains("no assembly statement is `rdmsr` here"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_expression_of_javascript_is_replaced() {
    let root = Root::new();
    let script = "demo/hive-manager/www/hive.js";
    let text = root.text(script);
    root.edit(
        script,
        &text,
        &format!(
            "{text}\n// hive.showUpdates()\nconst later = () => hive.showUpdates();\nlater(`${{hive.showUpdates()}}`, 'hive.showUpdates()');\n"
        ),
    );
    root.edit(
        "demo/rules/sources/hive-manager.toml",
        "drop-files = [\"Hive/API/APT.pm\"]",
        "drop-files = [\"Hive/API/APT.pm\"]\nreplace = [{ file = \"www/hive.js\", text = \"hive.showUpdates()\", with = \"hive.hide()\" }]",
    );
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    let added: Vec<&str> = patch
        .lines()
        .skip_while(|line| *line != "+++ b/www/hive.js")
        .skip(1)
        .take_while(|line| !line.starts_with("diff "))
        .filter(|line| line.starts_with('+'))
        .collect();
    assert_eq!(added, ["+const later = () => hive.hide();"]);
}

#[test]
fn an_expression_that_is_there_more_often_is_told() {
    let root = Root::new();
    root.edit(
        "demo/hive-manager/Hive/Report.pm",
        "use warnings;\n",
        "use warnings;\n\nmy @calls = (&SYS_mknod, &SYS_mknod);\n",
    );
    replace(&root, "&SYS_mknod", "&SYS_mkdir");
    let run = root.regen(&[]);
    let told = "`&SYS_mknod` is here 2 times, where the rule says 1";
    assert!(run.stderr.contains("PNX-404"), "{}", run.stderr);
    assert!(run.stderr.contains(told), "{}", run.stderr);
    root.edit(
        "demo/rules/sources/hive-manager.toml",
        "with = \"&SYS_mkdir\" }",
        "with = \"&SYS_mkdir\", times = 2 }",
    );
    let run = root.regen(&[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let patch = root.text("pkgs/demo/patches/hive-manager/0001-features.patch");
    assert!(
        patch.contains("+my @calls = (&SYS_mkdir, &SYS_mkdir);"),
        "{patch}"
    );
}
