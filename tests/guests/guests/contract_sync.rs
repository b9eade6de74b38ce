//! Exports the interface for toolchains that can't export async functions.

wit_bindgen::generate!({ path: "../../wit", world: "portcullis:plugin/sync-tool-plugin", generate_all });

use exports::portcullis::tool::sync_tools::{
    Guest, ToolCall, ToolDefinition, ToolError, ToolOutput,
};
use portcullis::tool::tool_types::{Content, Streams};

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        vec![ToolDefinition {
            name: "echo".into(),
            title: None,
            description: "Answers with its arguments.".into(),
            input_schema: r#"{"type":"object"}"#.into(),
            output_schema: None,
            streams: Streams::empty(),
            annotations: Vec::new(),
        }]
    }

    fn call(call: ToolCall) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput {
            content: vec![Content::Text(call.arguments.clone())],
            structured: Some(call.arguments),
        })
    }
}

export!(Plugin);
