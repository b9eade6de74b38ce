//! Loads, sandboxes and calls Portcullis plugins: WebAssembly components that an agent host does not have to trust.
//!
//! A [`Host`] holds what plugins share. [`Host::load`] checks, compiles (or takes from its cache) and links a component into a
//! [`Plugin`]; [`Plugin::call`] runs one of its tools in a fresh instance with limits on everything it can use. Nothing that a
//! guest does – loop, allocate, recurse, panic, flood – outlives its call or reaches its neighbours.
//!
//! All of it is async and needs a [tokio] runtime, of either flavour, with time enabled.
//!
//! [tokio]: https://docs.rs/tokio
//!
//! ```no_run
//! use portcullis_host_core::{Error, Grant, Host};
//! use serde_json::json;
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Error> {
//!     let host = Host::builder().build()?;
//!     let plugin = host.load("hello.wasm", Grant::none()).await?;
//!     for tool in plugin.tools() {
//!         println!("{}: {}", tool.name, tool.description);
//!     }
//!     match plugin.call("greet", json!({"name": "Ada"}), Default::default()).await {
//!         Ok(output) => println!("{}", output.text()),
//!         Err(Error::InvalidArguments { mistakes, .. }) => eprintln!("{mistakes:?}"),
//!         Err(error) => eprintln!("{}: {error}", error.kind()),
//!     }
//!     Ok(())
//! }
//! ```
#![deny(missing_docs)]

mod access;
mod addresses;
mod audit;
mod bindings;
mod blocking;
mod cache;
mod call;
mod cancel;
mod chat;
mod compile;
mod config;
mod contract;
mod convert;
mod definition;
mod egress;
mod engine;
mod environment;
mod error;
mod files;
mod host;
mod imports;
mod inspect;
mod instance;
mod limiter;
mod load;
mod log;
mod mac;
mod permit;
mod plugin;
pub mod private;
mod probe;
mod registry;
mod schema;
pub mod secret;
mod service;
mod session;
mod sockets;
mod state;
mod state_store;
mod stdio;
mod stream;
pub mod telemetry;
mod ticker;
mod trap;
mod trust;
mod typed;
mod value;
mod warm;

/// The samples of the guide compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct Guide;

/// And those of the page on components.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/components.md")]
struct Components;

/// And those of the page on telemetry.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/telemetry.md")]
struct Telemetry;

pub use access::OnDecision;
pub use audit::{AuditFilter, AuditLine, AuditReader, AuditSink, AuditTail, JsonLines};
pub use call::{CallOptions, HookAnswer, HookVerdict};
pub use cancel::Cancellation;
pub use chat::{Assembler, ChatEvent, ChatStream, MAX_ANSWER_BYTES, MAX_TOOL_USES, delta_size};
pub use config::{ConfigError, ConfigFile};
pub use definition::{Definitions, FunctionDefinition, HookDefinition, LeftOut, RoleDefinition};
pub use egress::{EgressPolicy, EgressRequest, EgressVerdict, Resolve};
pub use error::{ArgumentMistake, BusyScope, Error, ErrorKind, Panic, Trap};
pub use host::{Host, HostBuilder, HostStats};
pub use inspect::{Inspection, Sizes};
pub use load::{LoadOptions, Source, Trust};
pub use log::{LogLevel, LogLine, LogSink, LogSource, TracingSink};
pub use plugin::Plugin;
pub use portcullis_contract;
pub use portcullis_host_policy::address::Surroundings;
pub use portcullis_host_policy::audit::{AuditRecord, DroppedRecords, Verdict};
pub use portcullis_host_policy::capability::Capability;
pub use portcullis_host_policy::config::{PluginSettings, Setting, SettingError};
pub use portcullis_host_policy::decision::{
    CapabilitySet, Decision, Denial, DenyCode, Grants, Remedy,
};
pub use portcullis_host_policy::limits::{
    CallLimits, HostLimits, LimitOverrides, Limits, LoadLimits, PluginLimits,
};
pub use portcullis_host_policy::manifest::{InstancePolicy, Manifest};
pub use portcullis_host_policy::request::{HttpRequest, Request};
pub use portcullis_host_policy::trust::{
    Difference, Distrust, Hold, KeyFault, KeyId, Lock, Locked, Surface, TrustMode, TrustedKeys,
    Updates,
};
pub use portcullis_host_policy::{Digest, PluginId};
pub use portcullis_host_policy::{Grant, Identity};
pub use registry::{
    Change, Changes, Entry, LoadProgress, Pending, PluginDir, Registry, RegistryOptions, Scope,
    Snapshot, Status, Watch,
};
pub use schema::Schema;
pub use service::{
    Ask, AskAnswer, Chain, Chunk, HostInterface, HostResult, Invoke, Link, Llm, PlanStep, Planner,
    ResourceUpdates, Retrieval, ServiceCaller, ServiceError, Services,
};
pub use state_store::{FileState, MemoryState, StateEntry, StateError, StateStore, StateWrite};
pub use stream::ToolStream;
pub use trust::{TrustError, TrustFolder};
pub use value::{
    Blob, Content, Extension, Progress, PromptArgument, PromptDefinition, PromptMessage,
    PromptOutput, ResourceBody, ResourceContents, ResourceDefinition, ResourceLink,
    ResourceTemplate, Speaker, Streams, TemplateVariable, ToolDefinition, ToolError, ToolEvent,
    ToolOutput,
};
