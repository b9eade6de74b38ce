//! Running a call: permits, an instance, and an end in time, whatever the work is.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout_at};

use super::aside::Handed;
use crate::cancel::Cancellation;
use crate::error::Error;
use crate::instance::Instance;
use crate::plugin::PluginInner;
use crate::state::{Call, Caught};

/// What is done in an instance.
pub(super) trait Work: Send {
    /// What the guest answers.
    type Answer: Send;

    /// Does it, and waits until every task of the guest has ended.
    fn run(
        self,
        instance: &mut Instance,
    ) -> impl Future<Output = Result<Self::Answer, Error>> + Send;
}

/// A call that was checked and may be run.
pub(super) struct Admitted {
    pub(super) call: Call,
    pub(super) session: Option<String>,
    /// Another plugin's call makes this one, and has its permit.
    pub(super) chained: bool,
    /// What is done for it beside its guest.
    pub(super) handed: Handed,
}

/// What came of a call, and whether its session had lost its state before.
pub(super) struct Answered<T> {
    pub(super) answer: T,
    pub(super) rebuilt: bool,
}

impl Admitted {
    /// Takes a permit, an instance, and runs the work in it until it ends, is cancelled or its deadline passes.
    pub(super) async fn run<W: Work>(
        self,
        plugin: &PluginInner,
        work: W,
    ) -> Result<Answered<W::Answer>, Error> {
        let Self {
            call,
            session,
            chained,
            handed,
        } = self;
        let (after, grace) = (call.limits.wall_clock, call.limits.cancel_grace);
        let deadline = call.deadline;
        let cancel = call.cancel.clone();
        let stopped = &plugin.stopped;
        let permits = permits(plugin, deadline, chained);
        let permits = stopped.run_until_cancelled(permits).await;
        let _permits = permits.unwrap_or(Err(Error::Stopped))?;
        // Pinned here once: it is large, and every further layer would move it.
        let work = pin!(enter(plugin, call, session, work));
        let in_time = pin!(async {
            let output = timeout_at(deadline, handed.beside(work)).await;
            output.unwrap_or(Err(Error::DeadlineExceeded { after }))
        });
        let ended = pin!(async {
            match cancel {
                Some(cancel) => {
                    select(pin!(stopped.cancelled()), pin!(run_out(&cancel, grace)))
                        .await
                        .factor_first()
                        .0
                }
                None => stopped.cancelled().await,
            }
        });
        match select(in_time, ended).await {
            Either::Left((output, _)) => output,
            Either::Right(((), _)) if stopped.is_cancelled() => Err(Error::Stopped),
            Either::Right(((), _)) => Err(Error::Cancelled),
        }
    }
}

async fn enter<W: Work>(
    plugin: &PluginInner,
    call: Call,
    session: Option<String>,
    work: W,
) -> Result<Answered<W::Answer>, Error> {
    let caller = Arc::clone(&call.caller);
    let mut lease = plugin.lease(call, session.as_deref()).await?;
    let answer = work.run(&mut lease.instance).await;
    lease.instance.tell_fuel();
    let answer = answer.map_err(|error| tell_session(error, lease.in_session()))?;
    if caller.is_caught() {
        // It was quicker than the tick that ends it.
        return Err(caller.denied(Caught.into()));
    }
    let rebuilt = lease.rebuilt();
    lease.keep(&plugin.instances);
    Ok(Answered { answer, rebuilt })
}

/// A permit of the plugin and one of the host. A chain of calls has its first one's, and each further plugin must have room now:
/// chains that waited for each other would wait for ever.
async fn permits(
    plugin: &PluginInner,
    deadline: Instant,
    chained: bool,
) -> Result<(OwnedSemaphorePermit, Option<OwnedSemaphorePermit>), Error> {
    if chained {
        return Ok((plugin.gate.enter_now()?, None));
    }
    let own = plugin.gate.enter(deadline).await?;
    Ok((own, Some(plugin.host.gate.enter(deadline).await?)))
}

/// Resolves when a call that was asked to end has had its grace.
async fn run_out(cancel: &Cancellation, grace: Duration) {
    cancel.cancelled().await;
    sleep(grace).await;
}

fn tell_session(error: Error, in_session: bool) -> Error {
    match error {
        Error::Trapped(mut trap) => {
            trap.session_lost = in_session;
            Error::Trapped(trap)
        }
        other => other,
    }
}
