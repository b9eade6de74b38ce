//! Calls: where arguments come from, and how answers, events and logs are shown.

use crate::support::{Ran, portcullis, run, with_manifest};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a command with text on its stdin.
fn fed(command: &mut Command, input: &str) -> Ran {
    let mut running = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    running
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .expect("it reads");
    Ran::from(running.wait_with_output().unwrap())
}

/// The value that a call answers.
#[track_caller]
fn structured(arguments: &[&str]) -> Value {
    let ran = Ran::of(portcullis().args(["--output=json", "call"]).args(arguments));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    ran.json()["structured"].clone()
}

#[test]
fn arguments_come_from_the_command_line_a_file_or_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("arguments.json");
    std::fs::write(&file, "{\"a\": 1, \"b\": 2}").unwrap();
    let at_file = format!("@{}", file.display());
    let add = |source: &str| {
        fed(
            portcullis().args(["call", guests::WELL_TOOLS, "add-up", "--args", source]),
            "{\"a\": 1, \"b\": 2}",
        )
    };
    for source in ["{\"a\": 1, \"b\": 2}", &at_file, "-"] {
        assert_eq!(add(source).ok(), "3\n", "{source}");
    }
}

#[test]
fn single_arguments_are_typed_by_the_schema_and_win() {
    let three = structured(&[
        guests::WELL_TOOLS,
        "add-up",
        "--args",
        "{\"a\": 9, \"b\": 2}",
        "--arg",
        "a=1",
    ]);
    assert_eq!(three, 3);
    let hello = run(&["call", guests::PLUGIN_HELLO, "greet", "--arg", "name=5"]).ok();
    assert_eq!(hello, "Hello, 5!\n");
    let echoed = structured(&[
        guests::WELL_TOOLS,
        "echo",
        "--arg",
        "value={\"x\": [1, null, \"é\"]}",
    ]);
    assert_eq!(echoed, json!({"x": [1, null, "é"]}));
}

#[test]
fn an_argument_takes_a_file_s_text_or_stdin_s() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(
        structured(&[
            guests::WELL_TOOLS,
            "echo",
            "--arg",
            &format!("value=@{file}")
        ]),
        text.as_str()
    );
    let ran = fed(
        portcullis().args(["call", guests::PLUGIN_HELLO, "greet", "--arg", "name=@-"]),
        "Ada",
    );
    assert_eq!(ran.ok(), "Hello, Ada!\n");
}

#[test]
fn arguments_that_are_no_object_are_a_mistake_in_the_command_line() {
    for args in ["[1]", "{", "@/nowhere/at-all"] {
        let ran = run(&[
            "--output=json",
            "call",
            guests::PLUGIN_HELLO,
            "greet",
            "--args",
            args,
        ]);
        assert_eq!(ran.code, Some(2), "{args}: {}", ran.stderr);
        assert_eq!(ran.error()["kind"], "usage");
    }
}

#[test]
fn each_args_is_a_call_of_one_session() {
    let ran = run(&[
        "call",
        guests::PLUGIN_COUNTER,
        "increment",
        "--args={}",
        "--args={\"by\": 5}",
        "--args={}",
    ]);
    assert_eq!(ran.ok(), "1\n6\n7\n");
    assert_eq!(
        run(&["call", guests::PLUGIN_COUNTER, "increment"]).ok(),
        "1\n",
        "a session ends with its command"
    );
}

#[test]
fn settings_reach_the_plugin_typed_by_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[plugin]\nid = \"a\"\nversion = \"1.0.0\"\n[config.properties.zip]\ntype = \"string\"\n\
                    [config.properties.size]\ntype = \"integer\"\n";
    let plugin = with_manifest(guests::WELL_TOOLS, folder.path(), manifest);
    let settings = structured(&[
        plugin.to_str().unwrap(),
        "settings",
        "--set=zip=01234",
        "--set=size=5",
    ]);
    assert_eq!(settings, json!({"zip": "01234", "size": 5}));
}

#[test]
fn the_answer_is_text_for_people_and_an_object_for_programs() {
    let call = ["call", guests::PLUGIN_HELLO, "greet", "--arg", "name=Ada"];
    assert_eq!(run(&call).ok(), "Hello, Ada!\n");
    let ran = Ran::of(portcullis().args(call).arg("--output=json"));
    assert_eq!(ran.json(), json!({"content": [{"text": "Hello, Ada!"}]}));
    assert_eq!(ran.stderr, "");
}

