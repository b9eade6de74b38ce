//! A test host's answers as an agent.

use portcullis_contract::chat::{ChatError, ChatRequest, Delta, Finish};
use serde_json::Value;

use super::Host;
use crate::HostError;
use crate::ask::Answer;
use crate::error::ToolError;
use crate::planner::PlanStep;
use crate::retrieval::Chunk;
use crate::types::ToolOutput;

/// What a test host's model answers; see [`Host::llm`].
#[derive(Clone, Debug)]
pub struct LlmReply {
    refused: Option<ChatError>,
    deltas: Vec<Delta>,
    finish: Result<Finish, ChatError>,
}

impl LlmReply {
    /// An answer of these pieces, which ends with `stop`.
    pub fn new(deltas: impl IntoIterator<Item = Delta>) -> Self {
        Self {
            refused: None,
            deltas: deltas.into_iter().collect(),
            finish: Ok(Finish::new("stop")),
        }
    }

    /// An answer of one text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new([Delta::Text(text.into())])
    }

    /// No answer but this.
    pub fn error(error: ChatError) -> Self {
        Self {
            refused: Some(error),
            ..Self::new([])
        }
    }

    /// Ends the answer so, or breaks it off.
    #[must_use]
    pub fn ends(mut self, finish: Result<Finish, ChatError>) -> Self {
        self.finish = finish;
        self
    }

    pub(crate) fn into_parts(self) -> Result<(Vec<Delta>, Result<Finish, ChatError>), ChatError> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok((self.deltas, self.finish)),
        }
    }
}

impl Host {
    /// Lets the host's model answer. Several replies are given in turn, the last one from then on; without any the plugin is
    /// denied to ask.
    #[must_use]
    pub fn llm(self, reply: LlmReply) -> Self {
        self.script.agent.llm.borrow_mut().push_back(reply);
        self
    }

    /// Lets a search for `query` find `chunks`, in whatever corpus; any other is denied.
    #[must_use]
    pub fn found(self, query: &str, chunks: impl IntoIterator<Item = Chunk>) -> Self {
        let chunks = chunks.into_iter().collect();
        let mut found = self.script.agent.found.borrow_mut();
        found.insert(query.to_owned(), chunks);
        drop(found);
        self
    }

    /// Lets the planner answer so, whatever the problem; without it the plugin is denied to ask.
    #[must_use]
    pub fn plan(self, plan: Result<Vec<PlanStep>, HostError>) -> Self {
        *self.script.agent.plan.borrow_mut() = Some(plan);
        self
    }

    /// Lets another plugin's tool, `PLUGIN/TOOL`, answer so; any other is denied.
    #[must_use]
    pub fn invoke(self, tool: &str, answer: Result<ToolOutput, ToolError>) -> Self {
        let mut tools = self.script.agent.tools.borrow_mut();
        tools.insert(tool.to_owned(), answer);
        drop(tools);
        self
    }

    /// Lets the person answer. Several answers are given in turn, the last one from then on; without any the plugin is denied to
    /// ask. What is accepted goes to the plugin as it is: no test host holds it against the schema.
    #[must_use]
    pub fn answer(self, answer: Answer<Value>) -> Self {
        self.script.agent.answers.borrow_mut().push_back(answer);
        self
    }

    /// What the plugin asked the person, each a message and a schema, in order.
    pub fn asked(&self) -> Vec<(String, Value)> {
        self.script.agent.asked.borrow().clone()
    }

    /// What the plugin asked the host's model, in order.
    pub fn chats(&self) -> Vec<ChatRequest> {
        self.script.agent.chats.borrow().clone()
    }

    /// The tools of other plugins that the plugin called, with their arguments, in order.
    pub fn invoked(&self) -> Vec<(String, Value)> {
        self.script.agent.invoked.borrow().clone()
    }
}
