//! Greets, and does it right: the smallest guest against the bare contract.

use serde_json::{Value, json};

wit_bindgen::generate!({ path: "../../wit", world: "portcullis:plugin/tool-plugin", generate_all });

use exports::portcullis::tool::tools::{Guest, ToolCall, ToolDefinition, ToolError, ToolOutput};
use portcullis::tool::tool_types::{Content, Streams};

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        let schema = json!({
            "type": "object",
            "properties": { "name": { "type": "string" } },
            "required": ["name"],
        });
        vec![ToolDefinition {
            name: "greet".into(),
            title: None,
            description: "Greets a person by name.".into(),
            input_schema: schema.to_string(),
            output_schema: None,
            streams: Streams::empty(),
            annotations: Vec::new(),
        }]
    }

    async fn call(call: ToolCall) -> Result<ToolOutput, ToolError> {
        let arguments: Value = serde_json::from_str(&call.arguments).expect("the host checked it");
        let name = arguments["name"].as_str().expect("the schema asks for it");
        Ok(ToolOutput {
            content: vec![Content::Text(format!("Hello, {name}!"))],
            structured: None,
        })
    }
}

export!(Plugin);
