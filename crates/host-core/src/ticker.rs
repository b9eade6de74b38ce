//! The clock that makes running guests yield: it advances the engines' epochs once a millisecond while guests run, and
//! sleeps while none does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// How long a guest runs before it yields to its neighbours: long enough that yielding costs nothing measurable, short
/// enough that a deadline is kept to within a few milliseconds.
const TICK: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
struct Shared {
    running: AtomicUsize,
    /// Set under the lock, so that no wake-up is lost between the check and the wait.
    parked: Mutex<bool>,
    wake: Condvar,
}

/// Ticks one engine for as long as the engine lives.
#[derive(Clone, Debug)]
pub(crate) struct Ticker(Arc<Shared>);

impl Ticker {
    /// Starts the clock of an engine.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (weak, clock) = (engine.weak(), Arc::clone(&shared));
        thread::Builder::new()
            .name("portcullis-epoch".into())
            .spawn(move || run(&weak, &clock))?;
        Ok(Self(shared))
    }

    /// Keeps the clock going until the guard is dropped.
    pub(crate) fn running(&self) -> Running {
        if self.0.running.fetch_add(1, Ordering::SeqCst) == 0 {
            self.wake();
        }
        Running(self.clone())
    }

    fn wake(&self) {
        let parked = self.0.parked.lock().unwrap_or_else(PoisonError::into_inner);
        if *parked {
            self.0.wake.notify_one();
        }
    }
}

/// A guest is running.
#[derive(Debug)]
pub(crate) struct Running(Ticker);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// While nothing runs, the thread looks this often whether its engine is gone.
const IDLE: Duration = Duration::from_secs(1);

/// Ticks without a guest before the thread parks: a host under load would otherwise wake it for every call.
const LINGER: u32 = 20;

/// How long no guest has been seen.
#[derive(Default)]
struct Idle(u32);

impl Idle {
    /// Whether the clock stops after a tick.
    fn tick(&mut self, running: bool) -> bool {
        self.0 = if running { 0 } else { self.0 + 1 };
        self.0 >= LINGER
    }

    /// A call has woken the clock. A short one is over before the next tick, and the one after it must not have to wake it again.
    fn woken(&mut self) {
        self.0 = 0;
    }
}

fn run(engine: &EngineWeak, shared: &Shared) {
    let mut idle = Idle::default();
    loop {
        let Some(engine) = engine.upgrade() else {
            return;
        };
        engine.increment_epoch();
        drop(engine);
        if !idle.tick(shared.running.load(Ordering::SeqCst) > 0) {
            thread::sleep(TICK);
            continue;
        }
        let mut parked = shared.parked.lock().unwrap_or_else(PoisonError::into_inner);
        *parked = true;
        if shared.running.load(Ordering::SeqCst) == 0 {
            let waited = shared.wake.wait_timeout(parked, IDLE);
            let (lock, waited) = waited.unwrap_or_else(PoisonError::into_inner);
            parked = lock;
            if !waited.timed_out() {
                idle.woken();
            }
        }
        *parked = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_lingers_after_a_call_that_no_tick_has_seen() {
        let mut idle = Idle::default();
        assert_eq!((1..).find(|_| idle.tick(false)), Some(LINGER));
        idle.woken();
        assert_eq!((1..).find(|_| idle.tick(false)), Some(LINGER));
        assert!(idle.tick(false));
        assert!(!idle.tick(true));
    }
}
