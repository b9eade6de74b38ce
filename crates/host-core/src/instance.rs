//! A plugin ready to be instantiated, and an instance of it with its store: where guests run.

mod exports;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::channel::oneshot;
use portcullis_contract::chat::Delta;
use wasmtime::component::{Accessor, Component, FutureReader, InstancePre, Lift, StreamReader};
use wasmtime::{Result, Store};

use self::exports::{EitherWay, Exported, Indices, Tools};
use crate::bindings::v0_1::portcullis::chat::chat_types as chat;
use crate::bindings::v0_1::portcullis::hook::hook_types as hook;
use crate::bindings::v0_1::portcullis::prompt::prompt_types::PromptOutput;
use crate::bindings::v0_1::portcullis::resource::resource_types::ResourceContents;
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::contract::Exports;
use crate::definition::Listed;
use crate::engine::Runtime;
use crate::error::Error;
use crate::state::{State, on_tick};
use crate::stream::{InputProducer, InputStream, Piece, PieceConsumer, ResultConsumer};
use crate::telemetry::{self, names};
use crate::ticker::{Running, Ticker};
use crate::typed::{Asked, Functions, Returned};
use crate::value::ToolEvent;

/// What lifting a value takes beyond the bytes that are counted against a limit of ours: the records around them.
const LIFTING_SLACK: u64 = 64 * 1024;

/// A component linked once, with its exports looked up once, for the probe and every call.
pub(crate) struct Template {
    pre: InstancePre<State>,
    indices: Indices,
    ticker: Ticker,
    metered: bool,
    live: Arc<AtomicUsize>,
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
        Ok(Self {
            indices: Indices::new(&pre, exports).map_err(broken)?,
            ticker: runtime.ticker.clone(),
            metered: runtime.metered,
            live,
            pre,
        })
    }

    /// What of the component is called by its types, where that is all it has.
    pub(crate) fn functions(&self) -> Option<&Arc<Functions>> {
        self.indices.functions()
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
        match self.exported(&mut store).await {
            Ok(exported) => Ok(Instance {
                store,
                exported,
                ticker: self.ticker.clone(),
                metered: self.metered,
                calls: 0,
                _counted: Counted::new(&self.live),
            }),
            Err(error) => Err(crate::trap::explain(&error, store.data())),
        }
    }

    async fn exported(&self, store: &mut Store<State>) -> Result<Exported> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        self.indices.load(store, &instance)
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

/// An instance and its store. Dropping it ends whatever runs in it.
pub(crate) struct Instance {
    store: Store<State>,
    exported: Exported,
    ticker: Ticker,
    metered: bool,
    calls: u64,
    _counted: Counted,
}

/// What a guest answers to a call.
pub(crate) type Answer = Result<wit::ToolOutput, wit::ToolError>;

