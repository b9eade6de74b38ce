//! Answers and events, for people and for programs.

use crate::args::Format;
use crate::error::CliError;
use crate::escape;
use crate::output;
use crate::progress;
use portcullis_host_core::{Content, ToolEvent, ToolOutput};
use serde_json::{Value, json};
use std::io::{self, IsTerminal};

/// Prints an answer: as JSON in full; as text its content, or its value where the content only repeats it.
pub(super) fn output(answer: &ToolOutput, stream: bool, format: Format) -> Result<(), CliError> {
    match (format, &answer.content[..]) {
        // With --stream there is one document a line, and the answer is the last.
        (Format::Json, _) if stream => output::json_line(&json!({ "output": answer })),
        (Format::Json, _) => output::json(answer),
        (Format::Text, [Content::Blob(blob)]) if !io::stdout().is_terminal() => {
            output::bytes(&blob.data)
        }
        (Format::Text, content) => output::text(&text(content, answer.structured.as_ref())?),
    }
}

/// Prints an event of a call that goes on: as JSON in one line; as text its content, and its progress on a terminal.
pub(super) fn event(event: &ToolEvent, format: Format) -> Result<(), CliError> {
    match (format, event) {
        (Format::Json, event) => return output::json_line(event),
        (Format::Text, ToolEvent::Progress(progress)) => progress::show(progress),
        (Format::Text, ToolEvent::Content(content)) => return output::text(&block(content)),
        // A kind that came later: skipped by who doesn't know it.
        (Format::Text, _) => {}
    }
    Ok(())
}

fn text(content: &[Content], structured: Option<&Value>) -> Result<String, CliError> {
    match structured {
        Some(value) if content.iter().all(|block| repeats(block, value)) => output::pretty(value),
        _ => Ok(content.iter().map(block).collect::<Vec<_>>().join("\n")),
    }
}

/// Whether a block is the value again, written as JSON for a model to read.
fn repeats(block: &Content, value: &Value) -> bool {
    matches!(block, Content::Text(text) if serde_json::from_str::<Value>(text).is_ok_and(|written| written == *value))
}

fn block(content: &Content) -> String {
    match content {
        Content::Text(text) => escape::text(text).into_owned(),
        Content::Blob(blob) => {
            let size = bytesize::ByteSize(blob.data.len() as u64);
            format!(
                "[{}, {size}; --output json shows it in base64]",
                escape::line(&blob.media_type)
            )
        }
        Content::Link(link) => {
            let name = link
                .name
                .iter()
                .map(|name| format!("{} ", escape::line(name)))
                .collect::<String>();
            format!("{name}<{}>", escape::line(&link.uri))
        }
        Content::Other(other) => format!(
            "[{}: {}]",
            escape::line(&other.kind),
            escape::line(&other.payload)
        ),
        _ => "[content of a kind that this version does not know]".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_the_text_repeats_is_shown_once_and_indented() {
        let value = json!({"a": [1]});
        let content = [Content::Text("{\"a\":[1]}".into())];
        assert_eq!(
            text(&content, Some(&value)).unwrap(),
            "{\n  \"a\": [\n    1\n  ]\n}"
        );
    }

    #[test]
    fn text_of_its_own_wins_over_the_value() {
        let content = [Content::Text("one".into()), Content::Text("two".into())];
        assert_eq!(text(&content, Some(&json!(2))).unwrap(), "one\ntwo");
    }

    #[test]
    fn a_value_alone_is_shown() {
        assert_eq!(text(&[], Some(&json!(2))).unwrap(), "2");
        assert_eq!(text(&[], None).unwrap(), "");
    }

    #[test]
    fn text_from_a_tool_is_escaped() {
        assert_eq!(
            block(&Content::Text("\u{1b}[31mred".into())),
            "\\u{1b}[31mred"
        );
    }
}
