//! What a plugin asks of its agent, in native tests.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use futures::stream;
use portcullis_contract::chat::{ChatError, ChatRequest, codes};
use serde_json::Value;

use super::in_charge;
use crate::HostError;
use crate::ask::Answer;
use crate::error::ToolError;
use crate::llm::Reply;
use crate::planner::PlanStep;
use crate::retrieval::Chunk;
use crate::testing::LlmReply;
use crate::types::ToolOutput;

/// What an agent answers, and what it was asked.
#[derive(Debug, Default)]
pub(crate) struct Agent {
    pub(crate) llm: RefCell<VecDeque<LlmReply>>,
    pub(crate) chats: RefCell<Vec<ChatRequest>>,
    /// By query.
    pub(crate) found: RefCell<BTreeMap<String, Vec<Chunk>>>,
    pub(crate) plan: RefCell<Option<Result<Vec<PlanStep>, HostError>>>,
    /// By tool.
    pub(crate) tools: RefCell<BTreeMap<String, Result<ToolOutput, ToolError>>>,
    pub(crate) invoked: RefCell<Vec<(String, Value)>>,
    pub(crate) answers: RefCell<VecDeque<Answer<Value>>>,
    pub(crate) asked: RefCell<Vec<(String, Value)>>,
}

impl Agent {
    /// The model's next reply.
    fn next_reply(&self) -> Option<LlmReply> {
        next(&mut self.llm.borrow_mut())
    }
}

/// The next of some answers; the last one again, when all are given.
fn next<T: Clone>(answers: &mut VecDeque<T>) -> Option<T> {
    match answers.len() {
        0 | 1 => answers.front().cloned(),
        _ => answers.pop_front(),
    }
}

pub(crate) async fn llm_chat(request: ChatRequest) -> Result<Reply, ChatError> {
    let denied = || ChatError::new(codes::DENIED, "this plugin may not ask the host's model");
    let script = in_charge().ok_or_else(denied)?;
    script.agent.chats.borrow_mut().push(request);
    let reply = script.agent.next_reply().ok_or_else(denied)?;
    let (deltas, finish) = reply.into_parts()?;
    Ok(Reply::new(stream::iter(deltas), std::future::ready(finish)))
}

pub(crate) async fn retrieval_search(
    _corpus: Option<&str>,
    query: &str,
    limit: u32,
) -> Result<Vec<Chunk>, HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    let found = script.agent.found.borrow();
    let chunks = found.get(query).ok_or(HostError::Denied)?;
    Ok(chunks.iter().take(limit as usize).cloned().collect())
}

pub(crate) async fn planner_solve(
    _domain: &str,
    _problem: &str,
) -> Result<Vec<PlanStep>, HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    let plan = script.agent.plan.borrow().clone();
    plan.unwrap_or(Err(HostError::Denied))
}

pub(crate) async fn ask(message: &str, schema: String) -> Result<Answer<String>, HostError> {
    let script = in_charge().ok_or(HostError::Denied)?;
    let schema = serde_json::from_str(&schema).unwrap_or_default();
    let asked = (message.to_owned(), schema);
    script.agent.asked.borrow_mut().push(asked);
    let answer = next(&mut script.agent.answers.borrow_mut()).ok_or(HostError::Denied)?;
    Ok(match answer {
        Answer::Accepted(answer) => Answer::Accepted(answer.to_string()),
        Answer::Declined => Answer::Declined,
        Answer::Cancelled => Answer::Cancelled,
    })
}

pub(crate) async fn invoke_call(tool: &str, arguments: String) -> Result<ToolOutput, ToolError> {
    let denied = || ToolError::denied(format!("this plugin may not call `{tool}`"));
    let script = in_charge().ok_or_else(denied)?;
    let arguments = serde_json::from_str(&arguments).unwrap_or_default();
    let asked = (tool.to_owned(), arguments);
    script.agent.invoked.borrow_mut().push(asked);
    let answer = script.agent.tools.borrow().get(tool).cloned();
    answer.unwrap_or_else(|| Err(denied()))
}
