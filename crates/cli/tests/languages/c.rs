use crate::{Made, call, call_in_agent_and_by_client};
use serde_json::json;

#[test]
fn a_new_project_builds_and_greets() {
    Made::new("c").greets();
}

#[test]
fn what_the_compiler_says_is_told() {
    let made = Made::new("c");
    made.change(
        "src/plugin.c",
        "#include \"plugin.h\"",
        "#include \"plugins.h\"",
    );
    let built = made.run(&["build"]);
    assert_eq!(built.code, Some(1));
    assert!(
        built.stderr.contains("'plugins.h' file not found"),
        "{}",
        built.stderr
    );
}

#[test]
fn a_world_that_is_not_right_is_told() {
    let made = Made::new("c");
    made.change("wit/world.wit", "sync-tool-plugin", "sink-tool-plugin");
    let built = made.run(&["build"]);
    assert_eq!(built.code, Some(1));
    assert!(
        built.stderr.contains("sink-tool-plugin"),
        "{}",
        built.stderr
    );
}

/// The check values of both sums' specifications, and a text with every kind of escape.
#[test]
fn sums_are_those_of_the_specifications() {
    for (text, sums) in [
        ("123456789", "crc32 cbf43926, adler32 091e01de of 9 bytes"),
        ("Wikipedia", "crc32 adaac02e, adler32 11e60398 of 9 bytes"),
        (
            "gr\u{fc}n \"\u{1f600}\" \\n",
            "crc32 1d96af5b, adler32 3a2e06bc of 15 bytes",
        ),
    ] {
        let answer = call(
            "c-checksum",
            &["checksum", "--arg", &format!("text={text}")],
        )
        .ok();
        assert_eq!(answer.trim_end(), sums, "{text}");
    }
}

#[test]
fn an_error_is_the_tool_s_own() {
    let ran = call("c-checksum", &["checksum"]);
    assert!(
        ran.stderr.contains("neither a text nor an attachment"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn it_answers_in_an_agent_and_to_an_mcp_client() {
    let arguments = json!({"text": "123456789"});
    let answer = call_in_agent_and_by_client("c-checksum", "checksum", arguments).await;
    assert!(answer.starts_with("crc32 cbf43926"), "{answer}");
}

#[test]
fn a_stranger_is_called_by_its_types() {
    crate::is_called_by_its_types("c");
}