/// How a provider's answer ended.
pub(crate) type ChatEnd = Result<chat::Finish, chat::ChatError>;

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
        let Some(lifecycle) = &self.exported.lifecycle else {
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

    /// Asks the plugin what it brings.
    pub(crate) async fn list(&mut self) -> Result<Listed, Error> {
        let exported = &self.exported;
        let _running = self.ticker.running();
        let listed = self
            .store
            .run_concurrent(async |accessor| exported.list(accessor).await);
        listed
            .await
            .flatten()
            .map_err(|error| crate::trap::explain(&error, self.store.data()))
    }

    /// Calls a tool, and waits until every task of the guest has ended.
    pub(crate) async fn call(&mut self, call: wit::ToolCall) -> Result<Answer, Error> {
        let tools = match &self.exported.tools {
            Some(Tools::Typed(exported)) => {
                let asked = exported.asked(&call)?;
                return self.call_function(asked).await?.answer();
            }
            Some(Tools::Contract(tools)) => tools,
            None => return Err(not_exported("portcullis:tool/tools")),
        };
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let answer = tools.call(accessor, call).await?;
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.ended(answer)
    }

    /// Calls a function by its types, and waits until every task of the guest has ended.
    pub(crate) async fn call_function(&mut self, asked: Asked) -> Result<Returned, Error> {
        let Some(Tools::Typed(exported)) = &self.exported.tools else {
            return Err(not_exported("functions of its own"));
        };
        let _running = self.ticker.running();
        let returned = self.store.run_concurrent(async |accessor| {
            let returned = exported.call(accessor, asked).await?;
            quiet(accessor).await;
            Result::Ok(returned)
        });
        let returned = returned.await.flatten();
        self.ended(returned)
    }

    /// Calls a function whose result flows in pieces, and waits until they and every task of the guest have ended.
    async fn call_flowing(
        &mut self,
        call: &wit::ToolCall,
        events: PieceConsumer<ToolEvent>,
    ) -> Result<Option<Answer>, Error> {
        let Some(Tools::Typed(exported)) = &self.exported.tools else {
            return Err(not_exported("portcullis:tool/streaming-tools"));
        };
        let asked = exported.asked(call)?;
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let returned = exported.call(accessor, asked).await?;
            let answer = returned.receive(accessor, events).await?;
            quiet(accessor).await;
            Result::Ok(Some(answer))
        });
        let answer = answer.await.flatten();
        self.ended(answer)
    }

    /// Calls a streaming tool, and waits until its result, its events and every task of the guest have ended. None: the
    /// writer of the result was dropped without one.
    pub(crate) async fn call_streaming(
        &mut self,
        call: wit::ToolCall,
        input: InputStream,
        events: PieceConsumer<ToolEvent>,
    ) -> Result<Option<Answer>, Error> {
        let Some(streaming) = &self.exported.streaming else {
            return self.call_flowing(&call, events).await;
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
        self.ended(answer)
    }

    /// Reads a resource, and waits until every task of the guest has ended.
    pub(crate) async fn read(
        &mut self,
        call_id: String,
        uri: String,
    ) -> Result<Result<Vec<ResourceContents>, wit::ToolError>, Error> {
        let Some(resources) = &self.exported.resources else {
            return Err(not_exported("portcullis:resource/resources"));
        };
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let answer = match resources {
                EitherWay::Async(guest) => guest.call_read(accessor, call_id, uri).await?,
                EitherWay::Sync(guest) => guest.call_read(accessor, call_id, uri).await?,
            };
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.ended(answer)
    }

    /// Asks for a prompt, and waits until every task of the guest has ended.
    pub(crate) async fn prompt(
        &mut self,
        call_id: String,
        name: String,
        arguments: Vec<(String, String)>,
    ) -> Result<Result<PromptOutput, wit::ToolError>, Error> {
        let Some(prompts) = &self.exported.prompts else {
            return Err(not_exported("portcullis:prompt/prompts"));
        };
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let answer = match prompts {
                EitherWay::Async(guest) => {
                    guest.call_get(accessor, call_id, name, arguments).await?
                }
                EitherWay::Sync(guest) => {
                    guest.call_get(accessor, call_id, name, arguments).await?
                }
            };
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.ended(answer)
    }

    /// Hands an event to a handler, and waits until every task of the guest has ended.
    pub(crate) async fn on_event(
        &mut self,
        name: String,
        event: hook::Event,
    ) -> Result<Result<hook::Outcome, hook::HookError>, Error> {
        let Some(hooks) = &self.exported.hooks else {
            return Err(not_exported("portcullis:hook/hooks"));
        };
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let answer = hooks.call_on_event(accessor, name, event).await?;
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.ended(answer)
    }

    /// Asks a provider for its models.
    pub(crate) async fn list_models(
        &mut self,
        provider: String,
    ) -> Result<Result<Vec<chat::ModelInfo>, chat::ChatError>, Error> {
        let Some(providers) = &self.exported.providers else {
            return Err(not_exported("portcullis:chat/provider"));
        };
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let answer = providers.call_list_models(accessor, provider).await?;
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.ended(answer)
    }

    /// Asks a provider for an answer, and waits until its pieces, its end and every task of the guest have ended. None: the
    /// writer of the end was dropped without one.
    pub(crate) async fn chat(
        &mut self,
        provider: String,
        request: chat::ChatRequest,
        deltas: PieceConsumer<Delta>,
    ) -> Result<Option<ChatEnd>, Error> {
        let Some(providers) = &self.exported.providers else {
            return Err(not_exported("portcullis:chat/provider"));
        };
        let _running = self.ticker.running();
        let answer = self.store.run_concurrent(async |accessor| {
            let answer = match providers.call_chat(accessor, provider, request).await? {
                Ok((stream, end)) => receive(accessor, stream, end, deltas).await?,
                Err(error) => Some(Err(error)),
            };
            quiet(accessor).await;
            Result::Ok(answer)
        });
        let answer = answer.await.flatten();
        self.ended(answer)
    }

    /// Counts a call that ended, and says why where it failed.
    fn ended<T>(&mut self, answer: Result<T>) -> Result<T, Error> {
        self.calls += 1;
        answer.map_err(|error| crate::trap::explain(&error, self.store.data()))
    }
}

fn not_exported(interface: &str) -> Error {
    Error::BrokenContract {
        problem: format!("it has definitions for {interface}, and does not export that"),
    }
}

/// Takes pieces and the result until both have ended.
async fn receive<T: Piece, A: Lift + Send + 'static>(
    accessor: &Accessor<State>,
    stream: StreamReader<T::Wire>,
    result: FutureReader<A>,
    mut pieces: PieceConsumer<T>,
) -> Result<Option<A>> {
    let (sender, answer) = oneshot::channel();
    let ended = pieces.ended();
    accessor.with(|mut store| {
        stream.pipe(&mut store, pieces)?;
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
