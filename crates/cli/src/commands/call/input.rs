//! Stdin, line by line, for tools that take input in pieces.

use crate::output;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use portcullis_host_core::Content;
use std::io::{self, BufRead, IsTerminal};
use std::thread;
use tokio::sync::mpsc;

/// Lines that are read ahead of the tool; then reading waits for it.
const AHEAD: usize = 16;

/// Each line of stdin as one block of text, without its line end. Bytes that are not UTF-8 are replaced.
pub(super) fn lines() -> BoxStream<'static, Content> {
    if io::stdin().is_terminal() {
        output::note("the tool takes input: type lines, end with Ctrl-D");
    }
    let (sender, receiver) = mpsc::channel(AHEAD);
    // A thread of its own that nobody waits for: a read from a terminal can't be interrupted.
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut line = Vec::new();
        while matches!(stdin.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line);
            let text = text
                .strip_suffix('\n')
                .map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text));
            if sender
                .blocking_send(Content::Text(text.to_string()))
                .is_err()
            {
                break;
            }
            line.clear();
        }
    });
    stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|content| (content, receiver))
    })
    .boxed()
}
