//! Calls of tools.

use std::pin::pin;
use std::sync::Arc;

use futures::channel::mpsc;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use portcullis_host_policy::decision::GuestCode;
use portcullis_host_policy::nearest;
use serde_json::Value;

use super::run::{Admitted, Work};
use super::{CallOptions, admit};
use crate::access::Caller;
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::convert;
use crate::definition::Tool;
use crate::error::Error;
use crate::instance::{Answer, Instance};
use crate::plugin::{Plugin, PluginInner};
use crate::state::OnProgress;
use crate::stream::{BATCHES, PieceConsumer, ToolStream};
use crate::telemetry::{self, CallWatch, What, names};
use crate::value::{Content, Progress, ToolError, ToolEvent, ToolOutput};

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
        let on_progress = request.admitted.call.on_progress.clone();
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
    let mut watch = CallWatch::begin(plugin, &id, What::Tool(tool), options.trace.as_ref());
    options.trace = watch.trace(options.trace);
    match watch.in_scope(|| Request::new(plugin, id, tool, arguments, options)) {
        Ok(request) => Ok((watch, request)),
        Err(error) => {
            watch.failed(&error);
            Err(error)
        }
    }
}

/// A call of a tool that was checked and may be run.
struct Request {
    admitted: Admitted,
    tool_call: wit::ToolCall,
    streams: bool,
    input: Option<BoxStream<'static, Content>>,
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
        let text = serde_json::to_string(arguments).map_err(Error::host)?;
        let attachments = options.attachments.iter().map(|blob| blob.data.len());
        let bytes = (text.len() + attachments.sum::<usize>()) as u64;
        let allowed = plugin.limits.call.argument_bytes;
        if bytes > allowed {
            return Err(too_large(tool, allowed));
        }
        telemetry::note(names::BYTES_IN, bytes);
        tool.check_arguments(arguments)?;
        if let Some(trace) = &options.trace {
            trace.add_to(&mut options.metadata);
        }
        let attachments = std::mem::take(&mut options.attachments);
        let tool_call = wit::ToolCall {
            call_id: id.to_string(),
            name: tool.definition.name.clone(),
            arguments: text,
            attachments: attachments.into_iter().map(wit::Blob::from).collect(),
            metadata: std::mem::take(&mut options.metadata),
        };
        let streams = tool.definition.streams;
        Ok(Self {
            tool_call,
            streams: streams.input || streams.output,
            input: options.input.take(),
            admitted: admit(plugin, id, Arc::clone(&tool.name), options)?,
        })
    }

    /// The call as a stream of events that runs it.
    fn stream(mut self, plugin: &Arc<PluginInner>, watch: CallWatch) -> ToolStream {
        let (sender, receiver) = mpsc::channel(BATCHES);
        let events = if self.streams {
            Some(PieceConsumer::new(sender))
        } else {
            let call = &mut self.admitted.call;
            call.on_progress = Some(also_as_events(sender, call.on_progress.take()));
            None
        };
        let plugin = Arc::clone(plugin);
        let driver = async move {
            let work = pin!(self.run(&plugin, events));
            watch.around(work).await
        };
        ToolStream::new(driver.boxed(), receiver)
    }

    async fn run(
        self,
        plugin: &PluginInner,
        events: Option<PieceConsumer<ToolEvent>>,
    ) -> Result<ToolOutput, Error> {
        let limit = self.admitted.call.limits.output_bytes;
        let caller = Arc::clone(&self.admitted.call.caller);
        let name = self.tool_call.name.clone();
        let work = ToolWork {
            call: self.tool_call,
            pieces: events.map(|events| (self.input, events)),
        };
        let answered = self.admitted.run(plugin, work).await?;
        let Some(answer) = answered.answer else {
            let problem = "a streaming tool ended without a result".to_owned();
            return Err(Error::BrokenContract { problem });
        };
        let mut output = match answer {
            Ok(output) => convert::output(output, limit)?,
            Err(error) => {
                let error = convert::tool_error(error, limit)?;
                return Err(denied(error, &caller, Error::Tool));
            }
        };
        find(plugin, &name)?.check_answer(output.structured.as_ref())?;
        output.session_rebuilt = answered.rebuilt;
        Ok(output)
    }
}

struct ToolWork {
    call: wit::ToolCall,
    pieces: Option<(
        Option<BoxStream<'static, Content>>,
        PieceConsumer<ToolEvent>,
    )>,
}

impl Work for ToolWork {
    type Answer = Option<Answer>;

    async fn run(self, instance: &mut Instance) -> Result<Self::Answer, Error> {
        match self.pieces {
            Some((input, events)) => instance.call_streaming(self.call, input, events).await,
            None => instance.call(self.call).await.map(Some),
        }
    }
}

/// What gives up for want of a grant says so by its error's code; what it lacked is in the caller's list. Anything else fails as
/// what it is.
pub(super) fn denied(
    error: ToolError,
    caller: &Caller,
    failed: impl FnOnce(ToolError) -> Error,
) -> Error {
    if error.code == GuestCode::Denied.as_str() && !caller.denials().is_empty() {
        return caller.denied(error);
    }
    failed(error)
}

/// How much of a name or an address that is none an error repeats.
const SHOWN_CHARS: usize = 200;

/// The start of a text that may be of any length.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
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
    plugin.tools.get(tool).ok_or_else(|| Error::UnknownTool {
        tool: tool.to_owned(),
        nearest: nearest(tool, plugin.tools.keys().map(String::as_str)).map(str::to_owned),
    })
}
