//! The ways in which a client is asked for something.
#![expect(
    deprecated,
    reason = "clients of today serve sampling; 2026-07-28 only announces that it goes"
)]

use rmcp::RoleServer;
use rmcp::model::{
    CreateMessageRequest, CreateMessageRequestParams, CreateMessageResult, ElicitRequest,
    ElicitRequestParams, ElicitResult, InputRequest,
};
use rmcp::service::{Peer, RequestContext, ServiceError};
use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::call::is_modern;

/// Questions of one call that wait to be put to its client.
const WAITING: usize = 16;

/// What a client is asked, and where its answer goes.
pub(super) struct Question {
    pub(super) request: InputRequest,
    answer: Option<oneshot::Sender<Value>>,
}

impl Question {
    /// Whether the client of this request can answer.
    pub(super) fn is_for(&self, context: &RequestContext<RoleServer>) -> bool {
        match &self.request {
            InputRequest::Elicitation(_) => can_ask(context),
            InputRequest::CreateMessage(_) => can_sample(context),
            _ => false,
        }
    }

    /// What is wrong with an answer, if it is none to this.
    pub(super) fn mistake(&self, answer: &Value) -> Option<serde_json::Error> {
        match &self.request {
            InputRequest::Elicitation(_) => ElicitResult::deserialize(answer).err(),
            _ => CreateMessageResult::deserialize(answer).err(),
        }
    }

    /// Hands the answer to who asked, where they still wait.
    pub(super) fn answer(&mut self, answer: Value) {
        let _ = self.answer.take().map(|to| to.send(answer));
    }
}

/// Whether a client has forms for its person. One that names neither form nor address has forms, as those did that knew no other.
pub(super) fn can_ask(context: &RequestContext<RoleServer>) -> bool {
    let can = context.client_capabilities();
    let can = can.and_then(|can| can.elicitation);
    can.is_some_and(|can| can.form.is_some() || can.url.is_none())
}

/// Whether a client has a model to ask.
pub(super) fn can_sample(context: &RequestContext<RoleServer>) -> bool {
    let can = context.client_capabilities();
    can.is_some_and(|can| can.sampling.is_some())
}

/// Puts a call's questions to its client.
#[derive(Clone)]
pub(super) enum Questions {
    /// While the request runs.
    AtOnce(Peer<RoleServer>),
    /// As the result of one round of the request.
    InRounds(mpsc::Sender<Question>),
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error(transparent)]
    Client(#[from] ServiceError),
    #[error("the client did not come back with it")]
    Left,
    #[error("it is no answer to that: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl Questions {
    /// The way in which the client of a request is asked, and where its questions come out if they have to wait for a round's end.
    pub(super) fn to(
        context: &RequestContext<RoleServer>,
    ) -> (Self, Option<mpsc::Receiver<Question>>) {
        if !is_modern(context) {
            return (Self::AtOnce(context.peer.clone()), None);
        }
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self::InRounds(sender), Some(receiver))
    }

    /// Asks the person.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(super) async fn elicit(
        &self,
        question: ElicitRequestParams,
    ) -> Result<ElicitResult, NoAnswer> {
        match self {
            Self::AtOnce(peer) => Ok(peer.create_elicitation(question).await?),
            Self::InRounds(rounds) => {
                let question = InputRequest::Elicitation(ElicitRequest::new(question));
                in_rounds(rounds, question).await
            }
        }
    }

    /// Asks the client's model.
    ///
    /// # Errors
    /// Where there is no answer.
    pub(super) async fn sample(
        &self,
        question: CreateMessageRequestParams,
    ) -> Result<CreateMessageResult, NoAnswer> {
        match self {
            Self::AtOnce(peer) => Ok(peer.create_message(question).await?),
            Self::InRounds(rounds) => {
                let question = InputRequest::CreateMessage(CreateMessageRequest::new(question));
                in_rounds(rounds, question).await
            }
        }
    }
}

async fn in_rounds<A: DeserializeOwned>(
    rounds: &mpsc::Sender<Question>,
    request: InputRequest,
) -> Result<A, NoAnswer> {
    let (answer, answered) = oneshot::channel();
    let question = Question {
        request,
        answer: Some(answer),
    };
    rounds.send(question).await.map_err(|_| NoAnswer::Left)?;
    let answer = answered.await.map_err(|_| NoAnswer::Left)?;
    Ok(serde_json::from_value(answer)?)
}
