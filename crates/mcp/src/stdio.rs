//! The client that started this process.

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use rmcp::transport::stdio_pipes;

use crate::endpoint::Endpoint;
use crate::principal::Principal;

/// Why a client could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It did not begin as the protocol wants.
    #[error("the client did not begin a session: {0}")]
    Begin(#[from] Box<ServerInitializeError>),
    /// Serving it failed.
    #[error("the session broke off: {0}")]
    Broken(#[from] tokio::task::JoinError),
}

/// Serves one client over standard input and output until it goes. Nothing else may be written to standard output meanwhile.
///
/// # Errors
/// Where the client does not begin a session.
pub async fn serve_stdio(endpoint: &Endpoint, principal: Principal) -> Result<(), ServeError> {
    let session = endpoint.session(principal);
    let served = session.serve(stdio_pipes()).await;
    let served = served.map_err(|error| ServeError::Begin(Box::new(error)))?;
    served.waiting().await?;
    Ok(())
}
