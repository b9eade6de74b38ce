//! Who is asked before a tool does something that can't be taken back, and what was answered.

mod request;
mod unattended;

use std::collections::VecDeque;
use std::fmt;
use std::future::pending;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{Either, select};
use portcullis_host_core::{Digest, Error, Identity, PluginId};
use tokio::time::{Instant, timeout_at};

pub use request::{ApprovalReason, ApprovalRequest};
pub use unattended::{ToolPattern, Unattended};

use super::{CallError, CallScope, CheckedCall, QualifiedName};

/// How long an answer is waited for. A person who went for coffee finds the question still there; one who went home finds a call
/// that was not made.
const ANSWER_TIME: Duration = Duration::from_secs(10 * 60);

/// Answers that are remembered, the oldest forgotten first and asked for again: some dozens of sessions with some dozens each.
const REMEMBERED: usize = 1_024;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This call may be made.
    Once,
    /// And so may others of this tool in this session, as long as the plugin's key, all that it shows of itself, what it may do,
    /// and who calls it stay the same. Without a session it is [`Answer::Once`].
    Session,
    /// It may not, with what the model is told of why.
    No(Option<String>),
}

/// Asks somebody.
///
/// It is asked for one call at a time by each turn, and for several at once where several turns go on: who has one screen for
/// all of them lets them wait for each other.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Whether a call may be made. One that can't ask answers [`Answer::No`]. Dropping the future takes the question back.
    async fn approve(&self, request: &ApprovalRequest) -> Answer;
}

/// Asks an [`Approver`] where that is needed, and remembers its answers: in memory, until their session ends. Nothing but an answer
/// of the approver adds to them.
pub struct Approvals {
    approver: Arc<dyn Approver>,
    answers: Mutex<VecDeque<Remembered>>,
}

/// What one answer was about.
#[derive(Debug, PartialEq, Eq)]
struct Remembered {
    session: String,
    tool: QualifiedName,
    /// The key, or, unsigned, the bytes; and the surface. None for a native tool.
    plugin: Option<(Identity, Digest)>,
    reasons: Vec<ApprovalReason>,
    callers: Vec<PluginId>,
}

impl Approvals {
    /// Nothing is remembered yet.
    pub fn new(approver: Arc<dyn Approver>) -> Self {
        let answers = Mutex::default();
        Self { approver, answers }
    }

    /// Forgets what was answered for a session.
    pub fn end_session(&self, session: &str) {
        self.answers().retain(|answer| answer.session != session);
    }

    /// Returns where the call may be made.
    pub(super) async fn allow(
        &self,
        checked: &CheckedCall,
        scope: &CallScope,
    ) -> Result<(), CallError> {
        let Some(request) = ApprovalRequest::of(checked, scope) else {
            return Ok(());
        };
        let about = about(checked, &request);
        if about
            .as_ref()
            .is_some_and(|about| self.answers().contains(about))
        {
            return Ok(());
        }
        match self.ask(&request, scope).await? {
            Answer::Once => Ok(()),
            Answer::Session => {
                about.into_iter().for_each(|about| self.remember(about));
                Ok(())
            }
            Answer::No(reason) => Err(CallError::NotApproved {
                tool: request.tool,
                reason,
            }),
        }
    }

    async fn ask(&self, request: &ApprovalRequest, scope: &CallScope) -> Result<Answer, Error> {
        let until = Instant::now() + ANSWER_TIME;
        let until = scope
            .chain
            .iter()
            .map(|chain| chain.deadline())
            .fold(until, Instant::min);
        let answer = timeout_at(until, self.approver.approve(request));
        match select(pin!(answer), pin!(cancelled(scope))).await {
            Either::Left((Ok(answer), _)) => Ok(answer),
            Either::Left((Err(_), _)) => Ok(Answer::No(Some("nobody answered in time".to_owned()))),
            Either::Right(((), _)) => Err(Error::Cancelled),
        }
    }

    fn remember(&self, about: Remembered) {
        let mut answers = self.answers();
        if answers.contains(&about) {
            return;
        }
        if answers.len() == REMEMBERED {
            answers.pop_front();
        }
        answers.push_back(about);
    }

    fn answers(&self) -> MutexGuard<'_, VecDeque<Remembered>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Approvals")
            .field("answers", &self.answers().len())
            .finish_non_exhaustive()
    }
}

fn about(checked: &CheckedCall, request: &ApprovalRequest) -> Option<Remembered> {
    let links = request.chain.iter().flat_map(|chain| chain.links());
    Some(Remembered {
        session: request.session.clone()?,
        tool: request.tool.clone(),
        plugin: checked.entry().provenance(),
        reasons: request.reasons.clone(),
        callers: links.map(|link| link.plugin.clone()).collect(),
    })
}

async fn cancelled(scope: &CallScope) {
    match &scope.cancel {
        Some(cancel) => cancel.cancelled().await,
        None => pending().await,
    }
}
