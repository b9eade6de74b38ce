//! Handlers of the agent's own, from closures.

use std::marker::PhantomData;
use std::sync::Arc;

use super::{HookError, HookEvent, HookHandler, HookOutcome, Payload, Verdict};
use async_trait::async_trait;

struct FnHandler<F>(F);

#[async_trait]
impl<F, Fut> HookHandler for FnHandler<F>
where
    F: Fn(HookEvent) -> Fut + Send + Sync,
    Fut: Future<Output = Result<HookOutcome, HookError>> + Send,
{
    async fn handle(&self, event: HookEvent) -> Result<HookOutcome, HookError> {
        (self.0)(event).await
    }
}

/// A handler from a closure. It shares threads with the agent, and can only be ended where it awaits something.
pub fn handler<F, Fut>(handle: F) -> Arc<dyn HookHandler>
where
    F: Fn(HookEvent) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<HookOutcome, HookError>> + Send,
{
    Arc::new(FnHandler(handle))
}

/// A judgement of a payload of its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Typed<P> {
    /// Go on as it is.
    #[default]
    Proceed,
    /// The new payload.
    Replace(P),
    /// Stop, for this reason.
    Cancel(String),
}

struct TypedHandler<P, F>(F, PhantomData<fn(P)>);

#[async_trait]
impl<P, F, Fut> HookHandler for TypedHandler<P, F>
where
    P: Payload,
    F: Fn(P) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Typed<P>, HookError>> + Send,
{
    async fn handle(&self, event: HookEvent) -> Result<HookOutcome, HookError> {
        let payload = P::deserialize(&*event.payload).map_err(unreadable)?;
        let verdict = match (self.0)(payload).await? {
            Typed::Proceed => Verdict::Proceed,
            Typed::Replace(payload) => {
                Verdict::Replace(serde_json::to_value(payload).map_err(unreadable)?)
            }
            Typed::Cancel(reason) => Verdict::Cancel(reason),
        };
        Ok(HookOutcome {
            verdict,
            actions: Vec::new(),
        })
    }
}

fn unreadable(error: serde_json::Error) -> HookError {
    HookError {
        code: "payload".to_owned(),
        message: error.to_string(),
    }
}

/// A handler from a closure that takes the payload of its point.
///
/// ```
/// use portcullis_contract::hook::BeforeToolCall;
/// use portcullis_host_agent::hook::{Typed, typed};
///
/// let no_shell = typed(async |call: BeforeToolCall| {
///     Ok(match call.tool.as_str() {
///         "native/shell" => Typed::Cancel("no shell here".to_owned()),
///         _ => Typed::Proceed,
///     })
/// });
/// ```
pub fn typed<P, F, Fut>(handle: F) -> Arc<dyn HookHandler>
where
    P: Payload,
    F: Fn(P) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Typed<P>, HookError>> + Send,
{
    Arc::new(TypedHandler(handle, PhantomData))
}
