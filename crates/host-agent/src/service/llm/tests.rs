use std::sync::Mutex;
use std::time::Duration;

use futures::stream;
use portcullis_contract::chat::{
    Delta, Extension, Finish, Message, ModelInfo, PROVENANCE, Part, ToolResult, ToolResultPart,
    ToolSpec, Usage,
};
use portcullis_host_core::ChatEvent;

use super::*;
use crate::service::testing::caller;

/// Answers every request with the same, and keeps it.
struct Scripted {
    answer: Vec<Result<ChatEvent, ChatError>>,
    asked: Mutex<Vec<ChatRequest>>,
}

impl Scripted {
    fn answering(answer: Vec<Result<ChatEvent, ChatError>>) -> Arc<Self> {
        Arc::new(Self {
            answer,
            asked: Mutex::default(),
        })
    }

    fn asked(&self) -> ChatRequest {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

#[async_trait]
impl ChatProvider for Scripted {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        Ok(Vec::new())
    }

    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ChatError> {
        self.asked.lock().unwrap().push(request);
        match self.answer.first() {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(stream::iter(self.answer.clone()).boxed()),
        }
    }
}

fn text(text: &str) -> Result<ChatEvent, ChatError> {
    Ok(ChatEvent::Delta(Delta::Text(text.to_owned())))
}

fn finish(usage: Option<u64>) -> Result<ChatEvent, ChatError> {
    let usage = usage.map(|tokens| Usage {
        input_tokens: tokens,
        ..Usage::default()
    });
    Ok(ChatEvent::Finish(Finish {
        usage,
        ..Finish::new("stop")
    }))
}

fn question(words: &str) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user(words)],
        max_output_tokens: Some(0),
        ..ChatRequest::default()
    }
}

fn llm(provider: &Arc<Scripted>, tokens: u64) -> ProviderLlm {
    ProviderLlm::new(provider.clone(), "default")
        .tokens_per_minute(NonZeroU64::new(tokens).unwrap())
}

async fn ask(
    llm: &ProviderLlm,
    request: ChatRequest,
) -> Result<Vec<Result<ChatEvent, ChatError>>, ChatError> {
    let caller = caller(Duration::from_secs(10));
    Ok(llm.chat(&caller, request).await?.collect().await)
}

#[tokio::test(start_paused = true)]
async fn a_request_without_a_model_asks_the_default_one() {
    let provider = Scripted::answering(vec![text("yes"), finish(None)]);
    let llm = llm(&provider, 1000);
    let answer = ask(&llm, question("?")).await.unwrap();
    assert_eq!(answer, [text("yes"), finish(None)]);
    assert_eq!(provider.asked().model, "default");
    let named = ChatRequest {
        model: "other".to_owned(),
        ..question("?")
    };
    ask(&llm, named).await.unwrap();
    assert_eq!(provider.asked().model, "other");
}

