//! Requests in rounds: since 2026-07-28 a server asks its client for nothing while it works on a request. It answers with what it wants
//! to know, and the client makes the request again with the answers; the call waits meanwhile, where it asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use portcullis_host_agent::core::Cancellation;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, GetPromptRequestParams, GetPromptResult,
    InputRequiredResult, InputResponses, ReadResourceRequestParams, ReadResourceResult,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::questions::Question;
use super::report::{Report, reporting};

/// How long a call waits for the client's next round: as long as a person is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// Most calls of one client and kind that wait for it. What more of them ask has no answer.
const WAITING: usize = 64;

/// What waits for the next rounds of one client: of who came with one token, or through one pair of streams.
#[derive(Clone, Default)]
pub(crate) struct Rounds {
    pub(super) tools: Arc<Waiting<CallToolResult>>,
    pub(super) prompts: Arc<Waiting<Result<GetPromptResult, ErrorData>>>,
    pub(super) resources: Arc<Waiting<Result<ReadResourceResult, ErrorData>>>,
}

/// One round of a request.
pub(super) struct Round {
    /// What is asked for, which is the same in each round.
    pub(super) request: Value,
    /// What names the call that waits, from the second round on.
    pub(super) state: Option<String>,
    answers: InputResponses,
}

impl Round {
    /// Takes out of a request's parameters what is of this round alone.
    pub(super) fn of<P: InRounds>(params: &mut P) -> Self {
        let (state, answers) = params.take();
        let mut request = serde_json::to_value(params).unwrap_or_default();
        if let Some(request) = request.as_object_mut() {
            request.remove("_meta");
        }
        Self {
            request,
            state,
            answers: answers.unwrap_or_default(),
        }
    }
}

/// Parameters of a request that may take several rounds.
pub(super) trait InRounds: Serialize {
    fn take(&mut self) -> (Option<String>, Option<InputResponses>);
}

macro_rules! in_rounds {
    ($($params:ty),*) => {$(
        impl InRounds for $params {
            fn take(&mut self) -> (Option<String>, Option<InputResponses>) {
                (self.request_state.take(), self.input_responses.take())
            }
        }
    )*};
}

in_rounds!(
    CallToolRequestParams,
    GetPromptRequestParams,
    ReadResourceRequestParams
);

/// What a round comes to.
pub(super) enum Outcome<T> {
    Done(T),
    /// The client has to answer first.
    Wanted(InputRequiredResult),
}

/// A call under way.
pub(super) struct Running<T> {
    pub(super) work: BoxFuture<'static, T>,
    pub(super) cancel: Cancellation,
    /// What it says while it runs, where somebody wants to hear it.
    pub(super) reports: Option<mpsc::Receiver<Report>>,
    pub(super) questions: mpsc::Receiver<Question>,
    /// What the client was asked, and has not answered.
    pub(super) open: Vec<Question>,
}

/// Where a call has come to.
enum Step<T> {
    Done(T),
    Asks,
    Cancelled,
}

impl<T> Running<T> {
    /// Goes on until it is over or asks for something, or the client does not want it any more.
    async fn step(&mut self, context: &RequestContext<RoleServer>) -> Step<T> {
        let (work, questions, open) = (&mut self.work, &mut self.questions, &mut self.open);
        let cancel = &self.cancel;
        let step = async move {
            tokio::select! {
                biased;
                done = &mut *work => Step::Done(done),
                Some(first) = questions.recv() => {
                    open.push(first);
                    while let Ok(next) = questions.try_recv() {
                        open.push(next);
                    }
                    Step::Asks
                }
                () = context.ct.cancelled() => {
                    cancel.cancel();
                    // The host gives it its grace, and ends it.
                    work.await;
                    Step::Cancelled
                }
            }
        };
        match &mut self.reports {
            Some(reports) => reporting(context, reports, step).await,
            None => step.await,
        }
    }

    /// Hands the client's answers to who asked. What it left out has none.
    fn answered(&mut self, mut answers: InputResponses) {
        for (number, question) in self.open.drain(..).enumerate() {
            if let Some(answer) = answers.remove(&number.to_string()) {
                // Who asked may have ended meanwhile.
                let _ = question.answer.send(answer);
            }
        }
    }
}

/// Calls of one kind that wait for their client.
pub(super) struct Waiting<T>(Mutex<HashMap<String, Held<T>>>);

struct Held<T> {
    request: Value,
    running: Running<T>,
    _ends: AbortOnDropHandle<()>,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Send + 'static> Waiting<T> {
    /// Works on a request until it is done, or the client has to answer before it goes on.
    ///
    /// # Errors
    /// It was cancelled, which nobody reads.
    pub(super) async fn go_on(
        self: &Arc<Self>,
        mut running: Running<T>,
        request: Value,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome<T>, ErrorData> {
        loop {
            match running.step(context).await {
                Step::Done(done) => return Ok(Outcome::Done(done)),
                Step::Cancelled => {
                    return Err(ErrorData::internal_error("the call was cancelled", None));
                }
                Step::Asks => {}
            }
            let Some(state) = self.room() else {
                running.open.clear();
                continue;
            };
            let asked = running.open.iter().enumerate();
            let asked = asked.map(|(number, one)| (number.to_string(), one.request.clone()));
            let wanted = InputRequiredResult::new(Some(asked.collect()), Some(state.clone()));
            self.hold(state, request, running);
            return Ok(Outcome::Wanted(wanted));
        }
    }

    /// The call that a round goes on with, which has the answers.
    ///
    /// # Errors
    /// No call waits by that name, or the request is another.
    pub(super) fn resume(&self, round: &mut Round) -> Result<Running<T>, ErrorData> {
        let mut held = self.held();
        let state = round.state.as_deref().unwrap_or_default();
        let same = held
            .get(state)
            .is_some_and(|one| one.request == round.request);
        let found = same.then(|| held.remove(state)).flatten();
        let Some(Held { mut running, .. }) = found else {
            let problem = "no such request waits for an answer (any more); make it anew, without requestState";
            return Err(ErrorData::invalid_params(problem, None));
        };
        drop(held);
        running.answered(std::mem::take(&mut round.answers));
        Ok(running)
    }

    /// What names one more that waits, where there is room for it. Nobody guesses it.
    fn room(&self) -> Option<String> {
        if self.held().len() >= WAITING {
            tracing::warn!(
                "{WAITING} calls of one client wait for its answers; one more is not asked for it"
            );
            return None;
        }
        let mut random = [0; 32];
        let random = getrandom::fill(&mut random).map(|()| URL_SAFE_NO_PAD.encode(random));
        random
            .inspect_err(|error| tracing::error!("nothing is random here: {error}"))
            .ok()
    }

    fn hold(self: &Arc<Self>, state: String, request: Value, running: Running<T>) {
        let (of, name) = (Arc::downgrade(self), state.clone());
        let ends = tokio::spawn(async move {
            sleep(PATIENCE).await;
            if let Some(waiting) = of.upgrade() {
                let over = waiting.held().remove(&name);
                drop(over);
            }
        });
        let held = Held {
            request,
            running,
            _ends: AbortOnDropHandle::new(ends),
        };
        self.held().insert(state, held);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
