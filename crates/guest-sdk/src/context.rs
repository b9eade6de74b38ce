//! What a tool may ask about the call it is in.

#[cfg(feature = "streaming")]
use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use crate::error::ToolError;
#[cfg(feature = "streaming")]
use crate::stream::EventSender;
use crate::types::{Blob, Progress, ToolCall};

/// The call that a tool is in. A tool that has an argument of type `Context` or `&Context` gets it from the host; it is
/// no part of the tool's input schema.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// /// Adds up what it can until the caller loses patience.
/// #[plugin_tool]
/// fn add_up(numbers: Vec<f64>, ctx: &Context) -> f64 {
///     let mut sum = 0.0;
///     for (done, number) in numbers.iter().enumerate() {
///         if ctx.is_cancelled() {
///             break;
///         }
///         ctx.progress(done as f64, Some(numbers.len() as f64), None);
///         sum += number;
///     }
///     sum
/// }
/// ```
#[derive(Clone)]
pub struct Context {
    inner: Rc<Inner>,
}

struct Inner {
    call_id: String,
    metadata: Vec<(String, String)>,
    attachments: Vec<Blob>,
    #[cfg(feature = "streaming")]
    events: Option<RefCell<EventSender>>,
}

impl Context {
    /// The context of `call`, and the call's arguments.
    pub(crate) fn of(
        call: ToolCall,
        #[cfg(feature = "streaming")] events: Option<EventSender>,
    ) -> (Self, String) {
        let context = Self {
            inner: Rc::new(Inner {
                call_id: call.call_id,
                metadata: call.metadata,
                attachments: call.attachments,
                #[cfg(feature = "streaming")]
                events: events.map(RefCell::new),
            }),
        };
        (context, call.arguments)
    }

    /// The context of a call of which nothing but its id is known.
    pub(crate) fn of_id(call_id: String) -> Self {
        let call = ToolCall {
            call_id,
            ..ToolCall::default()
        };
        let (context, _) = Self::of(
            call,
            #[cfg(feature = "streaming")]
            None,
        );
        context
    }

    /// The host's name for this call, the same in its logs and audit records.
    pub fn call_id(&self) -> &str {
        &self.inner.call_id
    }

    /// What the caller sent along under `key`: a trace context, a session id. The first one, if there are several.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.all_metadata()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// Everything that the caller sent along, in its order.
    pub fn all_metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner
            .metadata
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Bytes that came with the call, beside the arguments.
    pub fn attachments(&self) -> &[Blob] {
        &self.inner.attachments
    }

    /// Tells the caller how far the call has come: `done` of `total`, in any unit, never falling. Never fails and never
    /// waits; reports that come faster than the caller reads may be folded into one.
    pub fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let progress = Progress {
            done,
            total,
            message: message.map(str::to_owned),
        };
        #[cfg(feature = "streaming")]
        if let Some(events) = &self.inner.events {
            // A full queue means a caller that reads slowly: this report is folded into the next one.
            let _ = events.borrow_mut().try_send(progress.into());
            return;
        }
        crate::host::report_progress(self.call_id(), &progress);
    }

    /// Whether the caller has asked this call to end. A tool that can stop early returns what it has, or
    /// [`ToolError::cancelled`](crate::ToolError::cancelled); one that doesn't ask is ended by the host.
    ///
    /// With the feature `sync` the host can't be asked, and the answer is always `false`.
    pub fn is_cancelled(&self) -> bool {
        crate::host::cancel_requested(self.call_id())
    }

    /// Waits until the caller asks this call to end; for ever, if it doesn't. With the feature `sync`, for ever.
    pub fn cancelled(&self) -> impl Future<Output = ()> + use<> {
        crate::host::cancel_wait(self.call_id().to_owned())
    }

    /// Runs `future` until it ends, or until the caller asks this call to end.
    ///
    /// # Errors
    /// [`ToolError::cancelled`] in the second case; `future` is dropped where it waits.
    ///
    /// ```
    /// use portcullis_guest_sdk::prelude::*;
    /// use portcullis_guest_sdk::testing::{Host, json};
    ///
    /// /// Waits for what never comes.
    /// #[plugin_tool]
    /// async fn wait(ctx: &Context) -> Result<String, ToolError> {
    ///     ctx.until_cancelled(std::future::pending()).await?
    /// }
    ///
    /// let host = Host::new();
    /// host.cancel();
    /// assert_eq!(host.call("wait", json!({})).unwrap_err().code, "cancelled");
    /// ```
    pub async fn until_cancelled<F: Future>(&self, future: F) -> Result<F::Output, ToolError> {
        let mut future = pin!(future);
        let mut cancelled = pin!(self.cancelled());
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            cancelled
                .as_mut()
                .poll(cx)
                .map(|()| Err(ToolError::cancelled("the caller asked this call to end")))
        })
        .await
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("call_id", &self.inner.call_id)
            .field("metadata", &self.inner.metadata)
            .field("attachments", &self.inner.attachments.len())
            .finish()
    }
}
