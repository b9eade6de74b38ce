//! Retrieval and planner as guests see them, each in both its interfaces, and what all services have in common.

use std::sync::Arc;

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{Decision, GuestCode, decide};
use portcullis_host_policy::request::Request;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf};

use super::{
    Chain, Chunk, Link, PlanStep, Planner, Retrieval, ServiceCaller, ServiceError, Services,
};
use crate::bindings::v0_1::portcullis::host::host_types::{
    Chunk as WitChunk, HostError, PlanStep as WitStep,
};
use crate::bindings::v0_1::portcullis::host::{planner, planner_sync, retrieval, retrieval_sync};
use crate::call::Aside;
use crate::state::State;

type Answer<T> = std::result::Result<T, HostError>;

/// The most hits that one search gives: more than a model reads.
const MOST_CHUNKS: u32 = 100;

impl State {
    /// Who uses a service now.
    pub(crate) fn service_caller(&self) -> ServiceCaller {
        let call = &self.call;
        let chain = call
            .chain
            .clone()
            .unwrap_or_else(|| Chain::of(Link::new(&self.owner.id, &call.what), call.deadline));
        let brought = call.brought.as_deref();
        ServiceCaller {
            plugin: self.owner.id.clone(),
            identity: self.owner.access.identity,
            call: Arc::clone(&call.id),
            principal: call.principal.clone(),
            chain,
            services: brought.map_or_else(Services::default, |brought| brought.services.clone()),
            log: brought.and_then(|brought| brought.log.clone()),
        }
    }

    /// The corpora that a search may go to: the one that is named, or all that are granted.
    fn corpora(&self, named: Option<String>) -> Answer<Vec<String>> {
        let of = |corpus: &str| {
            corpus
                .parse()
                .ok()
                .map(|name| Capability::Retrieval(Some(name)))
        };
        let caller = &self.call.caller;
        if let Some(corpus) = named {
            let wanted = of(&corpus).ok_or_else(|| invalid("this is no name of a corpus"))?;
            let decided = caller.decide(&Request::Use(wanted));
            return decided
                .map(|_| vec![corpus])
                .map_err(|denial| refused(denial.code.guest()));
        }
        let service = self.service(|services| &services.retrieval);
        let known = service.map_or_else(Vec::new, |service| service.corpora());
        let grants = caller.grants();
        let granted = known.into_iter().filter(|corpus| {
            let request = of(corpus).map(Request::Use);
            request.is_some_and(|request| matches!(decide(&grants, &request), Decision::Allow(_)))
        });
        let granted: Vec<_> = granted.collect();
        // One record for all of them; where there is none, it says what would help.
        let wanted = granted
            .first()
            .map_or(Some(Capability::Retrieval(None)), |one| of(one));
        let decided = caller.decide(&Request::Use(wanted.unwrap_or(Capability::Retrieval(None))));
        decided
            .map(|_| granted)
            .map_err(|denial| refused(denial.code.guest()))
    }

    fn begin_search(
        &mut self,
        corpus: Option<String>,
        query: String,
        limit: u32,
    ) -> Result<Answer<Search>> {
        let bytes = corpus.as_ref().map_or(0, String::len) + query.len();
        self.call.spend(bytes)?;
        Ok(self.corpora(corpus).and_then(|corpora| {
            let service = self.service(|services| &services.retrieval);
            Ok(Search {
                service: service.ok_or_else(|| unavailable("nothing to search in"))?,
                caller: self.service_caller(),
                aside: self.call.aside.clone(),
                corpora,
                query,
                limit: limit.min(MOST_CHUNKS),
            })
        }))
    }

    fn begin_plan(&mut self, domain: String, problem: String) -> Result<Answer<Plan>> {
        self.call.spend(domain.len() + problem.len())?;
        let decided = self.call.caller.decide(&Request::Use(Capability::Planner));
        if let Err(denial) = decided {
            return Ok(Err(refused(denial.code.guest())));
        }
        let Some(service) = self.service(|services| &services.planner) else {
            return Ok(Err(unavailable("no planner")));
        };
        Ok(Ok(Plan {
            service,
            caller: self.service_caller(),
            aside: self.call.aside.clone(),
            domain,
            problem,
        }))
    }
}

/// A search that was decided on.
struct Search {
    service: Arc<dyn Retrieval>,
    caller: ServiceCaller,
    aside: Aside,
    corpora: Vec<String>,
    query: String,
    limit: u32,
}

impl Search {
    async fn run(self) -> Result<Answer<Vec<WitChunk>>> {
        let aside = self.aside.clone();
        let found = aside.run(async move {
            let service = &self.service;
            service
                .search(&self.caller, &self.corpora, &self.query, self.limit)
                .await
        });
        let found = found.await?.map_err(HostError::from);
        Ok(found.map(|chunks| chunks.into_iter().map(WitChunk::from).collect()))
    }
}

