//! A guest's standard output and error: split into lines, bounded, and – for standard error – a tail kept, because that is
//! where every language's runtime leaves a panic's message and place.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::log::{CallLog, LogLevel, LogSource};
use crate::service::Brought;
use crate::state::{Call, Owner};

/// How much of the end of standard error is kept for a trap: room for a message and its place after any noise.
const TAIL_BYTES: usize = 4096;

/// A longer line is cut in pieces of this size.
const LINE_BYTES: usize = 4096;

/// The captured streams of one store, and the call that they belong to at the moment.
struct Streams {
    owner: Arc<Owner>,
    call_id: Arc<str>,
    brought: Option<Arc<Brought>>,
    stdout: Buffer,
    stderr: Buffer,
}

impl Streams {
    /// The two streams, and where their lines go.
    fn parts(&mut self) -> (&mut Buffer, &mut Buffer, CallLog<'_>) {
        let log = CallLog::new(&self.owner, &self.call_id, self.brought.as_deref());
        (&mut self.stdout, &mut self.stderr, log)
    }
}

/// One stream's lines and limits.
struct Buffer {
    source: LogSource,
    partial: Vec<u8>,
    tail: VecDeque<u8>,
    budget: u64,
    dropped: u64,
}

/// Both captured streams; clones share them.
#[derive(Clone)]
pub(crate) struct Console(Arc<Mutex<Streams>>);

impl Console {
    /// Streams for a first call. What it prints to each beyond its limit is counted and dropped.
    pub(crate) fn new(owner: Arc<Owner>, call: &Call) -> Self {
        let buffer = |source| Buffer::new(source, call.limits.stdio_bytes);
        let (stdout, stderr) = (buffer(LogSource::Stdout), buffer(LogSource::Stderr));
        Self(Arc::new(Mutex::new(Streams {
            owner,
            call_id: Arc::clone(&call.id),
            brought: call.brought.clone(),
            stdout,
            stderr,
        })))
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the next call.
    pub(crate) fn begin(&self, call: &Call) {
        let mut streams = self.streams();
        streams.call_id = Arc::clone(&call.id);
        streams.brought = call.brought.clone();
        streams.stdout.begin(call.limits.stdio_bytes);
        streams.stderr.begin(call.limits.stdio_bytes);
    }

    /// Ends a call: hands on lines without end, and says how much was dropped.
    pub(crate) fn end(&self) {
        let mut streams = self.streams();
        let (stdout, stderr, log) = streams.parts();
        stdout.end(&log);
        stderr.end(&log);
        streams.brought = None;
    }

    /// The last bytes that were printed to standard error, as text.
    pub(crate) fn tail(&self) -> String {
        String::from_utf8_lossy(self.streams().stderr.tail.make_contiguous()).into_owned()
    }

    /// One of the streams, for the guest.
    pub(crate) fn stream(&self, source: LogSource) -> Captured {
        Captured {
            console: self.clone(),
            source,
        }
    }
}

/// One captured stream, as the guest writes to it.
#[derive(Clone)]
pub(crate) struct Captured {
    console: Console,
    source: LogSource,
}

impl Captured {
    fn write(&self, bytes: &[u8]) {
        let mut streams = self.console.streams();
        let (stdout, stderr, log) = streams.parts();
        let buffer = if self.source == LogSource::Stdout {
            stdout
        } else {
            stderr
        };
        buffer.write(bytes, &log);
    }
}

impl Buffer {
    fn new(source: LogSource, budget: u64) -> Self {
        Self {
            source,
            partial: Vec::new(),
            tail: VecDeque::new(),
            budget,
            dropped: 0,
        }
    }

    fn begin(&mut self, budget: u64) {
        self.partial.clear();
        self.tail.clear();
        self.budget = budget;
        self.dropped = 0;
    }

    fn end(&mut self, log: &CallLog<'_>) {
        if !self.partial.is_empty() {
            self.end_line(log);
        }
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            log.note_dropped(&format!("{dropped} bytes printed beyond the limit"));
        }
    }

    fn write(&mut self, bytes: &[u8], log: &CallLog<'_>) {
        let end = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        let over = (self.tail.len() + end.len()).saturating_sub(TAIL_BYTES);
        self.tail.drain(..over);
        self.tail.extend(end);

        let kept = &bytes[..bytes
            .len()
            .min(usize::try_from(self.budget).unwrap_or(usize::MAX))];
        self.budget -= kept.len() as u64;
        self.dropped += (bytes.len() - kept.len()) as u64;
        for piece in kept.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LINE_BYTES) {
                self.partial.extend_from_slice(part);
                if self.partial.ends_with(b"\n") || self.partial.len() >= LINE_BYTES {
                    self.end_line(log);
                }
            }
        }
    }

    fn end_line(&mut self, log: &CallLog<'_>) {
        let line = String::from_utf8_lossy(&self.partial);
        let line = line.trim_end_matches(['\n', '\r']).to_owned();
        log.write(self.source, LogLevel::Info, line, Vec::new());
        self.partial.clear();
    }
}

impl IsTerminal for Captured {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Captured {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Captured {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        Captured::write(self, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 * 1024)
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for Captured {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Captured {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Captured::write(&self, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CallLimits;
    use crate::state::testing::{Collected, access, owner};

    fn captured(budget: u64) -> (Console, Captured, Arc<Collected>) {
        let lines = Arc::new(Collected::default());
        let limits = CallLimits {
            stdio_bytes: budget,
            ..CallLimits::default()
        };
        let call = Call::new(
            "call".into(),
            limits,
            &access(),
            tokio::time::Instant::now(),
        );
        let console = Console::new(owner(lines.clone()), &call);
        let stderr = console.stream(LogSource::Stderr);
        (console, stderr, lines)
    }

    #[test]
    fn lines_are_split_and_the_last_one_needs_no_end() {
        let (console, stderr, lines) = captured(100);
        stderr.write(b"one\ntw");
        stderr.write(b"o\nthree");
        assert_eq!(lines.messages(), ["one", "two"]);
        console.end();
        assert_eq!(lines.messages(), ["one", "two", "three"]);
    }

    #[test]
    fn what_is_over_the_budget_is_counted_and_dropped() {
        let (console, stderr, lines) = captured(4);
        stderr.write(b"one\ntwo\n");
        console.end();
        assert_eq!(
            lines.messages(),
            ["one", "dropped: 4 bytes printed beyond the limit"]
        );
    }

    #[test]
    fn the_tail_keeps_the_end_even_when_the_budget_is_used_up() {
        let (console, stderr, _) = captured(0);
        stderr.write(&vec![b'x'; 3 * TAIL_BYTES]);
        stderr.write(b"panicked");
        assert_eq!(console.tail().len(), TAIL_BYTES);
        assert!(console.tail().ends_with("xpanicked"));
    }
}
