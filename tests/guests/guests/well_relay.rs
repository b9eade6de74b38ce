//! A link of a chain: calls the first of a list of tools, and hands it the rest.

use portcullis_guest_sdk::prelude::*;
use serde_json::json;

#[path = "common/clock.rs"]
mod clock;

/// Calls one tool after another, each from the one before, and answers with those that were called.
#[plugin_tool]
async fn relay(
    /// Tools such as this one, by qualified name.
    to: Vec<String>,
    /// How long the last one waits, in milliseconds.
    #[arg(default)]
    ms: u64,
) -> Result<Vec<String>, ToolError> {
    let Some((next, rest)) = to.split_first() else {
        clock::wait(ms).await;
        return Ok(Vec::new());
    };
    let answer = invoke::call(next, &json!({ "to": rest, "ms": ms })).await?;
    let mut called = vec![next.clone()];
    called.extend(serde_json::from_str::<Vec<String>>(&answer.text())?);
    Ok(called)
}
