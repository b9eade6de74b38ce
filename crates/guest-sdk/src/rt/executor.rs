//! Runs a future where no host drives it: in native tests, and under the feature `sync`.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

#[cfg(not(target_arch = "wasm32"))]
struct Sleeper(std::thread::Thread);

#[cfg(not(target_arch = "wasm32"))]
impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs `future` to its end on this thread.
#[cfg(not(target_arch = "wasm32"))]
pub fn run_to_end<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Sleeper(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(target_arch = "wasm32")]
#[derive(Default)]
struct Woken(std::sync::atomic::AtomicBool);

#[cfg(target_arch = "wasm32")]
impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Runs `future` to its end. No host function that it could wait for is async here, so a future that waits without
/// having woken itself would wait for ever.
///
/// # Panics
/// If the future waits for something that can't happen.
#[cfg(target_arch = "wasm32")]
pub fn run_to_end<T>(future: impl Future<Output = T>) -> T {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        assert!(
            woken.0.swap(false, std::sync::atomic::Ordering::Relaxed),
            "this tool waits for something that never comes: with the SDK's feature `sync` no host function waits"
        );
    }
}
