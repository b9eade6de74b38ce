//! Brings a tool and imports an interface of the host package that this host does not serve.

wit_bindgen::generate!({
    inline: r#"
        package portcullis:guest;

        world guest {
            import portcullis:host/recall@0.1.0;
            export portcullis:tool/tools@0.1.0;
        }

        package portcullis:host@0.1.0 {
            interface recall {
                recall: func(question: string) -> string;
            }
        }

        package portcullis:tool@0.1.0 {
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
            }

            interface tools {
                use tool-types.{tool-definition, tool-call, tool-output, tool-error};
                list-tools: func() -> list<tool-definition>;
                call: async func(call: tool-call) -> result<tool-output, tool-error>;
            }
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
            description: "Asks an import that the host may not have.".into(),
            input_schema: r#"{"type":"object"}"#.into(),
            output_schema: None,
            streams: Streams::empty(),
            annotations: Vec::new(),
        }]
    }

    async fn call(_: ToolCall) -> Result<ToolOutput, ToolError> {
        let answer = portcullis::host::recall::recall("who are you?");
        Ok(ToolOutput {
            content: vec![Content::Text(answer)],
            structured: None,
        })
    }
}

export!(Plugin);
