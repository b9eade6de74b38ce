//! Server-sent events, out of chunks that end anywhere.

use portcullis_guest_sdk::chat::{ChatError, codes};

/// The most bytes of one event: far more than any piece of an answer, and little beside the memory that an instance has.
const MAX_EVENT: usize = 4 << 20;

/// What comes before the first event of some servers.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Collects lines to events. Of an event only its data counts.
#[derive(Default)]
pub(crate) struct Events {
    /// A line that has not ended.
    line: Vec<u8>,
    /// The lines of an event that has not ended; none where it has no data.
    data: Option<Vec<u8>>,
    /// The last chunk ended with a carriage return, which may be half of a line's end.
    returned: bool,
    /// The first line was there.
    began: bool,
}

impl Events {
    /// The data of the events that end in this chunk.
    ///
    /// # Errors
    /// [`codes::BROKEN`] for an event that is larger than any.
    pub(crate) fn take(&mut self, chunk: &[u8]) -> Result<Vec<Vec<u8>>, ChatError> {
        let mut events = Vec::new();
        let mut rest = chunk;
        while !rest.is_empty() {
            if std::mem::take(&mut self.returned) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, after) = rest.split_at(end.unwrap_or(rest.len()));
            self.line.extend_from_slice(line);
            if self.line.len() + self.data.as_ref().map_or(0, Vec::len) > MAX_EVENT {
                return Err(ChatError::new(
                    codes::BROKEN,
                    format!("an event of the answer has more than {MAX_EVENT} bytes"),
                ));
            }
            if let Some((last, after)) = after.split_first() {
                self.returned = *last == b'\r';
                self.end_line(&mut events);
                rest = after;
            } else {
                rest = after;
            }
        }
        Ok(events)
    }

    /// The data of an event that the stream's end cut short of its blank line.
    pub(crate) fn end(&mut self) -> Vec<Vec<u8>> {
        let mut events = Vec::new();
        self.end_line(&mut events);
        events.extend(self.data.take());
        events
    }

    fn end_line(&mut self, events: &mut Vec<Vec<u8>>) {
        let mut line = self.line.as_slice();
        if !std::mem::replace(&mut self.began, true) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            events.extend(self.data.take());
        } else if let Some(value) = data(line) {
            match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.to_vec()),
            }
        }
        self.line.clear();
    }
}

/// The value of a field `data`; none of another field, or a comment.
fn data(line: &[u8]) -> Option<&[u8]> {
    match line.strip_prefix(b"data")? {
        [] => Some(b""),
        [b':', b' ', value @ ..] | [b':', value @ ..] => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a text that comes in pieces of that many bytes.
    fn events(text: &str, size: usize) -> Vec<String> {
        let mut events = Events::default();
        let chunks = text.as_bytes().chunks(size);
        let mut datas: Vec<Vec<u8>> = chunks
            .flat_map(|chunk| events.take(chunk).unwrap())
            .collect();
        datas.extend(events.end());
        let texts = datas.into_iter().map(String::from_utf8);
        texts.map(Result::unwrap).collect()
    }

    #[test]
    fn lines_end_in_each_of_three_ways_wherever_chunks_do() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "\u{feff}: hello\ndata: one\n\nevent: x\ndata:two\ndata\ndata:  é\nid: 1\n\n\ndatas: no\n\ndata: last";
            let text = text.replace('\n', end);
            for size in 1..=text.len() {
                assert_eq!(
                    events(&text, size),
                    ["one", "two\n\n é", "last"],
                    "{end:?} {size}"
                );
            }
        }
    }

    #[test]
    fn an_event_has_an_end() {
        let mut events = Events::default();
        let chunk = [b'x'; 1 << 20];
        let errors = (0..5).filter(|_| events.take(&chunk).is_err()).count();
        assert_eq!(errors, 1);
    }
}
