//! Lines as they come in, each no longer than a message may be.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// The longest message: an argument or an answer with some pictures. It is in memory as a whole, so there is an end to it.
pub(super) const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// What is read at once, so that a burst of small messages is one call of the system.
const READ_BYTES: usize = 64 * 1024;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One that [`Lines::line`] has.
    Whole,
    /// One that was longer than [`MESSAGE_BYTES`], and is not kept.
    TooLong,
    /// There is no more.
    End,
}

/// Reads lines. A read that is dropped goes on with the next.
pub(super) struct Lines<R> {
    read: BufReader<R>,
    line: Vec<u8>,
    whole: bool,
    /// Within a line that was given up on.
    skipping: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(read: R) -> Self {
        Self {
            read: BufReader::with_capacity(READ_BYTES, read),
            line: Vec::new(),
            whole: false,
            skipping: false,
        }
    }

    /// The line that came last, without its end.
    pub(super) fn line(&self) -> &[u8] {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> io::Result<Line> {
        if std::mem::take(&mut self.whole) {
            self.line.clear();
        }
        loop {
            let there = self.read.fill_buf().await?;
            if there.is_empty() {
                return Ok(Line::End);
            }
            let end = there.iter().position(|&byte| byte == b'\n');
            let taken = end.map_or(there.len(), |end| end + 1);
            let fits = self.line.len() + taken <= MESSAGE_BYTES;
            let skipped = self.skipping;
            if !skipped && fits {
                self.line.extend_from_slice(&there[..taken]);
            }
            // No wait between what is taken and this: a dropped future has lost nothing.
            self.read.consume(taken);
            self.skipping = (skipped || !fits) && end.is_none();
            if !skipped && !fits {
                self.line = Vec::new();
                return Ok(Line::TooLong);
            }
            if !skipped && end.is_some() {
                self.whole = true;
                return Ok(Line::Whole);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_to_its_end_and_kept_nowhere() {
        let mut input = vec![b'x'; 3 * MESSAGE_BYTES];
        input.extend_from_slice(b"\nnext\r\n");
        let mut lines = Lines::new(&input[..]);
        assert_eq!(lines.next().await.unwrap(), Line::TooLong);
        assert_eq!(lines.line.capacity(), 0);
        assert_eq!(lines.next().await.unwrap(), Line::Whole);
        assert_eq!(lines.line(), b"next");
        assert_eq!(lines.next().await.unwrap(), Line::End);
    }

    #[tokio::test]
    async fn a_line_of_just_the_length_is_whole() {
        let mut input = vec![b'x'; MESSAGE_BYTES - 1];
        input.push(b'\n');
        let mut lines = Lines::new(&input[..]);
        assert_eq!(lines.next().await.unwrap(), Line::Whole);
        assert_eq!(lines.line().len(), MESSAGE_BYTES - 1);
    }

    #[tokio::test]
    async fn a_read_that_is_dropped_loses_nothing() {
        use tokio::io::AsyncWriteExt as _;
        let (mut client, server) = tokio::io::duplex(64);
        let mut lines = Lines::new(server);
        client.write_all(b"half").await.unwrap();
        assert!(futures::poll!(std::pin::pin!(lines.next())).is_pending());
        client.write_all(b" and half\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap(), Line::Whole);
        assert_eq!(lines.line(), b"half and half");
    }
}
