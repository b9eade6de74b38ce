//! Streamable HTTP: the same endpoint for clients elsewhere, each known by its token.
//!
//! What comes in passes, in this order: a place among the connections; TLS; `Host` and `Origin` (`guard`); a token
//! (`token`); the rate of that token; the size and the type of the body; and then rmcp's service, of which each token has one of its
//! own (`client`). So a session is there for the token that opened it and for no other, and events can be resumed by nobody else.

// A refusal is a reply like any other: made once for a request, and sent.
#![allow(clippy::result_large_err)]

mod body;
mod client;
mod connection;
mod error;
mod guard;
mod metrics;
mod options;
mod presence;
mod reply;
mod server;
mod service;
mod sessions;
mod tls;
mod token;

pub use error::HttpError;
pub use metrics::{Metrics, MetricsError};
pub use options::{HttpLimits, HttpOptions};
pub use server::Server;
pub use tls::{TlsError, TlsFiles};
pub use token::{
    NewToken, TokenError, TokenFile, TokenName, TokenNameError, TokenRecord, TokenStatus,
    TokenTerms, Tokens,
};
