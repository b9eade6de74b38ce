//! Tools: native ones and plugins', in one registry, called one way.
//!
//! A model asks for a tool by a [`ModelName`]. A [`ToolSnapshot`] knows whose that is, and makes a [`PreparedCall`] of it, whose
//! arguments hooks may still change; a [`CheckedCall`] fits the tool's schema; an [`ApprovedCall`] was approved where approval was
//! needed, and is the only thing that can be called. What comes of it is a result for the model, whatever happened.

mod approval;
mod caller;
mod entry;
mod error;
mod name;
mod plugin;
mod registry;
mod result;
mod run;
mod shown;
mod snapshot;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_host_core::{
    Blob, CallOptions, Cancellation, Capability, Chain, Error, InstancePolicy, LogSink, Plugin,
    Services, ToolDefinition, ToolEvent, ToolOutput,
};
use serde_json::Value;

use crate::hook::{Permits as _, PluginPermits};

pub use approval::{
    Answer, ApprovalReason, ApprovalRequest, Approvals, Approver, ToolPattern, Unattended,
};
pub use caller::{Called, Place, ToolCaller};
pub use entry::ToolEntry;
pub use error::CallError;
pub use name::{ModelName, NATIVE, NameError, QualifiedName};
pub use plugin::PluginTool;
pub use registry::{NativeError, ToolRegistry};
pub use result::{answered, failed};
pub use run::{ApprovedCall, CheckedCall, PreparedCall};
pub use snapshot::{Refused, RefusedReason, ToolSnapshot};

/// The largest result of a tool, native or a plugin's that streams. All of it goes into a conversation: this is sixteen times what
/// a plugin's call may answer at once by default, room for some pictures.
pub const RESULT_BYTES: u64 = 16 * 1024 * 1024;

/// How much longer a call may take whose plugin may ask a person: as long as it takes to read, to think and to type.
const PERSONS_TIME: Duration = Duration::from_secs(300);

/// Something that a model or a program can call by name, with a JSON object.
#[async_trait]
pub trait Tool: Send + Sync {
    /// What it is. The name in it is its own, without that of its owner.
    fn definition(&self) -> &ToolDefinition;

    /// Runs it. Its arguments were checked against its schema. Dropping the future ends it.
    ///
    /// # Errors
    /// A native tool's own failure is [`Error::Tool`].
    async fn call(&self, call: ToolCall, scope: &CallScope) -> Result<ToolOutput, Error>;
}

/// What a tool is called with.
#[derive(Clone, Debug, Default)]
pub struct ToolCall {
    /// A JSON object.
    pub arguments: Value,
    /// Bytes that come with the call.
    pub attachments: Vec<Blob>,
}

/// Takes what a tool says while it works, as its author wrote it: escape it for people.
pub type OnEvent = Arc<dyn Fn(ToolEvent) + Send + Sync>;

/// In what a call is made.
#[derive(Clone, Default)]
pub struct CallScope {
    /// The agent's session.
    pub session: Option<String>,
    /// On whose behalf it is made, where an agent works for several: what plugins keep is each one's own.
    pub principal: Option<Arc<str>>,
    /// Handed to a plugin's tool as it is: a conversation's id, a locale.
    pub metadata: Vec<(String, String)>,
    /// Asks the call to end, politely first.
    pub cancel: Option<Cancellation>,
    /// Called with progress, and with pieces of a streaming tool's answer, while it runs: hand it on, don't wait.
    pub on_event: Option<OnEvent>,
    /// The calls that led to this one, where a plugin's tool makes it.
    pub chain: Option<Chain>,
    /// Granted to this call beside what its plugin was granted: [`CallOptions::grants`].
    pub grants: Vec<Capability>,
    /// Services of this call: what is here takes the place of the host's, for it and the calls that it leads to.
    pub services: Services,
    /// Who also gets the lines of a plugin's tool, and of what it calls: hand them on, don't wait.
    pub log: Option<Arc<dyn LogSink>>,
}

impl CallScope {
    /// The same for a call of one plugin.
    pub(crate) fn options(&self, plugin: &Plugin) -> CallOptions {
        let keeps_sessions = plugin.instance_policy() == InstancePolicy::Session;
        let on_progress = self.on_event.clone().map(|on_event| {
            let report = move |progress| on_event(ToolEvent::Progress(progress));
            Arc::new(report) as Arc<dyn Fn(_) + Send + Sync>
        });
        CallOptions {
            timeout: self.timeout(plugin),
            session: self.session.clone().filter(|_| keeps_sessions),
            principal: self.principal.clone(),
            metadata: self.metadata.clone(),
            cancel: self.cancel.clone(),
            on_progress,
            chain: self.chain.clone(),
            grants: self.grants.clone(),
            services: self.services.clone(),
            log: self.log.clone(),
            ..CallOptions::default()
        }
    }

    /// The plugin's own time, and a person's where it may ask one.
    fn timeout(&self, plugin: &Plugin) -> Option<Duration> {
        let asks =
            self.services.ask.is_some() && PluginPermits(plugin.clone()).permits(&Capability::Ask);
        asks.then(|| plugin.limits().call.wall_clock + PERSONS_TIME)
    }
}

impl fmt::Debug for CallScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallScope")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
