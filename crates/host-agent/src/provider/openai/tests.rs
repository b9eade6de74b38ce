mod server;

use portcullis_contract::chat::{Delta, Finish, Message, ToolUseDelta, Usage};
use tokio::time::timeout;

use self::server::{PATIENCE, Reply, Server, serve};
use super::*;
use crate::provider::{AnswerLimits, Bounded, collect};

const KEY: &str = "sk-do-not-tell-anybody";

fn provider(server: &Server) -> OpenAi {
    OpenAi::new(&server.endpoint, Some(KEY.into())).unwrap()
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "m".to_owned(),
        messages: vec![Message::user("Hello?")],
        ..ChatRequest::default()
    }
}

/// All that comes of one reply.
async fn events_of(reply: Reply) -> Vec<Result<ChatEvent, ChatError>> {
    let server = serve(reply).await;
    match provider(&server).chat(request()).await {
        Ok(answer) => timeout(PATIENCE, answer.collect()).await.unwrap(),
        Err(error) => vec![Err(error)],
    }
}

async fn error_of(reply: Reply) -> ChatError {
    let mut events = events_of(reply).await;
    let error = events.pop().unwrap().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
    error
}

fn text(text: &str) -> Result<ChatEvent, ChatError> {
    Ok(ChatEvent::Delta(Delta::Text(text.to_owned())))
}

const HELLO: [&str; 6] = [
    r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}"#,
    r#"{"choices":[{"delta":{"content":"Hé"}}]}"#,
    r#"{"choices":[{"delta":{"content":"llo"}}]}"#,
    r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
    r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}"#,
    "[DONE]",
];

fn hello() -> [Result<ChatEvent, ChatError>; 3] {
    let finish = Finish {
        usage: Some(Usage {
            input_tokens: 9,
            output_tokens: 3,
            details: vec![("cache-read".to_owned(), 4)],
        }),
        ..Finish::new("stop")
    };
    [text("Hé"), text("llo"), Ok(ChatEvent::Finish(finish))]
}

#[tokio::test]
async fn an_answer_streams_in_with_what_it_took() {
    let mut server = serve(Reply::stream(&HELLO)).await;
    let answer = provider(&server).chat(request()).await.unwrap();
    let events: Vec<_> = timeout(PATIENCE, answer.collect()).await.unwrap();
    assert_eq!(events, hello());

    let (head, body) = server.asked.recv().await.unwrap();
    assert!(
        head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains(&format!("authorization: Bearer {KEY}")),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["stream_options"]["include_usage"], true);
    assert_eq!(body["messages"][0]["content"], "Hello?");
}

#[tokio::test]
async fn an_answer_cut_anywhere_into_pieces_is_the_same() {
    let whole: String = HELLO
        .iter()
        .map(|event| format!(": beat\r\ndata: {event}\r\n\r\n"))
        .collect();
    for size in [1, 2, 3, 7, 64] {
        let pieces: Vec<&[u8]> = whole.as_bytes().chunks(size).collect();
        assert_eq!(
            events_of(Reply::new(200, &[], &pieces)).await,
            hello(),
            "{size}"
        );
    }
}

