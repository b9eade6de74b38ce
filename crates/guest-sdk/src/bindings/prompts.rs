//! The export for plugins with prompts.

use super::Plugin;
use super::prompt_types::{PromptDefinition, PromptOutput};
use super::tool_types::ToolError;
use crate::rt;

#[cfg(not(feature = "sync"))]
wit_bindgen::generate!({
    world: "portcullis:plugin/prompt-plugin",
    path: "wit",
    with: {
        "portcullis:prompt/prompt-types@0.1.0": crate::bindings::prompt_types,
        "portcullis:tool/tool-types@0.1.0": crate::bindings::tool_types,
    },
    generate_all,
    type_section_suffix: "prompts",
});

#[cfg(feature = "sync")]
wit_bindgen::generate!({
    world: "portcullis:plugin/sync-prompt-plugin",
    path: "wit",
    with: {
        "portcullis:prompt/prompt-types@0.1.0": crate::bindings::prompt_types,
        "portcullis:tool/tool-types@0.1.0": crate::bindings::tool_types,
    },
    generate_all,
    type_section_suffix: "prompts",
});

export!(Plugin);

#[cfg(not(feature = "sync"))]
impl self::exports::portcullis::prompt::prompts::Guest for Plugin {
    fn list_prompts() -> Vec<PromptDefinition> {
        rt::prompts()
    }

    async fn get(
        call_id: String,
        name: String,
        arguments: Vec<(String, String)>,
    ) -> Result<PromptOutput, ToolError> {
        rt::prompt(call_id, &name, arguments).await
    }
}

#[cfg(feature = "sync")]
impl self::exports::portcullis::prompt::sync_prompts::Guest for Plugin {
    fn list_prompts() -> Vec<PromptDefinition> {
        rt::prompts()
    }

    fn get(
        call_id: String,
        name: String,
        arguments: Vec<(String, String)>,
    ) -> Result<PromptOutput, ToolError> {
        rt::run_to_end(rt::prompt(call_id, &name, arguments))
    }
}
