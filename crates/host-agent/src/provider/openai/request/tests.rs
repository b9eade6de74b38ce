use portcullis_contract::chat::{Extension, REASONING};

use super::*;

fn written(messages: Vec<Message>) -> Result<Value, ChatError> {
    let request = ChatRequest {
        messages,
        ..ChatRequest::default()
    };
    body(&request).map(|mut body| body["messages"].take())
}

fn message(role: &str, parts: Vec<Part>) -> Message {
    Message {
        role: role.to_owned(),
        parts,
    }
}

fn png() -> Media {
    Media {
        media_type: "image/png".to_owned(),
        data: vec![1, 2, 3],
    }
}

fn result(text: &str, is_error: bool) -> Part {
    Part::ToolResult(ToolResult {
        tool_use_id: "call-1".to_owned(),
        content: vec![
            ToolResultPart::Text(text.to_owned()),
            ToolResultPart::Media(png()),
        ],
        is_error,
    })
}

#[test]
fn a_conversation_with_tools_is_written_as_the_api_has_it() {
    let thought = Part::Other(Extension {
        kind: REASONING.to_owned(),
        payload: "{}".to_owned(),
    });
    let used = Part::ToolUse(ToolUse {
        id: "call-1".to_owned(),
        name: "clock".to_owned(),
        arguments: "{}".to_owned(),
    });
    let messages = written(vec![
        Message::system("Be brief."),
        Message::user("Time?").from_plugin("org.example.plugin"),
        message("assistant", vec![thought, used]),
        message("tool", vec![result("noon", false)]),
        Message::assistant("Noon."),
    ]);
    let seen = "noon\n[3 bytes of type \"image/png\", which can't be shown here]";
    assert_eq!(
        messages.unwrap(),
        json!([
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": "Time?" },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "call-1", "type": "function", "function": { "name": "clock", "arguments": "{}" } },
            ] },
            { "role": "tool", "tool_call_id": "call-1", "content": seen },
            { "role": "assistant", "content": "Noon." },
        ])
    );
}

#[test]
fn a_tool_s_failure_is_said() {
    let messages = written(vec![message("tool", vec![result("no such zone", true)])]).unwrap();
    let content = messages[0]["content"].as_str().unwrap();
    assert!(
        content.starts_with("The tool failed:\nno such zone"),
        "{content}"
    );
}

#[test]
fn images_are_data_urls() {
    let asked = message(
        "user",
        vec![Part::Text("What is this?".to_owned()), Part::Media(png())],
    );
    assert_eq!(
        written(vec![asked]).unwrap()[0]["content"],
        json!([
            { "type": "text", "text": "What is this?" },
            { "type": "image_url", "image_url": { "url": "data:image/png;base64,AQID" } },
        ])
    );
}

#[test]
fn what_has_no_place_is_refused_and_not_dropped() {
    let media = |media_type: &str| {
        Part::Media(Media {
            media_type: media_type.to_owned(),
            data: Vec::new(),
        })
    };
    for (messages, named) in [
        (message("user", vec![media("audio/wav")]), "audio/wav"),
        (
            message("user", vec![media("image/png;base64,AA\" x=\"")]),
            "image/png;",
        ),
        (message("system", vec![media("image/png")]), "image/png"),
        (
            message("user", vec![Part::ToolUse(ToolUse::default())]),
            "use of the tool",
        ),
        (
            message("narrator", vec![Part::Text(String::new())]),
            "narrator",
        ),
        (
            message("tool", vec![Part::Text("loose".to_owned())]),
            "\"tool\"",
        ),
    ] {
        let error = written(vec![messages]).unwrap_err();
        assert_eq!(error.code, codes::INVALID);
        assert!(error.message.contains(named), "{error}");
    }
}

#[test]
fn settings_and_tools_are_written_and_extra_is_merged() {
    let tool = |schema: &str| ToolSpec {
        name: "clock".to_owned(),
        description: "Tells the time.".to_owned(),
        input_schema: schema.to_owned(),
    };
    let mut request = ChatRequest {
        model: "m".to_owned(),
        tools: vec![tool(r#"{"type":"object"}"#)],
        temperature: Some(0.7),
        max_output_tokens: Some(100),
        thinking_level: Some("high".to_owned()),
        extra: Some(r#"{"seed":7}"#.to_owned()),
        ..ChatRequest::default()
    };
    assert_eq!(
        body(&request).unwrap(),
        json!({
            "model": "m", "messages": [], "stream": true, "stream_options": { "include_usage": true },
            "temperature": 0.7, "max_completion_tokens": 100, "reasoning_effort": "high", "seed": 7,
            "tools": [{ "type": "function", "function": {
                "name": "clock", "description": "Tells the time.", "parameters": { "type": "object" },
            } }],
        })
    );
    request.tools.push(tool("[]"));
    assert!(body(&request).unwrap_err().message.contains("\"clock\""));
}

#[test]
fn extra_can_t_change_what_the_request_says() {
    for key in RESERVED {
        let request = ChatRequest {
            extra: Some(json!({ key: null }).to_string()),
            ..ChatRequest::default()
        };
        let error = body(&request).unwrap_err();
        assert!(
            error.code == codes::INVALID && error.message.contains(key),
            "{error}"
        );
    }
}
