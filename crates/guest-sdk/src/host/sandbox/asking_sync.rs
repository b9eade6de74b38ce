//! What a plugin asks of its agent through the sync-typed twins; the host serves them asynchronously all the same.

use portcullis_contract::chat::{ChatError, ChatRequest, Delta, Extension, Part, ToolUseDelta};

use crate::HostError;
use crate::ask::Answer;
use crate::bindings::asking::portcullis::chat::llm_sync as llm;
use crate::bindings::asking::portcullis::host::{
    ask_sync as person, planner_sync as planner, retrieval_sync as retrieval,
};
use crate::bindings::asking::portcullis::tool::invoke_sync as invoke;
use crate::error::ToolError;
use crate::llm::Reply;
use crate::planner::PlanStep;
use crate::retrieval::Chunk;
use crate::types::ToolOutput;

pub(crate) async fn llm_chat(request: ChatRequest) -> Result<Reply, ChatError> {
    let (parts, finish) = llm::chat(&request)?;
    let deltas: Vec<Delta> = parts.into_iter().zip(0..).map(delta).collect();
    Ok(Reply::new(
        futures::stream::iter(deltas),
        std::future::ready(Ok(finish)),
    ))
}

/// The one piece that a part of an answer comes in.
fn delta((part, index): (Part, u32)) -> Delta {
    let other = |kind: &str, payload: serde_json::Result<String>| {
        Delta::Other(Extension {
            kind: kind.to_owned(),
            payload: payload.unwrap_or_default(),
        })
    };
    match part {
        Part::Text(text) => Delta::Text(text),
        Part::ToolUse(tool_use) => Delta::ToolUse(ToolUseDelta {
            index,
            id: Some(tool_use.id),
            name: Some(tool_use.name),
            arguments: tool_use.arguments,
        }),
        Part::Other(extension) => Delta::Other(extension),
        Part::Media(media) => other("media", serde_json::to_string(&media)),
        Part::ToolResult(result) => other("tool-result", serde_json::to_string(&result)),
    }
}

pub(crate) async fn retrieval_search(
    corpus: Option<&str>,
    query: &str,
    limit: u32,
) -> Result<Vec<Chunk>, HostError> {
    let chunks = retrieval::search(corpus, query, limit)?;
    Ok(chunks.into_iter().map(Into::into).collect())
}

pub(crate) async fn planner_solve(domain: &str, problem: &str) -> Result<Vec<PlanStep>, HostError> {
    let steps = planner::solve(domain, problem)?;
    Ok(steps.into_iter().map(Into::into).collect())
}

pub(crate) async fn ask(message: &str, schema: String) -> Result<Answer<String>, HostError> {
    Ok(person::ask(message, &schema)?.into())
}

pub(crate) async fn invoke_call(tool: &str, arguments: String) -> Result<ToolOutput, ToolError> {
    invoke::call(tool, &arguments)
}
