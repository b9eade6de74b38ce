//! The tools of this plugin: every `#[plugin_tool]` submits one, from whatever module.

use std::pin::Pin;

use super::arguments::Inputs;
use super::entries::{self, Entry};
use super::signature::Signature;
use crate::context::Context;
use crate::error::ToolError;
use crate::types::{ToolCall, ToolDefinition, ToolOutput};

/// A tool at work.
pub type Running = Pin<Box<dyn Future<Output = Result<ToolOutput, ToolError>>>>;

/// One annotated function.
pub struct Tool {
    /// As the contract wants it; the macro has checked it.
    pub name: &'static str,
    /// From the attribute.
    pub title: Option<&'static str>,
    /// The doc comment.
    pub description: &'static str,
    /// The hints that the attribute gives.
    pub annotations: &'static [(&'static str, bool)],
    /// Describes arguments and result. Run once per load, never in a call.
    pub describe: fn(&mut Signature),
    /// Decodes the arguments, runs the function, encodes its result.
    pub run: fn(Inputs) -> Running,
}

inventory::collect!(Tool);

impl Entry for Tool {
    const KIND: &'static str = "tool";

    fn name(&self) -> &'static str {
        self.name
    }
}

impl Tool {
    fn definition(&self) -> ToolDefinition {
        let mut signature = Signature::new();
        (self.describe)(&mut signature);
        ToolDefinition {
            name: self.name.to_owned(),
            title: self.title.map(str::to_owned),
            description: self.description.to_owned(),
            annotations: self
                .annotations
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.to_string()))
                .collect(),
            streams: signature.streams(),
            output_schema: signature.output_schema(),
            input_schema: signature.input_schema(self.name),
        }
    }
}

/// The definitions of all tools, by name.
///
/// # Panics
/// If two tools have one name, which the macro can see within a crate only.
pub fn definitions() -> Vec<ToolDefinition> {
    let tools = entries::all::<Tool>().into_iter();
    tools.map(Tool::definition).collect()
}

/// The tool called `name`.
pub(super) fn find(name: &str) -> Result<&'static Tool, ToolError> {
    entries::find(name)
        .ok_or_else(|| ToolError::not_found(format!("this plugin has no tool called `{name}`")))
}

/// Answers one ordinary call.
///
/// # Errors
/// The tool's own, `invalid-arguments` where the arguments don't decode, `not-found` where there is no such tool.
pub async fn call(call: ToolCall) -> Result<ToolOutput, ToolError> {
    let tool = find(&call.name)?;
    let (context, arguments) = Context::of(
        call,
        #[cfg(feature = "streaming")]
        None,
    );
    (tool.run)(Inputs::new(context, arguments)).await
}
