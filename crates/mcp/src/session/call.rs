//! What all calls of plugins have in common, be it of tools, resources or prompts.

use std::future::{pending, poll_fn};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use portcullis_host_agent::core::{
    Ask, Cancellation, Error, Llm, LogSink, ResourceUpdates, Services,
};
use portcullis_host_agent::escape;
use portcullis_host_agent::tool::CallScope;
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use super::Session;
use super::ask::ClientAsk;
use super::log::CallLines;
use super::questions::Questions;
use super::report::reports;
use super::rounds::Running;
use super::sampling::ClientLlm;
use crate::content;

impl Session {
    /// Begins a call for a request. It reports while it runs, is asked to end when the client no longer wants it, and is dropped where
    /// it doesn't. It must not keep the session: it may wait there for the next round.
    pub(super) fn begun<W: Future + Send + 'static>(
        &self,
        context: &RequestContext<RoleServer>,
        call: impl FnOnce(CallScope, Option<ClientAsk>) -> W,
    ) -> Running<W::Output>
    where
        W::Output: Send,
    {
        let cancel = Cancellation::new();
        let (questions, asked) = Questions::to(context);
        let ask = ClientAsk::of(context, &questions);
        let mut scope = CallScope {
            session: Some(self.inner.id.clone()),
            principal: self.inner.principal.behalf(),
            cancel: Some(cancel.clone()),
            services: self.services(context, &ask, &questions),
            ..CallScope::default()
        };
        let follows = context.meta.get_progress_token().is_some();
        let least = self.least_level(context);
        let said = (follows || least.is_some()).then(|| {
            let (sender, said) = reports();
            scope.log = least.map(|least| {
                let reports = sender.clone();
                Arc::new(CallLines { reports, least }) as Arc<dyn LogSink>
            });
            scope.on_event = follows.then(|| sender.on_event());
            said
        });
        let work = call(scope, ask).boxed();
        Running {
            work: match self.others.clone() {
                Some(others) => at_once_or_on(others, work).boxed(),
                None => work,
            },
            cancel,
            reports: said,
            questions: asked,
            open: Vec::new(),
        }
    }

    /// How serious a line must be to be told during a request; nothing is where the client doesn't want any. Since 2026-07-28 each
    /// request says so for itself.
    fn least_level(&self, context: &RequestContext<RoleServer>) -> Option<u8> {
        if is_modern(context) {
            return context.meta.log_level().map(|level| level as u8);
        }
        Some(self.inner.level.get())
    }

    /// What the client does for plugins in the place of the host.
    fn services(
        &self,
        context: &RequestContext<RoleServer>,
        ask: &Option<ClientAsk>,
        questions: &Questions,
    ) -> Services {
        let endpoint = &self.inner.endpoint.inner;
        let sampling = endpoint.options.sampling;
        let llm = sampling.then(|| ClientLlm::new(context, questions));
        Services {
            ask: ask.clone().map(|ask| Arc::new(ask) as Arc<dyn Ask>),
            llm: llm.map(|llm| Arc::new(llm) as Arc<dyn Llm>),
            updates: Some(Arc::clone(&endpoint.updates) as Arc<dyn ResourceUpdates>),
            ..Services::default()
        }
    }
}

/// Does work that ends without a wait where it is, so that no other thread has to be woken, and the rest elsewhere.
async fn at_once_or_on<T: Send + 'static>(others: Handle, mut work: BoxFuture<'static, T>) -> T {
    let begun = poll_fn(|cx| {
        // Tasks, timers and connections that it begins are theirs, who are there for longer.
        let _entered = others.enter();
        Poll::Ready(work.poll_unpin(cx))
    });
    match begun.await {
        Poll::Ready(done) => done,
        Poll::Pending => on(&others, work).await,
    }
}

/// Begins work in a task of its own, which ends when this is dropped.
pub(super) fn on<T: Send + 'static>(
    runtime: &Handle,
    work: BoxFuture<'static, T>,
) -> impl Future<Output = T> + Send + use<T> {
    let task = AbortOnDropHandle::new(runtime.spawn(work.in_current_span()));
    async move {
        match task.await.map_err(JoinError::try_into_panic) {
            Ok(done) => done,
            Err(Ok(panic)) => resume_unwind(panic),
            // The runtime ends.
            Err(Err(_)) => pending().await,
        }
    }
}

/// An error where the protocol has no result to put it in.
pub(super) fn protocol_error(error: &Error) -> ErrorData {
    let mut message = escape::text(&error.told()).into_owned();
    if let Error::Denied { denials, .. } = error
        && let Some(lacking) = content::lacking(denials)
    {
        message = format!("{message}\n{lacking}");
    }
    match error {
        Error::InvalidArguments { .. } => ErrorData::invalid_params(message, None),
        _ => ErrorData::internal_error(message, Some(json!({ "kind": error.kind().to_string() }))),
    }
}

/// Whether a request is of a revision without a handshake, in which the server asks clients for nothing while a request runs.
pub(super) fn is_modern(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| !version.has_initialize())
}

#[cfg(test)]
mod tests {
    use std::thread;

    use futures::poll;
    use tokio::runtime::Builder;
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    #[test]
    fn work_that_waits_for_nothing_stays_on_its_thread_and_other_work_leaves_it() {
        let others = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let own = Builder::new_current_thread().build().unwrap();
        own.block_on(async {
            let here = thread::current().id();
            let place = async { thread::current().id() };
            let quick = at_once_or_on(others.handle().clone(), place.boxed());
            assert_eq!(quick.await, here);
            let place = async {
                yield_now().await;
                thread::current().id()
            };
            let slow = at_once_or_on(others.handle().clone(), place.boxed());
            assert_ne!(slow.await, here);
        });
    }

    #[test]
    fn what_work_begins_is_not_its_thread_s() {
        let others = Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .unwrap();
        let own = Builder::new_current_thread().build().unwrap();
        let begun = poll_fn(|_| Poll::Ready(tokio::spawn(async { thread::current().id() })));
        let begun = own.block_on(at_once_or_on(others.handle().clone(), begun.boxed()));
        drop(own);
        assert_ne!(others.block_on(begun).unwrap(), thread::current().id());
    }

    #[tokio::test]
    async fn work_that_has_left_ends_with_who_waits_for_it() {
        let (held, ended) = oneshot::channel::<()>();
        let work = async move {
            let _held = held;
            pending::<()>().await;
        };
        let mut left = at_once_or_on(Handle::current(), work.boxed()).boxed();
        assert!(poll!(&mut left).is_pending());
        drop(left);
        assert!(ended.await.is_err());
    }
}
