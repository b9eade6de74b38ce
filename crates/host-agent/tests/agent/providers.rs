//! Plugins' model providers: found at run time, and held to their limits whatever they do.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use portcullis_host_agent::contract::chat::{
    ChatError, ChatRequest, Delta, Finish, Message, codes,
};
use portcullis_host_agent::core::ChatEvent;
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::provider::{
    AnswerLimits, Bounded, Candidate, ChatProvider, Resilient, Retry, Scripted, Turn, collect,
};
use portcullis_test_artifacts::{HOSTILE_PROVIDER, WELL_PROVIDER, WELL_TOOLS};
use tokio::time::Instant;

use crate::support::*;

const HOSTILE: &str = "org.example.hostile";

fn request(model: &str, text: &str) -> ChatRequest {
    ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::user(text)],
        ..ChatRequest::default()
    }
}

async fn said(provider: &dyn ChatProvider, model: &str, text: &str) -> Result<String, ChatError> {
    let answer = provider.chat(request(model, text)).await?;
    Ok(collect(answer).await?.0.text())
}

async fn hostile() -> Stage {
    let stage = Stage::with(|own| own.extra_key("seed"));
    let plugin = stage.load(HOSTILE_PROVIDER, HOSTILE, &[]).await;
    stage.publish(&[&plugin]);
    stage
}

fn provider(stage: &Stage, name: &str) -> Arc<dyn ChatProvider> {
    let name = format!("{HOSTILE}/{name}");
    Arc::clone(stage.extensions.snapshot().providers.get(&name).unwrap())
}

/// What a provider says until its answer ends, and how it ends. Nothing of it is left then.
async fn heard(stage: &Stage, asked: Arc<dyn ChatProvider>) -> (String, Result<Finish, ChatError>) {
    let mut text = String::new();
    let end = match asked.chat(request("any", "Go on.")).await {
        Err(error) => Err(error),
        Ok(mut answer) => loop {
            match answer.next().await.unwrap() {
                Ok(ChatEvent::Delta(Delta::Text(piece))) => text.push_str(&piece),
                Ok(ChatEvent::Delta(_)) => {}
                Ok(ChatEvent::Finish(finish)) => break Ok(finish),
                Err(error) => break Err(error),
            }
        },
    };
    stage.nothing_runs();
    let well = said(&*provider(stage, "well"), "any", "Go on.").await;
    assert_eq!(well.unwrap(), "well");
    (text, end)
}

#[tokio::test]
async fn a_provider_that_streams_for_ever_ends_at_the_bytes_and_its_instance_is_gone() {
    let stage = hostile().await;
    for name in ["endless", "endless_empty"] {
        let limits = AnswerLimits {
            bytes: 10_000,
            ..AnswerLimits::default()
        };
        let bounded = Bounded::new(provider(&stage, name), limits);
        let (text, end) = heard(&stage, Arc::new(bounded)).await;
        let error = end.unwrap_err();
        assert_eq!(error.code, codes::BROKEN, "{name}: {error}");
        assert!(text.len() <= 10_000);
    }
}

