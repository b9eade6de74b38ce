//! What can go wrong, by kind: refused, failed, trapped and timed out are different things.

mod kind;
mod told;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use portcullis_contract::chat::ChatError;
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::Denial;
use portcullis_host_policy::document::{DocumentError, DocumentErrorKind, DocumentErrors};
use portcullis_host_policy::manifest::section::SectionError;
use portcullis_host_policy::trust::Distrust;
use serde::Serialize;

pub use kind::ErrorKind;

use crate::secret::SecretError;
use crate::trust::TrustError;
use crate::{PluginId, ToolError};

/// Everything that a load or a call can end with but its result.
///
/// Texts in it that come from a guest (`Tool`, `Trapped`) are as the guest wrote them: escape them for a terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    // ---- a load ----
    /// The file could not be read.
    #[error("can't read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The bytes are no WebAssembly component that this host can compile.
    #[error("not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What is wrong with the bytes.
        reason: String,
    },
    /// The component was built for a version of the contract that this host does not serve.
    #[error(
        "the plugin needs {needs}, this host serves {}; rebuild the plugin with a matching SDK, or use another host",
        serves.join(" and ")
    )]
    ContractVersion {
        /// What the component imports or exports, such as `portcullis:tool/tools@0.2.0`.
        needs: String,
        /// The versions that this host serves.
        serves: Vec<String>,
    },
    /// The component needs an interface of the contract that this host does not serve yet.
    #[error("the plugin needs {interface}, which this version of the host does not serve yet")]
    NotServed {
        /// The interface, as the component names it.
        interface: String,
    },
    /// The component imports something that is not part of the contract.
    #[error(
        "the plugin imports {name}, which no Portcullis host serves; build it against portcullis:* and WASI interfaces only"
    )]
    UnknownImport {
        /// The import's name.
        name: String,
    },
    /// The component exports nothing that this host can call.
    #[error(
        "the component exports nothing that this host calls: it needs an export portcullis:tool/tools or portcullis:tool/sync-tools, one for hooks, providers, roles, resources or prompts, or functions of its own"
    )]
    NoTools,
    /// The manifest inside the component, or beside it, is not right.
    #[error("{0}")]
    Manifest(DocumentErrors),
    /// The component's manifest section can't be read.
    #[error("{0}")]
    ManifestSection(#[from] SectionError),
    /// The component carries a manifest, and another lies beside it.
    #[error("the plugin carries a manifest, and {} says something else; remove the file", path.display())]
    ManifestTwice {
        /// The file beside the component.
        path: PathBuf,
    },
    /// The file of signatures beside the component is not right.
    #[error("{} can't be used:\n{errors}", path.display())]
    Signatures {
        /// The file.
        path: PathBuf,
        /// All of them.
        errors: DocumentErrors,
    },
    /// The plugin's code was to be compiled again for its first call, and its file is another by now.
    #[error("{} is not the file that was verified; load the plugin again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Nobody who is trusted for this plugin vouches for these bytes.
    #[error("the plugin is not trusted: {0}")]
    Untrusted(Distrust),
    /// A folder of plugins, or something in it, can't be used.
    #[error("{}: {problem}; {remedy}", path.display())]
    Discovery {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What the operator can do.
        remedy: &'static str,
    },
    /// Trusted keys or the lock can't be read or written.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The manifest asks for a capability that there is not.
    #[error("{0}")]
    UnknownCapability(DocumentErrors),
    /// What the plugin says of its tools does not hold.
    #[error("{}{problem}; {remedy}", tool.as_ref().map(|tool| format!("tool {tool:?}: ")).unwrap_or_default())]
    Definition {
        /// The tool, where it is one tool's fault.
        tool: Option<String>,
        /// What is wrong.
        problem: String,
        /// What its author can do.
        remedy: &'static str,
    },
    /// A folder that was granted can't be used.
    #[error("the grant `{grant}` can't be used: {problem}; {remedy}")]
    Folder {
        /// The grant.
        grant: Box<Capability>,
        /// What is wrong with the folder.
        problem: String,
        /// What the operator can do.
        remedy: String,
    },
    /// The component is larger, or defines more, than the operator allows.
    #[error(
        "the plugin's {limit} is {found}, and this host allows {allowed}; the operator can raise the limit"
    )]
    LoadLimit {
        /// Which limit of [`LoadLimits`](crate::LoadLimits).
        limit: &'static str,
        /// What it allows.
        allowed: u64,
        /// What the component has.
        found: u64,
    },
    /// Compiling took longer than the operator allows.
    #[error("compiling took longer than {allowed:?}; the operator can raise the limit")]
    CompileTime {
        /// What [`LoadLimits::compile_time`](crate::LoadLimits) allows.
        allowed: Duration,
    },
    /// The plugin failed while it was asked for its definitions.
    #[error("the plugin failed when it was asked for its tools: {source}")]
    Probe {
        /// How it failed.
        source: Box<Error>,
    },

    /// A secret that the plugin may use is missing, or can't be used as it is bound.
    #[error(transparent)]
    Secret(#[from] SecretError),

    // ---- a call ----
    /// No plugin of this id can be called now.
    #[error("the plugin {id} can't be called: {why}")]
    NotActive {
        /// What was asked for.
        id: PluginId,
        /// What is known of it.
        why: String,
    },
    /// The plugin has no tool of this name.
    #[error("no tool is called {tool:?}{}", nearest.as_ref().map(|name| format!("; did you mean {name:?}?")).unwrap_or_default())]
    UnknownTool {
        /// What was asked for.
        tool: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// The arguments don't fit the input schema of the tool, or are not those of the prompt. The guest was not entered.
    #[error("the arguments of {tool:?} don't fit its schema: {}", list(mistakes))]
    InvalidArguments {
        /// The tool, or the prompt.
        tool: String,
        /// Every mistake that was found.
        mistakes: Vec<ArgumentMistake>,
    },
    /// What the caller asked for can't be done with this plugin.
    #[error("{what}; {remedy}")]
    Unsupported {
        /// What was asked for.
        what: String,
        /// What to do instead.
        remedy: &'static str,
    },
    /// The plugin has no handler of this name.
    #[error("the plugin has no hook called {hook:?}")]
    UnknownHook {
        /// What was asked for.
        hook: String,
    },
    /// The plugin has no provider of this name.
    #[error("the plugin has no provider called {provider:?}")]
    UnknownProvider {
        /// What was asked for.
        provider: String,
    },
    /// Nothing of the plugin is read at this address.
    #[error("the plugin has no resource {uri:?}{}", nearest.as_ref().map(|near| format!("; did you mean {near:?}?")).unwrap_or_default())]
    UnknownResource {
        /// What was asked for.
        uri: String,
        /// The nearest address that there is.
        nearest: Option<String>,
    },
    /// The plugin has no prompt of this name.
    #[error("no prompt is called {prompt:?}{}", nearest.as_ref().map(|name| format!("; did you mean {name:?}?")).unwrap_or_default())]
    UnknownPrompt {
        /// What was asked for.
        prompt: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// Plugins that call each other's tools went in a circle, or too deep.
    #[error("{call} can't be called: {problem}")]
    Chain {
        /// The calls, this one last.
        call: String,
        /// What is wrong with them.
        problem: String,
    },
    /// The handler of a hook failed by itself.
    #[error("the hook failed ({code}): {message}")]
    Hook {
        /// Stable and machine-readable.
        code: String,
        /// What went wrong, in the plugin's words.
        message: String,
    },
    /// The model provider gave no answer, for a reason of its own.
    #[error("the provider failed ({}): {}", .0.code, .0.message)]
    Chat(ChatError),
    /// The tool answered with an error of its own.
    #[error("the tool failed ({}): {}", .0.code, .0.message)]
    Tool(ToolError),
    /// The resource could not be read, for a reason of the plugin's own.
    #[error("the resource can't be read ({}): {}", .0.code, .0.message)]
    Resource(ToolError),
    /// The prompt could not be made, for a reason of the plugin's own.
    #[error("the prompt can't be had ({}): {}", .0.code, .0.message)]
    Prompt(ToolError),
    /// The guest broke: it panicked, exited, or did what the sandbox stops.
    #[error("the plugin trapped: {0}")]
    Trapped(Box<Trap>),
    /// The call, guest time and host awaits together, took longer than its deadline.
    #[error("the call took longer than {after:?}")]
    DeadlineExceeded {
        /// The deadline that it had.
        after: Duration,
    },
    /// The guest used up its fuel.
    #[error("the call used up its {budget} units of fuel")]
    OutOfFuel {
        /// What it had.
        budget: u64,
    },
    /// The guest needed more memory than it is allowed, over all its memories and tables.
    #[error("the plugin needed more than {limit} bytes of memory")]
    MemoryExceeded {
        /// The limit in bytes.
        limit: u64,
    },
    /// The answer, or one value that the guest handed over, is too large.
    #[error("the plugin's output is larger than {limit} bytes")]
    OutputTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The guest went over another limit.
    #[error("the plugin went over its limit of {allowed} {limit}")]
    LimitExceeded {
        /// Which limit of [`CallLimits`](crate::CallLimits).
        limit: &'static str,
        /// What it allows.
        allowed: u64,
    },
    /// Too much is going on; the guest was not entered, and the same call may succeed later.
    #[error("too many {scope} (limit {limit}); try again later")]
    Busy {
        /// What there is too much of.
        scope: BusyScope,
        /// How much is allowed.
        limit: u64,
    },
    /// The caller cancelled the call.
    #[error("the call was cancelled")]
    Cancelled,
    /// The plugin was taken out of service while the call ran, or before.
    #[error("the plugin was stopped by its host")]
    Stopped,
    /// The plugin refused its settings when its instance was started.
    #[error("the plugin refused its settings ({code}): {message}")]
    Start {
        /// Stable and machine-readable.
        code: String,
        /// What is wrong with them, in the plugin's words.
        message: String,
    },
    /// The guest answered, and its answer is not what the contract says.
    #[error("the plugin broke its contract: {problem}")]
    BrokenContract {
        /// What is wrong with the answer.
        problem: String,
    },
    /// The operator's settings for the plugin don't fit the schema in its manifest.
    #[error(
        "the settings don't fit the plugin's [config] schema: {}",
        list(mistakes)
    )]
    Settings {
        /// Every mistake that was found.
        mistakes: Vec<ArgumentMistake>,
    },
    /// The plugin gave up because something was denied to it. As text it says no more than the guest knows, since it may
    /// be shown to a model.
    #[error("denied: {}", error.message)]
    Denied {
        /// What the tool said.
        error: ToolError,
        /// What was denied, each once, with reason and remedies: for the operator alone.
        denials: Vec<Denial>,
    },
    /// The host itself failed; neither the plugin nor the caller is at fault.
    #[error("host fault: {reason}")]
    Host {
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// A manifest's mistakes; a wrong capability is a kind of its own.
    pub(crate) fn manifest(errors: DocumentErrors) -> Self {
        let capability =
            |error: &DocumentError| matches!(error.kind, DocumentErrorKind::Capability(_));
        if errors.errors().iter().any(capability) {
            Error::UnknownCapability(errors)
        } else {
            Error::Manifest(errors)
        }
    }

    pub(crate) fn host(reason: impl fmt::Display) -> Self {
        Error::Host {
            reason: reason.to_string(),
        }
    }
}

/// One place where arguments don't fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArgumentMistake {
    /// A JSON pointer into the arguments; empty for the arguments as a whole.
    pub pointer: String,
    /// What is wrong there.
    pub problem: String,
}

