//! What of the contract a component exports: looked up once when it is linked, and again in each instance.

use wasmtime::component::{Accessor, Instance, InstancePre};
use wasmtime::{Result, Store};

use crate::bindings::v0_1::exports::portcullis::chat::provider;
use crate::bindings::v0_1::exports::portcullis::hook::hooks;
use crate::bindings::v0_1::exports::portcullis::host::lifecycle;
use crate::bindings::v0_1::exports::portcullis::prompt::{prompts, sync_prompts};
use crate::bindings::v0_1::exports::portcullis::resource::{resources, sync_resources};
use crate::bindings::v0_1::exports::portcullis::role::roles;
use crate::bindings::v0_1::exports::portcullis::tool::{streaming_tools, sync_tools, tools};
use crate::contract::Exports;
use crate::definition::Listed;
use crate::state::State;

/// Where the exports are in a component.
pub(super) struct Indices {
    tools: Option<EitherWay<tools::GuestIndices, sync_tools::GuestIndices>>,
    streaming: Option<streaming_tools::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
    hooks: Option<hooks::GuestIndices>,
    providers: Option<provider::GuestIndices>,
    roles: Option<roles::GuestIndices>,
    resources: Option<EitherWay<resources::GuestIndices, sync_resources::GuestIndices>>,
    prompts: Option<EitherWay<prompts::GuestIndices, sync_prompts::GuestIndices>>,
}

/// An interface that is exported with async functions, or its twin without.
pub(super) enum EitherWay<A, S> {
    Async(A),
    Sync(S),
}

/// The exports of an instance.
pub(super) struct Exported {
    pub(super) tools: Option<EitherWay<tools::Guest, sync_tools::Guest>>,
    pub(super) streaming: Option<streaming_tools::Guest>,
    pub(super) lifecycle: Option<lifecycle::Guest>,
    pub(super) hooks: Option<hooks::Guest>,
    pub(super) providers: Option<provider::Guest>,
    roles: Option<roles::Guest>,
    pub(super) resources: Option<EitherWay<resources::Guest, sync_resources::Guest>>,
    pub(super) prompts: Option<EitherWay<prompts::Guest, sync_prompts::Guest>>,
}

/// What is looked up of an interface that is exported.
fn looked_up<T>(exported: bool, look_up: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
    exported.then(look_up).transpose()
}

/// The same of an interface with a twin: the one that is exported, or of both the first.
fn either<A, S>(
    (exported, look_up): (bool, impl FnOnce() -> Result<A>),
    (twin, look_up_twin): (bool, impl FnOnce() -> Result<S>),
) -> Result<Option<EitherWay<A, S>>> {
    Ok(match (exported, twin) {
        (true, _) => Some(EitherWay::Async(look_up()?)),
        (false, true) => Some(EitherWay::Sync(look_up_twin()?)),
        (false, false) => None,
    })
}

impl Indices {
    pub(super) fn new(pre: &InstancePre<State>, exports: Exports) -> Result<Self> {
        Ok(Self {
            tools: either(
                (exports.tools, || tools::GuestIndices::new(pre)),
                (exports.sync_tools, || sync_tools::GuestIndices::new(pre)),
            )?,
            streaming: looked_up(exports.streaming, || {
                streaming_tools::GuestIndices::new(pre)
            })?,
            lifecycle: looked_up(exports.lifecycle, || lifecycle::GuestIndices::new(pre))?,
            hooks: looked_up(exports.hooks, || hooks::GuestIndices::new(pre))?,
            providers: looked_up(exports.providers, || provider::GuestIndices::new(pre))?,
            roles: looked_up(exports.roles, || roles::GuestIndices::new(pre))?,
            resources: either(
                (exports.resources, || resources::GuestIndices::new(pre)),
                (exports.sync_resources, || {
                    sync_resources::GuestIndices::new(pre)
                }),
            )?,
            prompts: either(
                (exports.prompts, || prompts::GuestIndices::new(pre)),
                (exports.sync_prompts, || {
                    sync_prompts::GuestIndices::new(pre)
                }),
            )?,
        })
    }

    pub(super) fn load(&self, store: &mut Store<State>, instance: &Instance) -> Result<Exported> {
        macro_rules! loaded {
            ($indices:expr) => {
                match &$indices {
                    Some(indices) => Some(indices.load(&mut *store, instance)?),
                    None => None,
                }
            };
        }
        macro_rules! loaded_either {
            ($indices:expr) => {
                match &$indices {
                    Some(EitherWay::Async(indices)) => {
                        Some(EitherWay::Async(indices.load(&mut *store, instance)?))
                    }
                    Some(EitherWay::Sync(indices)) => {
                        Some(EitherWay::Sync(indices.load(&mut *store, instance)?))
                    }
                    None => None,
                }
            };
        }
        Ok(Exported {
            tools: loaded_either!(self.tools),
            streaming: loaded!(self.streaming),
            lifecycle: loaded!(self.lifecycle),
            hooks: loaded!(self.hooks),
            providers: loaded!(self.providers),
            roles: loaded!(self.roles),
            resources: loaded_either!(self.resources),
            prompts: loaded_either!(self.prompts),
        })
    }
}

impl Exported {
    /// Asks for all definitions.
    pub(super) async fn list(&self, accessor: &Accessor<State>) -> Result<Listed> {
        let tools = match &self.tools {
            Some(EitherWay::Async(guest)) => guest.call_list_tools(accessor).await?,
            Some(EitherWay::Sync(guest)) => guest.call_list_tools(accessor).await?,
            None => Vec::new(),
        };
        let mut listed = Listed {
            tools,
            ..Listed::default()
        };
        if let Some(guest) = &self.hooks {
            listed.hooks = guest.call_list_hooks(accessor).await?;
        }
        if let Some(guest) = &self.providers {
            listed.providers = guest.call_list_providers(accessor).await?;
        }
        if let Some(guest) = &self.roles {
            listed.roles = guest.call_list_roles(accessor).await?;
        }
        match &self.resources {
            Some(EitherWay::Async(guest)) => {
                listed.resources = guest.call_list_resources(accessor).await?;
                listed.resource_templates = guest.call_list_templates(accessor).await?;
            }
            Some(EitherWay::Sync(guest)) => {
                listed.resources = guest.call_list_resources(accessor).await?;
                listed.resource_templates = guest.call_list_templates(accessor).await?;
            }
            None => {}
        }
        match &self.prompts {
            Some(EitherWay::Async(guest)) => {
                listed.prompts = guest.call_list_prompts(accessor).await?;
            }
            Some(EitherWay::Sync(guest)) => {
                listed.prompts = guest.call_list_prompts(accessor).await?;
            }
            None => {}
        }
        Ok(listed)
    }
}
