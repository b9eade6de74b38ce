//! Runs the example as a newcomer would.

use std::process::{Command, Output};

use portcullis_test_artifacts::PLUGIN_HELLO;

fn run(words: &[&str]) -> Output {
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
    let mut command = Command::new(env!("CARGO_BIN_EXE_minimal-host"));
    command
        .env("XDG_CACHE_HOME", cache)
        .args(words)
        .output()
        .unwrap()
}

#[test]
fn it_lists_tools_and_calls_one() {
    let listed = run(&[PLUGIN_HELLO]);
    assert!(
        String::from_utf8(listed.stdout)
            .unwrap()
            .starts_with("greet: Greets a person by name.")
    );
    let called = run(&[PLUGIN_HELLO, "greet", r#"{"name": "Ada"}"#]);
    assert_eq!(String::from_utf8(called.stdout).unwrap(), "Hello, Ada!\n");
}

#[test]
fn it_says_what_is_wrong() {
    let wrong = run(&[PLUGIN_HELLO, "greet", "{}"]);
    assert!(!wrong.status.success());
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("name"));
}
