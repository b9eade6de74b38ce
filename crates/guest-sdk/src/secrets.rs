//! Secrets that a plugin uses without seeing them.
//!
//! The operator keeps the value and binds it to this plugin and to requests – methods, server, path. The host's gate adds it
//! to a request that fits and takes it out of what comes back, so that the plugin just sends the request:
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, Reply, json};
//!
//! /// Says who this plugin is to the server.
//! #[plugin_tool(read_only)]
//! async fn who() -> Result<String, ToolError> {
//!     if !secrets::exists("example") {
//!         return Err(ToolError::unavailable("there is no secret `example`; its operator can bind one"));
//!     }
//!     Ok(http::get("https://api.example.com/me").send().await?.error_for_status()?.text().await?)
//! }
//!
//! let host = Host::new().secret("example").http("GET https://api.example.com/me", Reply::text("Ada"));
//! assert_eq!(host.call("who", json!({})).unwrap().text(), "Ada");
//! assert_eq!(Host::new().call("who", json!({})).unwrap_err().code, "unavailable");
//! ```
//!
//! The manifest asks for it by name: `request = ["secret:example", "http:GET https://api.example.com/me"]`.

use crate::HostError;

/// Whether the operator bound a secret of this name to this plugin.
pub fn exists(name: &str) -> bool {
    crate::host::secret_exists(name)
}

/// The secret's value, for what no binding can do, such as signing. Whatever else the plugin can reach can then be sent the
/// value, so an operator has to grant `secret-reveal:NAME`, and every check warns of it.
///
/// # Errors
/// [`HostError::Denied`] unless it was granted.
pub fn reveal(name: &str) -> Result<String, HostError> {
    crate::host::secret_reveal(name)
}
