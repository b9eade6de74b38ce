//! Roles that an agent can play.

/// A role: what a model that plays it is told, and may use. See [`#[plugin_role]`](macro@crate::plugin_role); needs the feature
/// `roles`.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
/// use portcullis_guest_sdk::testing;
///
/// #[plugin_role]
/// fn designer() -> Role {
///     Role::new("example-large", "You design interfaces. Ask before you draw.")
///         .tools(["org.example.canvas/draw"])
///         .thinking_level("high")
/// }
///
/// assert_eq!(testing::roles()["designer"].model, "example-large");
/// ```
///
/// An agent refuses a role whose model or tools it does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The model that plays it.
    pub model: String,
    /// The system prompt.
    pub prompt: String,
    /// The tools that it may use, by qualified name: `PLUGIN/TOOL`.
    pub tools: Vec<String>,
    /// How much the model should reason, in the provider's words.
    pub thinking_level: Option<String>,
}

impl Role {
    /// A role without tools.
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            prompt: prompt.into(),
            ..Self::default()
        }
    }

    /// Lets it use these tools, by qualified name: `PLUGIN/TOOL`.
    #[must_use]
    pub fn tools<T: Into<String>>(mut self, tools: impl IntoIterator<Item = T>) -> Self {
        self.tools.extend(tools.into_iter().map(Into::into));
        self
    }

    /// Says how much the model should reason, in the provider's words.
    #[must_use]
    pub fn thinking_level(mut self, level: impl Into<String>) -> Self {
        self.thinking_level = Some(level.into());
        self
    }
}