#[tokio::test]
async fn tool_calls_come_in_pieces_and_become_whole() {
    let server = serve(Reply::stream(&[
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"clock","arguments":""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"zone\":"}},{"index":1,"id":"b","function":{"name":"dice"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"UTC\"}"}}]},"finish_reason":"tool_calls"}]}"#,
        "[DONE]",
    ]))
    .await;
    let answer = provider(&server).chat(request()).await.unwrap();
    let (message, finish) = timeout(PATIENCE, collect(answer)).await.unwrap().unwrap();
    let uses: Vec<_> = message
        .tool_uses()
        .map(|one| (&*one.name, &*one.arguments))
        .collect();
    assert_eq!(uses, [("clock", r#"{"zone":"UTC"}"#), ("dice", "{}")]);
    assert_eq!(finish.reason, "tool-use");
}

#[tokio::test]
async fn thoughts_and_refusals_are_told_apart_from_text() {
    let events = events_of(Reply::stream(&[
        r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#,
        r#"{"choices":[{"delta":{"refusal":"I can't "}}]}"#,
        r#"{"choices":[{"delta":{"refusal":"say."},"finish_reason":"content_filter"}]}"#,
    ]))
    .await;
    assert_eq!(
        events[0],
        Ok(ChatEvent::Delta(Delta::Reasoning("hm".to_owned())))
    );
    let Ok(ChatEvent::Delta(Delta::Other(refusal))) = &events[1] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (refusal.kind.as_str(), refusal.payload.as_str()),
        ("refusal", r#"{"text":"I can't say."}"#)
    );
    assert!(
        matches!(&events[2], Ok(ChatEvent::Finish(finish)) if finish.reason == "content-filter")
    );
}

#[tokio::test]
async fn a_429_says_when_to_try_again() {
    let body = br#"{"error":{"message":"Rate limit reached","type":"requests"}}"#;
    let error = error_of(Reply::new(429, &[("retry-after", "7")], &[body])).await;
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::RATE_LIMITED, true)
    );
    assert_eq!(error.retry_after_ms, Some(7000));

    let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3600));
    let error = error_of(Reply::new(429, &[("retry-after", &soon)], &[body])).await;
    let wait = error.retry_after_ms.unwrap();
    assert!((3_000_000..=3_600_000).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_not_told() {
    let body =
        format!(r#"{{"error":{{"message":"Incorrect API key: {KEY}","code":"invalid_api_key"}}}}"#);
    let error = error_of(Reply::new(401, &[], &[body.as_bytes()])).await;
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::UNAUTHORIZED, false)
    );
    assert!(
        error.message.ends_with("Incorrect API key: [key]"),
        "{error}"
    );

    // Where the words are cut, in the middle of the key.
    let body = format!("{}{KEY}", "x".repeat(MAX_MESSAGE - 50));
    let error = error_of(Reply::new(500, &[], &[body.as_bytes()])).await;
    assert!(error.message.chars().count() <= MAX_MESSAGE, "{error}");
    assert!(!error.message.contains(&KEY[..3]), "{error}");

    let event = format!(r#"{{"error":{{"message":"lost {KEY}","code":"server_error"}}}}"#);
    let error = error_of(Reply::stream(&[HELLO[1], &event])).await;
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::UNAVAILABLE, true)
    );

    let server = serve(Reply::stream(&[])).await;
    assert!(!format!("{:?}", provider(&server)).contains(KEY));
}

#[tokio::test]
async fn a_server_error_and_no_server_may_be_tried_again() {
    let error = error_of(Reply::new(500, &[], &[b"<html>"])).await;
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::UNAVAILABLE, true)
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}/v1", listener.local_addr().unwrap());
    drop(listener);
    let error = OpenAi::new(&nobody, None)
        .unwrap()
        .chat(request())
        .await
        .err()
        .unwrap();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::UNAVAILABLE, true)
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = serve(Reply::stream(&HELLO)).await;
    let error = error_of(Reply::new(307, &[("location", &server.endpoint)], &[])).await;
    assert_eq!(error.code, codes::INVALID);
    assert!(!server.sent.is_finished());
}

#[tokio::test]
async fn an_answer_cut_off_in_the_middle_is_broken() {
    let events = events_of(Reply::stream(&HELLO[..2]).cut()).await;
    assert_eq!(events[0], text("Hé"));
    let error = events[1].as_ref().unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::BROKEN, true)
    );

    let whole_but_endless = events_of(Reply::stream(&HELLO[..3])).await;
    assert_eq!(
        whole_but_endless[2].as_ref().unwrap_err().code,
        codes::BROKEN
    );
}