#[test]
fn bytes_are_written_as_they_are_to_a_pipe_and_in_base64_as_json() {
    let output = portcullis()
        .args(["call", guests::WELL_TOOLS, "bytes", "--arg", "size=4"])
        .output()
        .unwrap();
    assert_eq!(
        output.stdout,
        [0, 1, 2, 3],
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let ran = run(&[
        "--output=json",
        "call",
        guests::WELL_TOOLS,
        "bytes",
        "--arg",
        "size=4",
    ]);
    assert_eq!(ran.json()["content"][0]["blob"]["data"], "AAECAw==");
}

#[test]
fn a_tool_s_words_never_reach_the_terminal_raw() {
    let evil = "\u{1b}]0;owned\u{7}\u{202e}\u{200b}\u{9b}31m";
    let argument = format!("name={evil}");
    for format in ["text", "json"] {
        let ran = run(&[
            "--output",
            format,
            "call",
            guests::PLUGIN_HELLO,
            "greet",
            "--arg",
            &argument,
        ]);
        assert!(
            !ran.stdout
                .contains(['\u{1b}', '\u{7}', '\u{202e}', '\u{200b}', '\u{9b}']),
            "{:?}",
            ran.stdout
        );
    }
    let ran = run(&[
        "--output=json",
        "call",
        guests::PLUGIN_HELLO,
        "greet",
        "--arg",
        &argument,
    ]);
    assert_eq!(
        ran.json()["content"][0]["text"],
        format!("Hello, {evil}!"),
        "JSON still means the same"
    );
    for tool in [["note", "message"], ["fail", "message"]] {
        let ran = Ran::of(
            portcullis()
                .args(["call", guests::WELL_TOOLS, tool[0], "--arg=code=x"])
                .args(["--arg", &format!("{}={evil}", tool[1])]),
        );
        assert!(
            !ran.stderr.contains(['\u{7}', '\u{202e}', '\u{9b}']),
            "{:?}",
            ran.stderr
        );
    }
}

#[test]
fn logs_go_to_stderr_tagged_with_the_plugin() {
    let call = [
        "call",
        guests::WELL_TOOLS,
        "note",
        "--arg",
        "message=a line",
    ];
    let ran = run(&call);
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("a line"))
        .unwrap_or_else(|| panic!("{}", ran.stderr));
    assert!(line.starts_with("[well-tools]"), "{line}");
    let ran = Ran::of(portcullis().args(call).arg("--output=json"));
    let log: Value = serde_json::from_str(ran.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&log["log"]["plugin"], &log["log"]["message"]),
        (&json!("well-tools"), &json!("a line"))
    );
}

#[test]
fn a_streaming_tool_s_pieces_are_its_answer_or_events() {
    let call = ["call", guests::WELL_STREAMS, "count", "--arg", "to=3"];
    assert_eq!(run(&call).ok(), "1\n2\n3\n");
    assert_eq!(
        Ran::of(portcullis().args(call).arg("--stream")).ok(),
        "1\n2\n3\n"
    );
    let events = Ran::of(portcullis().args(call).args(["--stream", "--output=json"])).ok();
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let piece = |text: &str| json!({"content": {"text": text}});
    assert_eq!(events[..3], [piece("1"), piece("2"), piece("3")]);
    assert!(events[3]["output"].is_object(), "{events:?}");
}

#[test]
fn progress_is_an_event() {
    let call = [
        "call",
        guests::WELL_STREAMS,
        "count_slowly",
        "--arg=to=2",
        "--arg=ms=0",
        "--stream",
        "--output=json",
    ];
    let events = run(&call).ok();
    assert!(
        events
            .lines()
            .any(|line| line == "{\"progress\":{\"done\":2.0,\"total\":2.0}}"),
        "{events}"
    );
}

#[test]
fn a_tool_with_streaming_input_reads_stdin_to_the_last_byte() {
    let text = "first\nsecond\r\nwithout an end";
    let ran = fed(
        portcullis().args(["call", guests::WELL_STREAMS, "measure"]),
        text,
    );
    assert_eq!(ran.ok(), format!("{}\n", text.len()));
    let ran = fed(
        portcullis().args([
            "call",
            guests::PLUGIN_TAIL,
            "follow",
            "--arg=contains=s",
            "--stream",
        ]),
        text,
    );
    assert_eq!(ran.ok(), "first\nsecond\n2 of 3 lines\n");
}

#[test]
fn a_tool_that_stops_reading_ends_the_call() {
    let ran = fed(
        portcullis().args(["call", guests::WELL_STREAMS, "first"]),
        "first\nsecond\n",
    );
    assert_eq!(ran.ok(), "\"first\\n\"\n");
}

#[test]
fn verbose_says_where_the_code_came_from() {
    let folder = tempfile::tempdir().unwrap();
    let call = [
        "-v",
        "call",
        guests::PLUGIN_HELLO,
        "greet",
        "--arg=name=Ada",
        "--cache-dir",
    ];
    let first = Ran::of(portcullis().args(call).arg(folder.path().join("cache")));
    let second = Ran::of(portcullis().args(call).arg(folder.path().join("cache")));
    assert!(first.stderr.contains("compiled in"), "{}", first.stderr);
    assert!(
        second.stderr.contains("taken from the cache in"),
        "{}",
        second.stderr
    );
}
