//! The life of a call.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc;
use futures::future::{Either, select};
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use portcullis_host_policy::decision::GuestCode;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use crate::access::{Caller, OnDecision};
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::cancel::Cancellation;
use crate::definition::Tool;
use crate::error::Error;
use crate::plugin::{Plugin, PluginInner};
use crate::state::{Call, Caught, OnProgress};
use crate::stream::{EventConsumer, ToolStream};
use crate::telemetry::{self, CallWatch, TraceContext, names};
use crate::value::{Blob, Content, Progress, ToolError, ToolEvent, ToolOutput};
use crate::{CallLimits, convert};

/// Batches of events that wait for a slow caller, beside the one in the guest's hand.
const BATCHES: usize = 1;

/// How one call differs from the plugin's limits and settings. The default differs in nothing.
#[derive(Default)]
pub struct CallOptions {
    /// How long the call may take, instead of [`CallLimits::wall_clock`]: from the moment it is made, waiting included.
    pub timeout: Option<Duration>,
    /// Units of fuel, instead of [`CallLimits::fuel`]. Only for a plugin that was loaded with metering.
    pub fuel: Option<u64>,
    /// Bytes over all memories, at most [`CallLimits::memory_bytes`].
    pub memory_bytes: Option<u64>,
    /// The session that the call belongs to, for a plugin that keeps sessions; without one, it gets an instance of its own.
    pub session: Option<String>,
    /// The trace that the call belongs to, where no current span says so. The tool finds it as `traceparent` in its metadata, and
    /// its requests carry it on.
    pub trace: Option<TraceContext>,
    /// Handed to the tool as it is: a conversation's id, a locale.
    pub metadata: Vec<(String, String)>,
    /// Bytes that come with the call, beside the arguments.
    pub attachments: Vec<Blob>,
    /// Called with the tool's progress, while it runs: hand it on, don't wait.
    pub on_progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
    /// Called with everything that is decided for the call, allowed and denied, and the request where it could be read
    /// and repeats no secret: hand it on, don't wait.
    pub on_decision: Option<OnDecision>,
    /// What a tool with streaming input reads.
    pub input: Option<BoxStream<'static, Content>>,
    /// Asks the call to end.
    pub cancel: Option<Cancellation>,
}

impl std::fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("fuel", &self.fuel)
            .field("memory_bytes", &self.memory_bytes)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// Calls a tool with one JSON object. A streaming tool is run to its end, its content gathered.
    ///
    /// Dropping the future ends the call. It needs a tokio runtime with time enabled, of either flavour.
    ///
    /// # Errors
    /// Any of the call kinds of [`Error`]; the plugin can be called again after each of them.
    ///
    /// ```no_run
    /// # async fn f(plugin: portcullis_host_core::Plugin) -> Result<(), portcullis_host_core::Error> {
    /// let output = plugin.call("greet", serde_json::json!({"name": "Ada"}), Default::default()).await?;
    /// println!("{}", output.text());
    /// # Ok(()) }
    /// ```
    pub async fn call(
        &self,
        tool: &str,
        arguments: Value,
        options: CallOptions,
    ) -> Result<ToolOutput, Error> {
        let (watch, request) = begin(&self.inner, tool, &arguments, options)?;
        if !request.streams {
            let work = pin!(request.run(&self.inner, None));
            return watch.around(work).await;
        }
        let on_progress = request.call.on_progress.clone();
        let mut stream = request.stream(&self.inner, watch);
        let mut pieces = Vec::new();
        while let Some(event) = stream.next().await {
            match event {
                ToolEvent::Content(content) => pieces.push(content),
                ToolEvent::Progress(progress) => on_progress
                    .iter()
                    .for_each(|report| report(progress.clone())),
                ToolEvent::Other(_) => {}
            }
        }
        let mut output = stream.output().await?;
        pieces.append(&mut output.content);
        output.content = pieces;
        Ok(output)
    }

    /// Calls a tool and gives its events while it runs. A tool that does not stream gives its progress and its content at the
    /// end.
    ///
    /// # Errors
    /// Those that are found before the guest is entered; the others come with [`ToolStream::output`].
    pub async fn call_streaming(
        &self,
        tool: &str,
        arguments: Value,
        options: CallOptions,
    ) -> Result<ToolStream, Error> {
        let (watch, request) = begin(&self.inner, tool, &arguments, options)?;
        Ok(request.stream(&self.inner, watch))
    }
}

