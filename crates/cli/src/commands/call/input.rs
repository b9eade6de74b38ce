//! Stdin, line by line, for tools that take input in pieces.

use crate::output;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use portcullis_host_core::{Blob, Content};
use std::io::{self, BufRead, IsTerminal};
use std::thread;
use tokio::sync::mpsc;

/// Lines that are read ahead of the tool; then reading waits for it.
const AHEAD: usize = 16;

/// Each line of stdin with its line end, so that the pieces together are what was written: a block of text, or of bytes
/// where it is not UTF-8.
pub(super) fn lines() -> BoxStream<'static, Content> {
    if io::stdin().is_terminal() {
        output::note("the tool takes input: type lines, end with Ctrl-D");
    }
    let (sender, receiver) = mpsc::channel(AHEAD);
    // A thread of its own that nobody waits for: a read from a terminal can't be interrupted.
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = stdin.read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) || sender.blocking_send(piece(line)).is_err() {
                break;
            }
        }
    });
    let receive = async |mut receiver: mpsc::Receiver<Content>| {
        receiver.recv().await.map(|piece| (piece, receiver))
    };
    stream::unfold(receiver, receive).boxed()
}

fn piece(line: Vec<u8>) -> Content {
    match String::from_utf8(line) {
        Ok(text) => Content::Text(text),
        Err(error) => Content::Blob(Blob {
            media_type: "application/octet-stream".into(),
            data: error.into_bytes(),
        }),
    }
}