fn list(mistakes: &[ArgumentMistake]) -> String {
    let lines = mistakes
        .iter()
        .map(|mistake| match mistake.pointer.as_str() {
            "" => mistake.problem.clone(),
            pointer => format!("{pointer}: {}", mistake.problem),
        });
    lines.collect::<Vec<_>>().join("; ")
}

/// How a guest broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Trap {
    /// What the sandbox says of it, such as `wasm unreachable instruction executed` or `call stack exhausted`.
    pub reason: String,
    /// The panic behind it, where the guest's runtime printed one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub panic: Option<Panic>,
    /// The status that the guest exited with, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The guest's functions on the stack, innermost first.
    pub backtrace: Vec<String>,
    /// The last of what the guest printed to standard error.
    pub stderr: String,
    /// The call's session ended with it: the next call of that session finds a new instance.
    pub session_lost: bool,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.panic, self.exit) {
            (Some(panic), _) => write!(f, "{panic}")?,
            (None, Some(code)) => write!(f, "it exited with status {code}")?,
            (None, None) => f.write_str(&self.reason)?,
        }
        if self.session_lost {
            f.write_str("; its session starts anew")
        } else {
            Ok(())
        }
    }
}

/// A panic's message and place, taken from the guest's standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Panic {
    /// What the guest said.
    pub message: String,
    /// `file:line:column`, where it is known.
    pub place: Option<String>,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "panicked at {place}: {}", self.message),
            None => write!(f, "panicked: {}", self.message),
        }
    }
}

/// What there is too much of when a call is refused as [`Error::Busy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BusyScope {
    /// Calls of this plugin that run or wait.
    PluginCalls,
    /// Calls of all plugins that run or wait.
    HostCalls,
    /// Calls of this plugin within a minute.
    PluginRate,
    /// Calls of all plugins within a minute.
    HostRate,
    /// Open sessions of this plugin.
    PluginSessions,
    /// Open sessions of all plugins.
    HostSessions,
    /// Instances in the pool.
    Instances,
}

impl fmt::Display for BusyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BusyScope::PluginCalls => "calls of this plugin at once",
            BusyScope::HostCalls => "calls at once",
            BusyScope::PluginRate => "calls of this plugin a minute",
            BusyScope::HostRate => "calls a minute",
            BusyScope::PluginSessions => "open sessions of this plugin",
            BusyScope::HostSessions => "open sessions",
            BusyScope::Instances => "instances",
        })
    }
}
