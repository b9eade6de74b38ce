//! What tools are called: `PLUGIN/TOOL` by people, programs and grants, `plugin__tool` by models.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use portcullis_host_core::PluginId;
use portcullis_host_policy::PluginIdError;

use crate::hook::Author;

/// What stands for the owner of the agent's own tools. No plugin can have it for its id.
pub const NATIVE: &str = "native";

/// Stands between plugin and tool in a [`ModelName`], and nowhere else.
const BETWEEN: &str = "__";

/// The longest name that model APIs take.
const MODEL_NAME_BYTES: usize = 64;

/// How much of a text that is no name an error repeats.
const SHOWN_CHARS: usize = 200;

/// `OWNER/TOOL`: a plugin's id or the word `native`, and the tool's own name.
///
/// ```
/// use portcullis_host_agent::tool::{ModelName, QualifiedName};
///
/// let name: QualifiedName = "org.example.weather/forecast".parse()?;
/// assert_eq!(ModelName::of(&name)?.as_str(), "org_example_weather__forecast");
///
/// let name: QualifiedName = "native/read_file".parse()?;
/// assert_eq!(ModelName::of(&name)?.as_str(), "read_file");
/// # Ok::<(), portcullis_host_agent::tool::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedName {
    owner: Author,
    tool: String,
}

impl QualifiedName {
    /// What a tool may be called by its owner.
    pub const RULE: &str = "a tool's name is 1 to 64 of ASCII letters, digits, `_` and `-`, starts with a letter or a \
        digit, and has no `__`, which stands between a plugin and its tool";

    /// The name of one of the agent's own tools.
    ///
    /// # Errors
    /// [`NameError::Tool`].
    pub fn native(tool: &str) -> Result<Self, NameError> {
        Self::new(Author::Native, tool)
    }

    /// The name of a plugin's tool.
    ///
    /// # Errors
    /// [`NameError::Tool`], and [`NameError::Reserved`] for a plugin that calls itself `native`.
    pub fn of_plugin(plugin: &PluginId, tool: &str) -> Result<Self, NameError> {
        if plugin.as_str() == NATIVE {
            return Err(NameError::Reserved);
        }
        Self::new(Author::Plugin(plugin.clone()), tool)
    }

    fn new(owner: Author, tool: &str) -> Result<Self, NameError> {
        let first = |byte: &u8| byte.is_ascii_alphanumeric();
        let fits = tool.len() <= MODEL_NAME_BYTES
            && tool.as_bytes().first().is_some_and(first)
            && is_model_safe(tool)
            && !tool.contains(BETWEEN);
        if !fits {
            return Err(NameError::Tool { tool: shown(tool) });
        }
        let tool = tool.to_owned();
        Ok(Self { owner, tool })
    }

    /// Whose tool it is.
    pub fn owner(&self) -> &Author {
        &self.owner
    }

    /// What its owner calls it.
    pub fn tool(&self) -> &str {
        &self.tool
    }
}

impl FromStr for QualifiedName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let Some((owner, tool)) = text.split_once('/') else {
            return Err(NameError::Form { text: shown(text) });
        };
        match owner {
            NATIVE => Self::native(tool),
            plugin => Self::of_plugin(&plugin.parse()?, tool),
        }
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.tool)
    }
}

/// What a model calls a tool: 1 to 64 of `[a-zA-Z0-9_-]`.
///
/// A native tool's is its own name. A plugin's tool is `plugin__tool`, with `_` for each dot of the plugin's id. No two
/// qualified names give the same one: an id's dots stand alone between letters and digits, so what is before the first `__` is
/// the id and nothing else, and a native tool's name has no `__`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelName(String);

impl ModelName {
    /// What models call this tool.
    ///
    /// # Errors
    /// [`NameError::TooLong`]: a name is refused rather than cut, since a cut one could be another tool's.
    pub fn of(name: &QualifiedName) -> Result<Self, NameError> {
        let text = match name.owner() {
            Author::Native => name.tool().to_owned(),
            Author::Plugin(id) => {
                let id = id.as_str().replace('.', "_");
                format!("{id}{BETWEEN}{}", name.tool())
            }
        };
        if text.len() > MODEL_NAME_BYTES {
            return Err(NameError::TooLong {
                bytes: text.len(),
                name: name.clone(),
            });
        }
        Ok(Self(text))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.len() > MODEL_NAME_BYTES || !is_model_safe(text) {
            return Err(NameError::Model { text: shown(text) });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for ModelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A text that is no name of a tool, or a tool that can't be named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It has no `/`.
    #[error(
        "{text:?} is no tool's full name: write OWNER/TOOL, with a plugin's id or `native` for OWNER"
    )]
    Form {
        /// What was written, cut to a length that can be shown.
        text: String,
    },
    /// What stands before the `/` is no plugin's id.
    #[error(transparent)]
    Owner(#[from] PluginIdError),
    /// What stands after the `/` is no tool's name.
    #[error("{tool:?} is no tool's name: {}", QualifiedName::RULE)]
    Tool {
        /// What was written, cut to a length that can be shown.
        tool: String,
    },
    /// A plugin calls itself `native`.
    #[error(
        "no plugin can be called `native`, which stands for the agent's own tools; give the plugin another id"
    )]
    Reserved,
    /// What models would call it is too long for their APIs.
    #[error(
        "models would call {name} by {bytes} characters, and their APIs take {MODEL_NAME_BYTES}; shorten the plugin's id or \
         the tool's name"
    )]
    TooLong {
        /// The tool.
        name: QualifiedName,
        /// How long it would be.
        bytes: usize,
    },
    /// No model could call a tool that.
    #[error(
        "{text:?} is no name that a model can call a tool by: that is 1 to 64 of ASCII letters, digits, `_` and `-`"
    )]
    Model {
        /// What was written, cut to a length that can be shown.
        text: String,
    },
}

