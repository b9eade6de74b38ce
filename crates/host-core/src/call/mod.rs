//! The life of a call.

mod aside;
mod chat;
mod hook;
mod prompt;
mod read;
mod run;
mod tool;
mod typed;

use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use tokio::time::Instant;

use self::run::Admitted;
use crate::access::{Caller, OnDecision};
use crate::cancel::Cancellation;
use crate::error::Error;
use crate::log::LogSink;
use crate::plugin::PluginInner;
use crate::service::{Brought, Chain, Link, Services};
use crate::state::Call;
use crate::telemetry::TraceContext;
use crate::value::{Blob, Content, Progress};
use crate::{CallLimits, Capability};

pub(crate) use aside::Aside;
pub use hook::{HookAnswer, HookVerdict};

/// How one call differs from the plugin's limits and settings. The default differs in nothing.
#[derive(Default)]
pub struct CallOptions {
    /// How long the call may take, instead of [`CallLimits::wall_clock`]: from the moment it is made, waiting included.
    pub timeout: Option<Duration>,
    /// Units of fuel, instead of [`CallLimits::fuel`]. Only for a plugin that was loaded with metering.
    pub fuel: Option<u64>,
    /// Bytes over all memories, at most [`CallLimits::memory_bytes`].
    pub memory_bytes: Option<u64>,
    /// The session that the call belongs to, for a plugin that keeps sessions; without one, it gets an instance of its own.
    pub session: Option<String>,
    /// On whose behalf it is made, where a host works for several: what the plugin keeps – state, and instances that it uses
    /// again – is each one's own. A session is whose its id is: the caller gives out ids that differ.
    pub principal: Option<Arc<str>>,
    /// The trace that the call belongs to, where no current span says so. The tool finds it as `traceparent` in its metadata, and
    /// its requests carry it on.
    pub trace: Option<TraceContext>,
    /// Handed to the tool as it is: a conversation's id, a locale.
    pub metadata: Vec<(String, String)>,
    /// Bytes that come with the call, beside the arguments.
    pub attachments: Vec<Blob>,
    /// Called with the tool's progress, while it runs: hand it on, don't wait.
    pub on_progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    /// Called with everything that is decided for the call, allowed and denied, and the request where it could be read
    /// and repeats no secret: hand it on, don't wait.
    pub on_decision: Option<OnDecision>,
    /// What a tool with streaming input reads.
    pub input: Option<BoxStream<'static, Content>>,
    /// Asks the call to end.
    pub cancel: Option<Cancellation>,
    /// The calls that led to this one, where a plugin makes it by way of [`Invoke`](crate::Invoke): it ends no later than they do
    /// and shares their permit.
    pub chain: Option<Chain>,
    /// Granted to this call beside what the plugin was granted: within its manifest and the host's ceiling, and not to the calls that
    /// it leads to. Folders are opened when a plugin is loaded, and none by this.
    pub grants: Vec<Capability>,
    /// Services of this call: what is here takes the place of the host's, for it and the calls that it leads to.
    pub services: Services,
    /// Who also gets the lines of this call, and of those that it leads to, without values of secrets: hand them on, don't wait.
    pub log: Option<Arc<dyn LogSink>>,
}

impl std::fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("fuel", &self.fuel)
            .field("memory_bytes", &self.memory_bytes)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// The plugin's limits, the caller's options and the chain that it belongs to, brought together.
fn admit(
    plugin: &PluginInner,
    id: Arc<str>,
    what: Arc<str>,
    options: CallOptions,
) -> Result<Admitted, Error> {
    let limits = limits(plugin, &options)?;
    let mut deadline = Instant::now() + limits.wall_clock;
    let chain = match &options.chain {
        Some(chain) => {
            let link = Link::new(&plugin.owner.id, &what);
            deadline = deadline.min(chain.deadline());
            Some(chain.and(link, deadline)?)
        }
        None => None,
    };
    let chained = chain.is_some();
    let mut call = Call::new(Arc::clone(&id), limits, &plugin.owner.access, deadline);
    let (aside, handed) = aside::aside();
    (call.what, call.chain, call.aside) = (what, chain, aside);
    let granted = &options.grants[..];
    if !granted.is_empty() || options.on_decision.is_some() || options.trace.is_some() {
        let access = Arc::clone(&plugin.owner.access);
        call.caller = Caller::watched(access, id, granted, options.on_decision, options.trace);
    }
    call.addresses.clone_from(&plugin.addresses);
    call.brought = Brought::new(plugin, options.services, options.log);
    call.on_progress = options.on_progress;
    call.cancel = options.cancel;
    call.principal = options.principal;
    Ok(Admitted {
        call,
        session: options.session,
        chained,
        handed,
    })
}

/// The plugin's limits as this call's options change them.
fn limits(plugin: &PluginInner, options: &CallOptions) -> Result<CallLimits, Error> {
    let mut limits = plugin.limits.call.clone();
    if let Some(fuel) = options.fuel {
        if !plugin.code.metered {
            return Err(Error::Unsupported {
                what: "fuel was given for a plugin whose fuel is not metered".to_owned(),
                remedy: "load it with a fuel limit (LimitOverrides::fuel)",
            });
        }
        limits.fuel = Some(fuel);
    }
    limits.wall_clock = options.timeout.unwrap_or(limits.wall_clock);
    limits.memory_bytes = options
        .memory_bytes
        .unwrap_or(u64::MAX)
        .min(limits.memory_bytes);
    Ok(limits)
}
