//! Model providers that behave: a request in, pieces and an end out.

use futures::StreamExt;
use portcullis_host_core::portcullis_contract::chat::{
    ChatRequest, Delta, Finish, Message, Part, ToolResult, ToolResultPart, ToolUse, Usage,
};
use portcullis_host_core::{CallOptions, ChatEvent, Error, ErrorKind};
use portcullis_test_artifacts::{BENCH_PROVIDER, WELL_PROVIDER};

use crate::support::*;

async fn echo(request: ChatRequest) -> (Vec<Delta>, Finish) {
    let host = host();
    let plugin = load(&host, WELL_PROVIDER).await;
    let chat = plugin.chat("echo", request, CallOptions::default()).await;
    let (deltas, finish) = whole(chat.unwrap()).await;
    nothing_runs(&host);
    (deltas, finish.unwrap())
}

#[tokio::test]
async fn a_provider_is_what_its_author_wrote() {
    let plugin = load(&host(), WELL_PROVIDER).await;
    let [provider] = plugin.providers() else {
        panic!("{:?}", plugin.providers())
    };
    assert_eq!(provider.name, "echo");
    assert_eq!(provider.title.as_deref(), Some("Echo"));
    assert!(provider.description.starts_with("Says what it is told"));
    assert!(plugin.tools().is_empty());
}

#[tokio::test]
async fn an_answer_comes_in_its_pieces_and_ends_with_what_it_took() {
    let (deltas, finish) = echo(request("to be or not")).await;
    assert_eq!(texts(&deltas), ["to ", "be ", "or ", "not"]);
    let usage = Usage {
        input_tokens: 4,
        output_tokens: 4,
        details: Vec::new(),
    };
    assert_eq!(
        finish,
        Finish {
            usage: Some(usage),
            ..Finish::new("stop")
        }
    );
}

#[tokio::test]
async fn what_a_model_thinks_is_told_apart() {
    let (deltas, _) = echo(request("think of a number")).await;
    assert_eq!(deltas, [Delta::Reasoning("of a number".into())]);
}

#[tokio::test]
async fn a_tool_use_comes_in_pieces_and_is_put_together() {
    let wish = r#"use org_example__read {"path": "/tmp/ä", "lines": 10}"#;
    let (deltas, finish) = echo(request(wish)).await;
    assert!(deltas.len() > 3, "{deltas:?}");
    let expected = ToolUse {
        id: "use-0".into(),
        name: "org_example__read".into(),
        arguments: r#"{"path": "/tmp/ä", "lines": 10}"#.into(),
    };
    assert_eq!(assembled(deltas), [Part::ToolUse(expected)]);
    assert_eq!(finish.reason, "tool-use");
}

#[tokio::test]
async fn results_of_tools_reach_the_model() {
    let result = ToolResult {
        tool_use_id: "use-0".into(),
        content: vec![ToolResultPart::Text("ten lines".into())],
        is_error: false,
    };
    let mut conversation = request("use a {}");
    conversation.messages.push(Message {
        role: "tool".into(),
        parts: vec![Part::ToolResult(result)],
    });
    assert_eq!(texts(&echo(conversation).await.0), ["ten ", "lines"]);
}

#[tokio::test]
async fn models_are_told_with_what_they_can_do() {
    let plugin = load(&host(), WELL_PROVIDER).await;
    let models = plugin.models("echo", CallOptions::default()).await.unwrap();
    let sizes: Vec<_> = models
        .iter()
        .map(|model| (&*model.id, model.context_tokens))
        .collect();
    assert_eq!(
        sizes,
        [("echo-small", Some(1_000)), ("echo-large", Some(100_000))]
    );
    assert_eq!(models[0].features, ["tools", "reasoning"]);
}

#[tokio::test]
async fn a_request_that_nobody_can_take_never_enters_the_guest() {
    let plugin = load(&host(), WELL_PROVIDER).await;
    let unknown = plugin.chat("ecco", request("a"), CallOptions::default());
    let Err(unknown) = unknown.await else {
        panic!("there is none of that name")
    };
    assert!(matches!(&unknown, Error::UnknownProvider { provider } if provider == "ecco"));
    let models = plugin.models("ecco", CallOptions::default()).await;
    assert_eq!(models.unwrap_err().kind(), ErrorKind::UnknownProvider);

    let large = request(&"x".repeat(65 << 20));
    let Err(refused) = plugin.chat("echo", large, CallOptions::default()).await else {
        panic!("it is too large")
    };
    assert!(
        matches!(
            refused,
            Error::LimitExceeded {
                limit: "bytes of a conversation",
                ..
            }
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn a_long_answer_holds_the_guest_back_until_it_is_read() {
    let plugin = load(&host(), BENCH_PROVIDER).await;
    let chat = plugin.chat("fast", request("10000"), CallOptions::default());
    let mut stream = chat.await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(first, ChatEvent::Delta(Delta::Text("piece ".into())));
    let (deltas, finish) = whole(stream).await;
    assert_eq!((deltas.len(), finish), (9_999, Ok(Finish::new("stop"))));
}

#[tokio::test]
async fn an_error_of_the_providers_own_reaches_who_asked() {
    let plugin = load(&host(), BENCH_PROVIDER).await;
    let chat = plugin.chat("fast", request("many"), CallOptions::default());
    let (deltas, end) = whole(chat.await.unwrap()).await;
    assert_eq!((deltas, end.unwrap_err().code), (vec![], "invalid".into()));
}
