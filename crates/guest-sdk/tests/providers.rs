//! Model providers: what their answers come to, and how they fail.

use std::cell::RefCell;

use portcullis_guest_sdk::chat::{
    ChatError, ChatRequest, Delta, Finish, ModelInfo, ToolUseDelta, codes,
};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::provider::accepted;
use portcullis_guest_sdk::testing::{Chatted, Host, Reply, providers};

/// Does what its model is called.
#[derive(Default)]
struct Scripted;

/// A provider for tests.
///
/// It answers at once.
#[plugin_provider(name = "scripted", title = "Scripted")]
impl ChatProvider for Scripted {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        Err(ChatError::unavailable("nobody knows"))
    }

    async fn chat(&self, request: ChatRequest, mut out: ChatOutput) -> Result<Finish, ChatError> {
        match request.model.as_str() {
            "counts" => {
                for number in 1..=1000 {
                    out.text(format!("{number} ")).await?;
                }
                Ok(Finish::new("stop"))
            }
            "thinks" => {
                out.reasoning("hm").await?;
                let delta = ToolUseDelta {
                    name: Some("look_up".into()),
                    ..ToolUseDelta::default()
                };
                out.send(Delta::ToolUse(delta)).await?;
                Ok(Finish::new("tool-use"))
            }
            "fails-early" => Err(ChatError::rate_limited("too much", Some(500))),
            "fails-late" => {
                out.text("so").await?;
                Err(ChatError::new(codes::BROKEN, "cut off"))
            }
            "says-nothing" => Ok(Finish::new("stop")),
            "keeps-its-output" => {
                out.text("kept").await?;
                KEPT.with_borrow_mut(|kept| kept.push(out));
                Ok(Finish::new("stop"))
            }
            model => Err(ChatError::new(codes::NOT_FOUND, model)),
        }
    }
}

thread_local! {
    static KEPT: RefCell<Vec<ChatOutput>> = const { RefCell::new(Vec::new()) };
}

fn asked(model: &str) -> Chatted {
    let request = ChatRequest {
        model: model.into(),
        ..ChatRequest::default()
    };
    Host::new().chat("scripted", request)
}

#[test]
fn a_provider_is_told_with_name_title_and_comment() {
    let providers = providers();
    let scripted = providers.iter().find(|it| it.name == "scripted").unwrap();
    assert_eq!(scripted.title.as_deref(), Some("Scripted"));
    assert_eq!(
        scripted.description,
        "A provider for tests.\n\nIt answers at once."
    );
}

#[test]
fn an_answer_comes_in_pieces_and_ends() {
    let counted = asked("counts");
    assert_eq!(counted.deltas.len(), 1000);
    assert!(counted.text().ends_with(" 999 1000 "));
    assert_eq!(counted.finish, Ok(Finish::new("stop")));
    let thought = asked("thinks");
    assert_eq!(thought.deltas[0], Delta::Reasoning("hm".into()));
    assert!(matches!(&thought.deltas[1], Delta::ToolUse(use_) if use_.name.is_some()));
    let silent = asked("says-nothing");
    assert_eq!(
        (silent.deltas.len(), silent.finish),
        (0, Ok(Finish::new("stop")))
    );
}

#[test]
fn an_early_failure_is_the_requests_and_a_late_one_the_answers() {
    let early = asked("fails-early");
    assert_eq!(early.deltas, []);
    assert_eq!(early.finish.unwrap_err().retry_after_ms, Some(500));
    let late = asked("fails-late");
    assert_eq!(late.text(), "so");
    assert_eq!(late.finish.unwrap_err().code, codes::BROKEN);
}

#[test]
fn an_answer_ends_with_its_function_whoever_keeps_the_output() {
    let kept = asked("keeps-its-output");
    assert_eq!(kept.text(), "kept");
    assert!(kept.finish.is_ok());
    let mut output = KEPT.with_borrow_mut(Vec::pop).unwrap();
    let closed = Host::new().block_on(output.text("too late")).unwrap_err();
    assert_eq!(ChatError::from(closed).code, codes::BROKEN);
}

#[test]
fn who_is_not_there_is_told() {
    assert_eq!(
        Host::new().models("scripted").unwrap_err().code,
        codes::UNAVAILABLE
    );
    let nobody = Host::new().chat("nobody", ChatRequest::default());
    assert_eq!(nobody.finish.unwrap_err().code, codes::NOT_FOUND);
}

/// Asks a server.
#[derive(Default)]
struct Remote;

/// A provider behind a server.
#[plugin_provider(name = "remote")]
impl ChatProvider for Remote {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        let response = accepted(http::get("https://example.com/models").send().await?)?;
        let ids: Vec<String> = response.json().await?;
        let models = ids.into_iter().map(|id| ModelInfo {
            id,
            ..ModelInfo::default()
        });
        Ok(models.collect())
    }

    async fn chat(&self, _: ChatRequest, _: ChatOutput) -> Result<Finish, ChatError> {
        Ok(Finish::new("stop"))
    }
}

#[test]
fn a_servers_refusal_says_whether_another_try_is_worth_it() {
    let asked = |reply: Reply| {
        let host = Host::new().http("GET https://example.com/models", reply);
        host.models("remote")
    };
    assert_eq!(
        asked(Reply::text(r#"["a"]"#)).map(|models| models.len()),
        Ok(1)
    );
    let cases = [
        (429, codes::RATE_LIMITED, Some(7000)),
        (503, codes::UNAVAILABLE, Some(7000)),
        (401, codes::UNAUTHORIZED, None),
        (404, codes::NOT_FOUND, None),
        (400, codes::INVALID, None),
    ];
    for (status, code, wait) in cases {
        let reply = Reply::status(status).header("retry-after", "7");
        let error = asked(reply).unwrap_err();
        assert_eq!((error.code.as_str(), error.retry_after_ms), (code, wait));
        assert_eq!(error.retryable, wait.is_some());
    }
    for nonsense in ["-1", "Wed, 21 Oct 2015 07:28:00 GMT", "1e9"] {
        let reply = Reply::status(429).header("retry-after", nonsense);
        assert_eq!(asked(reply).unwrap_err().retry_after_ms, None);
    }
    let ages = Reply::status(429).header("retry-after", &u64::MAX.to_string());
    assert_eq!(asked(ages).unwrap_err().retry_after_ms, Some(86_400_000));
}

#[test]
fn errors_of_the_sdk_keep_their_meaning() {
    let denied = Host::new().models("remote").unwrap_err();
    assert_eq!((denied.code.as_str(), denied.retryable), ("denied", false));
    let broken = Host::new().http("GET https://example.com/models", Reply::text("no JSON"));
    assert_eq!(broken.models("remote").unwrap_err().code, codes::BROKEN);
}