/// A problem that may be solved.
struct Plan {
    service: Arc<dyn Planner>,
    caller: ServiceCaller,
    aside: Aside,
    domain: String,
    problem: String,
}

impl Plan {
    async fn run(self) -> Result<Answer<Vec<WitStep>>> {
        let aside = self.aside.clone();
        let steps = aside.run(async move {
            let service = &self.service;
            service
                .solve(&self.caller, &self.domain, &self.problem)
                .await
        });
        let steps = steps.await?.map_err(HostError::from);
        Ok(steps.map(|steps| steps.into_iter().map(WitStep::from).collect()))
    }
}

impl From<Chunk> for WitChunk {
    fn from(chunk: Chunk) -> Self {
        Self {
            id: chunk.id,
            text: chunk.text,
            score: chunk.score,
            source: chunk.source,
            metadata: chunk.metadata.map(|metadata| metadata.to_string()),
        }
    }
}

impl From<PlanStep> for WitStep {
    fn from(PlanStep { action, arguments }: PlanStep) -> Self {
        Self { action, arguments }
    }
}

impl From<ServiceError> for HostError {
    fn from(error: ServiceError) -> Self {
        Self {
            code: error.code.to_owned(),
            message: error.message,
            retryable: error.retryable,
        }
    }
}

pub(super) fn refused(code: GuestCode) -> HostError {
    HostError {
        code: code.as_str().to_owned(),
        message: "not granted".to_owned(),
        retryable: false,
    }
}

fn invalid(message: &str) -> HostError {
    ServiceError::invalid(message).into()
}

/// What the operator has not set up.
fn unavailable(what: &str) -> HostError {
    ServiceError::unavailable(
        format!("this host has {what}; its operator can set one up"),
        false,
    )
    .into()
}

/// Bytes that an answer carries to the guest.
fn chunk_bytes(chunks: &[WitChunk]) -> usize {
    let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let bytes = chunks.iter().map(|chunk| {
        chunk.id.len() + chunk.text.len() + optional(&chunk.source) + optional(&chunk.metadata)
    });
    bytes.sum()
}

fn step_bytes(steps: &[WitStep]) -> usize {
    let bytes = steps
        .iter()
        .map(|step| step.action.len() + step.arguments.iter().map(String::len).sum::<usize>());
    bytes.sum()
}

impl retrieval::Host for State {}

impl retrieval::HostWithStore<State> for HasSelf<State> {
    async fn search(
        accessor: &Accessor<State, Self>,
        corpus: Option<String>,
        query: String,
        limit: u32,
    ) -> Result<Answer<Vec<WitChunk>>> {
        let begun = accessor.with(|mut access| access.get().begin_search(corpus, query, limit))?;
        let answer = match begun {
            Ok(search) => search.run().await?,
            Err(refused) => Err(refused),
        };
        let bytes = answer.as_deref().map_or(0, chunk_bytes);
        accessor.with(|mut access| access.get().call.spend_bytes(bytes))?;
        Ok(answer)
    }
}

impl retrieval_sync::Host for State {
    async fn search(
        &mut self,
        corpus: Option<String>,
        query: String,
        limit: u32,
    ) -> Result<Answer<Vec<WitChunk>>> {
        let answer = match self.begin_search(corpus, query, limit)? {
            Ok(search) => search.run().await?,
            Err(refused) => Err(refused),
        };
        self.call
            .spend_bytes(answer.as_deref().map_or(0, chunk_bytes))?;
        Ok(answer)
    }
}

impl planner::Host for State {}

impl planner::HostWithStore<State> for HasSelf<State> {
    async fn solve(
        accessor: &Accessor<State, Self>,
        domain: String,
        problem: String,
    ) -> Result<Answer<Vec<WitStep>>> {
        let begun = accessor.with(|mut access| access.get().begin_plan(domain, problem))?;
        let answer = match begun {
            Ok(plan) => plan.run().await?,
            Err(refused) => Err(refused),
        };
        let bytes = answer.as_deref().map_or(0, step_bytes);
        accessor.with(|mut access| access.get().call.spend_bytes(bytes))?;
        Ok(answer)
    }
}

impl planner_sync::Host for State {
    async fn solve(&mut self, domain: String, problem: String) -> Result<Answer<Vec<WitStep>>> {
        let answer = match self.begin_plan(domain, problem)? {
            Ok(plan) => plan.run().await?,
            Err(refused) => Err(refused),
        };
        self.call
            .spend_bytes(answer.as_deref().map_or(0, step_bytes))?;
        Ok(answer)
    }
}
