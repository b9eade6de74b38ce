//! Runs the example with a plugin that imports its interface.

use std::process::{Command, Output};

use portcullis_test_artifacts::WELL_EXTENSION;

fn run(words: &[&str]) -> Output {
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
    let mut command = Command::new(env!("CARGO_BIN_EXE_own-interface"));
    let command = command.env("XDG_CACHE_HOME", cache).args(words);
    command.output().unwrap()
}

#[test]
fn a_plugin_that_was_granted_it_uses_the_hosts_own_interface() {
    let answered = run(&[
        WELL_EXTENSION,
        "total",
        r#"{"month": "2026-11"}"#,
        "--grant",
    ]);
    assert_eq!(String::from_utf8(answered.stdout).unwrap(), "4200\n");
}

#[test]
fn a_plugin_that_was_not_is_denied() {
    let denied = run(&[WELL_EXTENSION, "total", r#"{"month": "2026-11"}"#]);
    assert!(!denied.status.success());
    let said = String::from_utf8(denied.stderr).unwrap();
    assert!(said.contains("Denied"), "{said}");
}
