//! Brings a tool and imports the planner, as the contract has it.

wit_bindgen::generate!({
    path: "../../wit",
    inline: r#"
        package portcullis:guest;

        world guest {
            import portcullis:host/planner@0.1.0;
            export portcullis:tool/tools@0.1.0;
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::tool::tools::{Guest, ToolCall, ToolDefinition, ToolError, ToolOutput};
use portcullis::tool::tool_types::{Content, Streams};

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        vec![ToolDefinition {
            name: "ask".into(),
            title: None,
            description: "Asks for a plan, and answers with what came of it.".into(),
            input_schema: r#"{"type":"object"}"#.into(),
            output_schema: None,
            streams: Streams::empty(),
            annotations: Vec::new(),
        }]
    }

    async fn call(_: ToolCall) -> Result<ToolOutput, ToolError> {
        let answer = format!(
            "{:?}",
            portcullis::host::planner::solve(String::new(), String::new()).await
        );
        Ok(ToolOutput {
            content: vec![Content::Text(answer)],
            structured: None,
        })
    }
}

export!(Plugin);
