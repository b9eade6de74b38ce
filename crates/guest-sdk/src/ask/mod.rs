//! Questions to the person on whose behalf the plugin works.
//!
//! ```
//! use portcullis_guest_sdk::ask::{Answer, ask};
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, json};
//!
//! /// How the parcel shall be sent.
//! #[plugin_type]
//! struct Delivery {
//!     /// Where to.
//!     address: String,
//!     express: Option<bool>,
//! }
//!
//! /// Sends the parcel.
//! #[plugin_tool]
//! async fn send() -> Result<String, ToolError> {
//!     match ask::<Delivery>("Where shall the parcel go?").await? {
//!         Answer::Accepted(delivery) => Ok(format!("on its way to {}", delivery.address)),
//!         Answer::Declined | Answer::Cancelled => Ok("it stays here".into()),
//!     }
//! }
//!
//! let host = Host::new().answer(Answer::Accepted(json!({ "address": "Bergen" })));
//! assert_eq!(host.call("send", json!({})).unwrap().text(), "on its way to Bergen");
//! assert_eq!(host.asked()[0].1["properties"]["express"], json!({ "type": "boolean" }));
//! ```
//!
//! The manifest asks for it: `request = ["ask"]`. Where nobody can be asked, the answer is [`HostError::Unavailable`]. An answer
//! may come from a model that drives the person's program: nothing that needs a grant is granted by it.

mod schema;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::HostError;

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// The person answered.
    Accepted(T),
    /// The person said no.
    Declined,
    /// The person turned away without a choice.
    Cancelled,
}

impl<T> Answer<T> {
    /// What the person answered, if so.
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(answer) => Some(answer),
            Self::Declined | Self::Cancelled => None,
        }
    }

    fn try_map<U, E>(self, map: impl FnOnce(T) -> Result<U, E>) -> Result<Answer<U>, E> {
        Ok(match self {
            Self::Accepted(answer) => Answer::Accepted(map(answer)?),
            Self::Declined => Answer::Declined,
            Self::Cancelled => Answer::Cancelled,
        })
    }
}

/// Asks for a `T`, and waits for the answer.
///
/// `T` is a struct of named fields, each a text, a number, a `bool`, an enum of plain names, a `Vec` or a set of such an enum, or an
/// `Option` of one of these; doc comments say what is asked for.
///
/// # Errors
/// [`HostError::Invalid`], if `T` is none such; [`HostError::Unavailable`], if nobody can be asked; [`HostError`] says which
/// other.
pub async fn ask<T: DeserializeOwned + JsonSchema>(message: &str) -> Result<Answer<T>, HostError> {
    ask_with(message, schema::of::<T>()?)
        .await?
        .try_map(|answer| {
            serde_json::from_value(answer).map_err(|error| HostError::Invalid {
                message: format!("the answer does not fit its schema: {error}"),
            })
        })
}

/// Asks for a JSON object that fits `schema`: a JSON Schema of one flat object, each of whose properties is a string, a number,
/// an integer, a boolean, or one or some of some strings.
///
/// # Errors
/// [`HostError::Invalid`], if the schema is none such; [`HostError::Unavailable`], if nobody can be asked; [`HostError`] says
/// which other.
pub async fn ask_with(message: &str, schema: Value) -> Result<Answer<Value>, HostError> {
    crate::host::ask(message, schema.to_string())
        .await?
        .try_map(|answer| {
            serde_json::from_str(&answer).map_err(|error| HostError::Invalid {
                message: format!("the answer is no JSON: {error}"),
            })
        })
}
