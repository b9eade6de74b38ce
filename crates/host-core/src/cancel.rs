//! Asking a call to end.

use tokio_util::sync::CancellationToken;

/// Asks the calls that were given it to end: each guest that listens may still answer within its grace
/// ([`CallLimits::cancel_grace`](crate::CallLimits)); the others are ended, and their calls are
/// [`Error::Cancelled`](crate::Error::Cancelled). To end a call at once, drop its future.
///
/// Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(CancellationToken);

impl Cancellation {
    /// A cancellation that nobody asked for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks. Asking twice is asking once.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until somebody asks.
    pub async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}
