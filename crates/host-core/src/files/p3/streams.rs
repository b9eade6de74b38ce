//! Streams of 0.2 driven as those of 0.3.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::future::BoxFuture;
use rustix::fs::FileType;
use rustix::io::Errno;
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Destination, Source, StreamConsumer, StreamProducer, StreamResult, VecBuffer,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, StreamError};
use wasmtime_wasi::p3::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

use super::super::listing::{End, Listing};
use super::super::store::Use;
use super::code;
use crate::state::State;

/// Bytes of a file that are read or written at once, as `wasmtime-wasi` has it.
const PIECE: usize = 64 * 1024;

/// A stream of 0.2, or what is being done with it.
pub(super) enum Pending<S, T> {
    Idle(S),
    Busy(BoxFuture<'static, (S, Result<T, StreamError>)>),
    Ended,
}

impl<S: Send + 'static, T> Pending<S, T> {
    /// Goes on with what is being done, begun by `begin` where nothing is.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        begin: impl FnOnce(S) -> BoxFuture<'static, (S, Result<T, StreamError>)>,
    ) -> Poll<Result<T, StreamError>> {
        let mut busy = match std::mem::replace(self, Self::Ended) {
            Self::Idle(stream) => begin(stream),
            Self::Busy(busy) => busy,
            Self::Ended => return Poll::Ready(Err(StreamError::Closed)),
        };
        let Poll::Ready((stream, done)) = busy.as_mut().poll(cx) else {
            *self = Self::Busy(busy);
            return Poll::Pending;
        };
        if done.is_ok() {
            *self = Self::Idle(stream);
        }
        Poll::Ready(done)
    }
}

pub(super) type Ended = Option<oneshot::Sender<Result<(), ErrorCode>>>;

/// Says how a stream ended.
fn end(ended: &mut Ended, how: Result<(), ErrorCode>) {
    if let Some(ended) = ended.take() {
        let _ = ended.send(how);
    }
}

/// The end of a stream of 0.2; a trap stays one.
fn outcome(error: StreamError) -> wasmtime::Result<Result<(), ErrorCode>> {
    match error {
        StreamError::Closed => Ok(Ok(())),
        StreamError::LastOperationFailed(error) => {
            let error = error.downcast::<io::Error>()?;
            let over_limit = Errno::from_io_error(&error) == Some(Errno::DQUOT);
            Ok(Err(if over_limit {
                ErrorCode::Quota
            } else {
                error.into()
            }))
        }
        StreamError::Trap(error) => Err(error),
    }
}

/// A file that is read.
pub(super) struct Reader {
    pub(super) stream: Pending<DynInputStream, Bytes>,
    pub(super) ended: Ended,
}

impl StreamProducer<State> for Reader {
    type Item = u8;
    type Buffer = Bytes;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut to: Destination<'a, u8, Bytes>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if to.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let read = self.stream.poll(cx, |mut stream| {
            Box::pin(async move {
                let read = stream.blocking_read(PIECE).await;
                (stream, read)
            })
        });
        match read {
            // What is read in the meantime is there the next time.
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(bytes)) => {
                to.set_buffer(bytes);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(Err(error)) => {
                let how = outcome(error)?;
                end(&mut self.ended, how);
                Poll::Ready(Ok(StreamResult::Dropped))
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        end(&mut self.ended, Ok(()));
    }
}

/// A file that is written.
pub(super) struct Writer {
    pub(super) stream: Pending<DynOutputStream, ()>,
    /// How many bytes are being written.
    pub(super) bytes: usize,
    pub(super) ended: Ended,
}

impl StreamConsumer<State> for Writer {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, State>,
        from: Source<'_, u8>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let mut from = from.as_direct(store);
        let me = &mut *self;
        let written = me.stream.poll(cx, |mut stream| {
            let all = from.remaining();
            let piece = Bytes::copy_from_slice(&all[..all.len().min(PIECE)]);
            me.bytes = piece.len();
            Box::pin(async move {
                let written = stream.blocking_write_and_flush(piece).await;
                (stream, written)
            })
        });
        // Bytes on their way to a file can't be called back, so a wish to stop waits for them.
        match ready!(written) {
            Ok(()) => {
                from.mark_read(me.bytes);
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Err(error) => {
                let how = outcome(error)?;
                end(&mut me.ended, how);
                Poll::Ready(Ok(StreamResult::Dropped))
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        end(&mut self.ended, Ok(()));
    }
}

/// A folder that is listed.
pub(super) struct Lister {
    pub(super) listing: Option<BoxFuture<'static, (io::Result<Listing>, Use)>>,
    pub(super) ended: Ended,
}

impl StreamProducer<State> for Lister {
    type Item = DirectoryEntry;
    type Buffer = VecBuffer<DirectoryEntry>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, State>,
        mut to: Destination<'a, DirectoryEntry, VecBuffer<DirectoryEntry>>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if to.remaining(&mut store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        let Some(listing) = &mut self.listing else {
            return Poll::Ready(Ok(StreamResult::Dropped));
        };
        let (listing, by) = match listing.as_mut().poll(cx) {
            Poll::Pending if finish => return Poll::Ready(Ok(StreamResult::Cancelled)),
            listed => ready!(listed),
        };
        self.listing = None;
        let Listing { entries, end: how } = listing.unwrap_or_else(|error| Listing {
            entries: Vec::new(),
            end: End::Failed(error),
        });
        let how = match how {
            End::Whole => Ok(()),
            End::OverLimit => Err(code(by.over("directory-entries"))),
            End::IllegalName => Err(ErrorCode::IllegalByteSequence),
            End::Failed(error) => Err(error.into()),
        };
        end(&mut self.ended, how);
        if entries.is_empty() {
            return Poll::Ready(Ok(StreamResult::Dropped));
        }
        let entry = |(name, kind)| DirectoryEntry {
            type_: kind_of(kind),
            name,
        };
        let entries: Vec<_> = entries.into_iter().map(entry).collect();
        to.set_buffer(entries.into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl Drop for Lister {
    fn drop(&mut self) {
        end(&mut self.ended, Ok(()));
    }
}

fn kind_of(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::Unknown => DescriptorType::Other(None),
    }
}
