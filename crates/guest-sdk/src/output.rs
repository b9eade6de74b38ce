//! Results that are more than JSON.

use std::borrow::Cow;

use crate::resource::ResourceContents;
use crate::types::{Blob, Content, ResourceLink, ToolOutput};

/// Results that a tool answers as content, without an output schema: text, bytes, links, nothing.
///
/// Any other type that is `Serialize + JsonSchema` is answered as structured JSON with an output schema, and needs no
/// implementation of this trait. Implement it for a type of your own that should read as content.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// struct Csv(String);
///
/// impl IntoToolOutput for Csv {
///     fn into_tool_output(self) -> ToolOutput {
///         Blob::new("text/csv", self.0).into()
///     }
/// }
///
/// /// Answers a table.
/// #[plugin_tool]
/// fn table() -> Csv {
///     Csv("a,b\n1,2\n".into())
/// }
/// ```
pub trait IntoToolOutput {
    /// What the caller gets.
    fn into_tool_output(self) -> ToolOutput;
}

macro_rules! content_outputs {
    ($($content:ty),*) => {
        $(impl IntoToolOutput for $content {
            fn into_tool_output(self) -> ToolOutput {
                self.into()
            }
        })*
    };
}

content_outputs!(
    String,
    &str,
    Blob,
    ResourceLink,
    ResourceContents,
    Content,
    ToolOutput
);

impl IntoToolOutput for () {
    fn into_tool_output(self) -> ToolOutput {
        ToolOutput::default()
    }
}

impl IntoToolOutput for Cow<'_, str> {
    fn into_tool_output(self) -> ToolOutput {
        self.into_owned().into()
    }
}

impl IntoToolOutput for Vec<Content> {
    fn into_tool_output(self) -> ToolOutput {
        ToolOutput {
            content: self,
            structured: None,
        }
    }
}

impl IntoToolOutput for Vec<Blob> {
    fn into_tool_output(self) -> ToolOutput {
        ToolOutput {
            content: self.into_iter().map(Content::Blob).collect(),
            structured: None,
        }
    }
}
