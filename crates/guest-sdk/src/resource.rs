//! Resources: what a plugin has to read, by address. See [`#[plugin_resource]`](macro@crate::plugin_resource); needs the feature
//! `resource`.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{self, Host};
//!
//! /// What is to be done today.
//! #[plugin_resource(uri = "notes://today", media_type = "text/plain")]
//! async fn today() -> Result<String, ToolError> {
//!     Ok("Rest.".into())
//! }
//!
//! /// What was to be done on some day.
//! #[plugin_resource(template = "notes://{day}/{hour}", media_type = "text/plain")]
//! fn of_hour(
//!     /// Which day.
//!     #[arg(values = ["mon", "tue"])]
//!     day: &str,
//!     hour: u8,
//! ) -> Result<String, ToolError> {
//!     if hour > 23 {
//!         return Err(ToolError::not_found("a day has 24 hours"));
//!     }
//!     Ok(format!("{day} at {hour}: nothing."))
//! }
//!
//! let host = Host::new();
//! assert_eq!(host.read("notes://today").unwrap()[0].as_text(), Some("Rest."));
//! assert_eq!(host.read("notes://tue/7").unwrap()[0].as_text(), Some("tue at 7: nothing."));
//! assert_eq!(host.read("notes://tue/noon").unwrap_err().code, "not-found");
//! assert_eq!(testing::templates()[0].variables[0].values, ["mon", "tue"]);
//! ```

use portcullis_contract::{EmbeddedBody, EmbeddedResource};

use crate::types::{Blob, Content, Extension};

/// A resource with an address of its own. The SDK makes it from the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceDefinition {
    /// An absolute URI without a fragment, unique within the plugin.
    pub uri: String,
    /// `[a-z0-9][a-z0-9_-]{0,63}`, unique among the plugin's resources and templates.
    pub name: String,
    /// A short name for people.
    pub title: Option<String>,
    /// What is in it, for people and for models that have to choose.
    pub description: Option<String>,
    /// Its media type, where it is always the same.
    pub media_type: Option<String>,
    /// Its size in bytes, where it is always the same; the SDK never says.
    pub size: Option<u64>,
}

/// Resources that differ in parts of their address. The SDK makes it from the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateDefinition {
    /// A URI template of RFC 6570, level 1.
    pub uri_template: String,
    /// `[a-z0-9][a-z0-9_-]{0,63}`, unique among the plugin's resources and templates.
    pub name: String,
    /// A short name for people.
    pub title: Option<String>,
    /// What they hold, for people and for models that have to choose.
    pub description: Option<String>,
    /// Their media type, where it is the same for all.
    pub media_type: Option<String>,
    /// Each variable of the template, in its order.
    pub variables: Vec<TemplateVariable>,
}

/// One variable of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVariable {
    /// Its name, as between the braces.
    pub name: String,
    /// What it stands for.
    pub description: Option<String>,
    /// What can be offered for it; where it is empty, nothing.
    pub values: Vec<String>,
}

/// A resource that was read, or one part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceContents {
    /// Its address; that of a part may differ from the one that was asked for.
    pub uri: String,
    /// An IANA media type such as `text/markdown`; where there is none, the attribute's.
    pub media_type: Option<String>,
    /// What is in it.
    pub body: ResourceBody,
}

/// What is in a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// The bytes as they are, in no encoding.
    Blob(Vec<u8>),
}

impl ResourceContents {
    /// A resource that holds text.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            media_type: None,
            body: ResourceBody::Text(text.into()),
        }
    }

    /// A resource that holds bytes.
    pub fn blob(uri: impl Into<String>, blob: Blob) -> Self {
        Self {
            uri: uri.into(),
            media_type: Some(blob.media_type),
            body: ResourceBody::Blob(blob.data),
        }
    }

    /// Says what kind of text or bytes it holds.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        match &self.body {
            ResourceBody::Text(text) => Some(text),
            ResourceBody::Blob(_) => None,
        }
    }
}

/// A resource within a tool's answer or a prompt's message.
///
/// ```
/// use portcullis_guest_sdk::{Content, ResourceContents};
///
/// let note = ResourceContents::text("notes://today", "Rest.").media_type("text/plain");
/// assert!(matches!(Content::from(note), Content::Other(extension) if extension.kind == "resource"));
/// ```
impl From<ResourceContents> for Content {
    fn from(contents: ResourceContents) -> Self {
        let embedded = EmbeddedResource {
            uri: contents.uri,
            media_type: contents.media_type,
            body: match contents.body {
                ResourceBody::Text(text) => EmbeddedBody::Text { text },
                ResourceBody::Blob(blob) => EmbeddedBody::Blob { blob },
            },
        };
        Content::Other(Extension {
            kind: EmbeddedResource::KIND.to_owned(),
            payload: embedded.to_payload(),
        })
    }
}

/// Tells whoever follows it that what is behind `uri` has changed and is worth reading again. Never fails and never waits; an
/// address that is none of this plugin's is passed over.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
/// use portcullis_guest_sdk::testing::{Host, json};
///
/// /// Notes what is to be done today.
/// #[plugin_tool]
/// async fn note(text: String) -> Result<(), ToolError> {
///     state::set("today", text).await?;
///     resource::changed("notes://today");
///     Ok(())
/// }
///
/// let host = Host::new();
/// host.call("note", json!({ "text": "Rest." })).unwrap();
/// assert_eq!(host.changed(), ["notes://today"]);
/// ```
#[cfg(feature = "resource")]
pub fn changed(uri: &str) {
    crate::host::resource_changed(uri);
}
