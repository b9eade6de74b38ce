//! Messages as they go out: in order, several at once where they come faster than they are read, and never without bound.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Notify;

/// What may wait to be read by the client before nothing more is taken from it: enough for a client that answers in bursts, and little
/// beside what one message may hold.
const WAITING_BYTES: usize = 1024 * 1024;

/// What goes out. A message that comes alone is written by who adds it, as far as the client takes it: waking a task takes as long. What
/// comes with others, or has to wait for the client, is written by [`drive`](Self::drive).
pub(super) struct Outbox {
    out: Mutex<Out>,
    /// Something waits, or nothing comes any more.
    filled: Notify,
    /// There is room again.
    emptied: Notify,
}

struct Out {
    bytes: VecDeque<u8>,
    /// Where to; none once nothing can be written any more.
    write: Option<Pin<Box<dyn AsyncWrite + Send>>>,
    /// The driver waits for the client, and must be who is woken.
    waited_for: bool,
    /// Nothing is taken any more.
    closed: bool,
}

impl Outbox {
    pub(super) fn new(write: impl AsyncWrite + Send + 'static) -> Self {
        Self {
            out: Mutex::new(Out {
                bytes: VecDeque::new(),
                write: Some(Box::pin(write)),
                waited_for: false,
                closed: false,
            }),
            filled: Notify::new(),
            emptied: Notify::new(),
        }
    }

    /// Adds a message, whether there is room or not. It goes out by [`write`](Self::write) or [`leave`](Self::leave).
    pub(super) fn add(&self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let mut out = self.out();
        if out.closed || out.write.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if out.bytes.is_empty() {
            out.bytes = line.into();
        } else {
            out.bytes.extend(line);
        }
        Ok(())
    }

    /// Writes what the client takes at once.
    pub(super) fn write(&self) {
        let mut out = self.out();
        if out.waited_for || out.bytes.is_empty() {
            return;
        }
        // Whatever else comes of it is the driver's to find.
        if !matches!(
            out.poll_write(&mut Context::from_waker(Waker::noop())),
            Poll::Ready(Ok(()))
        ) {
            self.filled.notify_one();
        }
    }

    /// Leaves what waits to the driver, who writes it together with what comes meanwhile.
    pub(super) fn leave(&self) {
        self.filled.notify_one();
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
        let out = self.out();
        out.write.is_none() || out.bytes.len() <= WAITING_BYTES
    }

    /// Whether nothing can be written any more.
    pub(super) fn is_broken(&self) -> bool {
        self.out().write.is_none()
    }

    /// Takes nothing more; what waits is written.
    pub(super) fn close(&self) {
        self.out().closed = true;
        self.filled.notify_one();
    }

    /// Writes what waits, until all is written after [`close`](Self::close).
    ///
    /// # Errors
    /// Where it can't be written.
    pub(super) async fn drive(&self) -> io::Result<()> {
        let written = self.write_all().await;
        let write = self.out().write.take();
        self.emptied.notify_waiters();
        written?;
        match write {
            Some(mut write) => write.shutdown().await,
            None => Ok(()),
        }
    }

    async fn write_all(&self) -> io::Result<()> {
        loop {
            let closed = poll_fn(|cx| {
                let mut out = self.out();
                let written = out.poll_write(cx);
                out.waited_for = written.is_pending();
                written.map_ok(|()| out.closed)
            });
            if closed.await? {
                return Ok(());
            }
            self.emptied.notify_waiters();
            self.filled.notified().await;
        }
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Out {
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(write) = &mut self.write else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        while !self.bytes.is_empty() {
            let count = ready!(write.as_mut().poll_write(cx, self.bytes.as_slices().0))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.bytes.drain(..count);
        }
        // Not kept for the next: it may have been a large one.
        self.bytes = VecDeque::new();
        write.as_mut().poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    #[tokio::test]
    async fn what_waits_is_written_in_order_before_the_end() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let outbox = Outbox::new(ours);
        (1..=3).for_each(|number| outbox.add(&number).unwrap());
        outbox.close();
        assert!(outbox.add(&4).is_err());
        outbox.drive().await.unwrap();
        let mut text = String::new();
        theirs.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "1\n2\n3\n");
    }

    #[tokio::test]
    async fn a_client_that_reads_has_it_at_once() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let outbox = Outbox::new(ours);
        outbox.add(&1).unwrap();
        outbox.write();
        let mut read = [0; 2];
        theirs.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"1\n");
    }

    #[tokio::test]
    async fn what_does_not_fit_is_written_as_the_client_reads_and_nothing_overtakes_it() {
        let (ours, mut theirs) = tokio::io::duplex(4);
        let outbox = Outbox::new(ours);
        let mut driver = pin!(outbox.drive());
        let mut text = String::new();
        for numbers in [[1_234_567, 2_345_678], [3_456_789, 4_567_890]] {
            outbox.add(&numbers[0]).unwrap();
            outbox.write();
            assert!(futures::poll!(&mut driver).is_pending());
            outbox.add(&numbers[1]).unwrap();
            outbox.write();
        }
        outbox.close();
        let (driven, read) = futures::join!(driver, theirs.read_to_string(&mut text));
        driven.and(read).unwrap();
        assert_eq!(text, "1234567\n2345678\n3456789\n4567890\n");
    }

    #[tokio::test]
    async fn a_client_that_is_gone_is_found_by_who_writes_and_told_to_all() {
        let (ours, theirs) = tokio::io::duplex(4);
        let outbox = Outbox::new(ours);
        let mut driver = pin!(outbox.drive());
        assert!(futures::poll!(&mut driver).is_pending());
        drop(theirs);
        outbox.add(&1).unwrap();
        outbox.write();
        assert!(driver.await.is_err());
        assert!(outbox.is_broken() && outbox.add(&2).is_err());
    }

    #[tokio::test]
    async fn there_is_no_room_until_somebody_reads() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let outbox = Outbox::new(ours);
        outbox.add(&"x".repeat(2 * WAITING_BYTES)).unwrap();
        let mut writes = pin!(outbox.drive());
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
        let (ours, theirs) = tokio::io::duplex(64);
        let outbox = Outbox::new(ours);
        outbox.add(&"x".repeat(2 * WAITING_BYTES)).unwrap();
        drop(theirs);
        let (written, ()) = futures::join!(outbox.drive(), outbox.room());
        assert!(written.is_err() && outbox.is_broken());
    }
}
