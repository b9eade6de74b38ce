//! What an agent does with plugins: tools, hooks, model providers, roles, resources, prompts, and the services that plugins ask for.

#![deny(missing_docs)]

pub mod action;
pub mod builtin;
pub mod extension;
pub mod hook;
mod nearest;
pub mod observer;
pub mod prompt;
pub mod provider;
pub mod resource;
pub mod role;
pub mod service;
pub mod tool;

/// The samples of the pages for embedders compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding/replace-a-native-tool.md")]
struct ReplaceANativeTool;

/// And those of calls by types.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding/call-a-typed-plugin.md")]
struct CallATypedPlugin;

/// And those of model providers.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding/add-model-providers.md")]
struct AddModelProviders;

/// And those of hooks.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding/give-my-agent-hooks.md")]
struct GiveMyAgentHooks;

pub use portcullis_contract as contract;
pub use portcullis_host_core as core;
pub use portcullis_host_policy::escape;
