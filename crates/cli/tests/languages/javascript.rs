use crate::{Made, call, call_in_agent_and_by_client};
use serde_json::json;

#[test]
fn a_new_project_tests_builds_and_greets() {
    let made = Made::new("javascript");
    let mut node = std::process::Command::new("node");
    let tested = node.args(["--test", "test"]).current_dir(made.path("."));
    assert!(tested.output().unwrap().status.success());
    made.greets();
    made.refuses_an_empty_name();
}

#[test]
fn the_other_engine_builds_a_project_without_async() {
    let made = Made::new("javascript");
    made.change("package.json", "quickjs", "starlingmonkey");
    made.change(
        "src/plugin.js",
        "export const tools",
        "export const syncTools",
    );
    made.change("src/plugin.js", "async call", "call");
    made.change(
        "wit/world.wit",
        "portcullis:tool/tools@",
        "portcullis:tool/sync-tools@",
    );
    made.greets();
}

#[test]
fn a_new_typescript_project_builds_and_greets() {
    Made::new("typescript").greets();
}

#[test]
fn a_wrong_type_fails_the_build() {
    let made = Made::new("typescript");
    made.change("src/plugin.ts", "retryable: false", "retryable: \"no\"");
    let built = made.run(&["build"]);
    assert_eq!(built.code, Some(1));
    assert!(
        built.stderr.contains("src/plugin.ts") && built.stderr.contains("TS2322"),
        "{}",
        built.stderr
    );
}

#[test]
fn a_template_is_rendered() {
    let arguments = r#"{"template": "{{#people}}Dear {{name}}, {{/people}}", "data": {"people": [{"name": "Ada"}, {"name": "Bob"}]}}"#;
    assert_eq!(
        call("js-template", &["render", "--args", arguments])
            .ok()
            .trim_end(),
        "Dear Ada, Dear Bob,"
    );
}

#[test]
fn what_is_thrown_on_purpose_is_the_tool_s_error() {
    let ran = call(
        "js-template",
        &["render", "--args", r#"{"template": "{{#a}}", "data": {}}"#],
    );
    assert!(
        ran.stderr.contains("the section {{#a}} is never closed"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn it_answers_in_an_agent_and_to_an_mcp_client() {
    let arguments = json!({"template": "<{{x}}>", "data": {"x": "<&"}, "html": true});
    assert_eq!(
        call_in_agent_and_by_client("js-template", "render", arguments).await,
        "<&lt;&amp;>"
    );
}

#[test]
fn strangers_of_both_engines_are_called_by_their_types() {
    crate::is_called_by_its_types("quickjs");
    crate::is_called_by_its_types("starlingmonkey");
}
