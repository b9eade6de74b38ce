use portcullis_guest_sdk::chat::{
    ChatError, ChatRequest, Delta, Extension, Finish, Media, Message, Part, ToolResult,
    ToolResultPart, ToolSpec, ToolUse, ToolUseDelta, Usage, codes,
};
use portcullis_guest_sdk::http::Error;
use portcullis_guest_sdk::serde_json::{self, Value};
use portcullis_guest_sdk::testing::{Chatted, Host, Reply, json};

const POST: &str = "POST https://api.openai.com/v1/chat/completions";

/// An answer with everything in it that one can have.
const ANSWER: &str = concat!(
    ": keep-alive\r\n\r\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm…\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"Grüße\"},\"finish_reason\":null}],\"usage\":null}\r\n\r\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"t1\",\"type\":\"function\",",
    "\"function\":{\"name\":\"add\",\"arguments\":\"\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"tool_calls\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13,",
    "\"prompt_tokens_details\":{\"cached_tokens\":8},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n",
    "data: [DONE]\n\n",
);

fn ask(reply: Reply) -> Chatted {
    Host::new()
        .http(POST, reply)
        .chat("openai", request(vec![Message::user("Hi")]))
}

fn request(messages: Vec<Message>) -> ChatRequest {
    ChatRequest {
        model: "gpt".into(),
        messages,
        ..ChatRequest::default()
    }
}

fn events(datas: &[Value]) -> Reply {
    let texts: Vec<String> = datas
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    Reply::text(texts.concat())
}

fn piece(id: Option<&str>, name: Option<&str>, arguments: &str) -> Delta {
    Delta::ToolUse(ToolUseDelta {
        index: 0,
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
        arguments: arguments.to_owned(),
    })
}

fn whole() -> Chatted {
    Chatted {
        deltas: vec![
            Delta::Reasoning("Hm…".into()),
            Delta::Text("Grüße".into()),
            piece(Some("t1"), Some("add"), ""),
            piece(None, None, "{\"a\""),
            piece(None, None, ":1}"),
        ],
        finish: Ok(Finish {
            reason: "tool-use".into(),
            usage: Some(Usage {
                input_tokens: 9,
                output_tokens: 4,
                details: vec![("cache-read".into(), 8), ("reasoning".into(), 2)],
            }),
            extra: None,
        }),
    }
}

#[test]
fn an_answer_is_the_same_wherever_its_chunks_end() {
    let bytes = ANSWER.as_bytes();
    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(
            ask(Reply::status(200).body(first).body(second)),
            whole(),
            "{at}"
        );
    }
    let one_by_one = bytes.chunks(1).fold(Reply::status(200), Reply::body);
    assert_eq!(ask(one_by_one), whole());
}

#[test]
fn an_answer_may_end_without_its_last_line_or_a_word_about_its_end() {
    let short = ANSWER
        .trim_end()
        .trim_end_matches("data: [DONE]")
        .trim_end();
    assert_eq!(ask(Reply::text(short)), whole());
    let cut = ask(events(&[
        json!({ "choices": [{ "delta": { "content": "Hel" } }] }),
    ]));
    assert_eq!(cut.text(), "Hel");
    let error = cut.finish.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::BROKEN, true)
    );
}

#[test]
fn what_comes_after_the_end_is_not_read() {
    let answer = ask(Reply::text(format!("{ANSWER}data: not JSON\n\n")));
    assert_eq!(answer, whole());
}

#[test]
fn an_event_that_cannot_be_read_breaks_the_answer_off() {
    for bad in [
        "{",
        "[]",
        "{\"choices\":[{\"delta\":{\"content\":7}}]}",
        "\u{0}",
    ] {
        let start = json!({ "choices": [{ "delta": { "content": "Hel" } }] });
        let answer = ask(Reply::text(format!("data: {start}\n\ndata: {bad}\n\n")));
        assert_eq!(answer.text(), "Hel", "{bad}");
        assert_eq!(answer.finish.unwrap_err().code, codes::BROKEN, "{bad}");
    }
    let bytes = ask(Reply::status(200).body(&b"data: {\"choices\":\"\xff\"}\n\n"[..]));
    assert_eq!(bytes.finish.unwrap_err().code, codes::BROKEN);
}

#[test]
fn lines_that_are_no_data_are_skipped() {
    let finish = json!({ "choices": [{ "delta": { "content": "Hi" }, "finish_reason": "stop" }] });
    let answer = ask(Reply::text(format!(
        "nonsense\nevent: x\n: y\n\ndata: {finish}\nid: 1\n\n"
    )));
    assert_eq!(
        (answer.text().as_str(), answer.finish),
        ("Hi", Ok(Finish::new("stop")))
    );
}