fn is_model_safe(text: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    text.bytes().all(safe)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> QualifiedName {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    fn error(text: &str) -> NameError {
        text.parse::<QualifiedName>().unwrap_err()
    }

    #[test]
    fn each_mistake_in_a_name_is_an_error_of_its_own() {
        assert!(matches!(error("forecast"), NameError::Form { .. }));
        assert!(matches!(error("Org/forecast"), NameError::Owner(_)));
        assert!(matches!(error("native/"), NameError::Tool { .. }));
        assert!(matches!(error("native/a/b"), NameError::Tool { .. }));
        assert!(matches!(error("native/_a"), NameError::Tool { .. }));
        assert!(matches!(
            error("org.example/a\u{202e}b"),
            NameError::Tool { .. }
        ));
        let long = format!("native/{}", "x".repeat(65));
        assert!(matches!(error(&long), NameError::Tool { .. }));
    }

    #[test]
    fn two_underscores_are_reserved() {
        assert!(matches!(
            error("native/org_example__find"),
            NameError::Tool { .. }
        ));
        assert!(matches!(error("org.example/a__b"), NameError::Tool { .. }));
    }

    #[test]
    fn a_plugin_that_calls_itself_native_has_no_names() {
        let native: PluginId = NATIVE.parse().unwrap();
        assert_eq!(
            QualifiedName::of_plugin(&native, "read"),
            Err(NameError::Reserved)
        );
    }

    #[test]
    fn a_name_that_models_cant_take_is_refused_with_a_remedy() {
        let long = name(&format!("org.{}/{}", "x".repeat(40), "y".repeat(40)));
        let error = ModelName::of(&long).unwrap_err();
        assert!(
            matches!(error, NameError::TooLong { bytes: 86, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("shorten"));
    }

    #[test]
    fn what_an_error_repeats_is_bounded_and_shows_no_control_characters() {
        let hostile = "\u{1b}]0;\u{202e}".repeat(100_000);
        let error = error(&hostile).to_string();
        assert!(error.len() < 4_000);
        assert!(!error.contains(['\u{1b}', '\u{202e}']));
    }

    #[test]
    fn model_names_are_what_their_apis_take() {
        for text in ["a", "A-b_c9", &"x".repeat(64)] {
            assert_eq!(text.parse::<ModelName>().unwrap().as_str(), text);
        }
        for text in ["", "a.b", "a/b", "ä", &"x".repeat(65)] {
            assert!(text.parse::<ModelName>().is_err(), "{text}");
        }
    }

    /// Back from what a model says.
    fn back(model: &ModelName) -> String {
        match model.as_str().split_once(BETWEEN) {
            Some((id, tool)) => format!("{}/{tool}", id.replace('_', ".")),
            None => format!("{NATIVE}/{model}"),
        }
    }

    fn names() -> impl Strategy<Value = QualifiedName> {
        let owner = prop_oneof![
            Just(NATIVE.to_owned()),
            r"[a-z][a-z0-9]{0,3}((\.|-{1,2})[a-z0-9]{1,3}){0,4}",
        ];
        let tool = r"[a-zA-Z0-9](_?[a-zA-Z0-9-]){0,12}_?";
        (owner, tool).prop_map(|(owner, tool)| name(&format!("{owner}/{tool}")))
    }

    proptest! {
        #[test]
        fn names_for_models_are_names_for_people_and_back(one in names(), other in names()) {
            let model = ModelName::of(&one).unwrap();
            prop_assert_eq!(model.as_str().parse::<ModelName>().unwrap(), model.clone());
            prop_assert_eq!(back(&model), one.to_string());
            prop_assert_eq!(one == other, model == ModelName::of(&other).unwrap());
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            if let Ok(name) = text.parse::<QualifiedName>() {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
