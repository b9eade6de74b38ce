//! The host's side of the interfaces that plugins import.

use serde_json::Value;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf, Linker};

use crate::Progress;
use crate::bindings::v0_1::portcullis::{chat, host, resource, tool};
use crate::log::{LogLevel, LogSource};
use crate::state::State;
use crate::{environment, files, sockets};

/// Links everything that this host serves, once for all plugins: what a plugin may use is in its store.
pub(crate) fn link(linker: &mut Linker<State>) -> Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    // What follows replaces some of it.
    linker.allow_shadowing(true);
    files::link(linker)?;
    sockets::link(linker)?;
    environment::link(linker)?;
    linker.allow_shadowing(false);
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    crate::egress::link_error_codes(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    host::log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::config::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::secrets::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::state::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::state_sync::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::retrieval::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::retrieval_sync::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::planner::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::planner_sync::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::ask::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    host::ask_sync::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    chat::llm::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    chat::llm_sync::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tool::invoke::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tool::invoke_sync::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    resource::updates::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tool::progress::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tool::cancellation::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

impl host::log::Host for State {
    fn write(
        &mut self,
        level: host::log::Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> Result<()> {
        let bytes = message.len()
            + fields
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>();
        self.call.spend(bytes)?;
        if self.silent || !self.call.may_log(bytes) {
            return Ok(());
        }
        let level = match level {
            host::log::Level::Trace => LogLevel::Trace,
            host::log::Level::Debug => LogLevel::Debug,
            host::log::Level::Info => LogLevel::Info,
            host::log::Level::Warn => LogLevel::Warn,
            host::log::Level::Error => LogLevel::Error,
        };
        self.log().write(LogSource::Guest, level, message, fields);
        Ok(())
    }
}

impl host::config::Host for State {
    fn get(&mut self, key: String) -> Result<Option<String>> {
        let value = self.owner.settings.get(&key).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        });
        self.call
            .spend(key.len() + value.as_ref().map_or(0, String::len))?;
        Ok(value)
    }

    fn all(&mut self) -> Result<String> {
        self.call.spend(self.owner.settings_json.len())?;
        Ok(self.owner.settings_json.clone())
    }
}

impl host::host_types::Host for State {}

impl tool::tool_types::Host for State {}

impl tool::progress::Host for State {
    fn report(&mut self, call_id: String, progress: tool::progress::Progress) -> Result<()> {
        self.call
            .spend(progress.message.as_ref().map_or(0, String::len))?;
        if *call_id == *self.call.id {
            let tool::progress::Progress {
                done,
                total,
                message,
            } = progress;
            self.call.report(Progress {
                done,
                total,
                message,
            });
        }
        Ok(())
    }
}

impl tool::cancellation::Host for State {
    fn requested(&mut self, call_id: String) -> Result<bool> {
        self.call.spend(0)?;
        let cancel = self
            .call
            .cancel
            .as_ref()
            .filter(|_| *call_id == *self.call.id);
        Ok(cancel.is_some_and(crate::Cancellation::is_cancelled))
    }
}

impl tool::cancellation::HostWithStore<State> for HasSelf<State> {
    async fn wait(accessor: &Accessor<State, Self>, call_id: String) -> Result<()> {
        let cancel = accessor.with(|mut access| -> Result<_> {
            let state = access.get();
            state.call.spend(0)?;
            Ok(state
                .call
                .cancel
                .clone()
                .filter(|_| *call_id == *state.call.id))
        })?;
        match cancel {
            Some(cancel) => cancel.cancelled().await,
            None => std::future::pending().await,
        }
        Ok(())
    }
}