#[test]
fn ends_have_the_names_of_the_contract() {
    for (said, told) in [
        ("stop", "stop"),
        ("length", "length"),
        ("tool_calls", "tool-use"),
        ("function_call", "tool-use"),
        ("content_filter", "content-filter"),
        ("eos", "eos"),
    ] {
        let answer = ask(events(&[json!({ "choices": [{ "finish_reason": said }] })]));
        assert_eq!(answer.finish, Ok(Finish::new(told)));
    }
}

#[test]
fn what_a_model_refuses_is_told_as_such() {
    let datas = [
        json!({ "choices": [{ "delta": { "refusal": "I " } }] }),
        json!({ "choices": [{ "delta": { "refusal": "won't." }, "finish_reason": "stop" }] }),
    ];
    let refusal = Delta::Other(Extension {
        kind: "refusal".into(),
        payload: r#"{"text":"I won't."}"#.into(),
    });
    assert_eq!(ask(events(&datas)).deltas, [refusal]);
}

#[test]
fn an_error_in_the_middle_is_the_servers_own() {
    let datas = [
        json!({ "choices": [{ "delta": { "content": "Hel" } }] }),
        json!({ "error": { "message": "too many", "type": "overloaded_error" } }),
    ];
    let answer = ask(events(&datas));
    assert_eq!(answer.text(), "Hel");
    let error = answer.finish.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.retryable),
        (codes::UNAVAILABLE, true)
    );
    assert!(error.message.ends_with("too many"), "{error}");
    let broken = Error::Unavailable {
        reason: "reset".into(),
    };
    let broken = ask(Reply::text("data: {}\n\n").breaks_off(broken))
        .finish
        .unwrap_err();
    assert!(broken.retryable, "{broken}");
}

fn refused(status: u16, body: &str) -> ChatError {
    ask(Reply::status(status).body(body.to_owned()))
        .finish
        .unwrap_err()
}

#[test]
fn statuses_and_codes_become_errors_of_the_contract() {
    let coded = |code: &str| json!({ "error": { "message": "m", "code": code } }).to_string();
    let said = |words: &str| json!({ "error": { "message": words } }).to_string();
    for (status, body, code, retryable) in [
        (400, coded("x"), codes::INVALID, false),
        (
            400,
            coded("context_length_exceeded"),
            codes::CONTEXT_TOO_LONG,
            false,
        ),
        (
            400,
            said("exceeds the maximum Context Length"),
            codes::CONTEXT_TOO_LONG,
            false,
        ),
        (400, coded("model_not_found"), codes::NOT_FOUND, false),
        (401, said("no"), codes::UNAUTHORIZED, false),
        (404, String::new(), codes::NOT_FOUND, false),
        (429, said("slower"), codes::RATE_LIMITED, true),
        (
            429,
            coded("insufficient_quota"),
            codes::QUOTA_EXCEEDED,
            false,
        ),
        (503, "<html>oops</html>".into(), codes::UNAVAILABLE, true),
    ] {
        let error = refused(status, &body);
        assert_eq!(
            (error.code.as_str(), error.retryable),
            (code, retryable),
            "{status} {body}"
        );
    }
}

#[test]
fn a_servers_words_are_told_and_not_at_length() {
    for body in [
        r#"{"error":{"message":"why"}}"#,
        r#"{"error":"why"}"#,
        r#"{"detail":"why"}"#,
        "why\n",
    ] {
        assert!(refused(500, body).message.ends_with(": why"), "{body}");
    }
    assert!(refused(500, &"x".repeat(1 << 20)).message.len() < 1100);
}

#[test]
fn when_to_try_again_is_told() {
    let error = ask(Reply::status(429).header("retry-after", "7"))
        .finish
        .unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.retry_after_ms),
        (codes::RATE_LIMITED, Some(7000))
    );
}

#[test]
fn who_has_no_key_is_told_what_is_missing() {
    let error = refused(401, "{}");
    assert!(
        error.message.contains("bind the secret OPENAI_API_KEY"),
        "{error}"
    );
    let host = Host::new()
        .secret("OPENAI_API_KEY")
        .http(POST, Reply::status(401));
    let error = host.chat("openai", request(Vec::new())).finish.unwrap_err();
    assert!(!error.message.contains("bind"), "{error}");
    let denied = Host::new()
        .chat("openai", request(Vec::new()))
        .finish
        .unwrap_err();
    assert_eq!(denied.code, codes::DENIED);
}

