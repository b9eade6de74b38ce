//! The circuit breaker: who fails too often in a row is left alone for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One handler's breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    /// Failures in a row that open it.
    failures: u32,
    /// How long it stays open.
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls go through; so many of the last ones failed.
    Closed { failed: u32 },
    /// None does, until then.
    Open { until: Instant },
    /// The pause is over, and one call finds out.
    Trial,
}

/// One call's leave to go through. Dropped without an end, as when its caller goes away, it counts as neither.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    trial: bool,
    settled: bool,
}

impl Breaker {
    pub(super) fn new(failures: u32, pause: Duration) -> Self {
        Self {
            failures: failures.max(1),
            pause,
            state: Mutex::new(State::Closed { failed: 0 }),
        }
    }

    /// Leave for one call.
    ///
    /// # Errors
    /// How long it is still open.
    pub(super) fn enter(&self, now: Instant) -> Result<Leave<'_>, Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let trial = match *state {
            State::Closed { .. } => false,
            State::Open { until } if until <= now => {
                *state = State::Trial;
                true
            }
            State::Open { until } => return Err(until - now),
            State::Trial => return Err(Duration::ZERO),
        };
        Ok(Leave {
            breaker: self,
            trial,
            settled: false,
        })
    }

    /// How long no call goes through, where none does.
    pub(super) fn open_for(&self, now: Instant) -> Option<Duration> {
        match *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Open { until } => until.checked_duration_since(now),
            State::Closed { .. } | State::Trial => None,
        }
    }
}

impl Leave<'_> {
    /// The call went well.
    pub(super) fn succeed(mut self) {
        self.settle(|_| State::Closed { failed: 0 });
    }

    /// The call failed. Whether that opens the breaker.
    pub(super) fn fail(mut self, now: Instant) -> bool {
        let (most, until) = (self.breaker.failures, now + self.breaker.pause);
        let after = self.settle(|state| match state {
            State::Closed { failed } if failed + 1 < most => State::Closed { failed: failed + 1 },
            _ => State::Open { until },
        });
        matches!(after, Some(State::Open { .. }))
    }

    /// Makes the next state. None where the breaker has moved on since the call began, and its end says nothing any more.
    fn settle(&mut self, next: impl FnOnce(State) -> State) -> Option<State> {
        self.settled = true;
        let mut state = self
            .breaker
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let counts = match *state {
            State::Closed { .. } => true,
            State::Trial => self.trial,
            State::Open { .. } => false,
        };
        counts.then(|| {
            *state = next(*state);
            *state
        })
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.trial && !self.settled {
            // The next call is the trial.
            self.settle(|_| State::Open {
                until: Instant::now(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::new(2, PAUSE);
        assert!(!breaker.enter(now).unwrap().fail(now));
        assert!(breaker.enter(now).unwrap().fail(now));
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_for_a_pause() {
        let now = Instant::now();
        let breaker = opened(now);
        assert_eq!(breaker.enter(now).unwrap_err(), PAUSE);
        assert_eq!(breaker.open_for(now), Some(PAUSE));
        assert!(breaker.enter(now + PAUSE).is_ok());
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let now = Instant::now();
        let breaker = Breaker::new(2, PAUSE);
        for _ in 0..5 {
            assert!(!breaker.enter(now).unwrap().fail(now));
            breaker.enter(now).unwrap().succeed();
        }
    }

    #[test]
    fn after_the_pause_one_call_is_the_trial() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + PAUSE);
        let trial = breaker.enter(later).unwrap();
        assert!(breaker.enter(later).is_err());
        trial.succeed();
        // Closed, with no failure counted.
        assert!(!breaker.enter(later).unwrap().fail(later));
    }

    #[test]
    fn a_trial_that_fails_opens_it_again() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + PAUSE);
        assert!(breaker.enter(later).unwrap().fail(later));
        assert_eq!(breaker.enter(later).unwrap_err(), PAUSE);
    }

    #[test]
    fn a_trial_that_nobody_waits_for_leaves_it_to_the_next_call() {
        let now = Instant::now();
        let (breaker, later) = (opened(now), now + PAUSE);
        drop(breaker.enter(later).unwrap());
        assert!(breaker.enter(later.max(Instant::now())).unwrap().trial);
    }

    #[test]
    fn a_call_that_began_before_it_opened_says_nothing_any_more() {
        let now = Instant::now();
        let breaker = Breaker::new(1, PAUSE);
        let (early, late) = (breaker.enter(now).unwrap(), breaker.enter(now).unwrap());
        assert!(breaker.enter(now).unwrap().fail(now));
        early.succeed();
        assert!(!late.fail(now));
        assert_eq!(breaker.open_for(now), Some(PAUSE));
    }
}
