//! Every way a command can end, by its exit code and the kind that its JSON says.

use crate::support::{Ran, portcullis, run, with_manifest};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// Calls a tool that must not answer, and gives its error.
#[track_caller]
fn failing(code: i32, kind: &str, arguments: &[&str]) -> Value {
    let ran = Ran::of(
        portcullis()
            .args(["--output", "json", "call"])
            .args(arguments),
    );
    assert_eq!(
        ran.code,
        Some(code),
        "{arguments:?}\nstdout: {}\nstderr: {}",
        ran.stdout,
        ran.stderr
    );
    assert_eq!(ran.stdout, "", "{arguments:?}");
    let error = ran.error();
    assert_eq!(error["kind"], kind, "{error}");
    assert!(error["message"].is_string(), "{error}");
    error
}

#[test]
fn an_answer_ends_with_0() {
    assert_eq!(
        run(&["call", guests::PLUGIN_HELLO, "greet", "--arg", "name=Ada"]).ok(),
        "Hello, Ada!\n"
    );
}

#[test]
fn what_is_no_plugin_for_this_host_ends_with_3() {
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    failing(3, "not-a-component", &[text, "x"]);
    failing(3, "io", &["/nowhere/at-all.wasm", "x"]);
    let error = failing(3, "contract-version", &[guests::CONTRACT_NEWER, "x"]);
    assert_eq!(error["serves"], json!(["portcullis:tool 0.1.0"]));
    failing(3, "contract-version", &[guests::CONTRACT_OLDER, "x"]);
    failing(3, "not-served", &[guests::CONTRACT_UNSERVED, "x"]);
    failing(3, "unknown-import", &[guests::CONTRACT_UNKNOWN, "x"]);
}

#[test]
fn definitions_that_do_not_hold_end_with_3() {
    failing(3, "definition", &[guests::HOSTILE_SCHEMA_TEXT, "x"]);
    let error = failing(3, "probe", &[guests::HOSTILE_LIST_MANY, "x"]);
    assert_eq!(error["source"]["kind"], "output-too-large");
    let error = failing(3, "probe", &[guests::HOSTILE_LIST_TRAPS, "x"]);
    assert_eq!(error["source"]["kind"], "trapped");
}

#[test]
fn a_component_that_is_too_large_ends_with_3_and_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.wasm");
    std::fs::File::create(&path)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let error = failing(3, "load-limit", &[path.to_str().unwrap(), "x"]);
    assert_eq!(
        (&error["limit"], &error["allowed"]),
        (&json!("component-bytes"), &json!(64 << 20))
    );
}

#[test]
fn a_wrong_manifest_ends_with_3_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[plugin]\nid = \"a\"\nversoin = \"1.0.0\"\n";
    let plugin = with_manifest(guests::PLUGIN_HELLO, folder.path(), manifest);
    let error = failing(3, "manifest", &[plugin.to_str().unwrap(), "greet"]);
    let lines: Vec<&Value> = error["mistakes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mistake| &mistake["line"])
        .collect();
    assert_eq!(lines, [1, 3], "{error}");
}

#[test]
fn a_capability_that_is_none_ends_with_3_and_a_kind_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        "[plugin]\nid = \"a\"\nversion = \"1.0.0\"\n[capabilities]\nrequest = [\"network\"]\n";
    let plugin = with_manifest(guests::PLUGIN_HELLO, folder.path(), manifest);
    let error = failing(
        3,
        "unknown-capability",
        &[plugin.to_str().unwrap(), "greet"],
    );
    assert_eq!(error["mistakes"][0]["line"], 5, "{error}");
}

#[test]
fn arguments_that_do_not_fit_end_with_5_and_a_pointer() {
    let error = failing(
        5,
        "invalid-arguments",
        &[guests::PLUGIN_HELLO, "greet", "--args", "{\"name\": 5}"],
    );
    assert_eq!(error["mistakes"][0]["pointer"], "/name", "{error}");
    failing(5, "invalid-arguments", &[guests::PLUGIN_HELLO, "greet"]);
}

#[test]
fn a_tool_that_is_not_there_ends_with_5_and_the_nearest_name() {
    let error = failing(5, "unknown-tool", &[guests::PLUGIN_HELLO, "greeet"]);
    assert_eq!(error["nearest"], "greet");
}

#[test]
fn settings_that_do_not_fit_end_with_5() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        "[plugin]\nid = \"a\"\nversion = \"1.0.0\"\n[config.properties.x]\ntype = \"integer\"\n";
    let plugin = with_manifest(guests::PLUGIN_HELLO, folder.path(), manifest);
    let error = failing(
        5,
        "settings",
        &[plugin.to_str().unwrap(), "greet", "--set", "x=y"],
    );
    assert_eq!(error["mistakes"][0]["pointer"], "/x", "{error}");
}

