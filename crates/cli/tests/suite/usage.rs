//! Help, mistakes on the command line, completions.

use crate::support::run;

#[test]
fn help_lists_the_commands_and_the_exit_codes() {
    let help = run(&["--help"]).ok();
    for word in [
        "new",
        "build",
        "check",
        "inspect",
        "call",
        "policy",
        "keygen",
        "sign",
        "verify",
        "trust",
        "plugins",
        "completions",
        "--output",
        "Exit codes:",
    ] {
        assert!(help.contains(word), "{word} is missing in\n{help}");
    }
    for code in 0..=9 {
        assert!(
            help.contains(&format!("\n  {code}  ")),
            "code {code} is missing in\n{help}"
        );
    }
}

#[test]
fn every_command_has_help_of_its_own() {
    for command in [
        "new",
        "build",
        "check",
        "inspect",
        "call",
        "policy",
        "keygen",
        "sign",
        "verify",
        "trust",
        "plugins",
        "completions",
    ] {
        let help = run(&[command, "--help"]).ok();
        assert!(
            help.contains(&format!("Usage: portcullis {command}")),
            "{help}"
        );
    }
    assert!(run(&["call", "--help"]).ok().contains("Exit codes:"));
}

#[test]
fn a_wrong_command_line_is_told_on_stderr() {
    let ran = run(&["call"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(
        ran.stderr.contains("Usage: portcullis call"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_wrong_command_line_is_json_where_json_is_asked_for() {
    for arguments in [
        &["call", "--output", "json"],
        &["call", "--output=json"][..],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
        let error = ran.error();
        assert_eq!(error["kind"], "usage");
        assert!(
            error["message"].as_str().unwrap().contains("<TOOL>"),
            "{error}"
        );
    }
}

#[test]
fn a_size_or_a_time_that_is_none_is_a_mistake_in_the_command_line() {
    for option in [
        "--timeout=soon",
        "--memory=much",
        "--fuel=-1",
        "--arg=novalue",
    ] {
        let ran = run(&["call", "x.wasm", "x", option]);
        assert_eq!(ran.code, Some(2), "{option}: {}", ran.stderr);
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell]).ok();
        assert!(
            script.contains("portcullis") && script.contains("inspect"),
            "{shell}: {script}"
        );
    }
}
