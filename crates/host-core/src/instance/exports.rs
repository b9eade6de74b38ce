//! What of the contract a component exports: looked up once when it is linked, and again in each instance.

use std::sync::Arc;

use wasmtime::component::{Accessor, Instance, InstancePre};
use wasmtime::{Result, Store};

use crate::bindings::v0_1::exports::portcullis::chat::provider;
use crate::bindings::v0_1::exports::portcullis::hook::hooks;
use crate::bindings::v0_1::exports::portcullis::host::lifecycle;
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
}

enum ToolsIndices {
    Async(tools::GuestIndices),
    Sync(sync_tools::GuestIndices),
    Typed(Arc<Functions>),
}

/// The exports of an instance.
pub(super) struct Exported {
    pub(super) tools: Option<Tools>,
    pub(super) streaming: Option<streaming_tools::Guest>,
    pub(super) lifecycle: Option<lifecycle::Guest>,
    pub(super) hooks: Option<hooks::Guest>,
    pub(super) providers: Option<provider::Guest>,
    roles: Option<roles::Guest>,
}

pub(super) enum Tools {
    Contract(ContractTools),
    /// Functions of the component's own, called by their types.
    Typed(typed::Exported),
}

pub(super) enum ContractTools {
    Async(tools::Guest),
    Sync(sync_tools::Guest),
}

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

impl Indices {
    pub(super) fn new(pre: &InstancePre<State>, exports: Exports) -> Result<Self> {
        let tools = if exports.functions {
            let functions = Functions::of(pre.component(), pre.engine());
            Some(ToolsIndices::Typed(Arc::new(functions)))
        } else if exports.tools {
            Some(ToolsIndices::Async(tools::GuestIndices::new(pre)?))
        } else {
            let sync = || Ok(ToolsIndices::Sync(sync_tools::GuestIndices::new(pre)?));
            looked_up(exports.sync_tools, sync)?
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
        let tools = match &self.tools {
            Some(ToolsIndices::Async(indices)) => {
                let guest = indices.load(&mut *store, instance)?;
                Some(Tools::Contract(ContractTools::Async(guest)))
            }
            Some(ToolsIndices::Sync(indices)) => {
                let guest = indices.load(&mut *store, instance)?;
                Some(Tools::Contract(ContractTools::Sync(guest)))
            }
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
        Ok(listed)
    }
}
