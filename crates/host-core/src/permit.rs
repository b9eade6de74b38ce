//! How many calls may run and wait: a queue that is full is an answer, not a wait without end.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::error::{BusyScope, Error};

/// One gate that calls pass: a number that may be inside, a number that may wait, and a number a minute.
pub(crate) struct Gate {
    inside: Arc<Semaphore>,
    capacity: u32,
    waiting: AtomicU32,
    queue: u32,
    rate: Option<(DefaultDirectRateLimiter, u32)>,
    calls_scope: BusyScope,
    rate_scope: BusyScope,
}

impl Gate {
    /// A gate for one plugin.
    pub(crate) fn of_plugin(limits: &crate::PluginLimits) -> Self {
        Self::new(
            (
                limits.concurrent_calls,
                limits.queued_calls,
                limits.calls_per_minute,
            ),
            (BusyScope::PluginCalls, BusyScope::PluginRate),
        )
    }

    /// The gate for all plugins together.
    pub(crate) fn of_host(limits: &crate::HostLimits) -> Self {
        Self::new(
            (
                limits.concurrent_calls,
                limits.queued_calls,
                limits.calls_per_minute,
            ),
            (BusyScope::HostCalls, BusyScope::HostRate),
        )
    }

    fn new(
        (capacity, queue, per_minute): (u32, u32, u32),
        (calls_scope, rate_scope): (BusyScope, BusyScope),
    ) -> Self {
        let quota = NonZeroU32::new(per_minute).map(Quota::per_minute);
        Self {
            inside: Arc::new(Semaphore::new(capacity as usize)),
            capacity,
            waiting: AtomicU32::new(0),
            queue,
            rate: quota.map(|quota| (RateLimiter::direct(quota), per_minute)),
            calls_scope,
            rate_scope,
        }
    }

    /// Waits for a place, no longer than `deadline`.
    ///
    /// # Errors
    /// [`Error::Busy`] where the queue is full, the deadline passes in it, or there were too many calls lately.
    pub(crate) async fn enter(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Error> {
        self.check_rate()?;
        if let Ok(permit) = Arc::clone(&self.inside).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.queue).ok_or_else(|| self.busy())?;
        match timeout_at(deadline, Arc::clone(&self.inside).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(self.busy()),
        }
    }

    /// A place, if there is one now.
    ///
    /// # Errors
    /// [`Error::Busy`] where there is none, or there were too many calls lately.
    pub(crate) fn enter_now(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.check_rate()?;
        let permit = Arc::clone(&self.inside).try_acquire_owned();
        permit.map_err(|_| self.busy())
    }

    fn check_rate(&self) -> Result<(), Error> {
        match &self.rate {
            Some((rate, limit)) if rate.check().is_err() => Err(Error::Busy {
                scope: self.rate_scope,
                limit: (*limit).into(),
            }),
            _ => Ok(()),
        }
    }

    fn busy(&self) -> Error {
        Error::Busy {
            scope: self.calls_scope,
            limit: self.capacity.into(),
        }
    }

    /// How many calls wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed) as usize
    }

    /// How many calls are inside.
    pub(crate) fn inside(&self) -> usize {
        (self.capacity as usize).saturating_sub(self.inside.available_permits())
    }
}

/// A place in the queue, given up on drop.
struct Place<'a>(&'a AtomicU32);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicU32, most: u32) -> Option<Self> {
        let taken = waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| {
            (now < most).then_some(now + 1)
        });
        taken.is_ok().then_some(Place(waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn gate(capacity: u32, queue: u32, per_minute: u32) -> Gate {
        Gate::new(
            (capacity, queue, per_minute),
            (BusyScope::PluginCalls, BusyScope::PluginRate),
        )
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_is_busy_and_a_place_in_it_is_given_back() {
        let gate = gate(1, 0, 0);
        let permit = gate.enter(soon()).await.unwrap();
        assert!(matches!(
            gate.enter(soon()).await,
            Err(Error::Busy {
                scope: BusyScope::PluginCalls,
                limit: 1
            })
        ));
        drop(permit);
        drop(gate.enter(soon()).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_beyond_the_deadline_is_told_busy_and_leaves_the_queue() {
        let gate = gate(1, 1, 0);
        let permit = gate.enter(soon()).await.unwrap();
        assert!(gate.enter(soon()).await.is_err());
        drop(permit);
        assert_eq!(gate.inside(), 0);
        drop(gate.enter(soon()).await.unwrap());
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_freed_goes_to_who_waits() {
        let gate = gate(1, 1, 0);
        let permit = gate.enter(soon()).await.unwrap();
        let (second, ()) = tokio::join!(gate.enter(soon()), async { drop(permit) });
        drop(second.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_calls_a_minute_are_busy() {
        let gate = gate(10, 10, 2);
        for _ in 0..2 {
            drop(gate.enter(soon()).await.unwrap());
        }
        assert!(matches!(
            gate.enter(soon()).await,
            Err(Error::Busy {
                scope: BusyScope::PluginRate,
                limit: 2
            })
        ));
    }
}
