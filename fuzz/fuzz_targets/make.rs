//! A Makefile, its variables and recipes.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let makefile = debian::make::parse(text);
    let mut variables = debian::make::Variables::default();
    variables.assign(&makefile);
    for rule in &makefile.rules {
        for (_, line) in &rule.recipe {
            let _ = debian::make::commands(line, &variables);
        }
    }
});
