//! What a plugin asks of its agent.

use portcullis_contract::chat::{ChatError, ChatRequest};

use crate::HostError;
use crate::ask::Answer;
use crate::bindings::asking::portcullis::chat::llm;
use crate::bindings::asking::portcullis::host::{ask, planner, retrieval};
use crate::bindings::asking::portcullis::tool::invoke;
use crate::bindings::reading::pieces;
use crate::error::ToolError;
use crate::llm::Reply;
use crate::planner::PlanStep;
use crate::retrieval::Chunk;
use crate::types::ToolOutput;

pub(crate) async fn llm_chat(request: ChatRequest) -> Result<Reply, ChatError> {
    let (deltas, finish) = llm::chat(request).await?;
    Ok(Reply::new(pieces(deltas), finish.into_future()))
}

pub(crate) async fn retrieval_search(
    corpus: Option<&str>,
    query: &str,
    limit: u32,
) -> Result<Vec<Chunk>, HostError> {
    let chunks = retrieval::search(corpus.map(str::to_owned), query.to_owned(), limit).await?;
    Ok(chunks.into_iter().map(Into::into).collect())
}

pub(crate) async fn planner_solve(domain: &str, problem: &str) -> Result<Vec<PlanStep>, HostError> {
    let steps = planner::solve(domain.to_owned(), problem.to_owned()).await?;
    Ok(steps.into_iter().map(Into::into).collect())
}

pub(crate) async fn ask(message: &str, schema: String) -> Result<Answer<String>, HostError> {
    Ok(ask::ask(message.to_owned(), schema).await?.into())
}

pub(crate) async fn invoke_call(tool: &str, arguments: String) -> Result<ToolOutput, ToolError> {
    invoke::call(tool.to_owned(), arguments).await
}
