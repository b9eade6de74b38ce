//! Requests over HTTP: through the host's gate, which lets pass what the manifest asks for and the operator granted.
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, Reply, json};
//!
//! #[plugin_type]
//! struct Release {
//!     tag_name: String,
//! }
//!
//! /// Gives the newest release of a project.
//! #[plugin_tool(read_only)]
//! async fn newest(project: String) -> Result<String, ToolError> {
//!     let url = format!("https://api.example.com/projects/{project}/releases");
//!     let response = http::get(&url).query("limit", "1").send().await?.error_for_status()?;
//!     let mut releases: Vec<Release> = response.json().await?;
//!     let release = releases.pop().ok_or_else(|| ToolError::not_found("it has no release"))?;
//!     Ok(release.tag_name)
//! }
//!
//! let host = Host::new().http(
//!     "GET https://api.example.com/projects/engine/releases?limit=1",
//!     Reply::json([json!({ "tag_name": "v48.0.8" })]),
//! );
//! assert_eq!(host.call("newest", json!({ "project": "engine" })).unwrap().text(), "v48.0.8");
//! ```
//!
//! The manifest asks for the server, and the operator may grant it:
//!
//! ```toml
//! [capabilities]
//! request = ["http:GET https://api.example.com/projects/*"]
//! ```
//!
//! A request that nobody allowed is [`Error::Denied`]; the operator is told what would allow it. With `?` it ends the call,
//! and the caller is told so too.
//!
//! Compressed responses come decompressed, redirects are followed – each is a new request through the gate, and credentials
//! stay behind when it leads to another origin –, and a response is read up to [`MAX_BYTES`]. Requests that wait together run
//! together: `futures::future::join_all(urls.map(|url| http::get(url).send()))`, with the `futures` that the SDK gives on.
//! With the feature `sync` each waits for the one before.

mod body;
mod decode;
mod error;
mod redirect;
mod request;
mod response;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
pub use bytes::Bytes;

pub use body::Body;
pub(crate) use body::Pieces;
pub use error::Error;
pub use redirect::MAX_REDIRECTS;
pub use request::{Request, delete, get, head, patch, post, put, request};
pub use response::{MAX_BYTES, Response};

/// One request as the host gets it.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Pieces>,
    pub(crate) timeout: Option<std::time::Duration>,
}

/// One response as the host gives it.
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Pieces,
}
