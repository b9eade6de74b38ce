//! Streaming tools: lines as they come, not all at the end.

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::stream::{self, Stream};

/// Gives the last lines of a text, one by one.
#[plugin_tool(read_only)]
fn tail(
    /// The text.
    text: String,
    /// How many of its last lines.
    #[arg(default = 10)]
    lines: usize,
) -> impl Stream<Item = String> {
    let skipped = text.lines().count().saturating_sub(lines);
    let last: Vec<String> = text.lines().skip(skipped).map(str::to_owned).collect();
    stream::iter(last)
}

/// Follows the input and passes on each line that contains a text, as soon as the line is complete.
#[plugin_tool(read_only)]
async fn follow(
    /// What a line has to contain; left out, every line passes.
    contains: Option<String>,
    mut input: InputStream,
    mut out: OutputStream,
) -> Result<String, ToolError> {
    let wanted = contains.unwrap_or_default();
    let mut pending = Vec::new();
    let (mut passed, mut seen) = (0, 0);
    loop {
        let piece = input.next().await;
        let ended = piece.is_none();
        match piece {
            Some(Content::Text(text)) => pending.extend(text.into_bytes()),
            Some(Content::Blob(blob)) => pending.extend(blob.data),
            _ => {}
        }
        for line in take_lines(&mut pending, ended) {
            seen += 1;
            if line.contains(&wanted) {
                passed += 1;
                out.send(line).await?;
            }
        }
        if ended {
            return Ok(format!("{passed} of {seen} lines"));
        }
    }
}

/// Takes the complete lines off the front, and at the end of the input what follows the last of them too.
fn take_lines(pending: &mut Vec<u8>, ended: bool) -> Vec<String> {
    let complete = match pending.iter().rposition(|&byte| byte == b'\n') {
        _ if ended => pending.len(),
        Some(newline) => newline + 1,
        None => 0,
    };
    let complete: Vec<u8> = pending.drain(..complete).collect();
    String::from_utf8_lossy(&complete)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use portcullis_guest_sdk::testing::{Host, Streamed, json};

    use super::*;

    fn follow_pieces<C: Into<Content>>(
        contains: Option<&str>,
        pieces: impl IntoIterator<Item = C>,
    ) -> Streamed {
        Host::new().call_streaming("follow", json!({ "contains": contains }), pieces)
    }

    fn summary(streamed: Streamed) -> String {
        streamed.result.expect("following never fails").text()
    }

    #[test]
    fn the_last_lines_come_one_by_one() {
        let text = "one\ntwo\nthree\nfour\n";
        let streamed =
            Host::new().call_streaming("tail", json!({ "text": text, "lines": 2 }), [""; 0]);
        assert_eq!(streamed.texts(), ["three", "four"]);
    }

    #[test]
    fn a_short_text_comes_whole() {
        let streamed = Host::new().call_streaming("tail", json!({ "text": "one\ntwo" }), [""; 0]);
        assert_eq!(streamed.texts(), ["one", "two"]);
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let streamed = follow_pieces(None, ["fir", "st\nsec", "ond\nthird"]);
        assert_eq!(streamed.texts(), ["first", "second", "third"]);
        assert_eq!(summary(streamed), "3 of 3 lines");
    }

    #[test]
    fn a_letter_may_be_split_between_two_pieces() {
        let bytes = "größe\n".as_bytes();
        let pieces = [&bytes[..3], &bytes[3..]].map(|piece| Blob::new("text/plain", piece));
        assert_eq!(follow_pieces(None, pieces).texts(), ["größe"]);
    }

    #[test]
    fn only_lines_with_the_text_pass() {
        let streamed = follow_pieces(Some("error"), ["info: up\nerror: disk\n", "info: down\n"]);
        assert_eq!(streamed.texts(), ["error: disk"]);
        assert_eq!(summary(streamed), "1 of 3 lines");
    }

    #[test]
    fn an_empty_input_has_no_lines() {
        let streamed = follow_pieces(None, [""; 0]);
        assert!(streamed.texts().is_empty());
        assert_eq!(summary(streamed), "0 of 0 lines");
    }
}
