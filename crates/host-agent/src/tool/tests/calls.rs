//! Calls of native tools, and what models are given for them.

use std::future::pending;

use portcullis_contract::chat::{Extension as ChatExtension, Media, ToolResultPart};
use portcullis_host_core::{
    Blob, Cancellation, Content, Extension, ResourceLink, ToolError, ToolEvent,
};

use super::*;

async fn call(tool: Arc<dyn Tool>, arguments: &str) -> Result<ToolOutput, CallError> {
    let name = tool.definition().name.clone();
    let snapshot = registry_of([tool]).snapshot();
    run(
        &snapshot,
        &wanted(&name, arguments),
        &nobody(),
        CallScope::default(),
    )
    .await
}

fn texts(parts: &[ToolResultPart]) -> Vec<&str> {
    let texts = parts.iter().filter_map(|part| match part {
        ToolResultPart::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn a_call_gets_its_arguments_and_gives_its_answer() {
    let output = call(echo(definition("read")), r#"{"path": "a"}"#)
        .await
        .unwrap();
    let result = answered("call-1", output);
    assert_eq!(
        (result.text().as_str(), result.is_error),
        (r#"{"path":"a"}"#, false)
    );
    assert_eq!(result.tool_use_id, "call-1");
    // Some models write nothing where there is nothing to say.
    let output = call(echo(definition("read")), "").await.unwrap();
    assert_eq!(output.text(), "{}");
}

#[tokio::test]
async fn arguments_that_are_wrong_never_reach_a_tool_or_a_person() {
    let person = Person::who_says(Answer::Once);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let tool = native(destructive("write"), |_| panic!("it was called"));
    let snapshot = registry_of([tool]).snapshot();
    let deep = "[".repeat(100_000);
    let long = format!(r#"{{"path": "{}"}}"#, "x".repeat(2 << 20));
    for arguments in [
        "{",
        "[]",
        "7",
        r#"{"path": 7}"#,
        r#"{"other": ""}"#,
        &deep,
        &long,
    ] {
        let tool_use = wanted("write", arguments);
        let error = run(&snapshot, &tool_use, &approvals, CallScope::default()).await;
        let result = error.unwrap_err().result("call-1");
        assert!(result.is_error);
        assert!(
            result.text().starts_with("invalid-arguments: "),
            "{}",
            result.text()
        );
    }
    assert!(person.asked().is_empty());
}

#[tokio::test]
async fn a_tool_that_is_not_there_is_an_error_with_the_nearest_name() {
    let snapshot = registry_of([echo(definition("read_file"))]).snapshot();
    let error = snapshot.prepare(&wanted("read_fiel", "{}")).unwrap_err();
    let text = error.result("call-1").text();
    assert_eq!(
        text,
        r#"not-found: no tool is called "read_fiel"; did you mean "read_file"?"#
    );
    let name: QualifiedName = "org.example/read_file".parse().unwrap();
    let error = snapshot
        .prepare_by_name(&name, ToolCall::default())
        .unwrap_err();
    assert!(
        error.told().ends_with("\"org.example/read_file\""),
        "{error}"
    );
}

#[tokio::test]
async fn a_tools_error_stays_an_error() {
    let tool = native(definition("read"), |_| {
        let mut error = ToolError::new("no-such-file", "there is no \u{202e}file\u{1b}[2J");
        error.details = Some(json!({"path": "\u{200b}"}));
        Err(Error::Tool(error))
    });
    let result = call(tool, "{}").await.unwrap_err().result("call-1");
    assert!(result.is_error);
    assert_eq!(
        texts(&result.content),
        [
            "no-such-file: there is no \\u{202e}file\\u{1b}[2J",
            r#"{"path":"\u200b"}"#
        ]
    );
}

#[tokio::test]
async fn what_is_only_the_operators_to_know_reaches_no_model_and_no_plugin() {
    let tool = native(definition("read"), |_| {
        let reason = "/home/ada/.config is locked".to_owned();
        Err(Error::Host { reason })
    });
    let error = call(tool, "{}").await.unwrap_err();
    assert!(error.to_string().contains("/home/ada"));
    assert_eq!(
        error.result("").text(),
        "host: it can't be used on this host now (host)"
    );
    assert!(!ToolError::from(error).message.contains("/home/ada"));
}

#[tokio::test]
async fn a_result_of_a_hundred_megabytes_is_an_error() {
    const BYTES: usize = 100 << 20;
    let text = native(definition("read"), |_| {
        Ok(ToolOutput::text_of("x".repeat(BYTES)))
    });
    let value = native(definition("read"), |_| {
        let mut output = ToolOutput::default();
        output.structured = Some(Value::String("x".repeat(BYTES)));
        Ok(output)
    });
    for tool in [text, value] {
        let error = call(tool, "{}").await.unwrap_err();
        assert!(matches!(error, CallError::TooLarge { .. }));
        assert!(error.result("").text().starts_with("output-too-large: "));
    }
}

#[tokio::test]
async fn text_that_is_too_long_for_a_model_is_cut_and_that_is_said() {
    let tool = native(definition("read"), |_| {
        let mut output = ToolOutput::text_of("\u{1b}".repeat(1 << 20));
        output.content.push(Content::Text("x".repeat(2 << 20)));
        Ok(output)
    });
    let result = answered("", call(tool, "{}").await.unwrap());
    assert!(result.text().len() < (1 << 20) + 100);
    let note = texts(&result.content).last().copied().unwrap();
    assert!(
        note.ends_with("bytes of the result were left out.]"),
        "{note}"
    );
    let error = native(definition("read"), |_| {
        Err(Error::Tool(ToolError::new(
            "x".repeat(9_999),
            "y".repeat(9_999),
        )))
    });
    let text = call(error, "{}").await.unwrap_err().result("").text();
    assert!(text.len() < 5_000);
}

#[tokio::test]
async fn each_kind_of_content_has_its_place_in_a_result() {
    let mut output = ToolOutput::text_of("one\u{202e}");
    let link = ResourceLink {
        uri: "https://example.com/\n".to_owned(),
        name: Some("A \u{200b}page".to_owned()),
        media_type: Some("text/html".to_owned()),
    };
    let other = |kind: &str| {
        let payload = "{\"a\":\"\u{202e}\"}".to_owned();
        Content::Other(Extension {
            kind: kind.to_owned(),
            payload,
        })
    };
    output.content.extend([
        Content::Blob(Blob {
            media_type: "image/gif\n".to_owned(),
            data: b"GIF89a".to_vec(),
        }),
        Content::Link(link),
        other("chart"),
        // These say where a message is from and what a model thought, which no tool can.
        other("provenance"),
        other("reasoning"),
    ]);
    output.session_rebuilt = true;
    let result = answered("", output);
    let [ToolResultPart::Text(note), rest @ ..] = result.content.as_slice() else {
        panic!("{result:?}");
    };
    assert!(note.contains("started anew"));
    let expected = [
        ToolResultPart::Text("one\\u{202e}".to_owned()),
        ToolResultPart::Media(Media {
            media_type: "image/gif\\n".to_owned(),
            data: b"GIF89a".to_vec(),
        }),
        ToolResultPart::Text("A \\u{200b}page: https://example.com/\\n (text/html)".to_owned()),
        ToolResultPart::Other(ChatExtension {
            kind: "chart".to_owned(),
            payload: r#"{"a":"\u202e"}"#.to_owned(),
        }),
    ];
    assert_eq!(rest, expected);
}

#[test]
fn a_structured_answer_is_given_where_there_are_no_words_for_it() {
    let mut output = ToolOutput::default();
    output.structured = Some(json!({"sum": 3}));
    assert_eq!(answered("", output.clone()).text(), r#"{"sum":3}"#);
    output.content.push(Content::Text("three".to_owned()));
    assert_eq!(answered("", output).text(), "three");
}

/// Tells that it has begun, and never ends unless it is asked to and listens.
struct Endless {
    definition: ToolDefinition,
    listens: bool,
}

#[async_trait]
impl Tool for Endless {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, _: ToolCall, scope: &CallScope) -> Result<ToolOutput, Error> {
        let begun = ToolEvent::Content(Content::Text("begun".to_owned()));
        scope.on_event.as_ref().unwrap()(begun);
        match &scope.cancel {
            Some(cancel) if self.listens => cancel.cancelled().await,
            _ => pending().await,
        }
        Ok(ToolOutput::text_of("as far as it came"))
    }
}

/// Calls a tool that has begun when it is cancelled.
async fn cancelled(listens: bool) -> Result<ToolOutput, CallError> {
    let definition = definition("wait");
    let snapshot = registry_of([Arc::new(Endless {
        definition,
        listens,
    }) as _])
    .snapshot();
    let cancel = Cancellation::new();
    let on_begin = cancel.clone();
    let on_event: OnEvent = Arc::new(move |event| {
        assert!(matches!(event, ToolEvent::Content(_)));
        on_begin.cancel();
    });
    let scope = CallScope {
        cancel: Some(cancel),
        on_event: Some(on_event),
        ..CallScope::default()
    };
    run(&snapshot, &wanted("wait", "{}"), &nobody(), scope).await
}

#[tokio::test(start_paused = true)]
async fn a_native_tool_that_is_asked_to_end_may_still_answer() {
    assert_eq!(cancelled(true).await.unwrap().text(), "as far as it came");
}

#[tokio::test(start_paused = true)]
async fn a_native_tool_that_does_not_listen_is_ended() {
    let error = cancelled(false).await.unwrap_err();
    assert!(matches!(error, CallError::Failed(Error::Cancelled)));
    assert!(error.result("").text().starts_with("cancelled: "));
}
