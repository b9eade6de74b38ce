//! `portcullis serve`: plugins for an MCP client.

mod http;
mod plugins;

use crate::args::{Format, ServeArgs};
use crate::commands::mcp;
use crate::error::CliError;
use crate::host;
use plugins::{Served, Wanted};
use portcullis_host_agent::core::Services;
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::service::RegistryInvoke;
use portcullis_host_agent::tool::{Approvals, Unattended};
use portcullis_mcp::http::Metrics;
use portcullis_mcp::{Endpoint, EndpointOptions, Naming, Principal, serve_stdio};
use std::sync::Arc;

/// Serves the client that started this process until it goes, or a signal comes.
pub(crate) fn run(mut args: ServeArgs, format: Format, verbose: bool) -> Result<(), CliError> {
    let wanted = Wanted::new(&args)?;
    args.host
        .config
        .plugin_dirs
        .extend(wanted.dirs.iter().cloned());
    let extensions = Arc::new(Extensions::builder().build());
    let metrics = args.http.http.is_some().then(Metrics::new).transpose()?;
    let services = services(&extensions);
    let session = host::start_server(&args.host, services, metrics.as_ref(), format, verbose)?;
    session.run(async {
        let mut served = Served::open(session, &args, &wanted, &extensions).await?;
        let options = EndpointOptions {
            naming: if wanted.is_one() {
                Naming::Own
            } else {
                Naming::Qualified
            },
            sampling: args.sampling,
            ..EndpointOptions::default()
        };
        let endpoint = Endpoint::new(Arc::clone(&extensions), options);
        let tokens = || mcp::tokens(&args.http.tokens);
        if let Some(options) = args.http.options(tokens, metrics)? {
            return tokio::select! {
                ended = http::serve(endpoint, options, stopped()) => ended,
                () = served.keep(&extensions) => Ok(()),
            };
        }
        let client = serve_stdio(&endpoint, Principal::of_everything("stdio"), stopped());
        tokio::select! {
            ended = client => Ok(ended?),
            () = served.keep(&extensions) => Ok(()),
        }
    })
}

/// What plugins ask this host for: each other's tools, where they were granted them. What would need a person's approval is not done,
/// since nobody is there to be asked.
fn services(extensions: &Arc<Extensions>) -> Services {
    let approvals = Arc::new(Approvals::new(Arc::new(Unattended::default())));
    let invoke = RegistryInvoke::new(Arc::clone(extensions.tools()), approvals);
    Services {
        invoke: Some(Arc::new(invoke.under_hooks(extensions))),
        ..Services::default()
    }
}

/// Listens for the signals that ask this process to end, from this call on: what it gives ends with the first of them. One that can't be
/// listened for never comes.
#[cfg(unix)]
fn stopped() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let [interrupt, terminate] = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    async move {
        tokio::select! {
            Some(()) = async { interrupt.ok()?.recv().await } => {}
            Some(()) = async { terminate.ok()?.recv().await } => {}
            else => std::future::pending().await,
        }
    }
}

/// The same, of the one signal that there is everywhere, from when it is first waited for.
#[cfg(not(unix))]
fn stopped() -> impl Future<Output = ()> {
    super::call::interrupt()
}