#[test]
fn models_are_listed_from_where_the_operator_says() {
    let list = json!({ "object": "list", "data": [{ "id": "a", "max_model_len": 4096 }, { "id": "b", "name": "B" }] });
    let host = Host::new()
        .config("base", "http://127.0.0.1:8080/v1/")
        .http("GET http://127.0.0.1:8080/v1/models", Reply::json(list));
    let models = host.models("openai").unwrap();
    let seen: Vec<_> = models
        .iter()
        .map(|model| {
            (
                model.id.as_str(),
                model.title.as_deref(),
                model.context_tokens,
            )
        })
        .collect();
    assert_eq!(seen, [("a", None, Some(4096)), ("b", Some("B"), None)]);
    let none = host.config("base", 7).models("openai").unwrap_err();
    assert!(none.message.contains("`base`"), "{none}");
}

/// What the server is sent.
fn sent(request: ChatRequest) -> Value {
    let host = Host::new().http(POST, Reply::status(500));
    host.chat("openai", request);
    let sent = &host.requests()[0];
    assert!(
        !sent.headers.contains_key("authorization"),
        "the host adds it"
    );
    serde_json::from_slice(&sent.body).unwrap()
}

#[test]
fn a_request_is_what_the_api_takes() {
    let request = ChatRequest {
        tools: vec![ToolSpec {
            name: "add".into(),
            description: "Adds.".into(),
            input_schema: r#"{"type":"object"}"#.into(),
        }],
        temperature: Some(0.7),
        max_output_tokens: Some(100),
        thinking_level: Some("high".into()),
        extra: Some(r#"{"seed":7}"#.into()),
        ..request(vec![Message::system("Be brief."), Message::user("Hi")])
    };
    let function =
        json!({ "name": "add", "description": "Adds.", "parameters": { "type": "object" } });
    let body = json!({
        "model": "gpt",
        "messages": [{ "role": "system", "content": "Be brief." }, { "role": "user", "content": "Hi" }],
        "stream": true,
        "stream_options": { "include_usage": true },
        "tools": [{ "type": "function", "function": function }],
        "temperature": 0.7,
        "max_completion_tokens": 100,
        "reasoning_effort": "high",
        "seed": 7,
    });
    assert_eq!(sent(request), body);
}

#[test]
fn images_tool_uses_and_results_have_their_places() {
    let image = Part::Media(Media {
        media_type: "image/gif".into(),
        data: b"GIF89a".to_vec(),
    });
    let looked = Message {
        role: "user".into(),
        parts: vec![Part::Text("What is it?".into()), image],
    };
    let used = Message {
        role: "assistant".into(),
        parts: vec![Part::ToolUse(ToolUse {
            id: "t1".into(),
            name: "look".into(),
            arguments: "{}".into(),
        })],
    };
    let failed = Message {
        role: "tool".into(),
        parts: vec![Part::ToolResult(ToolResult {
            tool_use_id: "t1".into(),
            content: vec![ToolResultPart::Text("too dark".into())],
            is_error: true,
        })],
    };
    let url = "data:image/gif;base64,R0lGODlh";
    let messages = json!([
        { "role": "user", "content": [{ "type": "text", "text": "What is it?" }, { "type": "image_url", "image_url": { "url": url } }] },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "t1", "type": "function", "function": { "name": "look", "arguments": "{}" } },
        ] },
        { "role": "tool", "tool_call_id": "t1", "content": "The tool failed:\ntoo dark" },
    ]);
    assert_eq!(
        sent(request(vec![looked, used, failed]))["messages"],
        messages
    );
}

#[test]
fn what_the_api_has_no_place_for_is_not_sent() {
    let media = |role: &str, media_type: &str| Message {
        role: role.into(),
        parts: vec![Part::Media(Media {
            media_type: media_type.into(),
            data: Vec::new(),
        })],
    };
    let extra = |extra: &str| ChatRequest {
        extra: Some(extra.into()),
        ..request(Vec::new())
    };
    for (request, why) in [
        (request(vec![media("user", "audio/wav")]), "audio/wav"),
        (request(vec![media("user", "image/a;b,c")]), "only images"),
        (
            request(vec![media("system", "image/png")]),
            "\"system\" can't have",
        ),
        (
            request(vec![Message::text_of("critic", "no")]),
            "\"critic\"",
        ),
        (extra(r#"{"stream":false}"#), "\"stream\""),
        (extra("[]"), "JSON object"),
    ] {
        let host = Host::new();
        let error = host.chat("openai", request).finish.unwrap_err();
        assert_eq!(error.code, codes::INVALID);
        assert!(error.message.contains(why), "{error}");
        assert!(host.requests().is_empty());
    }
}
