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
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::call::is_modern;

/// Questions of one call that wait to be put to its client.
const WAITING: usize = 16;

/// What a client is asked, and where its answer goes.
pub(super) struct Question {
    pub(super) request: InputRequest,
    pub(super) answer: oneshot::Sender<Value>,
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
    /// The way in which the client of a request is asked, and where its questions come out that have to wait for a round's end.
    pub(super) fn to(context: &RequestContext<RoleServer>) -> (Self, mpsc::Receiver<Question>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let questions = match is_modern(context) {
            true => Self::InRounds(sender),
            false => Self::AtOnce(context.peer.clone()),
        };
        (questions, receiver)
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
    let question = Question { request, answer };
    rounds.send(question).await.map_err(|_| NoAnswer::Left)?;
    let answer = answered.await.map_err(|_| NoAnswer::Left)?;
    Ok(serde_json::from_value(answer)?)
}
