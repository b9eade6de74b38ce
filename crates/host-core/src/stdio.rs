//! A guest's standard output and error: split into lines, bounded, and – for standard error – a tail kept, because that is
//! where every language's runtime leaves a panic's message and place.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::log::{LogLevel, LogLine, LogSource};
use crate::state::Owner;

/// How much of the end of standard error is kept for a trap: room for a message and its place after any noise.
const TAIL_BYTES: usize = 4096;

/// A longer line is cut in pieces of this size.
const LINE_BYTES: usize = 4096;

/// Who a line belongs to, while a call runs.
struct Reader {
    owner: Arc<Owner>,
    call_id: Arc<str>,
}

#[derive(Default)]
struct Buffer {
    reader: Option<Reader>,
    partial: Vec<u8>,
    tail: VecDeque<u8>,
    budget: u64,
    dropped: u64,
}

/// One captured stream; clones share it.
#[derive(Clone)]
pub(crate) struct Captured {
    buffer: Arc<Mutex<Buffer>>,
    source: LogSource,
}

impl Captured {
    /// A stream whose lines are tagged with `source`.
    pub(crate) fn new(source: LogSource) -> Self {
        Self {
            buffer: Arc::default(),
            source,
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Buffer) -> R) -> R {
        f(&mut self.buffer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts a call that may print `budget` bytes; what is beyond is counted and dropped.
    pub(crate) fn begin(&self, owner: &Arc<Owner>, call_id: &Arc<str>, budget: u64) {
        let reader = Some(Reader {
            owner: Arc::clone(owner),
            call_id: Arc::clone(call_id),
        });
        self.with(|buffer| {
            *buffer = Buffer {
                reader,
                budget,
                ..Buffer::default()
            }
        });
    }

    /// Ends a call: hands on a line without end, and says how much was dropped.
    pub(crate) fn end(&self) {
        self.with(|buffer| {
            if !buffer.partial.is_empty() {
                buffer.end_line(self.source);
            }
            let dropped = std::mem::take(&mut buffer.dropped);
            if let (1.., Some(reader)) = (dropped, &buffer.reader) {
                reader.owner.note_dropped(
                    &reader.call_id,
                    format!("{dropped} bytes printed beyond the limit"),
                );
            }
            buffer.reader = None;
        });
    }

    /// The last bytes that were printed, as text.
    pub(crate) fn tail(&self) -> String {
        self.with(|buffer| String::from_utf8_lossy(buffer.tail.make_contiguous()).into_owned())
    }

    fn write(&self, bytes: &[u8]) {
        self.with(|buffer| buffer.write(bytes, self.source));
    }
}

impl Buffer {
    fn write(&mut self, bytes: &[u8], source: LogSource) {
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
                    self.end_line(source);
                }
            }
        }
    }

    fn end_line(&mut self, source: LogSource) {
        let line = String::from_utf8_lossy(&self.partial);
        if let Some(reader) = &self.reader {
            reader.owner.log.log(LogLine {
                plugin: reader.owner.id.clone(),
                call_id: reader.call_id.to_string(),
                level: LogLevel::Info,
                message: line.trim_end_matches(['\n', '\r']).to_owned(),
                fields: Vec::new(),
                source,
            });
        }
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
    use crate::state::testing::{Collected, owner};

    fn captured(budget: u64) -> (Captured, Arc<Collected>) {
        let lines = Arc::new(Collected::default());
        let captured = Captured::new(LogSource::Stderr);
        captured.begin(&owner(lines.clone()), &"call".into(), budget);
        (captured, lines)
    }

    #[test]
    fn lines_are_split_and_the_last_one_needs_no_end() {
        let (captured, lines) = captured(100);
        captured.write(b"one\ntw");
        captured.write(b"o\nthree");
        assert_eq!(lines.messages(), ["one", "two"]);
        captured.end();
        assert_eq!(lines.messages(), ["one", "two", "three"]);
    }

    #[test]
    fn what_is_over_the_budget_is_counted_and_dropped() {
        let (captured, lines) = captured(4);
        captured.write(b"one\ntwo\n");
        captured.end();
        assert_eq!(
            lines.messages(),
            ["one", "dropped: 4 bytes printed beyond the limit"]
        );
    }

    #[test]
    fn the_tail_keeps_the_end_even_when_the_budget_is_used_up() {
        let (captured, _) = captured(0);
        captured.write(&vec![b'x'; 3 * TAIL_BYTES]);
        captured.write(b"panicked");
        assert_eq!(captured.tail().len(), TAIL_BYTES);
        assert!(captured.tail().ends_with("xpanicked"));
    }
}
