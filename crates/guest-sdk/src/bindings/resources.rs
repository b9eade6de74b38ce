//! The export for plugins with resources, and how they say that one has changed.

use super::Plugin;
use super::resource_types::{ResourceContents, ResourceDefinition, TemplateDefinition};
use super::tool_types::ToolError;
use crate::rt;

#[cfg(not(feature = "sync"))]
wit_bindgen::generate!({
    world: "portcullis:plugin/resource-plugin",
    path: "wit",
    with: {
        "portcullis:resource/resource-types@0.1.0": crate::bindings::resource_types,
        "portcullis:tool/tool-types@0.1.0": crate::bindings::tool_types,
    },
    generate_all,
    type_section_suffix: "resources",
});

#[cfg(feature = "sync")]
wit_bindgen::generate!({
    world: "portcullis:plugin/sync-resource-plugin",
    path: "wit",
    with: {
        "portcullis:resource/resource-types@0.1.0": crate::bindings::resource_types,
        "portcullis:tool/tool-types@0.1.0": crate::bindings::tool_types,
    },
    generate_all,
    type_section_suffix: "resources",
});

export!(Plugin);

#[cfg(not(feature = "sync"))]
impl self::exports::portcullis::resource::resources::Guest for Plugin {
    fn list_resources() -> Vec<ResourceDefinition> {
        rt::resources()
    }

    fn list_templates() -> Vec<TemplateDefinition> {
        rt::templates()
    }

    async fn read(call_id: String, uri: String) -> Result<Vec<ResourceContents>, ToolError> {
        rt::read(call_id, uri).await
    }
}

#[cfg(feature = "sync")]
impl self::exports::portcullis::resource::sync_resources::Guest for Plugin {
    fn list_resources() -> Vec<ResourceDefinition> {
        rt::resources()
    }

    fn list_templates() -> Vec<TemplateDefinition> {
        rt::templates()
    }

    fn read(call_id: String, uri: String) -> Result<Vec<ResourceContents>, ToolError> {
        rt::run_to_end(rt::read(call_id, uri))
    }
}
