//! What a poster is about, found out with the help of others: another plugin's tool, and the host's model.

use portcullis_guest_sdk::chat::{ChatRequest, Message};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::{self, Value, json};

/// Lists the headings of a document.
const OUTLINE: &str = "org.portcullis.text-tools/outline";

/// The model that thinks of slogans; the manifest asks for it.
const MODEL: &str = "demo-small";

const INSTRUCTIONS: &str =
    "You are given the headings of a text. Answer with one slogan of at most eight words.";

/// What a poster is about.
#[plugin_type]
struct Pitch {
    /// What stands on it, in the text's order.
    headings: Vec<String>,
    /// One line for its top.
    slogan: String,
}

/// Says what a poster for a text is about: the text's headings, and a slogan.
#[plugin_tool(read_only, open_world)]
async fn pitch(
    /// The text, in CommonMark.
    text: String,
) -> Result<Pitch, ToolError> {
    let outline = invoke::call(OUTLINE, &json!({ "markdown": text })).await?;
    let headings = headings(&outline.text())?;
    if headings.is_empty() {
        return Err(ToolError::invalid_arguments(
            "the text has no headings; give at least one line that begins with `# `",
        ));
    }
    let request = ChatRequest {
        model: MODEL.to_owned(),
        messages: vec![
            Message::system(INSTRUCTIONS),
            Message::user(headings.join("\n")),
        ],
        ..ChatRequest::default()
    };
    let slogan = llm::chat(request).await?.whole().await?.text;
    Ok(Pitch { headings, slogan })
}

/// The headings of an outline, which is JSON.
fn headings(outline: &str) -> Result<Vec<String>, ToolError> {
    let unread = || ToolError::internal(format!("the outline by {OUTLINE} can't be read"));
    let outline: Value = serde_json::from_str(outline).map_err(|_| unread())?;
    let headings = outline["headings"].as_array().ok_or_else(unread)?;
    let texts = headings
        .iter()
        .filter_map(|heading| heading["text"].as_str());
    Ok(texts.map(str::to_owned).collect())
}