/// Checks a call that is watched from here on.
fn begin(
    plugin: &Arc<PluginInner>,
    tool: &str,
    arguments: &Value,
    mut options: CallOptions,
) -> Result<(CallWatch, Request), Error> {
    let id: Arc<str> = plugin.host.next_call_id().into();
    let mut watch = CallWatch::begin(plugin, &id, tool, options.trace.as_ref());
    options.trace = watch.trace(options.trace);
    match watch.in_scope(|| Request::new(plugin, id, tool, arguments, options)) {
        Ok(request) => Ok((watch, request)),
        Err(error) => {
            watch.failed(&error);
            Err(error)
        }
    }
}

/// A call that was checked and may be run.
struct Request {
    call: Call,
    tool_call: wit::ToolCall,
    streams: bool,
    session: Option<String>,
    input: Option<BoxStream<'static, Content>>,
    deadline: Instant,
}

impl Request {
    fn new(
        plugin: &PluginInner,
        id: Arc<str>,
        tool: &str,
        arguments: &Value,
        mut options: CallOptions,
    ) -> Result<Self, Error> {
        let tool = find(plugin, tool)?;
        let limits = limits(plugin, &options)?;
        let text = serde_json::to_string(arguments).map_err(Error::host)?;
        let bytes = text.len()
            + options
                .attachments
                .iter()
                .map(|blob| blob.data.len())
                .sum::<usize>();
        if bytes as u64 > limits.argument_bytes {
            return Err(too_large(tool, limits.argument_bytes));
        }
        telemetry::note(names::BYTES_IN, bytes as u64);
        tool.check_arguments(arguments)?;
        if let Some(trace) = &options.trace {
            trace.add_to(&mut options.metadata);
        }
        let tool_call = wit::ToolCall {
            call_id: id.to_string(),
            name: tool.definition.name.clone(),
            arguments: text,
            attachments: options
                .attachments
                .into_iter()
                .map(wit::Blob::from)
                .collect(),
            metadata: options.metadata,
        };
        let deadline = Instant::now() + limits.wall_clock;
        let mut call = Call::new(Arc::clone(&id), limits, &plugin.owner.access);
        if options.on_decision.is_some() || options.trace.is_some() {
            let access = Arc::clone(&plugin.owner.access);
            call.caller = Caller::watched(access, id, options.on_decision, options.trace);
        }
        call.on_progress = options.on_progress;
        call.cancel = options.cancel;
        let streams = tool.definition.streams;
        let streams = streams.input || streams.output;
        Ok(Self {
            call,
            tool_call,
            streams,
            session: options.session,
            input: options.input,
            deadline,
        })
    }

    /// The call as a stream of events that runs it.
    fn stream(mut self, plugin: &Arc<PluginInner>, watch: CallWatch) -> ToolStream {
        let (sender, receiver) = mpsc::channel(BATCHES);
        let events = if self.streams {
            Some(EventConsumer::new(sender))
        } else {
            self.call.on_progress = Some(also_as_events(sender, self.call.on_progress.take()));
            None
        };
        let plugin = Arc::clone(plugin);
        let driver = async move {
            let work = pin!(self.run(&plugin, events));
            watch.around(work).await
        };
        ToolStream::new(driver.boxed(), receiver)
    }

    /// Takes a permit, an instance, and runs the call in it until it ends, is cancelled or its deadline passes.
    async fn run(
        self,
        plugin: &PluginInner,
        events: Option<EventConsumer>,
    ) -> Result<ToolOutput, Error> {
        let (deadline, after, grace) = (
            self.deadline,
            self.call.limits.wall_clock,
            self.call.limits.cancel_grace,
        );
        let cancel = self.call.cancel.clone();
        let permits = async {
            let own = plugin.gate.enter(deadline).await?;
            Ok((own, plugin.host.gate.enter(deadline).await?))
        };
        let stopped = &plugin.stopped;
        let permits = stopped.run_until_cancelled(permits).await;
        let _permits = permits.unwrap_or(Err(Error::Stopped))?;
        // Pinned here once: it is large, and every further layer would move it.
        let work = pin!(self.enter(plugin, events));
        let in_time = pin!(async {
            let output = timeout_at(deadline, work).await;
            output.unwrap_or(Err(Error::DeadlineExceeded { after }))
        });
        let ended = pin!(async {
            match cancel {
                Some(cancel) => {
                    select(pin!(stopped.cancelled()), pin!(run_out(&cancel, grace)))
                        .await
                        .factor_first()
                        .0
                }
                None => stopped.cancelled().await,
            }
        });
        match select(in_time, ended).await {
            Either::Left((output, _)) => output,
            Either::Right(((), _)) if stopped.is_cancelled() => Err(Error::Stopped),
            Either::Right(((), _)) => Err(Error::Cancelled),
        }
    }

