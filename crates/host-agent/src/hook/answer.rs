//! One handler's answer: in time, without raising hooks, and whatever it does.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use super::failure::HookFailure;
use super::{HookEvent, HookHandler, HookOutcome, shown, without_hooks};

/// Runs a handler.
pub(super) async fn answer(
    handler: &dyn HookHandler,
    event: HookEvent,
    deadline: Duration,
) -> Result<HookOutcome, HookFailure> {
    // The handler is not looked into after a panic; what it shares with others is its own affair.
    let guarded = AssertUnwindSafe(async { handler.handle(event).await }).catch_unwind();
    match tokio::time::timeout(deadline, without_hooks(guarded)).await {
        Ok(Ok(outcome)) => Ok(outcome?),
        Ok(Err(panic)) => Err(HookFailure::Panicked(words(&*panic))),
        Err(_) => Err(HookFailure::Late(deadline)),
    }
}

/// What a panic said.
fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    shown(text.unwrap_or("without a word"))
}