#[tokio::test]
async fn an_answer_that_is_none_is_broken() {
    for event in ["{", "7", r#"{"choices":[{"delta":7}]}"#] {
        let error = error_of(Reply::stream(&[event])).await;
        assert_eq!(
            (error.code.as_str(), error.retryable),
            (codes::BROKEN, false),
            "{event}"
        );
    }
    let error = error_of(Reply::new(200, &[], &[b"data: \xff\xfe\n\n"])).await;
    assert_eq!(error.code, codes::BROKEN);
    let error = error_of(Reply::new(200, &[], &[b"<html>"])).await;
    assert_eq!(error.code, codes::BROKEN);
}

#[tokio::test]
async fn an_endless_answer_ends_at_its_bound_and_so_does_its_connection() {
    let server = serve(Reply::stream(&HELLO[1..2]).repeated()).await;
    let limits = AnswerLimits {
        bytes: 10_000,
        ..AnswerLimits::default()
    };
    let bounded = Bounded::new(Arc::new(provider(&server)), limits);
    let answer = bounded.chat(request()).await.unwrap();
    let error = timeout(PATIENCE, collect(answer))
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.code, codes::BROKEN);
    let sent = timeout(PATIENCE, server.sent).await.unwrap().unwrap();
    assert!(sent.is_err(), "the server could send for ever");
}

#[tokio::test]
async fn models_are_listed() {
    let list = br#"{"object":"list","data":[{"id":"m-1","object":"model"},{"id":"m-2","max_model_len":8192}]}"#;
    let mut server = serve(Reply::new(200, &[], &[list])).await;
    let models = provider(&server).models().await.unwrap();
    let told: Vec<_> = models
        .iter()
        .map(|model| (model.id.as_str(), model.context_tokens))
        .collect();
    assert_eq!(told, [("m-1", None), ("m-2", Some(8192))]);
    assert!(
        server
            .asked
            .recv()
            .await
            .unwrap()
            .0
            .starts_with("GET /v1/models ")
    );

    let server = serve(Reply::new(200, &[], &[b"[]"])).await;
    assert_eq!(
        provider(&server).models().await.unwrap_err().code,
        codes::BROKEN
    );
}

#[test]
fn an_endpoint_or_key_that_can_t_be_used_is_told_without_either() {
    let made = |endpoint: &str, key: &str| OpenAi::new(endpoint, Some(key.to_owned().into()));
    for endpoint in [
        "",
        "api.openai.com/v1",
        "file:///v1",
        "https://me:hunter2@h/v1",
        "https://h/v1?q",
    ] {
        let error = made(endpoint, KEY).unwrap_err();
        assert!(matches!(error, OpenAiError::Endpoint(_)), "{endpoint}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
    for key in ["", "two words", "line\n", "schlüssel"] {
        assert_eq!(
            made("http://localhost/v1", key).unwrap_err(),
            OpenAiError::Key
        );
    }
}

#[test]
fn a_key_does_not_go_where_everybody_can_read_it() {
    let made = |endpoint: &str| OpenAi::new(endpoint, Some(KEY.into()));
    let error = made("http://models.example/v1").unwrap_err();
    assert_eq!(error, OpenAiError::KeyInClear("models.example".to_owned()));
    for local in [
        "http://localhost:8080/v1",
        "http://127.0.0.2/v1",
        "http://[::1]:1/v1",
    ] {
        assert!(made(local).is_ok(), "{local}");
    }
    assert!(OpenAi::new("http://models.example/v1", None).is_ok());
}

#[test]
fn a_tool_use_without_an_index_has_its_position() {
    let mut decoder = Decoder::default();
    let event = r#"{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"x"}},{"id":"b","function":{"name":"y"}}]}}]}"#;
    let events = decoder.take(event).unwrap();
    let indices: Vec<u32> = events
        .iter()
        .map(|event| match event {
            ChatEvent::Delta(Delta::ToolUse(ToolUseDelta { index, .. })) => *index,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(indices, [0, 1]);
}
