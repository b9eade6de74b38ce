//! A plugin of which only the definitions matter: `list-tools` gives what the guest's `definitions()` says, and every
//! call answers `answered`.

#![allow(dead_code, reason = "not every guest needs all of it")]

wit_bindgen::generate!({ path: "../../wit", world: "portcullis:plugin/tool-plugin", generate_all });

use exports::portcullis::tool::tools::{Guest, ToolCall, ToolError, ToolOutput};
use portcullis::tool::tool_types::{Content, Streams};

pub(crate) use portcullis::tool::tool_types::ToolDefinition;

/// The schema of a tool that takes no arguments.
pub(crate) const NO_ARGUMENTS: &str =
    r#"{"type":"object","properties":{},"additionalProperties":false}"#;

/// A definition with nothing wrong but perhaps its name or its schema.
pub(crate) fn tool(name: &str, input_schema: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.into(),
        title: None,
        description: "Answers `answered`.".into(),
        input_schema: input_schema.into(),
        output_schema: None,
        streams: Streams::empty(),
        annotations: Vec::new(),
    }
}

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        crate::definitions()
    }

    async fn call(_: ToolCall) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput {
            content: vec![Content::Text("answered".into())],
            structured: None,
        })
    }
}

export!(Plugin);
