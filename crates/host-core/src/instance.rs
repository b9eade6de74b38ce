//! A plugin ready to be instantiated, and an instance of it with its store: where guests run.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::channel::oneshot;
use wasmtime::component::{Accessor, Component, FutureReader, InstancePre, StreamReader};
use wasmtime::{Result, Store};

use crate::bindings::v0_1::exports::portcullis::host::lifecycle;
use crate::bindings::v0_1::exports::portcullis::tool::{streaming_tools, sync_tools, tools};
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::contract::Exports;
use crate::engine::Runtime;
use crate::error::Error;
use crate::state::{State, on_tick};
use crate::stream::{EventConsumer, InputProducer, InputStream, ResultConsumer};
use crate::telemetry::{self, names};
use crate::ticker::{Running, Ticker};

/// What lifting a value takes beyond the bytes that are counted against a limit of ours: the records around them.
const LIFTING_SLACK: u64 = 64 * 1024;

/// A component linked once, with its exports looked up once, for the probe and every call.
pub(crate) struct Template {
    pre: InstancePre<State>,
    tools: ToolsIndices,
    streaming: Option<streaming_tools::GuestIndices>,
    lifecycle: Option<lifecycle::GuestIndices>,
    ticker: Ticker,
    metered: bool,
    live: Arc<AtomicUsize>,
}

enum ToolsIndices {
    Async(tools::GuestIndices),
    Sync(sync_tools::GuestIndices),
}

impl Template {
    /// Links `component`; `live` counts its instances.
    pub(crate) fn new(
        runtime: &Runtime,
        component: &Component,
        exports: Exports,
        live: Arc<AtomicUsize>,
    ) -> Result<Self, Error> {
        let unknown = |error: wasmtime::Error| Error::UnknownImport {
            name: format!("{error:#}"),
        };
        let pre = runtime.linker.instantiate_pre(component).map_err(unknown)?;
        let broken = |error: wasmtime::Error| Error::NotAComponent {
            reason: format!("{error:#}"),
        };
        let tools = if exports.tools {
            ToolsIndices::Async(tools::GuestIndices::new(&pre).map_err(broken)?)
        } else {
            ToolsIndices::Sync(sync_tools::GuestIndices::new(&pre).map_err(broken)?)
        };
        let streaming = exports
            .streaming
            .then(|| streaming_tools::GuestIndices::new(&pre))
            .transpose();
        let lifecycle = exports
            .lifecycle
            .then(|| lifecycle::GuestIndices::new(&pre))
            .transpose();
        Ok(Self {
            tools,
            streaming: streaming.map_err(broken)?,
            lifecycle: lifecycle.map_err(broken)?,
            ticker: runtime.ticker.clone(),
            metered: runtime.metered,
            live,
            pre,
        })
    }

    /// A new instance that has run nothing but its start functions.
    ///
    /// # Errors
    /// Why there is none, as the call that needed it reports it.
    pub(crate) async fn instantiate(&self, state: State) -> Result<Instance, Error> {
        let mut store = Store::new(self.pre.engine(), state);
        store.limiter(|state| &mut state.limiter);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(on_tick);
        prepare(&mut store, self.metered);
        let _running = self.ticker.running();
        match self.exports(&mut store).await {
            Ok((tools, streaming, lifecycle)) => Ok(Instance {
                store,
                tools,
                streaming,
                lifecycle,
                ticker: self.ticker.clone(),
                metered: self.metered,
                calls: 0,
                _counted: Counted::new(&self.live),
            }),
            Err(error) => Err(crate::trap::explain(&error, store.data())),
        }
    }

    async fn exports(
        &self,
        store: &mut Store<State>,
    ) -> Result<(
        Tools,
        Option<streaming_tools::Guest>,
        Option<lifecycle::Guest>,
    )> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let tools = match &self.tools {
            ToolsIndices::Async(indices) => Tools::Async(indices.load(&mut *store, &instance)?),
            ToolsIndices::Sync(indices) => Tools::Sync(indices.load(&mut *store, &instance)?),
        };
        let streaming = self
            .streaming
            .as_ref()
            .map(|indices| indices.load(&mut *store, &instance))
            .transpose()?;
        let lifecycle = self
            .lifecycle
            .as_ref()
            .map(|indices| indices.load(&mut *store, &instance))
            .transpose()?;
        Ok((tools, streaming, lifecycle))
    }
}

/// Gives the store what its call may use.
fn prepare(store: &mut Store<State>, metered: bool) {
    let limits = &store.data().call.limits;
    let crossing = limits.output_bytes.saturating_add(LIFTING_SLACK);
    let fuel = limits.fuel.unwrap_or(u64::MAX);
    store.set_hostcall_fuel(usize::try_from(crossing).unwrap_or(usize::MAX));
    if metered {
        // Fails only where fuel is not metered.
        let _ = store.set_fuel(fuel);
    }
}

