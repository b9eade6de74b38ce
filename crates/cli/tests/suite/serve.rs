//! `portcullis serve`, as a client starts it.

use crate::support::{Home, call_message as call, portcullis, run, told};
use portcullis_test_artifacts::*;
use serde_json::{Value, json};

fn names(answer: &Value) -> Vec<&str> {
    let tools = answer["result"]["tools"].as_array().expect("a list");
    tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect()
}

#[test]
fn one_plugin_s_tools_have_their_own_names_and_print_nothing_to_the_client() {
    let messages = [
        ("tools/list", json!({})),
        call("add-up", json!({"a": 40, "b": 2})),
        call("print", json!({"out": "{\"jsonrpc\":\"2.0\"", "err": "x"})),
    ];
    let (answers, ran) = told(portcullis().args(["serve", WELL_TOOLS]), &messages);
    assert!(names(&answers[0]).contains(&"add-up"));
    assert_eq!(answers[1]["result"]["content"][0]["text"], "42");
    assert_eq!(answers[2]["result"]["isError"], false);
    ran.ok();
}

#[test]
fn of_several_plugins_each_tool_is_named_after_its_plugin() {
    let home = Home::new();
    home.plugin(WELL_TOOLS, "a.wasm", "org.example.a", "1.0.0");
    home.plugin(WELL_STREAMS, "b.wasm", "org.example.b", "1.0.0");
    let mut command = home.portcullis();
    let (answers, ran) = told(
        command.args(["serve", "a.wasm", "b.wasm"]),
        &[
            ("tools/list", json!({})),
            call("org_example_b__plain", json!({"text": "tea"})),
        ],
    );
    assert!(names(&answers[0]).contains(&"org_example_a__add-up"));
    assert_eq!(answers[1]["result"]["content"][0]["text"], "tea");
    ran.ok();
}

#[test]
fn a_folder_s_plugins_are_served_once_they_may_run_and_are_approved() {
    let home = Home::new();
    let folder = home.path("plugins");
    std::fs::create_dir(&folder).expect("a folder");
    home.plugin(WELL_TOOLS, "plugins/a.wasm", "org.example.a", "1.0.0");
    let list = [("tools/list", json!({}))];
    let ran = home.run("serve plugins");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(4), ""),
        "not enabled"
    );
    let mut command = home.portcullis();
    command.env("PORTCULLIS_ENABLED", "true");
    command.args(["serve", "plugins", "--signatures", "off"]);
    let (answers, ran) = told(&mut command, &list);
    assert_eq!(names(&answers[0]), [""; 0]);
    let remedy = "portcullis plugins approve org.example.a";
    assert!(ran.stderr.contains(remedy), "{}", ran.stderr);
    home.run("plugins approve org.example.a --yes --plugin-dir plugins --signatures off")
        .ok();
    let mut command = home.portcullis();
    command.env("PORTCULLIS_ENABLED", "true");
    command.args(["serve", "plugins", "--signatures", "off"]);
    let (answers, ran) = told(&mut command, &list);
    assert!(names(&answers[0]).contains(&"org_example_a__add-up"));
    ran.ok();
}

#[test]
fn what_is_not_granted_is_said_with_what_it_takes() {
    let messages = [call(
        "set",
        json!({"key": "a", "value": "b", "sync": false}),
    )];
    let (answers, _) = told(portcullis().args(["serve", WELL_STORE]), &messages);
    let result = &answers[0]["result"];
    assert_eq!(result["isError"], true);
    let said = result["content"].to_string();
    assert!(said.contains("- state"), "{said}");
}

#[test]
fn grants_are_for_files() {
    let home = Home::new();
    let ran = home.run("serve org.example.a --allow state");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("portcullis.toml"), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_no_plugin_is_not_served() {
    let ran = run(&["serve", "./no-such-file.wasm"]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(ran.stdout, "");
}
