//! A plugin that wants to reach a server: refused, told how, and let through.

use crate::server::Server;
use crate::support::{Ran, portcullis, with_manifest};
use portcullis_test_artifacts as guests;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

/// Runs a command on a guest's tool that fetches, with an audit trail of its own.
fn fetch(command: &[&str], guest: &str, server: &Server, audit: &Path, options: &[&str]) -> Ran {
    let mut portcullis = portcullis();
    portcullis.env("PORTCULLIS_AUDIT_DIR", audit.join("audit"));
    let arguments = server.arguments();
    Ran::of(
        portcullis
            .args(command)
            .args([guest, "insist", &arguments])
            .args(options),
    )
}

/// The records of an audit trail.
fn records(audit: &Path) -> Vec<Value> {
    let files = std::fs::read_dir(audit.join("audit")).unwrap();
    let texts = files.filter_map(|file| std::fs::read_to_string(file.unwrap().path()).ok());
    let records = texts.flat_map(|text| {
        let lines = text.lines().map(serde_json::from_str::<Value>);
        lines.filter_map(Result::ok).collect::<Vec<_>>()
    });
    records
        // Every call begins with a load.
        .filter(|record| record["decision"].is_string() && record["load"].is_null())
        .collect()
}

#[test]
fn a_request_is_refused_with_the_allow_to_add_and_goes_through_with_it() {
    for guest in [guests::HOSTILE_EGRESS_P2, guests::HOSTILE_EGRESS_P3] {
        let (server, audit) = (Server::start(), tempfile::tempdir().unwrap());
        let call = |options: &[&str]| fetch(&["call"], guest, &server, audit.path(), options);
        let rule = server.rule();

        let refused = call(&[]);
        assert_eq!(
            (refused.code, refused.stdout.as_str(), server.connections()),
            (Some(4), "", 0),
            "{}",
            refused.stderr
        );
        let allow = format!("\n    --allow '{rule}'\n");
        assert!(refused.stderr.contains(&allow), "{}", refused.stderr);
        assert!(!refused.stderr.contains("hush"), "{}", refused.stderr);

        let answer = call(&[&format!("--allow={rule}"), "--output=json"]);
        assert_eq!(answer.json()["structured"]["body"], "hello");
        assert_eq!(server.connections(), 1);

        let records = records(audit.path());
        let decided = |verdict| records.iter().find(|record| record["decision"] == verdict);
        assert_eq!(decided("deny").unwrap()["code"], "not-granted");
        assert_eq!(decided("allow").unwrap()["rule"], rule);
    }
}

