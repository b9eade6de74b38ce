//! Resources that travel within content.

use serde::{Deserialize, Serialize};

use crate::chat::as_base64;

/// A resource and what is in it, as a block of content.
///
/// In the contract it is `content.other` of the kind [`EmbeddedResource::KIND`], whose payload is this as JSON, in the words of the
/// Model Context Protocol:
///
/// ```
/// use portcullis_contract::{EmbeddedBody, EmbeddedResource};
///
/// let note = EmbeddedResource {
///     uri: "notes://today".into(),
///     media_type: Some("text/plain".into()),
///     body: EmbeddedBody::Text { text: "Rest.".into() },
/// };
/// let payload = r#"{"uri":"notes://today","mimeType":"text/plain","text":"Rest."}"#;
/// assert_eq!(note.to_payload(), payload);
/// assert_eq!(EmbeddedResource::from_payload(payload).unwrap(), note);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddedResource {
    /// Its address.
    pub uri: String,
    /// An IANA media type such as `text/markdown`.
    #[serde(rename = "mimeType", default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What is in it.
    #[serde(flatten)]
    pub body: EmbeddedBody,
}

/// What is in an embedded resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EmbeddedBody {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// Bytes.
    Blob {
        /// The bytes; base64 in JSON.
        #[serde(with = "as_base64")]
        blob: Vec<u8>,
    },
}

impl EmbeddedResource {
    /// The published kind of such content.
    pub const KIND: &'static str = "resource";

    /// The payload of such content.
    pub fn to_payload(&self) -> String {
        // Texts only: there is nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the payload of such content.
    ///
    /// # Errors
    /// If it is no embedded resource.
    pub fn from_payload(payload: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(payload)
    }
}
