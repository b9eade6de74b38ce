//! A test host that comes for what a plugin has to read and to open a conversation with.

use super::{CALL_ID, Host};
use crate::error::ToolError;
use crate::prompt::{PromptDefinition, PromptOutput};
use crate::resource::{ResourceContents, ResourceDefinition, TemplateDefinition};
use crate::rt;

impl Host {
    /// Reads one of the plugin's resources as the sandbox does.
    ///
    /// # Errors
    /// The resource's own; `not-found`, if there is none at that address.
    pub fn read(&self, uri: &str) -> Result<Vec<ResourceContents>, ToolError> {
        self.block_on(rt::read(CALL_ID.to_owned(), uri.to_owned()))
    }

    /// Asks for one of the plugin's prompts as the sandbox does.
    ///
    /// # Errors
    /// The prompt's own; `invalid-arguments`, if one is missing, unknown or does not decode; `not-found`, if there is no such
    /// prompt.
    pub fn prompt<K: Into<String>, V: Into<String>>(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = (K, V)>,
    ) -> Result<PromptOutput, ToolError> {
        let arguments = arguments.into_iter();
        let arguments = arguments.map(|(key, value)| (key.into(), value.into()));
        self.block_on(rt::prompt(CALL_ID.to_owned(), name, arguments.collect()))
    }

    /// The resources of which the plugin said that they have changed, in order.
    pub fn changed(&self) -> Vec<String> {
        self.script.changed.borrow().clone()
    }
}

/// The definitions of the plugin's resources, by name, as a host gets them.
///
/// # Panics
/// If a host would refuse them: two resources of one name, or of one address.
pub fn resources() -> Vec<ResourceDefinition> {
    rt::resources()
}

/// The definitions of the plugin's templates, by name, as a host gets them.
///
/// # Panics
/// If a host would refuse them: two resources of one name.
pub fn templates() -> Vec<TemplateDefinition> {
    rt::templates()
}

/// The definitions of the plugin's prompts, by name, as a host gets them.
///
/// # Panics
/// If a host would refuse them: two prompts of one name.
pub fn prompts() -> Vec<PromptDefinition> {
    rt::prompts()
}
