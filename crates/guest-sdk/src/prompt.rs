//! Prompts: openings of a conversation that a person picks by name. See [`#[plugin_prompt]`](macro@crate::plugin_prompt); needs
//! the feature `prompt`.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{self, Host};
//!
//! /// Asks for a review.
//! #[plugin_prompt(title = "Review")]
//! fn review(
//!     /// The code.
//!     code: String,
//!     #[arg(values = ["short", "long"])]
//!     style: Option<String>,
//! ) -> Vec<PromptMessage> {
//!     let style = style.as_deref().unwrap_or("short");
//!     vec![
//!         PromptMessage::user(format!("Review this, and keep it {style}:\n{code}")),
//!         PromptMessage::assistant("Let me look."),
//!     ]
//! }
//!
//! let output = Host::new().prompt("review", [("code", "x()")]).unwrap();
//! assert_eq!(output.messages[0].as_text(), Some("Review this, and keep it short:\nx()"));
//! let arguments = &testing::prompts()[0].arguments;
//! assert!(arguments[0].required && !arguments[1].required);
//! ```

use crate::types::Content;

/// What a prompt is. The SDK makes it from the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptDefinition {
    /// `[a-z0-9][a-z0-9_-]{0,63}`, unique within the plugin.
    pub name: String,
    /// A short name for people.
    pub title: Option<String>,
    /// What it opens, for people who have to choose.
    pub description: Option<String>,
    /// What it wants to know, in the order a person should be asked.
    pub arguments: Vec<PromptArgument>,
}

/// What a prompt wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptArgument {
    /// The parameter's name.
    pub name: String,
    /// A short name for people; the SDK gives none.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether the prompt needs it.
    pub required: bool,
    /// What can be offered for it; where it is empty, nothing.
    pub values: Vec<String>,
}

/// Who says a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptMessage {
    /// Who says it.
    pub speaker: Speaker,
    /// What is said.
    pub content: Content,
}

impl PromptMessage {
    /// What the person says: a text, a [`Blob`](crate::Blob), [`ResourceContents`](crate::ResourceContents), any [`Content`].
    pub fn user(content: impl Into<Content>) -> Self {
        Self {
            speaker: Speaker::User,
            content: content.into(),
        }
    }

    /// What the model says.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self {
            speaker: Speaker::Assistant,
            content: content.into(),
        }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        self.content.as_text()
    }
}

/// What a prompt answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromptOutput {
    /// What it opens, now that the arguments are known; without it, the prompt's description holds.
    pub description: Option<String>,
    /// The messages, in their order.
    pub messages: Vec<PromptMessage>,
}
