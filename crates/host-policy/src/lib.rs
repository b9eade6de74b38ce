//! Pure decisions of the Portcullis plugin runtime.
//!
//! | module | settles |
//! | --- | --- |
//! | [`capability`] | what a plugin may do, as one grammar |
//! | [`manifest`] | what its author says of it and asks for |
//! | [`limits`] | how much it may use |
//! | [`config`] | what an operator says of plugins, and which word counts |
//! | [`request`] | what it is about to do, with one reading or none |
//! | [`decision`] | whether it may |
//! | [`secret`] | where a secret may go |
//! | [`address`] | which addresses may be dialled without an operator naming them |
//! | [`trust`] | who says that these bytes are that plugin, and what was approved of it |
//! | [`document`] | what is wrong with a file, and where |
//! | [`escape`] | how text that plugins wrote is shown |
//! | [`audit`] | the record of a decision |
//!
//! Nothing here opens a file or a socket, reads a clock or waits: every function is decided by its arguments alone, and
//! none panics on any input. What is connected, and when, is the host's part.
//!
//! ```
//! use portcullis_host_policy::Grant;
//! use portcullis_host_policy::decision::{CapabilitySet, Decision, Grants, decide};
//! use portcullis_host_policy::manifest::Manifest;
//! use portcullis_host_policy::request::{HttpRequest, Request};
//!
//! let manifest = Manifest::parse(
//!     r#"
//!     [plugin]
//!     id = "org.example.weather"
//!     version = "1.2.0"
//!
//!     [capabilities]
//!     request = ["http:https://*.example.com"]
//!     "#,
//! )?;
//! let requested = CapabilitySet::Only(manifest.capabilities.request);
//! let grant = Grant::none().allow("http:https://api.example.com/v1/*".parse()?);
//! let grants = Grants::new(&requested, &grant, &CapabilitySet::All);
//!
//! let request = Request::Http(HttpRequest::parse("GET", "https://api.example.com/v1/today")?);
//! assert!(matches!(decide(&grants, &request), Decision::Allow(_)));
//!
//! let request = Request::Http(HttpRequest::parse("GET", "https://api.example.com/v2/today")?);
//! let Decision::Deny(denial) = decide(&grants, &request) else { panic!("v2 is not granted") };
//! assert_eq!(denial.code.as_str(), "not-granted");
//! assert_eq!(denial.remedies[0].to_string(), "--allow 'http:GET https://api.example.com/v2/today'");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

pub mod address;
pub mod audit;
pub mod capability;
pub mod config;
pub mod decision;
mod digest;
pub mod document;
pub mod escape;
mod grant;
mod id;
mod identity;
pub mod limits;
pub mod manifest;
mod report;
pub mod request;
mod schema;
pub mod secret;
mod slot;
mod text;
pub mod trust;

pub use digest::{Digest, DigestError};
pub use grant::Grant;
pub use id::{PluginId, PluginIdError};
pub use identity::{Identity, IdentityError};
pub use report::nearest;
pub use slot::{SlotError, Slots};
