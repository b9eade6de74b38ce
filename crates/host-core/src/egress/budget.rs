//! What the requests of one call may use together, and have used.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::CallLimits;

/// Shared by all requests of one call.
pub(super) struct Budget {
    pub(super) limits: CallLimits,
    /// Places for requests in flight.
    pub(super) places: Arc<Semaphore>,
    /// Cancelled when the call has ended, before its store goes: a body that then ends was cut off, not finished.
    pub(super) ended: CancellationToken,
    requests: AtomicU32,
    up: AtomicU64,
    down: AtomicU64,
}

impl Budget {
    pub(super) fn new(limits: CallLimits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.concurrent_requests as usize)),
            ended: CancellationToken::new(),
            requests: AtomicU32::new(0),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            limits,
        }
    }

    /// Whether one more request may be made.
    pub(super) fn take_request(&self) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed) < self.limits.requests
    }

    /// Whether so many bytes more may be sent.
    pub(super) fn take_up(&self, bytes: usize) -> bool {
        take(&self.up, bytes, self.limits.upload_bytes)
    }

    /// Whether so many bytes more may be received.
    pub(super) fn take_down(&self, bytes: usize) -> bool {
        take(&self.down, bytes, self.limits.download_bytes)
    }
}

fn take(used: &AtomicU64, bytes: usize, limit: u64) -> bool {
    let bytes = bytes as u64;
    used.fetch_add(bytes, Ordering::Relaxed)
        .saturating_add(bytes)
        <= limit
}
