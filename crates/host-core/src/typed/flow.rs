//! Results that flow in pieces.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::channel::oneshot;
use wasmtime::component::{
    Accessor, FutureAny, Lift, Source, StreamAny, StreamConsumer, StreamResult,
};
use wasmtime::{Result, StoreContextMut, bail};

use super::Value;
use super::call::Returned;
use super::ty::{Flow, Piece};
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::instance::Answer;
use crate::state::State;
use crate::stream::{PieceConsumer, ResultConsumer};
use crate::value::{Blob, Content, ToolEvent};

/// Elements that are taken from a guest at once, where each is a byte.
const BYTES: usize = 64 * 1024;

/// Elements that are taken at once, where each is a text or a byte list.
const TEXTS: usize = 64;

const OCTETS: &str = "application/octet-stream";

/// What a stream of one component type becomes.
trait Element: Lift + Send + Unpin + Sized + 'static {
    /// How many are taken at once.
    const BATCH: usize;

    fn events(batch: Vec<Self>) -> Vec<ToolEvent>;
}

impl Element for u8 {
    const BATCH: usize = BYTES;

    fn events(batch: Vec<Self>) -> Vec<ToolEvent> {
        match batch.is_empty() {
            true => Vec::new(),
            false => vec![ToolEvent::Content(blob(batch))],
        }
    }
}

impl Element for Vec<u8> {
    const BATCH: usize = TEXTS;

    fn events(batch: Vec<Self>) -> Vec<ToolEvent> {
        batch
            .into_iter()
            .map(|data| ToolEvent::Content(blob(data)))
            .collect()
    }
}

impl Element for String {
    const BATCH: usize = TEXTS;

    fn events(batch: Vec<Self>) -> Vec<ToolEvent> {
        let texts = batch.into_iter().map(Content::Text);
        texts.map(ToolEvent::Content).collect()
    }
}

fn blob(data: Vec<u8>) -> Content {
    Content::Blob(Blob {
        media_type: OCTETS.to_owned(),
        data,
    })
}

/// Hands the elements of a guest's stream on as events.
struct Elements<E> {
    events: PieceConsumer<ToolEvent>,
    of: std::marker::PhantomData<fn() -> E>,
}

impl<E: Element> StreamConsumer<State> for Elements<E> {
    type Item = E;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<State>,
        source: Source<'_, E>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        self.events
            .poll_take(cx, store, source, finish, E::BATCH, E::events)
    }
}

impl Returned {
    /// Waits for what flows: a stream's elements are events, a future's value is the answer.
    pub(crate) async fn receive(
        mut self,
        accessor: &Accessor<State>,
        events: PieceConsumer<ToolEvent>,
    ) -> Result<Answer> {
        let flow = self.flow();
        let content = match (self.split()?, flow) {
            (Err(error), _) => return Ok(Err(error)),
            (Ok(Some(Value::Stream(stream))), Some(Flow::Stream(piece))) => {
                match piece {
                    Piece::Bytes => stream_of::<u8>(accessor, stream, events).await?,
                    Piece::Blob => stream_of::<Vec<u8>>(accessor, stream, events).await?,
                    Piece::Text => stream_of::<String>(accessor, stream, events).await?,
                }
                Vec::new()
            }
            (Ok(Some(Value::Future(future))), Some(Flow::Future(piece))) => {
                let content = match piece {
                    Piece::Text => future_of(accessor, future).await?.map(Content::Text),
                    Piece::Blob | Piece::Bytes => future_of(accessor, future).await?.map(blob),
                };
                content.map(wit::Content::from).into_iter().collect()
            }
            _ => bail!("a result that flows is neither a stream nor a future"),
        };
        Ok(Ok(wit::ToolOutput {
            content,
            structured: None,
        }))
    }
}

async fn stream_of<E: Element>(
    accessor: &Accessor<State>,
    stream: StreamAny,
    mut events: PieceConsumer<ToolEvent>,
) -> Result<()> {
    let ended = events.ended();
    let elements = Elements::<E> {
        events,
        of: std::marker::PhantomData,
    };
    accessor.with(|mut store| {
        let reader = stream.try_into_stream_reader::<E>()?;
        reader.pipe(&mut store, elements)
    })?;
    // The end is the consumer's being dropped: there is nothing to receive.
    let _ = ended.await;
    Ok(())
}

async fn future_of<T: Lift + Send + 'static>(
    accessor: &Accessor<State>,
    future: FutureAny,
) -> Result<Option<T>> {
    let (sender, answer) = oneshot::channel();
    accessor.with(|mut store| {
        let reader = future.try_into_future_reader::<T>()?;
        reader.pipe(&mut store, ResultConsumer::new(sender))
    })?;
    Ok(answer.await.ok())
}
