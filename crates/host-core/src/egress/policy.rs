//! The embedder's own say over requests.

use std::net::IpAddr;

use http::{HeaderMap, StatusCode};
use portcullis_host_policy::request::HttpRequest;

use crate::{Identity, PluginId};

/// A request that the rules allow, as an embedder's policy sees it. Secrets are not in it.
#[derive(Debug)]
#[non_exhaustive]
pub struct EgressRequest<'a> {
    /// The plugin's id.
    pub plugin: &'a PluginId,
    /// Who it is.
    pub identity: Identity,
    /// The call.
    pub call: &'a str,
    /// What it asks for.
    pub request: &'a HttpRequest,
    /// The header fields that the guest set.
    pub headers: &'a HeaderMap,
    /// The addresses that may be dialled.
    pub addresses: &'a [IpAddr],
}

/// What an embedder's policy wants.
#[derive(Debug)]
#[non_exhaustive]
pub enum EgressVerdict {
    /// Send it.
    Continue,
    /// Send it with these header fields too. They go through the same checks as the guest's own.
    AddHeaders(HeaderMap),
    /// Send it to this URL instead, which goes through the whole gate as if the guest had asked for it.
    Rewrite(String),
    /// Don't; the reason is for the operator.
    Deny(String),
}

/// An embedder's own policy, asked after the rules and before anything is sent. It can only narrow what the rules allow.
#[async_trait::async_trait]
pub trait EgressPolicy: Send + Sync {
    /// Judges a request.
    async fn request(&self, request: &EgressRequest<'_>) -> EgressVerdict;

    /// Watches the head of a response; true asks for the request to be sent once more. That happens once, and only where the
    /// request has no body.
    async fn response(
        &self,
        request: &EgressRequest<'_>,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> bool {
        let _ = (request, status, headers);
        false
    }
}
