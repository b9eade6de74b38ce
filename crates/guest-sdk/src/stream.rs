//! Tools that take or give their data in pieces; needs the feature `streaming`.
//!
//! A tool that returns a [`Stream`] sends each item as an event:
//!
//! ```
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::stream;
//!
//! /// Counts from 1.
//! #[plugin_tool]
//! fn count(to: u32) -> impl Stream<Item = String> {
//!     stream::iter((1..=to).map(|number| number.to_string()))
//! }
//! ```
//!
//! A tool that takes an [`OutputStream`] writes events when it likes, and what it returns is the final result of the call. A
//! tool that takes an [`InputStream`] reads what the caller sends. Any of these may go together. Progress that is reported
//! through the [`Context`](crate::Context) is among the events.
//!
//! A tool is at most 64 events ahead of a caller that reads slowly, and hands them over in batches.
//!
//! With the feature this module also has everything of `futures::stream`: `iter`, `unfold`, `StreamExt` and so on.

use std::fmt;
use std::pin::Pin;
use std::task::{self, Poll};

#[cfg(feature = "streaming")]
use futures::SinkExt;
#[cfg(feature = "streaming")]
use futures::channel::mpsc;
#[cfg(feature = "streaming")]
pub use futures::stream::*;
pub use futures_core::Stream;

use crate::error::ToolError;
use crate::types::{Blob, Content, Extension, Progress, ResourceLink, ToolEvent};

#[cfg(feature = "streaming")]
pub(crate) type EventSender = mpsc::Sender<ToolEvent>;

/// What is written may be that many pieces ahead of its reader, and goes over in one batch: crossing the boundary once for 64
/// is five times as fast as once for each.
pub(crate) const AHEAD: usize = 64;

/// The caller's input, in pieces. A tool with an argument of this type takes its input as a stream.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// /// Counts the bytes that the caller sends.
/// #[plugin_tool]
/// async fn count_bytes(mut input: InputStream) -> u64 {
///     let mut bytes = 0;
///     while let Some(piece) = input.next().await {
///         bytes += match piece {
///             Content::Text(text) => text.len() as u64,
///             Content::Blob(blob) => blob.data.len() as u64,
///             _ => 0,
///         };
///     }
///     bytes
/// }
/// ```
pub struct InputStream {
    pieces: Pin<Box<dyn Stream<Item = Content>>>,
}

impl InputStream {
    /// A stream of given pieces, for a test that calls the tool's function itself.
    pub fn new(pieces: impl Stream<Item = Content> + 'static) -> Self {
        Self {
            pieces: Box::pin(pieces),
        }
    }

    /// The next piece, or `None` at the end of the input.
    pub async fn next(&mut self) -> Option<Content> {
        std::future::poll_fn(|cx| self.pieces.as_mut().poll_next(cx)).await
    }
}

impl Stream for InputStream {
    type Item = Content;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Content>> {
        self.pieces.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for InputStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputStream").finish_non_exhaustive()
    }
}

/// Where a tool writes while it works. A tool with an argument of this type gives its output as a stream; what its
/// function returns is the call's final result.
///
/// ```
/// use portcullis_guest_sdk::prelude::*;
///
/// /// Counts down.
/// #[plugin_tool]
/// async fn count_down(from: u32, mut out: OutputStream) -> Result<(), ToolError> {
///     for number in (1..=from).rev() {
///         out.send(format!("{number}…")).await?;
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct OutputStream {
    #[cfg(feature = "streaming")]
    events: EventSender,
    #[cfg(not(feature = "streaming"))]
    never: std::convert::Infallible,
}

/// The caller reads no more; a tool that gets this may as well end. Turns into a [`ToolError`] with `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the caller reads no more of this call's output")]
pub struct Closed;

impl OutputStream {
    #[cfg(feature = "streaming")]
    pub(crate) fn new(events: EventSender) -> Self {
        Self { events }
    }

    /// Writes one event – text, a [`Blob`], a [`Progress`] – and waits while the caller is behind.
    ///
    /// # Errors
    /// [`Closed`] once the caller reads no more.
    pub async fn send(&mut self, event: impl Into<ToolEvent>) -> Result<(), Closed> {
        #[cfg(feature = "streaming")]
        return self.events.send(event.into()).await.map_err(|_| Closed);
        #[cfg(not(feature = "streaming"))]
        {
            drop(event.into());
            match self.never {}
        }
    }
}

/// What the items of a stream may be that a tool returns: anything that turns into a [`ToolEvent`], or a `Result` of
/// it, whose error ends the call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an event of a tool",
    label = "gives items that are no events",
    note = "an item is text, a `Blob`, `Content`, `Progress` or `ToolEvent`, or a `Result` of one of these"
)]
pub trait StreamItem {
    /// The event to send, or the error that ends the call.
    ///
    /// # Errors
    /// The tool's own.
    fn into_event(self) -> Result<ToolEvent, ToolError>;
}

macro_rules! stream_items {
    ($($item:ty),*) => {
        $(impl StreamItem for $item {
            fn into_event(self) -> Result<ToolEvent, ToolError> {
                Ok(self.into())
            }
        })*
    };
}

stream_items!(
    String,
    &str,
    Blob,
    ResourceLink,
    Content,
    Progress,
    ToolEvent
);

impl StreamItem for Extension {
    fn into_event(self) -> Result<ToolEvent, ToolError> {
        Ok(ToolEvent::Other(self))
    }
}

impl<T: StreamItem, E: Into<ToolError>> StreamItem for Result<T, E> {
    fn into_event(self) -> Result<ToolEvent, ToolError> {
        self.map_err(Into::into).and_then(T::into_event)
    }
}
