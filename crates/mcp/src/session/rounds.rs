//! Requests in rounds: since 2026-07-28 a server asks its client for nothing while it works on a request. It answers with what it wants
//! to know, and the client makes the request again with the answers; the guest waits meanwhile, where it asked.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use portcullis_host_agent::core::Cancellation;
use rmcp::model::{
    CallToolRequestParams, CallToolResult, GetPromptRequestParams, GetPromptResult,
    InputRequiredResult, InputResponses, ReadResourceRequestParams, ReadResourceResult,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use super::call::{is_modern, on};
use super::questions::{Question, can_ask, can_sample};
use super::report::{Report, reporting};

/// How long a call waits for the client's next round: as long as a person is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

/// Most calls of one client and kind that wait for it. What more of them ask has no answer.
const WAITING: usize = 16;

/// What waits for the next rounds of one client: of who came with one token, or through one pair of streams.
#[derive(Clone, Default)]
pub(crate) struct Rounds {
    pub(super) tools: Arc<Waiting<CallToolResult>>,
    pub(super) prompts: Arc<Waiting<Result<GetPromptResult, ErrorData>>>,
    pub(super) resources: Arc<Waiting<Result<ReadResourceResult, ErrorData>>>,
}

/// A hash of what a request asks for, which is the same in each round.
type Request = [u8; 32];

/// One round of a request.
#[derive(Default)]
struct Round {
    request: Request,
    /// What names the call that waits, from the second round on.
    state: Option<String>,
    answers: InputResponses,
}

impl Round {
    /// Takes out of a request's parameters what is of this round alone. In older revisions there is one round.
    fn of<P: InRounds>(params: &mut P, context: &RequestContext<RoleServer>) -> Self {
        if !is_modern(context) {
            return Self::default();
        }
        let (state, answers) = params.take();
        // Where nothing can be asked, nothing will wait. Names and JSON can always be written.
        let waits = state.is_some() || can_ask(context) || can_sample(context);
        let request = waits.then(|| serde_json::to_vec(params).unwrap_or_default());
        Self {
            request: request.map(Sha256::digest).unwrap_or_default().into(),
            state,
            answers: answers.unwrap_or_default(),
        }
    }
}

/// Parameters of a request that may take several rounds.
pub(super) trait InRounds: Serialize {
    /// Leaves what is the same in each round.
    fn take(&mut self) -> (Option<String>, Option<InputResponses>);
}

macro_rules! in_rounds {
    ($($params:ty),*) => {$(
        impl InRounds for $params {
            fn take(&mut self) -> (Option<String>, Option<InputResponses>) {
                self.meta = None;
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
    /// What it wants to know, where that has to wait for a round's end.
    pub(super) questions: Option<mpsc::Receiver<Question>>,
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
                () = asked(questions, open) => Step::Asks,
                () = context.ct.cancelled() => {
                    cancel.cancel();
                    // Nobody answers any more: what was asked is dropped, and what will be has nowhere to go.
                    *questions = None;
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

    /// The first answer that is none to what was asked.
    fn mistake(&self, answers: &InputResponses) -> Option<String> {
        let mut asked = self.open.iter().enumerate();
        asked.find_map(|(number, question)| {
            let answer = answers.get(&number.to_string())?;
            let mistake = question.mistake(answer)?;
            Some(format!("inputResponses/{number}: {mistake}"))
        })
    }

    /// Hands the client's answers to who asked. What it left out is asked again.
    fn answered(&mut self, mut answers: InputResponses) {
        let mut number = 0..;
        self.open.retain_mut(|question| {
            let number = number.next().unwrap_or(usize::MAX);
            match answers.remove(&number.to_string()) {
                Some(answer) => {
                    question.answer(answer);
                    false
                }
                None => true,
            }
        });
    }

    /// Lets it go on by itself: what it holds meanwhile, others may wait for, and its time runs.
    fn aside(self) -> Self
    where
        T: Send + 'static,
    {
        let work = on(&Handle::current(), self.work);
        Self {
            work: work.boxed(),
            ..self
        }
    }
}

/// Waits until something is asked, and takes all that is.
async fn asked(questions: &mut Option<mpsc::Receiver<Question>>, open: &mut Vec<Question>) {
    if let Some(questions) = questions
        && let Some(first) = questions.recv().await
    {
        open.push(first);
        while let Ok(next) = questions.try_recv() {
            open.push(next);
        }
        return;
    }
    pending().await
}

/// Calls of one kind that wait for their client.
pub(super) struct Waiting<T>(Mutex<HashMap<String, Held<T>>>);

struct Held<T> {
    request: Request,
    running: Running<T>,
    _ends: AbortOnDropHandle<()>,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Send + 'static> Waiting<T> {
    /// Does one round of a request, whose first begins the call.
    ///
    /// # Errors
    /// Why it can't begin, or goes on with nothing; that it was cancelled, which nobody reads.
    pub(super) async fn round<P: InRounds>(
        self: &Arc<Self>,
        mut params: P,
        context: &RequestContext<RoleServer>,
        begin: impl FnOnce(P) -> Result<Running<T>, ErrorData>,
    ) -> Result<Outcome<T>, ErrorData> {
        let mut round = Round::of(&mut params, context);
        let running = match self.resume(&mut round)? {
            Some(running) => running,
            None => begin(params)?,
        };
        self.go_on(running, &round, context).await
    }

    /// Works on a request until it is done, or the client has to answer before it goes on.
    ///
    /// # Errors
    /// It was cancelled, which nobody reads.
    async fn go_on(
        self: &Arc<Self>,
        mut running: Running<T>,
        round: &Round,
        context: &RequestContext<RoleServer>,
    ) -> Result<Outcome<T>, ErrorData> {
        let cancelled = || ErrorData::internal_error("the call was cancelled", None);
        loop {
            if running.open.is_empty() {
                match running.step(context).await {
                    Step::Done(done) => return Ok(Outcome::Done(done)),
                    Step::Cancelled => return Err(cancelled()),
                    Step::Asks => {}
                }
            }
            if context.ct.is_cancelled() {
                return Err(cancelled());
            }
            // Each round says for itself what its client can do.
            running.open.retain(|question| question.is_for(context));
            if running.open.is_empty() {
                continue;
            }
            let Some(state) = self.room() else {
                running.open.clear();
                continue;
            };
            let asked = running.open.iter().enumerate();
            let asked = asked.map(|(number, one)| (number.to_string(), one.request.clone()));
            let wanted = InputRequiredResult::new(Some(asked.collect()), Some(state.clone()));
            self.hold(state, round.request, running);
            return Ok(Outcome::Wanted(wanted));
        }
    }

    /// The call that a round goes on with, which has the answers; none where the round is the first.
    ///
    /// # Errors
    /// No call waits by that name, the request is another, or an answer is none: then the call waits on.
    fn resume(&self, round: &mut Round) -> Result<Option<Running<T>>, ErrorData> {
        let Some(state) = &round.state else {
            return Ok(None);
        };
        let mut waiting = self.held();
        let same = |held: &&Held<T>| held.request == round.request;
        let Some(held) = waiting.get(state).filter(same) else {
            let problem = "no such request waits for an answer (any more); make it anew, without requestState";
            return Err(ErrorData::invalid_params(problem, None));
        };
        if let Some(mistake) = held.running.mistake(&round.answers) {
            return Err(ErrorData::invalid_params(mistake, None));
        }
        let held = waiting.remove(state);
        drop(waiting);
        let answers = std::mem::take(&mut round.answers);
        Ok(held.map(|Held { mut running, .. }| {
            running.answered(answers);
            running
        }))
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

    fn hold(self: &Arc<Self>, state: String, request: Request, running: Running<T>) {
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
            running: running.aside(),
            _ends: AbortOnDropHandle::new(ends),
        };
        self.held().insert(state, held);
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Held<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
