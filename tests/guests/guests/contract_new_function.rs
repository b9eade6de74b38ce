//! Built against a later patch of the tool package, and imports a function that is new in it.

wit_bindgen::generate!({
    inline: r#"
        package portcullis:guest;

        world guest {
            import portcullis:tool/progress@0.1.9;
            export portcullis:tool/tools@0.1.9;
        }

        package portcullis:tool@0.1.9 {
            interface tool-types {
                record blob { media-type: string, data: list<u8> }
                record resource-link { uri: string, name: option<string>, media-type: option<string> }
                record extension { kind: string, payload: string }
                variant content { text(string), blob(blob), link(resource-link), other(extension) }
                flags streams { input, output }
                record tool-definition {
                    name: string,
                    title: option<string>,
                    description: string,
                    input-schema: string,
                    output-schema: option<string>,
                    streams: streams,
                    annotations: list<tuple<string, string>>,
                }
                record tool-call {
                    call-id: string,
                    name: string,
                    arguments: string,
                    attachments: list<blob>,
                    metadata: list<tuple<string, string>>,
                }
                record tool-output { content: list<content>, structured: option<string> }
                record tool-error { code: string, message: string, details: option<string>, retryable: bool }
                record progress { done: f64, total: option<f64>, message: option<string> }
            }

            interface tools {
                use tool-types.{tool-definition, tool-call, tool-output, tool-error};
                list-tools: func() -> list<tool-definition>;
                call: async func(call: tool-call) -> result<tool-output, tool-error>;
            }

            interface progress {
                use tool-types.{progress};
                report: func(call-id: string, progress: progress);
                report-all: func(call-id: string, progress: list<progress>);
            }
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::tool::tools::{Guest, ToolCall, ToolDefinition, ToolError, ToolOutput};
use portcullis::tool::progress;
use portcullis::tool::tool_types::{Content, Progress, Streams};

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        vec![ToolDefinition {
            name: "greet".into(),
            title: None,
            description: "Says hello, and reports that it is done.".into(),
            input_schema: r#"{"type":"object"}"#.into(),
            output_schema: None,
            streams: Streams::empty(),
            annotations: Vec::new(),
        }]
    }

    async fn call(call: ToolCall) -> Result<ToolOutput, ToolError> {
        let done = Progress {
            done: 1.0,
            total: Some(1.0),
            message: None,
        };
        progress::report_all(&call.call_id, &[done]);
        Ok(ToolOutput {
            content: vec![Content::Text("Hello!".into())],
            structured: None,
        })
    }
}

export!(Plugin);
