//! `audit show` and `audit tail`, over what real calls left.

use crate::support::{Ran, portcullis};
use portcullis_test_artifacts::WELL_STORE;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

/// Calls a tool that asks for its state, which nobody granted.
fn denied_call(trail: &Path) {
    let ran = Ran::of(
        portcullis()
            .args([
                "call",
                WELL_STORE,
                "get",
                "--args",
                r#"{"key": "hush", "sync": false}"#,
            ])
            .env("PORTCULLIS_AUDIT_DIR", trail),
    );
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
}

fn audit(trail: &Path, arguments: &[&str]) -> Ran {
    let mut command = portcullis();
    command.arg("audit").args(arguments);
    Ran::of(command.arg("--audit-dir").arg(trail))
}

fn records(trail: &Path, arguments: &[&str]) -> Vec<Value> {
    let mut all = vec!["show", "--output=json"];
    all.extend(arguments);
    let lines = audit(trail, &all).ok();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    // Every call begins with a load.
    lines.filter(|record| record["load"].is_null()).collect()
}

#[test]
fn a_denied_call_is_shown_with_plugin_request_and_reason() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit");
    denied_call(&trail);
    let shown = audit(&trail, &["show", "--decision=deny"]).ok();
    for part in [
        "deny",
        "well-store",
        "state",
        "not-granted: the operator granted no rule",
    ] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    assert_eq!(shown.lines().count(), 1, "{shown}");
    let records = records(&trail, &[]);
    assert_eq!(records[0]["decision"], "deny");
    assert_eq!(records[0]["code"], "not-granted");
    assert!(records[0]["call"].is_string());
    assert!(!records[0].to_string().contains("hush"), "{}", records[0]);
}

#[test]
fn every_load_is_shown_with_version_and_digest() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit");
    denied_call(&trail);
    let shown = audit(&trail, &["show", "--capability=load", "--output=json"]).ok();
    let record: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(record["decision"], "allow");
    assert_eq!(record["load"]["digest"], record["identity"]);
}

#[test]
fn filters_leave_out_what_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit");
    denied_call(&trail);
    denied_call(&trail);
    let all = records(&trail, &[]);
    assert_eq!(all.len(), 2);
    let text = |at: usize, field: &str| all[at][field].as_str().unwrap().to_owned();
    let (identity, call) = (text(0, "identity"), text(1, "call"));
    for (arguments, count) in [
        (["--plugin", "well-store"], 2),
        (["--plugin", &identity], 2),
        (["--plugin", "someone-else"], 0),
        (["--decision", "deny"], 2),
        (["--decision", "allow"], 0),
        (["--code", "not-granted"], 2),
        (["--code", "offline"], 0),
        (["--capability", "state"], 2),
        (["--capability", "http"], 0),
        (["--call", &call], 1),
        (["--since", "1h"], 2),
        (["--since", "2100-01-01T00:00:00Z"], 0),
        (["--limit", "1"], 1),
    ] {
        assert_eq!(records(&trail, &arguments).len(), count, "{arguments:?}");
    }
    assert_eq!(records(&trail, &["--limit", "1"]), all[1..]);
}

#[test]
fn an_empty_trail_is_no_error_and_a_wrong_filter_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("nothing");
    let ran = audit(&trail, &["show"]);
    assert!(
        ran.stderr.contains("nothing was recorded"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.ok(), "");
    assert_eq!(records(&trail, &[]), [json!(null); 0]);
    for wrong in [
        ["--code", "because"],
        ["--since", "soon"],
        ["--decision", "maybe"],
    ] {
        assert_eq!(
            audit(&trail, &[&["show"], &wrong[..]].concat()).code,
            Some(2),
            "{wrong:?}"
        );
    }
}

#[test]
fn a_trail_s_words_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit");
    denied_call(&trail);
    let file = trail.join("deny.jsonl");
    let line = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, line.replace("well-store", "\\u001b[31mred\\u202e")).unwrap();
    for format in ["text", "json"] {
        let ran = audit(&trail, &["show", "--output", format]);
        assert!(ran.stdout.contains("red"), "{}", ran.stdout);
        assert!(
            !ran.stdout.contains(['\u{1b}', '\u{202e}']),
            "{:?}",
            ran.stdout
        );
    }
}

#[test]
fn no_record_is_kept_where_none_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit");
    let arguments = [
        "call",
        WELL_STORE,
        "get",
        "--args",
        r#"{"key": "a", "sync": false}"#,
        "--no-audit",
    ];
    Ran::of(
        portcullis()
            .args(arguments)
            .env("PORTCULLIS_AUDIT_DIR", &trail),
    );
    assert!(!trail.exists());
}

#[test]
fn a_folder_that_was_named_and_can_t_be_used_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit");
    std::fs::write(&trail, "in the way").unwrap();
    let arguments = [
        "call",
        WELL_STORE,
        "get",
        "--output=json",
        "--args",
        r#"{"key": "a", "sync": false}"#,
    ];
    let ran = Ran::of(
        portcullis()
            .args(arguments)
            .env("PORTCULLIS_AUDIT_DIR", &trail),
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(
        ran.error()["message"]
            .as_str()
            .unwrap()
            .contains("no audit trail in"),
        "{}",
        ran.stderr
    );
}

#[cfg(unix)]
#[test]
fn tail_shows_the_last_then_what_comes_and_ends_well_on_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("audit");
    denied_call(&trail);
    denied_call(&trail);
    let mut tail = portcullis()
        .args([
            "audit",
            "tail",
            "--decision=deny",
            "--limit",
            "1",
            "--output=json",
            "--audit-dir",
        ])
        .arg(&trail)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    let last = next();
    denied_call(&trail);
    let new = next();
    assert_ne!(last["call"], new["call"]);
    assert_eq!(new["code"], "not-granted");
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &tail.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    assert!(tail.wait().unwrap().success());
    assert!(lines.next().is_none());
}