#[tokio::test]
async fn a_provider_that_says_nothing_ends_at_the_idle_time_and_its_instance_is_gone() {
    let stage = hostile().await;
    for name in ["silent", "forget_end", "hang", "spin"] {
        let limits = AnswerLimits {
            idle: SHORT,
            ..AnswerLimits::default()
        };
        let bounded = Bounded::new(provider(&stage, name), limits);
        let (_, end) = heard(&stage, Arc::new(bounded)).await;
        let error = end.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.retryable),
            (codes::UNAVAILABLE, true),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_fails_keeps_what_was_said() {
    let stage = hostile().await;
    const WORDS: &str = "one two three";
    for (name, words, code, says) in [
        (
            "error_midway",
            WORDS,
            codes::UNAVAILABLE,
            "the line went dead",
        ),
        ("trap_midway", WORDS, codes::INTERNAL, ""),
        ("drop_end", WORDS, codes::BROKEN, ""),
        ("drop_both", "", codes::BROKEN, ""),
    ] {
        let (text, end) = heard(&stage, provider(&stage, name)).await;
        let error = end.unwrap_err();
        assert_eq!(
            (text.as_str(), error.code.as_str()),
            (words, code),
            "{name}: {error}"
        );
        assert!(error.message.contains(says), "{name}: {error}");
    }
}

#[tokio::test]
async fn models_that_can_not_be_told_are_an_error() {
    let stage = hostile().await;
    for (name, code) in [
        ("refuse", codes::UNAUTHORIZED),
        ("hang", codes::UNAVAILABLE),
        ("huge_piece", codes::INTERNAL),
    ] {
        // What hangs uses all of it, and a hundred megabytes take their time.
        let limits = AnswerLimits {
            idle: Duration::from_secs(3),
            ..AnswerLimits::default()
        };
        let bounded = Bounded::new(provider(&stage, name), limits);
        let error = bounded.models().await.unwrap_err();
        assert_eq!(error.code, code, "{name}: {error}");
        stage.nothing_runs();
    }
}

#[tokio::test]
async fn a_piece_of_a_hundred_megabytes_is_an_error() {
    let stage = hostile().await;
    let (text, end) = heard(&stage, provider(&stage, "huge_piece")).await;
    assert!(end.is_err() && text.is_empty(), "{end:?}");
}

#[tokio::test]
async fn a_tool_use_that_can_not_be_put_together_is_broken() {
    let stage = hostile().await;
    let answer = said(&*provider(&stage, "odd_tool_use"), "any", "Go on.").await;
    assert_eq!(answer.unwrap_err().code, codes::BROKEN);
    stage.nothing_runs();
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_it_asks_and_then_the_next_is_asked() {
    let stage = hostile().await;
    let (_, end) = heard(&stage, provider(&stage, "rate_limited")).await;
    let error = end.unwrap_err();
    assert_eq!(
        (&*error.code, error.retry_after_ms),
        (codes::RATE_LIMITED, Some(1500))
    );
    let limited = Candidate::new("limited", provider(&stage, "rate_limited"));
    let spare = Arc::new(Scripted::new([Turn::new().text("spare")]));
    let resilient = Resilient::new(limited)
        .or(Candidate::new("spare", spare))
        .retry(Retry {
            tries: 2,
            first_delay: Duration::ZERO,
            ..Retry::default()
        });
    let begun = Instant::now();
    assert_eq!(said(&resilient, "any", "Go on.").await.unwrap(), "spare");
    assert!(begun.elapsed() >= Duration::from_millis(1500));
    stage.nothing_runs();
}

#[tokio::test]
async fn settings_that_the_operator_did_not_list_never_enter_the_guest() {
    let stage = hostile().await;
    let asking = |extra: &str| ChatRequest {
        extra: Some(extra.to_owned()),
        ..request("any", "Go on.")
    };
    // Entered, it would not come back.
    let hang = provider(&stage, "hang");
    let error = hang
        .chat(asking(r#"{"seed": 7, "store": true}"#))
        .await
        .err()
        .unwrap();
    assert_eq!(error.code, codes::INVALID);
    assert!(
        error.message.contains("\"store\"") && error.message.contains("seed"),
        "{error}"
    );
    let answer = provider(&stage, "well")
        .chat(asking(r#"{"seed": 7}"#))
        .await
        .unwrap();
    assert_eq!(collect(answer).await.unwrap().0.text(), "well");
}

#[tokio::test]
async fn a_tool_use_in_pieces_becomes_a_call() {
    let stage = Stage::new();
    let model = stage.load(WELL_PROVIDER, "org.example.model", &[]).await;
    let tools = stage.load(WELL_TOOLS, "org.example.tools", &[]).await;
    let snapshot = stage.publish(&[&model, &tools]);
    let echo = snapshot.providers.get("org.example.model/echo").unwrap();
    let wish = r#"use org_example_tools__add-up {"a": 20, "b": 22}"#;
    let answer = echo.chat(request("echo-small", wish)).await.unwrap();
    let (message, finish) = collect(answer).await.unwrap();
    assert_eq!(finish.reason, "tool-use");
    let wishes: Vec<_> = message.tool_uses().collect();
    let [wish] = wishes[..] else {
        panic!("{message:?}")
    };
    let arguments = serde_json::from_str(&wish.arguments).unwrap();
    let called = stage.call(&wish.name, arguments).await;
    assert_eq!(called.result.text(), "42");
}

#[tokio::test]
async fn a_provider_comes_and_goes_with_its_plugin_and_the_others_stay() {
    let native = Scripted::reacting(|_| Turn::new().text("native"));
    let stage = Stage::with(|own| {
        own.provider("main", Arc::new(native))
            .route("main-*", "main")
            .route("echo-*", "org.example.model/echo")
    });
    let plugin = stage.load(WELL_PROVIDER, "org.example.model", &[]).await;
    let models = stage.extensions.models();
    let without = async |snapshot: &ExtensionSnapshot| {
        assert_eq!(
            problems(snapshot),
            ["the route \"echo-*\" is left out: no provider is called \"org.example.model/echo\""]
        );
        let error = said(&*models, "echo-small", "Hello.").await.unwrap_err();
        assert_eq!(error.code, codes::NOT_FOUND);
        assert_eq!(said(&*models, "main-1", "Hello.").await.unwrap(), "native");
    };
    without(&stage.extensions.snapshot()).await;
    let with = stage.publish(&[&plugin]);
    assert!(with.problems.is_empty(), "{:?}", with.problems);
    assert_eq!(
        said(&*models, "echo-small", "Hello there.").await.unwrap(),
        "Hello there."
    );
    assert_eq!(said(&*models, "main-1", "Hello.").await.unwrap(), "native");
    without(&stage.publish(&[])).await;
    // Who began a turn with it ends it with it.
    assert_eq!(
        said(&*with.models, "echo-large", "Still here.")
            .await
            .unwrap(),
        "Still here."
    );
    stage.nothing_runs();
}
