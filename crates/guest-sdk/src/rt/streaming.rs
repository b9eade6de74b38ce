//! Calls that flow in pieces.

use futures::channel::mpsc;

use super::arguments::Inputs;
use super::registry::{Running, find};
use crate::context::Context;
use crate::error::ToolError;
use crate::stream::{AHEAD, InputStream, OutputStream};
use crate::types::{ToolCall, ToolEvent};

/// A call at work: what it says meanwhile, and its end.
pub(crate) struct Streamed {
    /// Ends with the call.
    pub(crate) events: mpsc::Receiver<ToolEvent>,
    /// Must be polled for events to come.
    pub(crate) result: Running,
}

/// Starts one call in pieces. A tool without streams is answered too; it just has no events.
///
/// # Errors
/// `not-found` where there is no such tool.
pub(crate) fn call_streaming(call: ToolCall, input: InputStream) -> Result<Streamed, ToolError> {
    let tool = find(&call.name)?;
    let (sender, events) = mpsc::channel(AHEAD);
    let mut last = sender.clone();
    let (context, arguments) = Context::of(call, Some(sender.clone()));
    let running =
        (tool.run)(Inputs::new(context, arguments).streaming(input, OutputStream::new(sender)));
    let result = Box::pin(async move {
        let result = running.await;
        // The author may have kept a sender somewhere; the events end with the call all the same.
        last.close_channel();
        result
    });
    Ok(Streamed { events, result })
}