#[test]
fn a_denial_or_a_closed_network_holds_whatever_is_allowed() {
    let (server, audit) = (Server::start(), tempfile::tempdir().unwrap());
    let allow = format!("--allow={}", server.rule());
    let deny = format!("--deny=http:http://{}", server.address);
    for (option, code, remedy) in [
        ("--offline", "offline", "--offline".to_owned()),
        (&deny, "denied-by-operator", deny.replace('=', " '") + "'"),
    ] {
        let options = [&allow, option, "--output=json"];
        let ran = fetch(
            &["call"],
            guests::HOSTILE_EGRESS_P3,
            &server,
            audit.path(),
            &options,
        );
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        let denial = &ran.error()["denials"][0];
        assert_eq!(denial["code"], code);
        let said = denial["remedies"][0].as_str().unwrap();
        assert!(said.contains(&remedy), "{said}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn what_the_manifest_asks_for_is_offered_beside_the_narrow_rule() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    let asked = format!("http:http://{}/v1/*", server.address);
    let manifest = format!(
        "[plugin]\nid = \"org.example.fetch\"\nversion = \"1.0.0\"\n\n[capabilities]\nrequest = [\"{asked}\"]\n"
    );
    let plugin = with_manifest(guests::HOSTILE_EGRESS_P3, folder.path(), &manifest);
    let plugin = plugin.to_str().unwrap();
    let call = |options: &[&str]| fetch(&["call"], plugin, &server, folder.path(), options);
    let refused = call(&[]).stderr;
    let offered = format!("\n    or all that its manifest asks for there: --allow '{asked}'\n");
    assert!(refused.contains(&offered), "{refused}");
    call(&[&format!("--allow={asked}")]).ok();
}

#[test]
fn a_recorded_request_becomes_the_rule_for_it_alone() {
    let (server, audit) = (Server::start(), tempfile::tempdir().unwrap());
    let record = |options: &[&str]| {
        let guest = guests::HOSTILE_EGRESS_P3;
        fetch(&["policy", "record"], guest, &server, audit.path(), options)
    };
    let printed = format!("--allow '{}'\n", server.rule());
    let first = record(&[]);
    assert_eq!(
        (first.code, &first.stdout),
        (Some(4), &printed),
        "{}",
        first.stderr
    );
    // A wider grant is recorded as what was used of it.
    let wide = format!("--allow=http:GET,POST http://{}", server.address);
    let second = record(&[&wide]);
    assert_eq!(
        (second.code, &second.stdout),
        (Some(0), &printed),
        "{}",
        second.stderr
    );
}

#[test]
fn a_name_that_leads_to_this_machine_is_refused_with_the_network_to_add() {
    // `localhost` is never looked up.
    let (server, audit) = (Server::start(), tempfile::tempdir().unwrap());
    let port = server.address.port();
    let arguments = server.arguments().replace("127.0.0.1", "localhost");
    let call = |allow: &str| {
        let mut portcullis = portcullis();
        portcullis.env("PORTCULLIS_AUDIT_DIR", audit.path().join("audit"));
        let guest = guests::HOSTILE_EGRESS_P3;
        let options = ["call", guest, "insist", &arguments, allow, "--output=json"];
        Ran::of(portcullis.args(options))
    };
    let refused = call(&format!("--allow=http:http://localhost:{port}"));
    assert_eq!(
        (refused.code, server.connections()),
        (Some(6), 0),
        "{}",
        refused.stderr
    );
    let error = refused.error();
    assert_eq!(error["code"], "unavailable", "{error}");
    let remedies: Vec<&str> = error["denials"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|denial| denial["remedies"][0].as_str())
        .collect();
    let wanted = format!("--allow 'http:GET http://localhost:{port}/v1/today in 127.0.0.1/32'");
    assert!(remedies.contains(&wanted.as_str()), "{remedies:?}");
    call(&wanted.replace(" '", "=").replace('\'', "")).ok();
}

#[test]
fn standard_input_is_read_by_who_was_granted_it() {
    let call = |options: &[&str]| {
        let mut portcullis = portcullis();
        portcullis.args(["call", guests::HOSTILE_FILES, "act", "--arg", "what=input"]);
        portcullis.args(options).stdin(Stdio::piped());
        let mut running = portcullis
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who does not read it may have ended before it is written.
        let _ = running.stdin.take().unwrap().write_all(b"said to the host");
        Ran::from(running.wait_with_output().unwrap()).ok()
    };
    assert_eq!(call(&[]).trim(), "");
    assert_eq!(call(&["--allow", "stdin"]).trim(), "said to the host");
}

#[test]
fn what_is_printed_is_a_line_of_the_log_unless_the_stream_was_granted() {
    let call = |options: &[&str]| {
        let mut portcullis = portcullis();
        portcullis.args(["call", guests::WELL_TOOLS, "print"]);
        portcullis.args([
            "--arg",
            "out=to-stdout",
            "--arg",
            "err=to-stderr",
            "--verbose",
        ]);
        let ran = Ran::of(portcullis.args(options));
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran
    };
    let told = call(&[]);
    assert!(!told.stdout.contains("to-stdout"), "{}", told.stdout);
    assert!(told.stderr.contains("to-stdout"), "{}", told.stderr);
    let raw = call(&["--allow", "stdout", "--allow", "stderr"]);
    assert!(raw.stdout.starts_with("to-stdout\n"), "{}", raw.stdout);
    assert!(
        raw.stderr.lines().any(|line| line == "to-stderr"),
        "{}",
        raw.stderr
    );
}