#[test]
fn a_tool_s_own_error_ends_with_6_and_its_code() {
    let arguments = json!({"code": "not-found", "message": "no such thing", "details": {"id": 7}, "retryable": true});
    let error = failing(
        6,
        "tool",
        &[guests::WELL_TOOLS, "fail", "--args", &arguments.to_string()],
    );
    assert_eq!(error["code"], "not-found");
    assert_eq!(error["message"], "no such thing");
    assert_eq!(error["details"], json!({"id": 7}));
    assert_eq!(error["retryable"], true);
}

#[test]
fn settings_that_the_plugin_refuses_end_with_6() {
    let error = failing(
        6,
        "start",
        &[guests::WELL_LIFECYCLE, "name", "--set", "refuse=true"],
    );
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("refused to start"),
        "{error}"
    );
}

#[test]
fn every_limit_ends_with_7() {
    failing(
        7,
        "deadline-exceeded",
        &[guests::HOSTILE_CALLS, "spin", "--timeout", "100ms"],
    );
    failing(
        7,
        "deadline-exceeded",
        &[guests::HOSTILE_CALLS, "hang", "--timeout", "100ms"],
    );
    failing(
        7,
        "out-of-fuel",
        &[guests::HOSTILE_CALLS, "spin", "--fuel", "1000000"],
    );
    let error = failing(
        7,
        "memory-exceeded",
        &[guests::HOSTILE_CALLS, "allocate", "--memory", "16MiB"],
    );
    assert_eq!(error["limit"], 16 << 20);
    failing(
        7,
        "output-too-large",
        &[guests::HOSTILE_CALLS, "huge_output"],
    );
    failing(
        7,
        "limit-exceeded",
        &[guests::HOSTILE_CALLS, "host_call_flood"],
    );
}

#[test]
fn more_calls_a_minute_than_the_plugin_takes_end_with_7() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[plugin]\nid = \"a\"\nversion = \"1.0.0\"\n[limits]\ncalls-per-minute = 1\n";
    let plugin = with_manifest(guests::PLUGIN_HELLO, folder.path(), manifest);
    let call = [
        "call",
        plugin.to_str().unwrap(),
        "greet",
        "--arg",
        "name=Ada",
        "--args={}",
        "--args={}",
    ];
    let ran = Ran::of(portcullis().args(["--output", "json"]).args(call));
    assert_eq!(ran.code, Some(7), "{}", ran.stderr);
    assert_eq!(ran.error()["scope"], "plugin-rate");
    assert!(
        ran.stdout.contains("Hello, Ada!"),
        "the first call has its answer: {}",
        ran.stdout
    );
}

#[test]
fn a_guest_that_breaks_ends_with_8() {
    let error = failing(
        8,
        "trapped",
        &[guests::HOSTILE_CALLS, "panic", "--arg", "message=too bad"],
    );
    assert_eq!(error["panic"]["message"], "too bad", "{error}");
    assert!(
        error["panic"]["place"]
            .as_str()
            .unwrap()
            .contains("hostile_calls.rs:"),
        "{error}"
    );
    failing(8, "trapped", &[guests::HOSTILE_CALLS, "recurse"]);
    failing(8, "trapped", &[guests::HOSTILE_CALLS, "abort"]);
    let error = failing(
        8,
        "trapped",
        &[guests::HOSTILE_CALLS, "exit", "--arg", "code=3"],
    );
    // WASI tells success and failure apart, not one status from another.
    assert_eq!(error["exit"], 1, "{error}");
}

#[test]
fn a_panic_is_told_in_words_and_with_its_backtrace() {
    let ran = run(&[
        "call",
        guests::HOSTILE_CALLS,
        "panic",
        "--arg",
        "message=too bad",
    ]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(8), ""));
    assert!(
        ran.stderr.contains("too bad") && ran.stderr.contains("hostile_calls.rs:"),
        "{}",
        ran.stderr
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_9() {
    // The first event says that the tool runs; from then on nothing would end it but the interrupt.
    let mut call = portcullis();
    call.args([
        "--output",
        "json",
        "call",
        guests::WELL_STREAMS,
        "count_slowly",
        "--stream",
        "--timeout=10m",
    ]);
    call.args(["--arg", "to=1000000", "--arg", "ms=1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = call.spawn().unwrap();
    let mut stdout = BufReader::new(running.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    let sent = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let drain = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    let ran = Ran::from(running.wait_with_output().unwrap());
    drain.join().unwrap().unwrap();
    assert_eq!(ran.code, Some(9), "{}", ran.stderr);
    assert_eq!(ran.error()["kind"], "cancelled");
}

#[test]
fn a_cache_folder_that_cant_be_used_is_a_warning() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let call = [
        "call",
        guests::PLUGIN_HELLO,
        "greet",
        "--arg=name=Ada",
        "--cache-dir",
    ];
    let ran = Ran::of(portcullis().args(call).arg(file));
    assert!(
        ran.stderr.starts_with("[portcullis] warn no compile cache"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.ok(), "Hello, Ada!\n");
}
