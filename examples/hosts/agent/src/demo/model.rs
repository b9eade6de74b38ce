//! What the models of the demo say: a script that looks at how far the conversation is.

use portcullis_host_agent::contract::chat::ChatRequest;
use portcullis_host_agent::provider::Turn;
use serde_json::{Value, json};

/// The small model, as its server says it: pieces of one answer.
pub(super) fn small(request: &Value) -> Vec<Value> {
    let messages = request["messages"].as_array().cloned().unwrap_or_default();
    let results = messages
        .iter()
        .filter(|message| message["role"] == "tool")
        .count();
    match results {
        0 => {
            let mut pieces = words("Let me read the notes and count.");
            pieces.push(tool(
                0,
                "call_1",
                "read_file",
                &json!({"path": "notes.txt"}),
            ));
            let text = json!({"text": "Notes for the talk, by Ada.", "top": 1});
            let counting = "org_portcullis_text-tools__word_frequencies";
            pieces.push(tool(1, "call_2", counting, &text));
            finished(pieces, "tool_calls")
        }
        2 => {
            let mut pieces = words("Now I clean up.");
            pieces.push(tool(
                0,
                "call_3",
                "delete_file",
                &json!({"path": "/etc/passwd"}),
            ));
            finished(pieces, "tool_calls")
        }
        _ => finished(
            words(
                "Your notes have six words in their first line and are by Ada, who is reached at ada@example.org. I was not allowed to delete anything.",
            ),
            "stop",
        ),
    }
}

fn words(text: &str) -> Vec<Value> {
    let words = text.split_inclusive(' ');
    words
        .map(|word| json!({"choices": [{"index": 0, "delta": {"content": word}}]}))
        .collect()
}

fn tool(index: u32, id: &str, name: &str, arguments: &Value) -> Value {
    let function = json!({"name": name, "arguments": arguments.to_string()});
    let call = json!({"index": index, "id": id, "type": "function", "function": function});
    json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]})
}

fn finished(mut pieces: Vec<Value>, reason: &str) -> Vec<Value> {
    pieces.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}));
    pieces.push(json!({"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 12}}));
    pieces
}

/// The large model, which a native provider plays. What it says shows which prompt it got.
pub(super) fn large(request: &ChatRequest) -> Turn {
    let last = request.messages.last().map(|last| last.text());
    if last.is_some_and(|last| last.contains("Sum up the conversation")) {
        return Turn::new()
            .text("The notes were read, and nothing was deleted. The user wants posters.");
    }
    let prompt = request.messages.first().map(|first| first.text());
    let prompt = prompt.unwrap_or_default();
    let role = prompt.split(['.', '\n']).next().unwrap_or_default();
    Turn::new()
        .text(&format!(
            "As told (\"{role}\"), I am {}: a poster in two colours, the title on top.",
            request.model
        ))
        .usage(60, 20)
}
