//! Whether a session's client is still there.
//!
//! A connection that breaks off says nothing by itself: the client may come back and resume, as the protocol lets it. Who does not come
//! back in time is gone, and so are its calls.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long an absent client is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Where nothing was going on.
    pub(super) idle: Duration,
    /// Where a call's connection broke off.
    pub(super) reconnect: Duration,
}

/// What is seen of one client.
#[derive(Debug)]
pub(super) struct Presence {
    seen: Mutex<Seen>,
    changed: Notify,
    patience: Patience,
}

#[derive(Debug)]
struct Seen {
    streams: usize,
    /// A call's connection broke off, and nothing came since.
    broken: bool,
    last: Instant,
    over: bool,
}

/// What a connection is open for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The answer to a request.
    Call,
    /// What the server says unasked.
    Listening,
}

impl Presence {
    pub(super) fn new(patience: Patience) -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::new(Seen {
                streams: 0,
                broken: false,
                last: Instant::now(),
                over: false,
            }),
            changed: Notify::new(),
            patience,
        })
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen();
        seen.last = Instant::now();
        change(&mut seen);
        drop(seen);
        self.changed.notify_one();
    }

    /// The client said something.
    pub(super) fn heard(&self) {
        self.change(|seen| seen.broken = false);
    }

    /// A stream to the client, which is there for as long as it reads it.
    pub(super) fn attend<S>(self: &Arc<Self>, stream: S, purpose: Purpose) -> Attended<S> {
        self.change(|seen| {
            seen.streams += 1;
            seen.broken = false;
        });
        Attended {
            stream: Box::pin(stream),
            presence: Arc::clone(self),
            purpose,
            ended: false,
        }
    }

    /// Nobody waits for the client any more.
    pub(super) fn end(&self) {
        self.seen().over = true;
    }

    /// Whether that was said.
    pub(super) fn is_over(&self) -> bool {
        self.seen().over
    }

    /// When the client is taken for gone, as things are; never while it has a connection.
    fn until(&self) -> Option<Instant> {
        let seen = self.seen();
        let patience = match seen.broken {
            true => self.patience.reconnect,
            false => self.patience.idle,
        };
        (seen.streams == 0).then(|| seen.last + patience)
    }

    /// Waits until the client is gone.
    pub(super) async fn gone(&self) {
        loop {
            let changed = self.changed.notified();
            match self.until() {
                Some(until) => tokio::select! {
                    () = sleep_until(until) => return,
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }
}

/// A stream that is known to be read.
pub(super) struct Attended<S> {
    stream: Pin<Box<S>>,
    presence: Arc<Presence>,
    purpose: Purpose,
    ended: bool,
}

impl<S: Stream> Stream for Attended<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let polled = self.stream.as_mut().poll_next(context);
        self.ended |= matches!(polled, Poll::Ready(None));
        polled
    }
}

impl<S> Drop for Attended<S> {
    fn drop(&mut self) {
        let broken = !self.ended && self.purpose == Purpose::Call;
        self.presence.change(|seen| {
            seen.streams -= 1;
            seen.broken |= broken;
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    const PATIENCE: Patience = Patience {
        idle: Duration::from_secs(100),
        reconnect: Duration::from_secs(1),
    };

    /// How long it takes until the client is taken for gone.
    async fn gone_after(presence: &Presence) -> Duration {
        let begun = Instant::now();
        presence.gone().await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_gone_after_a_while() {
        let presence = Presence::new(PATIENCE);
        assert_eq!(gone_after(&presence).await, PATIENCE.idle);
    }

    #[tokio::test(start_paused = true)]
    async fn who_breaks_off_in_a_call_is_gone_soon_unless_it_comes_back() {
        let presence = Presence::new(PATIENCE);
        drop(presence.attend(stream::pending::<()>(), Purpose::Call));
        assert_eq!(gone_after(&presence).await, PATIENCE.reconnect);
        drop(presence.attend(stream::pending::<()>(), Purpose::Call));
        presence.heard();
        assert_eq!(gone_after(&presence).await, PATIENCE.idle);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_was_read_to_its_end_is_no_break() {
        use futures::StreamExt;
        let presence = Presence::new(PATIENCE);
        let mut stream = presence.attend(stream::empty::<()>(), Purpose::Call);
        assert_eq!(stream.next().await, None);
        drop(stream);
        assert_eq!(gone_after(&presence).await, PATIENCE.idle);
    }

    #[tokio::test(start_paused = true)]
    async fn who_listens_is_there() {
        let presence = Presence::new(PATIENCE);
        let listening = presence.attend(stream::pending::<()>(), Purpose::Listening);
        drop(presence.attend(stream::pending::<()>(), Purpose::Call));
        let long = PATIENCE.idle * 100;
        assert!(tokio::time::timeout(long, presence.gone()).await.is_err());
        drop(listening);
        assert_eq!(gone_after(&presence).await, PATIENCE.reconnect);
    }
}
