//! What of the contract a component exports: looked up once when it is linked, and again in each instance.

use std::sync::Arc;

use wasmtime::component::{Accessor, Instance, InstancePre};
use wasmtime::{Result, Store};

use crate::bindings::v0_1::exports::portcullis::chat::provider;
use crate::bindings::v0_1::exports::portcullis::hook::hooks;
use crate::bindings::v0_1::exports::portcullis::host::lifecycle;
use crate::bindings::v0_1::exports::portcullis::prompt::{prompts, sync_prompts};
use crate::bindings::v0_1::exports::portcullis::resource::{resources, sync_resources};
use crate::bindings::v0_1::exports::portcullis::role::roles;
use crate::bindings::v0_1::exports::portcullis::tool::{streaming_tools, sync_tools, tools};
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::contract::Exports;
use crate::definition::Listed;
use crate::instance::Answer;
use crate::state::State;
use crate::typed::{self, Functions};

/// Where the exports are in a component.
pub(super) struct Indices {
    tools: Option<ToolsIndices>,
    streaming: Option<streaming_tools::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
    hooks: Option<hooks::GuestIndices>,
    providers: Option<provider::GuestIndices>,
    roles: Option<roles::GuestIndices>,
    resources: Option<EitherWay<resources::GuestIndices, sync_resources::GuestIndices>>,
    prompts: Option<EitherWay<prompts::GuestIndices, sync_prompts::GuestIndices>>,
}

/// Where tools are: in an interface of the contract, or in functions of the component's own.
enum ToolsIndices {
    Contract(EitherWay<tools::GuestIndices, sync_tools::GuestIndices>),
    Typed(Arc<Functions>),
}

/// An interface that is exported with async functions, or its twin without.
pub(super) enum EitherWay<A, S> {
    Async(A),
    Sync(S),
}

/// The exports of an instance.
pub(super) struct Exported {
    pub(super) tools: Option<Tools>,
    pub(super) streaming: Option<streaming_tools::Guest>,
    pub(super) lifecycle: Option<lifecycle::Guest>,
    pub(super) hooks: Option<hooks::Guest>,
    pub(super) providers: Option<provider::Guest>,
    roles: Option<roles::Guest>,
    pub(super) resources: Option<EitherWay<resources::Guest, sync_resources::Guest>>,
    pub(super) prompts: Option<EitherWay<prompts::Guest, sync_prompts::Guest>>,
}

pub(super) enum Tools {
    Contract(ContractTools),
    /// Functions of the component's own, called by their types.
    Typed(typed::Exported),
}

pub(super) type ContractTools = EitherWay<tools::Guest, sync_tools::Guest>;

impl ContractTools {
    async fn list(&self, accessor: &Accessor<State>) -> Result<Vec<wit::ToolDefinition>> {
        match self {
            Self::Async(guest) => guest.call_list_tools(accessor).await,
            Self::Sync(guest) => guest.call_list_tools(accessor).await,
        }
    }

    pub(super) async fn call(
        &self,
        accessor: &Accessor<State>,
        call: wit::ToolCall,
    ) -> Result<Answer> {
        match self {
            Self::Async(guest) => guest.call_call(accessor, call).await,
            Self::Sync(guest) => guest.call_call(accessor, call).await,
        }
    }
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
        let tools = if exports.functions {
            let functions = Functions::of(pre.component(), pre.engine());
            Some(ToolsIndices::Typed(Arc::new(functions)))
        } else {
            let tools = either(
                (exports.tools, || tools::GuestIndices::new(pre)),
                (exports.sync_tools, || sync_tools::GuestIndices::new(pre)),
            )?;
            tools.map(ToolsIndices::Contract)
        };
        Ok(Self {
            tools,
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

    /// What is called by its types.
    pub(super) fn functions(&self) -> Option<&Arc<Functions>> {
        match &self.tools {
            Some(ToolsIndices::Typed(functions)) => Some(functions),
            _ => None,
        }
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
        let tools = match &self.tools {
            Some(ToolsIndices::Contract(EitherWay::Async(indices))) => Some(Tools::Contract(
                EitherWay::Async(indices.load(&mut *store, instance)?),
            )),
            Some(ToolsIndices::Contract(EitherWay::Sync(indices))) => Some(Tools::Contract(
                EitherWay::Sync(indices.load(&mut *store, instance)?),
            )),
            Some(ToolsIndices::Typed(functions)) => {
                let functions = Arc::clone(functions);
                Some(Tools::Typed(typed::Exported::new(functions, *instance)))
            }
            None => None,
        };
        Ok(Exported {
            tools,
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
            Some(Tools::Contract(tools)) => tools.list(accessor).await?,
            // Theirs are made of types, and nobody is asked.
            Some(Tools::Typed(_)) | None => Vec::new(),
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
