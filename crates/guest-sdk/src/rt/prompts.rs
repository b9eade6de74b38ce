//! The prompts of this plugin: every `#[plugin_prompt]` submits one, from whatever module.

use std::borrow::Cow;
use std::pin::Pin;

use super::entries::{self, Entry};
use super::texts::Texts;
use crate::context::Context;
use crate::error::ToolError;
use crate::prompt::{PromptArgument, PromptDefinition, PromptMessage, PromptOutput};

/// A prompt that is being made.
pub type Prompting = Pin<Box<dyn Future<Output = Result<PromptOutput, ToolError>>>>;

/// One annotated function.
pub struct Prompt {
    /// As the contract wants it; the macro has checked it.
    pub name: &'static str,
    /// From the attribute.
    pub title: Option<&'static str>,
    /// The doc comment.
    pub description: &'static str,
    /// Describes the arguments. Run once per load, never in a call.
    pub describe: fn(&mut Vec<PromptArgument>),
    /// Decodes the arguments, runs the function, encodes its result.
    pub get: fn(Texts) -> Prompting,
}

inventory::collect!(Prompt);

impl Entry for Prompt {
    const KIND: &'static str = "prompt";

    fn name(&self) -> &'static str {
        self.name
    }
}

/// The definitions of all prompts, by name.
///
/// # Panics
/// If two prompts have one name, which the macro can see within a crate only.
pub fn prompts() -> Vec<PromptDefinition> {
    let prompts = entries::all::<Prompt>().into_iter();
    prompts
        .map(|prompt| {
            let mut arguments = Vec::new();
            (prompt.describe)(&mut arguments);
            PromptDefinition {
                name: prompt.name.to_owned(),
                title: prompt.title.map(str::to_owned),
                description: entries::given(prompt.description),
                arguments,
            }
        })
        .collect()
}

/// Makes the prompt called `name` of its arguments.
///
/// # Errors
/// The prompt's own; `invalid-arguments`, where they don't fit, `not-found`, where there is no such prompt.
pub async fn prompt(
    call_id: String,
    name: &str,
    arguments: Vec<(String, String)>,
) -> Result<PromptOutput, ToolError> {
    let prompt = entries::find::<Prompt>(name).ok_or_else(|| {
        ToolError::not_found(format!("this plugin has no prompt called `{name}`"))
    })?;
    (prompt.get)(Texts::of_prompt(Context::of_id(call_id), arguments)).await
}

/// What a `#[plugin_prompt]` function gives.
#[diagnostic::on_unimplemented(
    message = "a #[plugin_prompt] function gives messages, and this one gives `{Self}`",
    label = "is no message",
    note = "return a `String`, a `PromptMessage` or a `Vec` of them, or a `PromptOutput`; or a `Result` of one of these"
)]
pub trait GivesMessages {
    /// The prompt.
    fn output(self) -> PromptOutput;
}

impl GivesMessages for PromptOutput {
    fn output(self) -> PromptOutput {
        self
    }
}

impl GivesMessages for Vec<PromptMessage> {
    fn output(self) -> PromptOutput {
        PromptOutput {
            description: None,
            messages: self,
        }
    }
}

impl GivesMessages for PromptMessage {
    fn output(self) -> PromptOutput {
        vec![self].output()
    }
}

impl GivesMessages for String {
    fn output(self) -> PromptOutput {
        PromptMessage::user(self).output()
    }
}

impl GivesMessages for &str {
    fn output(self) -> PromptOutput {
        PromptMessage::user(self).output()
    }
}

impl GivesMessages for Cow<'_, str> {
    fn output(self) -> PromptOutput {
        self.into_owned().output()
    }
}

/// Checks a function's result.
pub fn messages_of<T: GivesMessages>(given: T) -> PromptOutput {
    given.output()
}
