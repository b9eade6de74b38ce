//! A model that has nothing to say of its own: it gives back what it is told, in every kind of piece that there is.

use portcullis_guest_sdk::chat::{
    ChatError, ChatRequest, Delta, Finish, Message, ModelInfo, Part, ToolUseDelta, Usage, codes,
};
use portcullis_guest_sdk::prelude::*;

#[derive(Default)]
struct Echo;

/// Says what it is told, word by word.
///
/// `think WORDS` is thought instead of said; `use TOOL {…}` asks for a tool with these arguments, in pieces. What a tool answered is
/// said like any other text.
#[plugin_provider(name = "echo", title = "Echo")]
impl ChatProvider for Echo {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        let model = |id: &str, tokens| ModelInfo {
            id: id.into(),
            title: Some(format!("Echo ({id})")),
            context_tokens: Some(tokens),
            features: vec!["tools".into(), "reasoning".into()],
        };
        Ok(vec![
            model("echo-small", 1_000),
            model("echo-large", 100_000),
        ])
    }

    async fn chat(&self, request: ChatRequest, mut out: ChatOutput) -> Result<Finish, ChatError> {
        let told = request.messages.last().map(told).unwrap_or_default();
        let mut reason = "stop";
        if let Some(wish) = told.strip_prefix("use ") {
            use_tool(wish, &mut out).await?;
            reason = "tool-use";
        } else if let Some(thought) = told.strip_prefix("think ") {
            out.reasoning(thought).await?;
        } else {
            for word in told.split_inclusive(' ') {
                out.text(word).await?;
            }
        }
        let words = |text: &str| text.split_whitespace().count() as u64;
        let heard = request
            .messages
            .iter()
            .map(|message| words(&message.text()));
        Ok(Finish {
            usage: Some(Usage {
                input_tokens: heard.sum(),
                output_tokens: words(&told),
                details: Vec::new(),
            }),
            ..Finish::new(reason)
        })
    }
}

/// The text of a message, or of the tool results in it.
fn told(message: &Message) -> String {
    let results = message.parts.iter().filter_map(|part| match part {
        Part::ToolResult(result) => Some(result.text()),
        _ => None,
    });
    let results: Vec<_> = results.collect();
    if results.is_empty() {
        message.text()
    } else {
        results.join("\n")
    }
}

/// Sends the wish for a tool as models do: its name first, its arguments a few characters at a time.
async fn use_tool(wish: &str, out: &mut ChatOutput) -> Result<(), ChatError> {
    let (name, arguments) = wish
        .split_once(' ')
        .ok_or_else(|| ChatError::new(codes::INVALID, "write `use TOOL {…}`"))?;
    let piece = |name: Option<&str>, arguments: &str| {
        Delta::ToolUse(ToolUseDelta {
            index: 0,
            id: name.map(|_| "use-0".into()),
            name: name.map(Into::into),
            arguments: arguments.into(),
        })
    };
    out.send(piece(Some(name), "")).await?;
    let characters: Vec<char> = arguments.chars().collect();
    for few in characters.chunks(4) {
        out.send(piece(None, &few.iter().collect::<String>()))
            .await?;
    }
    Ok(())
}
