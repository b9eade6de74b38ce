//! Offers resources, templates and prompts, says what has changed, and asks a person.

use portcullis_guest_sdk::ask::{Answer, ask, ask_with};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::prompt::PromptOutput;
use serde_json::{Value, json};

/// What is to be done today.
#[plugin_resource(uri = "notes://today", title = "Today", media_type = "text/markdown")]
fn today() -> &'static str {
    "# Today\nRest."
}

#[plugin_resource(uri = "notes://logo", media_type = "image/gif")]
fn logo() -> Vec<u8> {
    b"GIF89a".to_vec()
}

/// What was kept by the tool `keep`.
#[plugin_resource(uri = "notes://kept", media_type = "text/plain")]
async fn kept() -> Result<String, ToolError> {
    match state::get("kept").await? {
        Some(entry) => Ok(String::from_utf8(entry.value)?),
        None => Err(ToolError::not_found("nothing was kept yet")),
    }
}

#[plugin_resource(uri = "notes://all", media_type = "text/plain")]
fn all(ctx: &Context) -> Vec<ResourceContents> {
    vec![
        ResourceContents::text("notes://all/call", ctx.call_id()),
        ResourceContents::text("notes://all/json", "{}").media_type("application/json"),
    ]
}

/// What was to be done on some day.
#[plugin_resource(template = "notes://days/{day}", media_type = "text/plain")]
fn of_day(
    /// Which day.
    #[arg(values = ["monday", "tuesday", "wednesday"])]
    day: &str,
) -> Result<String, ToolError> {
    if day == "never" {
        return Err(ToolError::not_found("that day does not come"));
    }
    Ok(format!("{day}: nothing."))
}

#[plugin_resource(template = "notes://days/{day}/{hour}")]
async fn of_hour(day: String, hour: u8) -> String {
    format!("{day} at {hour}: nothing.")
}

/// What the person answers, who is asked while it is read.
#[plugin_resource(template = "person://{question}", media_type = "application/json")]
async fn asked(question: String) -> Result<String, ToolError> {
    let schema = json!({ "type": "object", "properties": { "text": { "type": "string" } } });
    Ok(told(ask_with(&question, schema).await?).to_string())
}

/// Asks for a review.
#[plugin_prompt(title = "Review")]
fn review(
    /// The code.
    code: String,
    #[arg(values = ["short", "long"])] style: Option<String>,
) -> PromptOutput {
    PromptOutput {
        description: Some(format!("Reviews {} characters.", code.chars().count())),
        messages: vec![
            PromptMessage::user(format!("Review this:\n{code}")),
            PromptMessage::assistant(format!(
                "Shall it be {}?",
                style.as_deref().unwrap_or("short")
            )),
        ],
    }
}

#[plugin_prompt]
async fn greet() -> &'static str {
    "Say hello."
}

/// Shows everything that a message can hold.
#[plugin_prompt]
fn show() -> Vec<PromptMessage> {
    let link = ResourceLink {
        uri: "notes://today".into(),
        name: Some("today".into()),
        media_type: None,
    };
    let note = ResourceContents::text("notes://today", today()).media_type("text/markdown");
    vec![
        PromptMessage::user("Look:"),
        PromptMessage::user(Blob::new("image/gif", logo())),
        PromptMessage::user(link),
        PromptMessage::user(note),
    ]
}

#[plugin_prompt]
fn refuse() -> Result<String, ToolError> {
    Err(ToolError::unavailable("not now"))
}

/// Keeps a text, and tells who follows it.
#[plugin_tool]
async fn keep(text: String) -> Result<(), ToolError> {
    state::set("kept", text).await?;
    resource::changed("notes://kept");
    Ok(())
}

/// Says that something has changed.
#[plugin_tool]
fn touch(uri: String) {
    resource::changed(&uri);
}

/// What to send.
#[plugin_type]
struct Order {
    /// Where to.
    address: String,
    express: Option<bool>,
}

/// Asks the person where to send something.
#[plugin_tool]
async fn order(message: String) -> Result<Value, ToolError> {
    let answer = ask::<Order>(&message).await?;
    Ok(match answer {
        Answer::Accepted(order) => json!([order.address, order.express]),
        Answer::Declined => json!("declined"),
        Answer::Cancelled => json!("cancelled"),
    })
}

/// Asks the person, and does not end whatever they say.
#[plugin_tool]
async fn order_without_end(message: String) -> Result<(), ToolError> {
    ask::<Order>(&message).await?;
    loop {
        std::hint::spin_loop();
    }
}

/// Asks the person by a schema of the caller's.
#[plugin_tool]
async fn ask_for(message: String, schema: Value) -> Result<Value, ToolError> {
    Ok(told(ask_with(&message, schema).await?))
}

fn told(answer: Answer<Value>) -> Value {
    match answer {
        Answer::Accepted(answer) => answer,
        Answer::Declined => json!("declined"),
        Answer::Cancelled => json!("cancelled"),
    }
}