/// Counts an instance for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(live: &Arc<AtomicUsize>) -> Self {
        live.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(live))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

enum Tools {
    Async(tools::Guest),
    Sync(sync_tools::Guest),
}

/// An instance and its store. Dropping it ends whatever runs in it.
pub(crate) struct Instance {
    store: Store<State>,
    tools: Tools,
    streaming: Option<streaming_tools::Guest>,
    lifecycle: Option<lifecycle::Guest>,
    ticker: Ticker,
    metered: bool,
    calls: u64,
    _counted: Counted,
}

/// What a guest answers to a call.
pub(crate) type Answer = Result<wit::ToolOutput, wit::ToolError>;

impl Instance {
    pub(crate) fn state(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// Starts the next call of a warm instance.
    pub(crate) fn begin(&mut self, call: crate::state::Call) {
        self.store.data_mut().begin(call);
        prepare(&mut self.store, self.metered);
    }

    /// Tells how much fuel its call has used.
    pub(crate) fn tell_fuel(&self) {
        // Asked of an engine that meters nothing, wasmtime makes an error with a backtrace, which takes longer than a call.
        if let Some(budget) = self.store.data().call.limits.fuel
            && let Ok(left) = self.store.get_fuel()
        {
            telemetry::note(names::FUEL, budget.saturating_sub(left));
        }
    }

    /// How many calls it has answered.
    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }

    /// Hands the plugin its settings, if it wants them.
    pub(crate) async fn start(&mut self) -> Result<(), Error> {
        let Some(lifecycle) = &self.lifecycle else {
            return Ok(());
        };
        let settings = self.store.data().owner.settings_json.clone();
        let _running = self.ticker.running();
        let started = self
            .store
            .run_concurrent(async |accessor| lifecycle.call_start(accessor, settings).await)
            .await;
        match started.flatten() {
            Ok(answer) => answer.map_err(Error::from),
            Err(error) => Err(crate::trap::explain(&error, self.store.data())),
        }
    }

    /// Asks the plugin for its tools.
    pub(crate) async fn list_tools(&mut self) -> Result<Vec<wit::ToolDefinition>, Error> {
        let tools = &self.tools;
        let _running = self.ticker.running();
        let listed = self.store.run_concurrent(async |accessor| match tools {
            Tools::Async(guest) => guest.call_list_tools(accessor).await,
            Tools::Sync(guest) => Ok(guest.call_list_tools(accessor).await?.into_iter().collect()),
        });
        listed
            .await
            .flatten()
            .map_err(|error| crate::trap::explain(&error, self.store.data()))
    }

    /// Calls a tool, and waits until every task of the guest has ended.
    pub(crate) async fn call(&mut self, call: wit::ToolCall) -> Result<Answer, Error> {
        let tools = &self.tools;
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let answer = match tools {
                Tools::Async(guest) => guest.call_call(accessor, call).await?,
                Tools::Sync(guest) => guest.call_call(accessor, call).await?,
            };
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.calls += 1;
        answer.map_err(|error| crate::trap::explain(&error, self.store.data()))
    }

    /// Calls a streaming tool, and waits until its result, its events and every task of the guest have ended. None: the
    /// writer of the result was dropped without one.
    pub(crate) async fn call_streaming(
        &mut self,
        call: wit::ToolCall,
        input: InputStream,
        events: EventConsumer,
    ) -> Result<Option<Answer>, Error> {
        let Some(streaming) = &self.streaming else {
            let problem =
                "a tool streams, and the plugin does not export portcullis:tool/streaming-tools"
                    .to_owned();
            return Err(Error::BrokenContract { problem });
        };
        let _running: Running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let input = accessor.with(|store| StreamReader::new(store, InputProducer(input)))?;
            let answer = match streaming.call_call_streaming(accessor, call, input).await? {
                Ok((stream, result)) => receive(accessor, stream, result, events).await?,
                Err(error) => Some(Err(error)),
            };
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.calls += 1;
        answer.map_err(|error| crate::trap::explain(&error, self.store.data()))
    }
}

/// Takes a streaming tool's events and its result until both have ended.
async fn receive(
    accessor: &Accessor<State>,
    stream: StreamReader<wit::ToolEvent>,
    result: FutureReader<Answer>,
    mut events: EventConsumer,
) -> Result<Option<Answer>> {
    let (sender, answer) = oneshot::channel();
    let ended = events.ended();
    accessor.with(|mut store| {
        stream.pipe(&mut store, events)?;
        result.pipe(&mut store, ResultConsumer::new(sender))
    })?;
    let answer = answer.await.ok();
    // The end is the consumer's being dropped: there is nothing to receive.
    let _ = ended.await;
    Ok(answer)
}

/// Waits until no task of the guest is left.
async fn quiet(accessor: &Accessor<State>) {
    poll_fn(|cx| accessor.poll_no_interesting_tasks(cx)).await;
}
