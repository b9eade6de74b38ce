//! Search in the texts that the operator made available.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::retrieval::Chunk;
//! use portcullis_guest_sdk::testing::{Host, json};
//!
//! /// Finds where the handbook speaks of something.
//! #[plugin_tool(read_only)]
//! async fn look_up(what: String) -> Result<Vec<String>, ToolError> {
//!     let chunks = retrieval::search(Some("handbook"), &what, 3).await?;
//!     Ok(chunks.into_iter().filter_map(|chunk| chunk.source).collect())
//! }
//!
//! let chunk = Chunk { source: Some("leave.md".into()), ..Chunk::new("1", "Holidays are …") };
//! let host = Host::new().found("holidays", [chunk]);
//! assert_eq!(host.call("look_up", json!({ "what": "holidays" })).unwrap().text(), r#"["leave.md"]"#);
//! ```
//!
//! The manifest asks for each corpus: `request = ["retrieval:handbook"]`.

use crate::HostError;

/// One hit of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    /// Names the chunk within its corpus.
    pub id: String,
    /// The text that matched, with its surroundings.
    pub text: String,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Where the text comes from: a path or an address.
    pub source: Option<String>,
    /// JSON.
    pub metadata: Option<String>,
}

impl Chunk {
    /// A hit of which nothing else is known.
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            text: text.into(),
            ..Self::default()
        }
    }
}

/// The best `limit` chunks for `query`, best first, from one corpus or from all that are granted.
///
/// # Errors
/// [`HostError::NotFound`], if there is no such corpus; [`HostError`] says which other.
pub async fn search(
    corpus: Option<&str>,
    query: &str,
    limit: u32,
) -> Result<Vec<Chunk>, HostError> {
    crate::host::retrieval_search(corpus, query, limit).await
}
