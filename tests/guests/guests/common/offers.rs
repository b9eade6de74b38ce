//! A plugin of which only the definitions matter: the lists give what the guest's `offers()` says, and everything else is not
//! found.

#![allow(dead_code, reason = "not every guest needs all of it")]

wit_bindgen::generate!({
    path: "../../wit",
    inline: r#"
        package portcullis:guest;

        world guest {
            export portcullis:%resource/resources@0.1.0;
            export portcullis:prompt/prompts@0.1.0;
        }
    "#,
    world: "portcullis:guest/guest",
    generate_all,
});

use exports::portcullis::prompt::prompts::Guest as Prompts;
use exports::portcullis::resource::resources::Guest as Resources;
use portcullis::prompt::prompt_types::PromptOutput;
use portcullis::resource::resource_types::ResourceContents;
use portcullis::tool::tool_types::ToolError;

pub(crate) use portcullis::prompt::prompt_types::{PromptArgument, PromptDefinition};
pub(crate) use portcullis::resource::resource_types::{
    ResourceDefinition, TemplateDefinition, TemplateVariable,
};

/// What a plugin offers.
#[derive(Default)]
pub(crate) struct Offers {
    pub(crate) resources: Vec<ResourceDefinition>,
    pub(crate) templates: Vec<TemplateDefinition>,
    pub(crate) prompts: Vec<PromptDefinition>,
}

/// A resource with nothing wrong but perhaps its address or its name.
pub(crate) fn resource(uri: &str, name: &str) -> ResourceDefinition {
    ResourceDefinition {
        uri: uri.into(),
        name: name.into(),
        title: None,
        description: None,
        media_type: None,
        size: None,
    }
}

/// A template with nothing wrong but perhaps its address or its variables.
pub(crate) fn template(uri_template: &str, variables: &[&str]) -> TemplateDefinition {
    let variable = |name: &&str| TemplateVariable {
        name: (*name).into(),
        description: None,
        values: Vec::new(),
    };
    TemplateDefinition {
        uri_template: uri_template.into(),
        name: "template".into(),
        title: None,
        description: None,
        media_type: None,
        variables: variables.iter().map(variable).collect(),
    }
}

/// A prompt with nothing wrong but perhaps its name or its arguments.
pub(crate) fn prompt(name: &str, arguments: &[&str]) -> PromptDefinition {
    let argument = |name: &&str| PromptArgument {
        name: (*name).into(),
        title: None,
        description: None,
        required: false,
        values: Vec::new(),
    };
    PromptDefinition {
        name: name.into(),
        title: None,
        description: None,
        arguments: arguments.iter().map(argument).collect(),
    }
}

fn not_found() -> ToolError {
    ToolError {
        code: "not-found".into(),
        message: "only the definitions matter".into(),
        details: None,
        retryable: false,
    }
}

struct Plugin;

impl Resources for Plugin {
    fn list_resources() -> Vec<ResourceDefinition> {
        crate::offers().resources
    }

    fn list_templates() -> Vec<TemplateDefinition> {
        crate::offers().templates
    }

    async fn read(_: String, _: String) -> Result<Vec<ResourceContents>, ToolError> {
        Err(not_found())
    }
}

impl Prompts for Plugin {
    fn list_prompts() -> Vec<PromptDefinition> {
        crate::offers().prompts
    }

    async fn get(
        _: String,
        _: String,
        _: Vec<(String, String)>,
    ) -> Result<PromptOutput, ToolError> {
        Err(not_found())
    }
}

export!(Plugin);
