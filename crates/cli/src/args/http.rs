//! How `portcullis serve` listens.

use super::TokensArgs;
use crate::error::CliError;
use bytesize::ByteSize;
use clap::Args;
use portcullis_mcp::http::{HttpLimits, HttpOptions, Metrics, TlsFiles, TokenFile};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The heading over what is about HTTP.
const HTTP: &str = "Over HTTP";

/// For many clients, by Streamable HTTP.
#[derive(Debug, Args)]
pub(crate) struct HttpArgs {
    /// Serve clients over HTTP instead of the one that started this command: at 127.0.0.1:7332, or at this address. Each needs
    /// a token (`portcullis mcp token create`).
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:7332", require_equals = true,
        help_heading = HTTP)]
    pub(crate) http: Option<SocketAddr>,

    /// The certificate, in PEM; needed where other machines can reach the address.
    #[arg(long, value_name = "FILE", requires_all = ["http", "tls_key"], help_heading = HTTP)]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Its key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = HTTP)]
    pub(crate) tls_key: Option<PathBuf>,

    /// A name or address that clients call the server by, beside the one it listens on; again for each.
    #[arg(long = "host", value_name = "NAME", requires = "http", help_heading = HTTP)]
    pub(crate) hosts: Vec<String>,

    /// Sessions of all tokens at once.
    #[arg(long, value_name = "NUMBER", requires = "http", help_heading = HTTP)]
    pub(crate) max_sessions: Option<u32>,

    /// Sessions of one token at once.
    #[arg(long, value_name = "NUMBER", requires = "http", help_heading = HTTP)]
    pub(crate) max_sessions_per_token: Option<u32>,

    /// How large one message may be, for example 4MiB.
    #[arg(long, value_name = "SIZE", requires = "http", help_heading = HTTP)]
    pub(crate) max_message: Option<ByteSize>,

    /// Requests of one token within a minute.
    #[arg(long, value_name = "NUMBER", requires = "http", help_heading = HTTP)]
    pub(crate) max_requests_per_minute: Option<u32>,

    #[command(flatten)]
    pub(crate) tokens: TokensArgs,
}

impl HttpArgs {
    /// The same as the server takes it, where it is to listen.
    pub(crate) fn options(
        &self,
        tokens: impl FnOnce() -> Result<TokenFile, CliError>,
        metrics: Option<Metrics>,
    ) -> Result<Option<HttpOptions>, CliError> {
        let Some(address) = self.http else {
            return Ok(None);
        };
        let mut options = HttpOptions::new(tokens()?);
        options.address = address;
        options.metrics = metrics;
        options.hosts.clone_from(&self.hosts);
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        options.tls = files.map(|(certificates, key)| TlsFiles { certificates, key });
        let default = HttpLimits::default();
        let bytes = self.max_message.map(|size| size.as_u64());
        let bytes = bytes.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        options.limits = HttpLimits {
            sessions: self.max_sessions.unwrap_or(default.sessions),
            sessions_each: self.max_sessions_per_token.unwrap_or(default.sessions_each),
            body_bytes: bytes.unwrap_or(default.body_bytes),
            requests_per_minute: self
                .max_requests_per_minute
                .unwrap_or(default.requests_per_minute),
            ..default
        };
        Ok(Some(options))
    }
}
