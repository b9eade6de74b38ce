//! Asks its host for everything that an agent has: a model, texts, plans, other plugins' tools.

use portcullis_guest_sdk::chat::{ChatRequest, Delta, Message};
use portcullis_guest_sdk::prelude::*;
use serde_json::{Value, json};

fn request(model: String, text: String) -> ChatRequest {
    ChatRequest {
        model,
        messages: vec![Message::user(text)],
        ..ChatRequest::default()
    }
}

/// Asks the host's model, and answers with all that it said.
#[plugin_tool]
async fn ask_llm(model: String, text: String) -> Result<Value, ToolError> {
    let answer = llm::chat(request(model, text)).await?.whole().await?;
    let tool_uses = answer.tool_uses.iter();
    let tool_uses = tool_uses.map(|wish| json!([wish.id, wish.name, wish.arguments]));
    Ok(json!({
        "text": answer.text,
        "tool-uses": tool_uses.collect::<Vec<_>>(),
        "reason": answer.finish.reason,
        "output-tokens": answer.finish.usage.map(|usage| usage.output_tokens),
    }))
}

/// Asks the host's model, and gives up its answer after the first piece.
#[plugin_tool]
async fn ask_llm_for_one_piece(model: String, text: String) -> Result<Option<String>, ToolError> {
    let mut reply = llm::chat(request(model, text)).await?;
    Ok(match reply.next().await {
        Some(Delta::Text(piece)) => Some(piece),
        _ => None,
    })
}

/// Searches the operator's texts.
#[plugin_tool(read_only)]
async fn search(
    /// All that are granted, if left out.
    corpus: Option<String>,
    query: String,
    limit: u32,
) -> Result<Value, ToolError> {
    let chunks = retrieval::search(corpus.as_deref(), &query, limit).await?;
    let chunks = chunks.into_iter().map(|chunk| {
        json!({
            "id": chunk.id, "text": chunk.text, "score": chunk.score,
            "source": chunk.source, "metadata": chunk.metadata,
        })
    });
    Ok(chunks.collect())
}

/// Solves a planning problem; both texts are PDDL.
#[plugin_tool(read_only)]
async fn plan(domain: String, problem: String) -> Result<Value, ToolError> {
    let steps = planner::solve(&domain, &problem).await?;
    let steps = steps.into_iter();
    Ok(steps
        .map(|step| json!([step.action, step.arguments]))
        .collect())
}

/// Calls a tool of another plugin.
#[plugin_tool]
async fn call_other(tool: String, arguments: Value) -> Result<ToolOutput, ToolError> {
    invoke::call(&tool, &arguments).await
}
