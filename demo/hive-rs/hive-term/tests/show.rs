use std::process::Command;

#[test]
fn shows_a_guest() {
    let state = std::env::temp_dir().join(format!("hive-term-{}", std::process::id()));
    std::fs::create_dir_all(state.join("guests")).unwrap();
    std::fs::write(state.join("guests/7.conf"), "name: fig\n").unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_hive-term"))
        .args(["show", "7"])
        .env("HIVE_STATE", &state)
        .output()
        .unwrap();
    std::fs::remove_dir_all(&state).unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "7 fig\n");
}
