//! Messages as they go out: in order, several at once where they come faster than they are read, and never without bound.

use std::io;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// What may wait to be read by the client before nothing more is taken from it: enough for a client that answers in bursts, and little
/// beside what one message may hold.
const WAITING_BYTES: usize = 1024 * 1024;

/// What waits to be written.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    /// Something waits, or nothing comes any more.
    filled: Notify,
    /// There is room again.
    emptied: Notify,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Being written.
    going: usize,
    /// Nothing is taken any more.
    closed: bool,
    /// Nothing can be written any more.
    broken: bool,
}

impl Outbox {
    /// Adds a message, whether there is room or not.
    pub(super) fn push(&self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let mut waiting = self.waiting();
        if waiting.closed || waiting.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if waiting.bytes.is_empty() {
            waiting.bytes = line;
        } else {
            waiting.bytes.extend_from_slice(&line);
        }
        drop(waiting);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits until there is room, or until nothing can be written any more.
    pub(super) async fn room(&self) {
        loop {
            let mut emptied = pin!(self.emptied.notified());
            emptied.as_mut().enable();
            if self.has_room() {
                return;
            }
            emptied.await;
        }
    }

    fn has_room(&self) -> bool {
        let waiting = self.waiting();
        waiting.broken || waiting.bytes.len() + waiting.going <= WAITING_BYTES
    }

    /// Whether nothing can be written any more.
    pub(super) fn is_broken(&self) -> bool {
        self.waiting().broken
    }

    /// Takes nothing more; what waits is written.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.filled.notify_one();
    }

    /// Writes what comes, until all is written after [`close`](Self::close).
    ///
    /// # Errors
    /// Where it can't be written.
    pub(super) async fn write_to(&self, write: impl AsyncWrite) -> io::Result<()> {
        let written = self.write_all(pin!(write)).await;
        self.waiting().broken = true;
        self.emptied.notify_waiters();
        written
    }

    async fn write_all(&self, mut write: impl AsyncWrite + Unpin) -> io::Result<()> {
        loop {
            let bytes = {
                let mut waiting = self.waiting();
                let bytes = std::mem::take(&mut waiting.bytes);
                waiting.going = bytes.len();
                if bytes.is_empty() && waiting.closed {
                    break;
                }
                bytes
            };
            if bytes.is_empty() {
                self.filled.notified().await;
                continue;
            }
            write.write_all(&bytes).await?;
            write.flush().await?;
            self.waiting().going = 0;
            self.emptied.notify_waiters();
        }
        write.shutdown().await
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn what_waits_is_written_in_order_before_the_end() {
        let outbox = Outbox::default();
        (1..=3).for_each(|number| outbox.push(&number).unwrap());
        outbox.close();
        assert!(outbox.push(&4).is_err());
        let (ours, mut theirs) = tokio::io::duplex(64);
        outbox.write_to(ours).await.unwrap();
        let mut text = String::new();
        theirs.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "1\n2\n3\n");
    }

    #[tokio::test]
    async fn there_is_no_room_until_somebody_reads() {
        let outbox = Outbox::default();
        outbox.push(&"x".repeat(2 * WAITING_BYTES)).unwrap();
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut writes = pin!(outbox.write_to(ours));
        assert!(futures::poll!(&mut writes).is_pending());
        let mut room = pin!(outbox.room());
        assert!(futures::poll!(&mut room).is_pending());
        let mut read = Vec::new();
        let reads = async {
            let mut some = [0; 1024];
            while read.last() != Some(&b'\n') {
                let count = theirs.read(&mut some).await.unwrap();
                read.extend_from_slice(&some[..count]);
            }
        };
        tokio::select! {
            _ = &mut writes => panic!("nobody closed it"),
            () = async { futures::join!(reads, room); } => {}
        }
    }

    #[tokio::test]
    async fn who_waits_for_room_is_told_that_nobody_reads_any_more() {
        let outbox = Outbox::default();
        outbox.push(&"x".repeat(2 * WAITING_BYTES)).unwrap();
        let (ours, theirs) = tokio::io::duplex(64);
        drop(theirs);
        let (written, ()) = futures::join!(outbox.write_to(ours), outbox.room());
        assert!(written.is_err() && outbox.is_broken());
    }
}
