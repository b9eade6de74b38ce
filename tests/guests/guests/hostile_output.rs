//! Answers that break the contract or its limits. Written against the bare contract, because the SDK only lets an author
//! answer what fits.

wit_bindgen::generate!({ path: "../../wit", world: "portcullis:plugin/tool-plugin", generate_all });

use exports::portcullis::tool::tools::{Guest, ToolCall, ToolDefinition, ToolError, ToolOutput};
use portcullis::tool::tool_types::{Content, Extension, Streams};

const NUMBER: &str = r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#;

const TOOLS: [(&str, &str); 9] = [
    (
        "not_json",
        "Answers with a structured value that is not JSON.",
    ),
    (
        "misfit",
        "Answers with a structured value that does not fit the output schema.",
    ),
    (
        "missing",
        "Answers without the structured value that its output schema promises.",
    ),
    (
        "deep",
        "Answers with JSON that is nested a hundred thousand lists deep.",
    ),
    (
        "escapes",
        "Answers with text that would move a terminal's cursor and hide itself from people.",
    ),
    (
        "unknown_kind",
        "Answers with a kind of content that no version of the contract knows.",
    ),
    (
        "many_parts",
        "Answers with half a million empty pieces of content.",
    ),
    ("huge_error", "Fails with a message of ten megabytes."),
    ("bad_details", "Fails with details that are not JSON."),
];

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        TOOLS
            .map(|(name, description)| definition(name, description))
            .into()
    }

    async fn call(call: ToolCall) -> Result<ToolOutput, ToolError> {
        match call.name.as_str() {
            "not_json" => Ok(structured("{\"n\": one}")),
            "misfit" => Ok(structured(r#"{"n":"one"}"#)),
            "deep" => Ok(structured(&format!(
                "{}{}",
                "[".repeat(100_000),
                "]".repeat(100_000)
            ))),
            "escapes" => Ok(content(vec![Content::Text(
                "\u{1b}[2J\u{202e}txet\u{200b}\u{e0041}".into(),
            )])),
            "unknown_kind" => {
                let extension = Extension {
                    kind: "hologram".into(),
                    payload: "{}".into(),
                };
                Ok(content(vec![
                    Content::Other(extension),
                    Content::Text("and text".into()),
                ]))
            }
            "many_parts" => Ok(content(vec![Content::Text(String::new()); 500_000])),
            "huge_error" => Err(error("x".repeat(10_000_000), None)),
            "bad_details" => Err(error("see the details".into(), Some("{".into()))),
            // `missing`.
            _ => Ok(content(Vec::new())),
        }
    }
}

fn definition(name: &str, description: &str) -> ToolDefinition {
    let output_schema = matches!(name, "misfit" | "missing").then(|| NUMBER.into());
    ToolDefinition {
        name: name.into(),
        title: None,
        description: description.into(),
        input_schema: r#"{"type":"object"}"#.into(),
        output_schema,
        streams: Streams::empty(),
        annotations: Vec::new(),
    }
}

fn structured(json: &str) -> ToolOutput {
    ToolOutput {
        content: Vec::new(),
        structured: Some(json.into()),
    }
}

fn content(content: Vec<Content>) -> ToolOutput {
    ToolOutput {
        content,
        structured: None,
    }
}

fn error(message: String, details: Option<String>) -> ToolError {
    ToolError {
        code: "conflict".into(),
        message,
        details,
        retryable: false,
    }
}

export!(Plugin);