    async fn enter(
        self,
        plugin: &PluginInner,
        events: Option<EventConsumer>,
    ) -> Result<ToolOutput, Error> {
        let limit = self.call.limits.output_bytes;
        let name = self.tool_call.name.clone();
        let caller = Arc::clone(&self.call.caller);
        let mut lease = plugin.lease(self.call, self.session.as_deref()).await?;
        let answer = match events {
            Some(events) => {
                lease
                    .instance
                    .call_streaming(self.tool_call, self.input, events)
                    .await
            }
            None => lease.instance.call(self.tool_call).await.map(Some),
        };
        lease.instance.tell_fuel();
        let answer = answer.map_err(|error| tell_session(error, lease.in_session()))?;
        if caller.is_caught() {
            // It was quicker than the tick that ends it.
            return Err(caller.denied(Caught.into()));
        }
        let rebuilt = lease.rebuilt();
        lease.keep(&plugin.instances);
        let Some(answer) = answer else {
            let problem = "a streaming tool ended without a result".to_owned();
            return Err(Error::BrokenContract { problem });
        };
        let mut output = match answer {
            Ok(output) => convert::output(output, limit)?,
            Err(error) => return Err(failed(convert::tool_error(error, limit)?, &caller)),
        };
        find(plugin, &name)?.check_answer(output.structured.as_ref())?;
        output.session_rebuilt = rebuilt;
        Ok(output)
    }
}

/// A tool that gives up for want of a grant says so by its error's code; what it lacked is in the caller's list.
fn failed(error: ToolError, caller: &Caller) -> Error {
    if error.code == GuestCode::Denied.as_str() && !caller.denials().is_empty() {
        return caller.denied(error);
    }
    Error::Tool(error)
}

/// Resolves when a call that was asked to end has had its grace.
async fn run_out(cancel: &Cancellation, grace: Duration) {
    cancel.cancelled().await;
    sleep(grace).await;
}

/// Reports progress as events too. What the caller does not read in time is folded: the latest is what counts.
fn also_as_events(
    sender: mpsc::Sender<Vec<ToolEvent>>,
    on_progress: Option<OnProgress>,
) -> OnProgress {
    let sender = std::sync::Mutex::new(sender);
    Arc::new(move |progress: Progress| {
        if let Ok(mut sender) = sender.lock() {
            let _ = sender.try_send(vec![ToolEvent::Progress(progress.clone())]);
        }
        on_progress
            .iter()
            .for_each(|report| report(progress.clone()));
    })
}

fn tell_session(error: Error, in_session: bool) -> Error {
    match error {
        Error::Trapped(mut trap) => {
            trap.session_lost = in_session;
            Error::Trapped(trap)
        }
        other => other,
    }
}

/// The plugin's limits as this call's options change them.
fn limits(plugin: &PluginInner, options: &CallOptions) -> Result<CallLimits, Error> {
    let mut limits = plugin.limits.call.clone();
    if let Some(fuel) = options.fuel {
        if !plugin.code.metered {
            return Err(Error::Unsupported {
                what: "fuel was given for a plugin whose fuel is not metered".to_owned(),
                remedy: "load it with a fuel limit (LimitOverrides::fuel)",
            });
        }
        limits.fuel = Some(fuel);
    }
    limits.wall_clock = options.timeout.unwrap_or(limits.wall_clock);
    limits.memory_bytes = options
        .memory_bytes
        .unwrap_or(u64::MAX)
        .min(limits.memory_bytes);
    Ok(limits)
}

fn too_large(tool: &Tool, limit: u64) -> Error {
    let problem = format!("arguments and attachments together are larger than {limit} bytes");
    let mistakes = vec![crate::ArgumentMistake {
        pointer: String::new(),
        problem,
    }];
    Error::InvalidArguments {
        tool: tool.definition.name.clone(),
        mistakes,
    }
}

fn find<'a>(plugin: &'a PluginInner, tool: &str) -> Result<&'a Tool, Error> {
    plugin.tools.get(tool).ok_or_else(|| {
        let distance = |name: &&String| strsim::damerau_levenshtein(name, tool);
        let nearest = plugin
            .tools
            .keys()
            .min_by_key(distance)
            .filter(|name| distance(name) <= name.len() / 2);
        Error::UnknownTool {
            tool: tool.to_owned(),
            nearest: nearest.cloned(),
        }
    })
}