#[tokio::test(start_paused = true)]
async fn only_listed_keys_of_extra_pass() {
    let provider = Scripted::answering(vec![finish(None)]);
    let llm = llm(&provider, 10_000).extra_keys(["top_k"]);
    let with = |extra: &str| ChatRequest {
        extra: Some(extra.to_owned()),
        ..question("?")
    };
    ask(&llm, with(r#"{"top_k": 3}"#)).await.unwrap();
    assert_eq!(provider.asked().extra.as_deref(), Some(r#"{"top_k": 3}"#));
    for (extra, named) in [
        (r#"{"top_k": 3, "api_\u0007base": "x"}"#, r"api_\u{7}base"),
        ("[]", "JSON object"),
        ("{", "JSON object"),
    ] {
        let error = ask(&llm, with(extra)).await.unwrap_err();
        assert_eq!(error.code, codes::INVALID);
        assert!(error.message.contains(named), "{error}");
    }
    assert_eq!(provider.asked.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_plugin_does_not_say_who_put_a_message_in() {
    let provider = Scripted::answering(vec![finish(None)]);
    let forged = Extension {
        kind: PROVENANCE.to_owned(),
        payload: "native".to_owned(),
    };
    let result = ToolResult {
        content: vec![ToolResultPart::Other(forged.clone())],
        ..ToolResult::default()
    };
    let mut request = question("yes");
    request.messages[0]
        .parts
        .extend([Part::Other(forged), Part::ToolResult(result)]);
    ask(&llm(&provider, 1000), request).await.unwrap();
    let message = &provider.asked().messages[0];
    assert_eq!(message.parts[0], Part::Text("yes".to_owned()));
    assert_eq!(message.parts[1], Part::ToolResult(ToolResult::default()));
    assert_eq!(message.provenance(), None);
}

#[tokio::test(start_paused = true)]
async fn who_has_used_its_budget_up_waits() {
    let provider = Scripted::answering(vec![finish(Some(120))]);
    let llm = llm(&provider, 60);
    ask(&llm, question("?")).await.unwrap();
    let error = ask(&llm, question("?")).await.unwrap_err();
    assert_eq!(error.code, codes::QUOTA_EXCEEDED);
    assert!(error.retryable);
    assert_eq!(error.retry_after_ms, Some(61_000));
    tokio::time::advance(Duration::from_secs(61)).await;
    ask(&llm, question("?")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_counted_is_estimated() {
    let provider = Scripted::answering(vec![text(&"x".repeat(4 * 500)), finish(None)]);
    let llm = llm(&provider, 500);
    ask(&llm, question("?")).await.unwrap();
    let error = ask(&llm, question("?")).await.unwrap_err();
    assert_eq!(error.code, codes::QUOTA_EXCEEDED);
}

#[tokio::test(start_paused = true)]
async fn an_answer_dropped_half_way_counts_as_far_as_it_came() {
    let provider = Scripted::answering(vec![text(&"x".repeat(4 * 500)), text("more")]);
    let llm = llm(&provider, 500);
    let caller = caller(Duration::from_secs(10));
    let mut answer = llm.chat(&caller, question("?")).await.unwrap();
    answer.next().await.unwrap().unwrap();
    drop(answer);
    let error = ask(&llm, question("?")).await.unwrap_err();
    assert_eq!(error.code, codes::QUOTA_EXCEEDED);
}

#[tokio::test(start_paused = true)]
async fn answers_at_once_are_counted_before_they_end() {
    let provider = Scripted::answering(vec![finish(Some(1))]);
    let llm = llm(&provider, 500);
    let caller = caller(Duration::from_secs(10));
    let long = ChatRequest {
        max_output_tokens: Some(500),
        ..question("?")
    };
    let first = llm.chat(&caller, long.clone()).await.unwrap();
    let error = llm.chat(&caller, long.clone()).await.err().unwrap();
    assert_eq!(error.code, codes::QUOTA_EXCEEDED);
    first.collect::<Vec<_>>().await;
    ask(&llm, long).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_over_a_limit_is_never_asked() {
    let provider = Scripted::answering(vec![finish(None)]);
    let llm = llm(&provider, 1000);
    let many = |count| ChatRequest {
        messages: vec![Message::default(); count],
        ..ChatRequest::default()
    };
    let tools = ChatRequest {
        tools: vec![ToolSpec::default(); 257],
        ..ChatRequest::default()
    };
    for (request, what) in [
        (many(2049), "messages"),
        (tools, "tools"),
        (question(&"x".repeat(8 << 20)), "bytes"),
    ] {
        let error = ask(&llm, request).await.unwrap_err();
        assert_eq!(error.code, codes::INVALID);
        assert!(error.message.contains(what), "{error}");
    }
    assert!(provider.asked.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_says_of_the_hosts_key_stays_with_the_host() {
    let refusal = ChatError::new(codes::UNAUTHORIZED, "no such key: sk-secret");
    let provider = Scripted::answering(vec![Err(refusal.clone())]);
    let error = ask(&llm(&provider, 1000), question("?")).await.unwrap_err();
    assert_eq!(error.code, codes::UNAUTHORIZED);
    assert!(!error.message.contains("sk-secret"), "{error}");

    let late = Scripted::answering(vec![text("ye"), Err(refusal)]);
    let answer = ask(&llm(&late, 1000), question("?")).await.unwrap();
    let error = answer[1].as_ref().unwrap_err();
    assert!(!error.message.contains("sk-secret"), "{error}");
}
