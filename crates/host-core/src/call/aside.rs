//! What is done for a guest beside it. Whoever serves a plugin may call other plugins, and wasmtime lets no guest run within
//! another's turn: such work is handed out of the turn, and runs in the same task between turns, so that it ends with its call.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::channel::oneshot;
use futures::future::{BoxFuture, Either, select};
use futures::stream::{BoxStream, FuturesUnordered};
use futures::{FutureExt, StreamExt, stream};
use wasmtime::{Error, Result};

/// Pieces of a stream that are handed back to the guest's turn at once.
const BATCH: usize = 64;

type Work = BoxFuture<'static, ()>;

/// What was handed out and not begun yet; none once the call is over.
type Queue = Mutex<Option<Vec<Work>>>;

/// Hands work out of a guest's turn. The default does nothing: a plugin that is asked for its definitions is served by nobody.
#[derive(Clone, Default)]
pub(crate) struct Aside(Option<Arc<Queue>>);

/// The work that was handed out in one call.
pub(super) struct Handed {
    queue: Arc<Queue>,
    /// None until there is any: most calls have none, and it is not free.
    running: Option<FuturesUnordered<Work>>,
}

/// Both ends.
pub(super) fn aside() -> (Aside, Handed) {
    let queue = Arc::new(Mutex::new(Some(Vec::new())));
    let handed = Handed {
        queue: Arc::clone(&queue),
        running: None,
    };
    (Aside(Some(queue)), handed)
}

impl Aside {
    /// Does work beside the guest, no longer than this future lives.
    ///
    /// # Errors
    /// Where the call is over, which ends the guest.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T> {
        let (mut sender, receiver) = oneshot::channel();
        self.hand(async move {
            let done = match select(pin!(work), sender.cancellation()).await {
                Either::Left((done, _)) => Some(done),
                Either::Right(_) => None,
            };
            if let Some(done) = done {
                let _ = sender.send(done);
            }
        });
        let over = |_| Error::msg("nothing is done for a call that is over");
        receiver.await.map_err(over)
    }

    /// Reads a stream beside the guest, a little ahead of it, no longer than what is given lives.
    pub(crate) fn stream<T: Send + 'static>(
        &self,
        stream: BoxStream<'static, T>,
    ) -> BoxStream<'static, T> {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        self.hand(async move {
            let read = async {
                let mut batches = stream.ready_chunks(BATCH);
                while let Some(batch) = batches.next().await {
                    if sender.send(batch).await.is_err() {
                        break;
                    }
                }
            };
            select(pin!(read), pin!(sender.closed())).await;
        });
        let batches = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        batches.flat_map(stream::iter).boxed()
    }

    /// Only within the guest's turn: what is handed out is begun when the turn ends.
    fn hand(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(queue) = &self.0
            && let Some(waiting) = &mut *lock(queue)
        {
            waiting.push(work.boxed());
        }
        // Dropped where the call is over, which whoever waits for it sees.
    }
}

impl Handed {
    /// Runs a guest to its end, and what is done for it between its turns.
    pub(super) async fn beside<T>(mut self, mut guest: Pin<&mut impl Future<Output = T>>) -> T {
        poll_fn(move |cx| {
            let answer = guest.as_mut().poll(cx);
            if answer.is_pending() {
                self.go_on(cx);
            }
            answer
        })
        .await
    }

    fn go_on(&mut self, cx: &mut Context<'_>) {
        if let Some(waiting) = &mut *lock(&self.queue)
            && !waiting.is_empty()
        {
            self.running
                .get_or_insert_default()
                .extend(waiting.drain(..));
        }
        if let Some(running) = &mut self.running {
            while running.poll_next_unpin(cx) == Poll::Ready(Some(())) {}
        }
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        // Dropped outside of the lock: work of others may do anything when it ends.
        let waiting = lock(&self.queue).take();
        drop(waiting);
    }
}

fn lock(queue: &Queue) -> MutexGuard<'_, Option<Vec<Work>>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future;

    use super::*;

    /// Runs a guest that uses what is beside it.
    async fn guest<T>(turn: impl AsyncFnOnce(Aside) -> T) -> T {
        let (aside, handed) = aside();
        handed.beside(pin!(turn(aside))).await
    }

    #[tokio::test]
    async fn work_is_done_while_the_guest_waits_for_it() {
        let done = guest(async |aside| aside.run(async { 42 }).await.unwrap());
        assert_eq!(done.await, 42);
    }

    #[tokio::test]
    async fn a_stream_comes_in_order_and_ends() {
        let read = guest(async |aside| {
            let numbers = stream::iter(0..1_000).boxed();
            aside.stream(numbers).collect::<Vec<_>>().await
        });
        assert!(read.await.into_iter().eq(0..1_000));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_dropped_while_the_guest_goes_on() {
        let (held, dropped) = oneshot::channel::<()>();
        let (read, unread) = oneshot::channel::<()>();
        guest(async move |aside| {
            let never = aside.run(async move {
                let _held = held;
                future::pending::<()>().await;
            });
            assert!(never.now_or_never().is_none());
            let endless = stream::pending::<()>().chain(stream::once(async move { drop(read) }));
            drop(aside.stream(endless.boxed()));
            assert!(dropped.await.is_err() && unread.await.is_err());
        })
        .await;
    }

    #[tokio::test]
    async fn nothing_is_done_once_the_call_is_over() {
        let over = guest(async |aside| aside).await;
        assert!(over.run(async { 42 }).await.is_err());
        assert!(Aside::default().run(async { 42 }).await.is_err());
    }
}
