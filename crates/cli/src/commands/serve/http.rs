//! Many clients, over HTTP.

use crate::error::CliError;
use crate::output;
use portcullis_mcp::Endpoint;
use portcullis_mcp::http::{HttpOptions, Server};

/// Serves them until `stop` resolves, and says where.
pub(super) async fn serve(
    endpoint: Endpoint,
    options: HttpOptions,
    stop: impl Future<Output = ()>,
) -> Result<(), CliError> {
    let scheme = if options.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let server = Server::bind(endpoint, options).await?;
    let address = server.address().map_err(CliError::Runtime)?;
    output::note(&format!("MCP at {scheme}://{address}/mcp"));
    server.serve(stop).await;
    Ok(())
}
