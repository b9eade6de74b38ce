//! Waiting in a host call, in the two ways there are. The standard library's `sleep` blocks the whole instance in WASI
//! 0.2; the clock of WASI 0.3 lets the instance's other tasks run.

use wasip3::clocks::monotonic_clock;

/// Waits without blocking the instance.
pub(crate) async fn wait(milliseconds: u64) {
    monotonic_clock::wait_for(milliseconds.saturating_mul(1_000_000)).await;
}
