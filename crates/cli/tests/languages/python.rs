use crate::{Made, agent, call, call_in_agent_and_by_client};
use futures::StreamExt;
use portcullis_host_agent::provider::chat::{ChatRequest, Delta, Message};
use portcullis_host_agent::provider::{ChatEvent, collect};
use serde_json::{Value, json};

#[test]
fn a_new_project_tests_builds_and_greets() {
    let made = Made::new("python");
    let unittest = ["-m", "unittest", "discover", "--start-directory", "src"];
    let mut python = std::process::Command::new("python3");
    let tested = python.args(unittest).current_dir(made.path("."));
    assert!(tested.output().unwrap().status.success());
    made.greets();
    made.refuses_an_empty_name();
}

#[test]
fn what_is_wrong_in_the_source_is_told() {
    let made = Made::new("python");
    made.change(
        "src/app.py",
        "from greeting import greet",
        "from nowhere import greet",
    );
    let built = made.run(&["build"]);
    assert_eq!(built.code, Some(1));
    assert!(
        built.stderr.contains("No module named 'nowhere'"),
        "{}",
        built.stderr
    );
}

#[test]
fn a_list_is_described() {
    let answer = call(
        "python-stats",
        &[
            "describe",
            "--args",
            r#"{"numbers": [4, 1, 3, 2]}"#,
            "--output=json",
        ],
    )
    .ok();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let described = &answer["structured"];
    assert_eq!(
        (&described["mean"], &described["upper_quartile"]),
        (&2.5.into(), &3.25.into()),
        "{answer}"
    );
}

#[test]
fn an_exception_that_is_expected_is_the_tool_s_error() {
    let ran = call(
        "python-stats",
        &["correlation", "--args", r#"{"x": [1, 2], "y": [1, 2, 3]}"#],
    );
    assert!(
        ran.stderr.contains("x has 2 numbers and y has 3"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn it_answers_in_an_agent_and_to_an_mcp_client() {
    let arguments = json!({"numbers": [1, 2, 3]});
    let answer = call_in_agent_and_by_client("python-stats", "describe", arguments).await;
    assert!(answer.contains("median: 2"), "{answer}");
}

#[tokio::test]
async fn a_provider_streams_word_by_word() {
    let agent = agent("python-provider").await;
    let name = agent.providers.names().next().unwrap().to_owned();
    let provider = agent.providers.get(&name).unwrap();
    assert_eq!(provider.models().await.unwrap()[0].id, "eliza");
    let request = ChatRequest {
        model: "eliza".into(),
        messages: vec![Message::text_of("user", "I am worried about my exam.")],
        ..ChatRequest::default()
    };
    let answer = provider.chat(request.clone()).await.unwrap();
    let (message, finish) = collect(answer).await.unwrap();
    assert_eq!(
        message,
        Message::text_of(
            "assistant",
            "How long have you been worried about your exam?"
        )
    );
    assert_eq!(finish.reason, "stop");

    let mut pieces = provider.chat(request).await.unwrap();
    let first = pieces.next().await.unwrap().unwrap();
    assert_eq!(first, ChatEvent::Delta(Delta::Text("How ".into())));
}

#[tokio::test]
async fn a_model_that_is_not_there_is_refused() {
    let agent = agent("python-provider").await;
    let name = agent.providers.names().next().unwrap().to_owned();
    let request = ChatRequest {
        model: "parry".into(),
        ..ChatRequest::default()
    };
    let answer = agent.providers.get(&name).unwrap().chat(request).await;
    let error = collect(answer.unwrap()).await.unwrap_err();
    assert!(
        error.message.contains("the one there is, is 'eliza'"),
        "{error:?}"
    );
}

#[test]
fn a_stranger_is_called_by_its_types() {
    crate::is_called_by_its_types("python");
}
