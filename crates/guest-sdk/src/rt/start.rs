//! The plugin's `#[plugin_start]` function.

use std::marker::PhantomData;
use std::pin::Pin;

use serde::de::DeserializeOwned;

use crate::error::ToolError;

/// A start at work.
pub type Starting = Pin<Box<dyn Future<Output = Result<(), ToolError>>>>;

/// The annotated function.
pub struct Start {
    /// Decodes the settings and runs the function.
    pub run: fn(String) -> Starting,
}

inventory::collect!(Start);

/// Runs the function, if the plugin has one.
///
/// # Errors
/// The function's own; `invalid`, if the settings don't decode.
///
/// # Panics
/// If the plugin has two, which the macro can see within a crate only.
pub async fn start(settings: String) -> Result<(), ToolError> {
    let mut starts = inventory::iter::<Start>.into_iter();
    let Some(start) = starts.next() else {
        return Ok(());
    };
    assert!(
        starts.next().is_none(),
        "this plugin has two functions with #[plugin_start]; make one of them"
    );
    (start.run)(settings).await
}

/// The settings that the function takes, by their type.
pub struct Settings<T>(PhantomData<T>);

impl<T> Settings<T> {
    /// Settings of that type.
    #[expect(clippy::new_without_default, reason = "only macros make it")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// Settings that can be decoded.
pub trait DecodeSettings {
    /// Their type.
    type Is: DeserializeOwned;
    /// Decodes them.
    ///
    /// # Errors
    /// `invalid`, if they don't fit.
    fn decode(&self, settings: &str) -> Result<Self::Is, ToolError> {
        serde_json::from_str(settings).map_err(|error| {
            ToolError::new(
                "invalid",
                format!("this plugin's settings don't fit: {error}"),
            )
        })
    }
}

impl<T: DeserializeOwned> DecodeSettings for &Settings<T> {
    type Is = T;
}

/// Holds for what can be settings. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the settings of a plugin",
    label = "can't be made of the operator's JSON",
    note = "settings are of an owned type that is `serde::Deserialize`; put #[plugin_type] on a type of your own"
)]
pub trait PluginSettings {}

/// Any other type.
pub trait NoSettings {
    /// Their type.
    type Is;
    /// Does not compile.
    ///
    /// # Errors
    /// None.
    fn decode(&self, _: &str) -> Result<Self::Is, ToolError>
    where
        Self::Is: PluginSettings,
    {
        super::never()
    }
}

impl<T> NoSettings for Settings<T> {
    type Is = T;
}

/// What a `#[plugin_start]` function gives when all is well: nothing.
#[diagnostic::on_unimplemented(
    message = "a #[plugin_start] function gives nothing, and this one gives `{Self}`",
    label = "nobody would see it",
    note = "return `()`, or a `Result<(), E>` whose error keeps the plugin from starting"
)]
pub trait Started {}

impl Started for () {}

/// Checks a start's result.
pub fn started<T: Started>(_: T) {}
