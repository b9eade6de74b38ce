//! A call whose data flows in pieces: the adapters between a guest's streams and the host's, and what the caller holds.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::channel::{mpsc, oneshot};
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt};
use portcullis_contract::chat::Delta;
use wasmtime::component::{
    Destination, FutureConsumer, Lift, Source, StreamConsumer, StreamProducer, StreamResult,
};
use wasmtime::{Result, StoreContextMut};

use crate::bindings::v0_1::portcullis::chat::chat_types as chat_wit;
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::chat::delta_size;
use crate::error::Error;
use crate::state::{LimitHit, State};
use crate::value::{Content, ToolEvent, ToolOutput};

/// Batches of pieces that wait for a slow caller, beside the one in the guest's hand.
pub(crate) const BATCHES: usize = 1;

/// Pieces that are taken from a guest at once. Larger batches are no quicker, and a slow caller holds the guest's writer after
/// two of them.
const BATCH: usize = 64;

/// What a caller sends while the tool works.
pub(crate) type InputStream = Option<BoxStream<'static, Content>>;

/// The caller's input as a stream that the guest reads.
pub(crate) struct InputProducer(pub(crate) InputStream);

impl StreamProducer<State> for InputProducer {
    type Item = wit::Content;
    type Buffer = Option<wit::Content>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let Some(input) = &mut self.0 else {
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        // A read of nothing asks whether there is something; a stream can't tell without taking it.
        if destination.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match input.poll_next_unpin(cx) {
            Poll::Ready(Some(content)) => {
                store.data_mut().call.stream(content.size())?;
                destination.set_buffer(Some(content.into()));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// What flows in pieces out of a guest.
pub(crate) trait Piece: From<Self::Wire> + Send + Unpin + 'static {
    /// As the bindings have it.
    type Wire: Lift + Send + 'static;

    /// What it counts against the limit.
    fn size(&self) -> u64;
}

impl Piece for ToolEvent {
    type Wire = wit::ToolEvent;

    fn size(&self) -> u64 {
        event_size(self)
    }
}

impl Piece for Delta {
    type Wire = chat_wit::Delta;

    fn size(&self) -> u64 {
        delta_size(self)
    }
}

/// Hands a guest's pieces on, in batches, and lets the guest's writer wait while the caller is slower.
pub(crate) struct PieceConsumer<T> {
    sender: mpsc::Sender<Vec<T>>,
    ended: Option<oneshot::Sender<()>>,
}

impl<T> PieceConsumer<T> {
    pub(crate) fn new(sender: mpsc::Sender<Vec<T>>) -> Self {
        Self {
            sender,
            ended: None,
        }
    }

    /// Resolves when the guest's stream has ended.
    pub(crate) fn ended(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.ended = Some(sender);
        receiver
    }
}

impl<T: Piece> PieceConsumer<T> {
    /// Takes what has come, `most` at once, and hands on what `into` makes of it.
    pub(crate) fn poll_take<W: Lift + 'static>(
        &mut self,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<State>,
        mut source: Source<'_, W>,
        finish: bool,
        most: usize,
        into: impl FnOnce(Vec<W>) -> Vec<T>,
    ) -> Poll<Result<StreamResult>> {
        match self.sender.poll_ready(cx) {
            Poll::Ready(Ok(())) => {}
            // Nobody listens any more.
            Poll::Ready(Err(_)) => return Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => return Poll::Pending,
        }
        let mut batch = Vec::with_capacity(source.remaining(&mut store).min(most));
        source.read(&mut store, &mut batch)?;
        let batch = into(batch);
        let bytes = batch.iter().map(T::size).sum();
        store.data_mut().call.stream(bytes)?;
        if !batch.is_empty() && self.sender.start_send(batch).is_err() {
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<T: Piece> StreamConsumer<State> for PieceConsumer<T> {
    type Item = T::Wire;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<State>,
        source: Source<'_, Self::Item>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let pieces = |batch: Vec<T::Wire>| batch.into_iter().map(T::from).collect();
        self.poll_take(cx, store, source, finish, BATCH, pieces)
    }
}

/// What an event counts against the limit: its bytes, and something for itself.
fn event_size(event: &ToolEvent) -> u64 {
    const EACH: u64 = 16;
    match event {
        ToolEvent::Progress(progress) => {
            EACH + progress.message.as_ref().map_or(0, String::len) as u64
        }
        ToolEvent::Content(content) => content.size(),
        ToolEvent::Other(other) => EACH + (other.kind.len() + other.payload.len()) as u64,
    }
}

impl crate::state::Call {
    /// Counts bytes that flow in pieces, either way.
    pub(crate) fn stream(&mut self, bytes: u64) -> Result<(), LimitHit> {
        self.stream_bytes = self.stream_bytes.saturating_add(bytes);
        let allowed = self.limits.stream_bytes;
        if self.stream_bytes <= allowed {
            Ok(())
        } else {
            Err(LimitHit {
                limit: "bytes in streams",
                allowed,
            })
        }
    }
}

/// Takes the one result of a call in pieces.
pub(crate) struct ResultConsumer<A>(Option<oneshot::Sender<A>>);

impl<A> ResultConsumer<A> {
    pub(crate) fn new(sender: oneshot::Sender<A>) -> Self {
        Self(Some(sender))
    }
}

impl<A: Lift + Send + 'static> FutureConsumer<State> for ResultConsumer<A> {
    type Item = A;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        store: StoreContextMut<State>,
        mut source: Source<'_, Self::Item>,
        _: bool,
    ) -> Poll<Result<()>> {
        let mut answer = None;
        source.read(store, &mut answer)?;
        if let (Some(answer), Some(sender)) = (answer, self.0.take()) {
            let _ = sender.send(answer);
        }
        Poll::Ready(Ok(()))
    }
}

/// A call that runs while its pieces are read, and its end. The guest runs only while this is polled.
pub(crate) struct Pieces<T, R> {
    batches: mpsc::Receiver<Vec<T>>,
    batch: VecDeque<T>,
    driver: Option<BoxFuture<'static, Result<R, Error>>>,
    end: Option<Result<R, Error>>,
}

impl<T: Unpin, R: Unpin> Pieces<T, R> {
    pub(crate) fn new(
        driver: BoxFuture<'static, Result<R, Error>>,
        batches: mpsc::Receiver<Vec<T>>,
    ) -> Self {
        Self {
            batches,
            batch: VecDeque::new(),
            driver: Some(driver),
            end: None,
        }
    }

    /// How it ended, once its pieces were read to the end.
    pub(crate) fn end(&mut self) -> Option<Result<R, Error>> {
        self.end.take()
    }

    /// Moves pieces that have arrived to the front.
    fn refill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.batch.is_empty() {
            match ready!(self.batches.poll_next_unpin(cx)) {
                Some(batch) => self.batch = batch.into(),
                None => break,
            }
        }
        Poll::Ready(())
    }
}

impl<T: Unpin, R: Unpin> Stream for Pieces<T, R> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Pieces that are there come before the guest goes on: that is what holds back one that is quicker than its caller.
        let _ = self.refill(cx);
        if self.batch.is_empty()
            && let Some(driver) = &mut self.driver
        {
            if let Poll::Ready(end) = driver.poll_unpin(cx) {
                self.end = Some(end);
                self.driver = None;
            }
            let _ = self.refill(cx);
        }
        match self.batch.pop_front() {
            Some(piece) => Poll::Ready(Some(piece)),
            None if self.driver.is_some() => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

/// A call that runs while its events are read: a [`Stream`] of [`ToolEvent`]s, then [`output`](Self::output).
///
/// The guest runs only while this is polled. Dropping it ends the call.
#[must_use = "a call runs only while its stream is polled"]
pub struct ToolStream(Pieces<ToolEvent, ToolOutput>);

impl ToolStream {
    pub(crate) fn new(
        driver: BoxFuture<'static, Result<ToolOutput, Error>>,
        batches: mpsc::Receiver<Vec<ToolEvent>>,
    ) -> Self {
        Self(Pieces::new(driver, batches))
    }

    /// Runs the call to its end, dropping the events that were not read yet, and gives its result.
    ///
    /// # Errors
    /// As [`Plugin::call`](crate::Plugin::call).
    pub async fn output(mut self) -> Result<ToolOutput, Error> {
        while self.next().await.is_some() {}
        self.0
            .end()
            .unwrap_or_else(|| Err(Error::host("a stream ended without its call")))
    }
}

impl Stream for ToolStream {
    type Item = ToolEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ToolEvent>> {
        self.0.poll_next_unpin(cx)
    }
}

impl std::fmt::Debug for ToolStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ToolStream")
            .field("running", &self.0.driver.is_some())
            .finish_non_exhaustive()
    }
}
