//! Built against a later version of the tool package, with a definition that has grown by a field.

wit_bindgen::generate!({
    inline: r#"
        package portcullis:guest;

        world guest {
            export portcullis:tool/tools@0.2.0;
        }

        package portcullis:tool@0.2.0 {
            interface tools {
                record tool-definition {
                    name: string,
                    description: string,
                    input-schema: string,
                    icon: option<string>,
                }
                record tool-call { name: string, arguments: string }

                list-tools: func() -> list<tool-definition>;
                call: async func(call: tool-call) -> result<string, string>;
            }
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::tool::tools::{Guest, ToolCall, ToolDefinition};

struct Plugin;

impl Guest for Plugin {
    fn list_tools() -> Vec<ToolDefinition> {
        vec![ToolDefinition {
            name: "greet".into(),
            description: "Greets.".into(),
            input_schema: r#"{"type":"object"}"#.into(),
            icon: None,
        }]
    }

    async fn call(call: ToolCall) -> Result<String, String> {
        Ok(call.name)
    }
}

export!(Plugin);
