//! Why a server does not start.

use std::io;
use std::net::SocketAddr;

use super::{TlsError, TokenError};

/// Why a [`Server`](super::Server) does not start. Nothing listens then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// Others could read along.
    #[error(
        "{0} can be reached from other machines, and without TLS tokens would go there in the clear: give a certificate and its key, or \
         listen on a loopback address"
    )]
    NoTls(SocketAddr),
    /// Nobody could come in.
    #[error(
        "no token is there that counts now, so nobody could come in: `portcullis mcp token create NAME` makes one"
    )]
    NoToken,
    /// It would not know its own name.
    #[error(
        "{0} stands for all addresses of this machine, and none of them is known to be the server's: say by which names clients call it"
    )]
    NoHost(SocketAddr),
    /// A name of the server that none can have.
    #[error(
        "{0:?} is no name or address that clients could call a server by; write it without scheme, port and path"
    )]
    Host(String),
    /// The tokens can't be read.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Certificate or key can't be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address can't be had.
    #[error("can't listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}
