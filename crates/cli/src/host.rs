//! The host that a command starts, for one plugin and one call at a time.

use crate::args::{Format, HostArgs};
use crate::commands::secret::SecretCommandError;
use crate::error::CliError;
use crate::log::Log;
use crate::output::{self, DIM};
use crate::progress::Spinner;
use crate::secrets::{self, OnDemand};
use crate::settings;
use crate::telemetry::{self, Telemetry};
use portcullis_host_core::telemetry::TraceContext;
use portcullis_host_core::{
    Definitions, Error, Host, HostBuilder, Limits, LoadOptions, Plugin, Services, Source,
};
use portcullis_host_policy::config::Effective;
use portcullis_mcp::http::Metrics;
use std::sync::Arc;
use std::time::Instant;

/// A host and the runtime that it runs on.
pub(crate) struct Session {
    runtime: tokio::runtime::Runtime,
    pub(crate) host: Host,
    /// What the operator's configuration, variables and flags come to.
    pub(crate) settings: Effective,
    telemetry: &'static Telemetry,
    verbose: bool,
}

/// Starts a host that is sized for one call. It is never dropped: the process ends with its command, and the system takes
/// threads, engine and pool back faster than they could be taken down one by one.
pub(crate) fn start(
    args: &HostArgs,
    format: Format,
    verbose: bool,
) -> Result<&'static Session, CliError> {
    start_with(args, false, format, verbose)
}

/// The same with the network open to what is granted, unless the operator closed it.
pub(crate) fn start_with(
    args: &HostArgs,
    network: bool,
    format: Format,
    verbose: bool,
) -> Result<&'static Session, CliError> {
    let one_call = |builder: HostBuilder| builder.max_in_flight(1);
    let runtime = tokio::runtime::Builder::new_current_thread();
    start_on(runtime, args, network, one_call, format, verbose)
}

/// Starts a host for as many calls as it takes, on all processors.
pub(crate) fn start_server(
    args: &HostArgs,
    services: Services,
    metrics: Option<&Metrics>,
    format: Format,
    verbose: bool,
) -> Result<&'static Session, CliError> {
    let serving = |builder: HostBuilder| match metrics {
        Some(metrics) => builder
            .services(services)
            .meter_provider(metrics.provider()),
        None => builder.services(services),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread();
    start_on(runtime, args, true, serving, format, verbose)
}

fn start_on(
    mut runtime: tokio::runtime::Builder,
    args: &HostArgs,
    network: bool,
    sized: impl FnOnce(HostBuilder) -> HostBuilder,
    format: Format,
    verbose: bool,
) -> Result<&'static Session, CliError> {
    let settings = settings::load(&args.config)?;
    let runtime = runtime.enable_all().build().map_err(CliError::Runtime)?;
    let log = Log { format, verbose };
    let telemetry = telemetry::start(log);
    let mut builder = sized(Host::builder())
        .network(network && !settings.offline.value)
        .limits(Limits::default().set_by(settings.limits()))
        .ceiling(settings.ceiling());
    builder = telemetry.equip(builder, log);
    if let Some(dir) = &args.cache_dir {
        builder = builder.cache_dir(dir.clone());
    }
    if args.no_audit {
        builder = builder.no_audit();
    } else if let Some(dir) = &args.audit_dir {
        builder = builder.audit_dir(dir.clone());
    }
    if let Some(dir) = &args.state_dir {
        builder = builder.state_dir(dir.clone());
    }
    builder = builder.protect(settings::find(&args.config).map(|file| file.path().to_owned()));
    builder = builder.protect(settings.dirs.value.iter().flatten());
    builder = builder.protect(args.secrets.secrets_dir.clone());
    builder = builder.protect(args.trust.trust_dir.clone());
    let bindings = secrets::bindings(&args.secrets)?.read();
    builder = builder
        .secrets(Arc::new(OnDemand::new(args.secrets.clone())))
        .bindings(bindings.map_err(SecretCommandError::Store)?);
    let host = builder.build()?;
    Ok(Box::leak(Box::new(Session {
        runtime,
        host,
        settings,
        telemetry,
        verbose,
    })))
}

impl Session {
    /// Runs one piece of work to its end, and sees to what the host has yet to write.
    pub(crate) fn run<F: Future>(&self, work: F) -> F::Output {
        let _caller = self.telemetry.caller().map(TraceContext::attach);
        let output = self.runtime.block_on(work);
        self.host.flush();
        output
    }

    /// Loads a plugin, with a spinner where it has to be compiled and that takes long.
    pub(crate) async fn load(
        &self,
        source: impl Into<Source>,
        mut options: LoadOptions,
    ) -> Result<Plugin, Error> {
        let spinner = Spinner::new("compiling the plugin");
        options.on_compile = spinner.starter();
        let begun = Instant::now();
        let plugin = self.host.load_with(source, options).await?;
        drop(spinner);
        if self.verbose {
            let how = if plugin.from_cache() {
                "taken from the cache"
            } else {
                "compiled"
            };
            output::note(&format!(
                "{DIM}{how} in {:.1?}, {}{DIM:#}",
                begun.elapsed(),
                plugin.digest()
            ));
        }
        Ok(plugin)
    }

    /// Asks a plugin what it brings, with a spinner as for a load. Settings are the operator's, and not needed for it.
    pub(crate) async fn definitions(
        &self,
        source: impl Into<Source>,
    ) -> Result<Definitions, Error> {
        let spinner = Spinner::new("compiling the plugin");
        let options = LoadOptions {
            on_compile: spinner.starter(),
            ..LoadOptions::default()
        };
        self.host.definitions(source, options).await
    }
}
