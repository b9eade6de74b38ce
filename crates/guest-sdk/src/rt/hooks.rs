//! The hooks of this plugin: every `#[plugin_hook]` submits one, from whatever module.

use std::marker::PhantomData;
use std::pin::Pin;

use portcullis_contract::Action;
use portcullis_contract::hook::{Mode, Payload, Phase};

use super::entries::{self, Entry};
use crate::error::ToolError;
use crate::hook::{Subscription, Verdict};

/// A hook at work.
pub type Handling = Pin<Box<dyn Future<Output = Result<Outcome, ToolError>>>>;

/// One annotated function.
pub struct Hook {
    /// One of the contract's points; the macro has checked it, as all that follows.
    pub point: &'static str,
    /// As the contract wants it.
    pub name: &'static str,
    /// What the point takes.
    pub mode: Mode,
    /// From the attribute.
    pub phase: Phase,
    /// From the attribute.
    pub priority: i32,
    /// Decodes the payload, runs the function, encodes its result.
    pub run: fn(String) -> Handling,
}

inventory::collect!(Hook);

impl Entry for Hook {
    const KIND: &'static str = "hook";

    fn name(&self) -> &'static str {
        self.name
    }
}

/// What a hook answers: a judgement, with a new payload as JSON, and actions.
pub struct Outcome {
    /// Its judgement.
    pub verdict: Verdict<String>,
    /// What it wants done besides.
    pub actions: Vec<Action>,
}

/// All hooks, by name.
///
/// # Panics
/// If two have one name, which the macro can see within a crate only.
pub fn subscriptions() -> Vec<Subscription> {
    let hooks = entries::all::<Hook>().into_iter();
    hooks
        .map(|hook| Subscription {
            point: hook.point,
            name: hook.name,
            mode: hook.mode,
            phase: hook.phase,
            priority: hook.priority,
        })
        .collect()
}

/// Tells one event to the hook called `name`.
///
/// # Errors
/// The hook's own; `invalid` or `denied`, where the payload does not decode; `not-found`, where there is no such hook.
pub async fn on_event(name: &str, payload: String) -> Result<Outcome, ToolError> {
    let hook = entries::find::<Hook>(name)
        .ok_or_else(|| ToolError::not_found(format!("this plugin has no hook called `{name}`")))?;
    (hook.run)(payload).await
}

/// What a function is told that stands on the point of `P`, by its type.
pub struct Told<P, T>(PhantomData<(P, T)>);

impl<P, T> Told<P, T> {
    /// An argument of that type.
    #[expect(clippy::new_without_default, reason = "only macros make it")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// The whole payload.
pub trait ToldAll {
    /// The payload.
    type Is: Payload;

    /// Decodes it.
    ///
    /// # Errors
    /// `denied`, if its content was left out; `invalid`, if it does not fit otherwise.
    fn decode(&self, payload: &str) -> Result<Self::Is, ToolError> {
        serde_json::from_str(payload).map_err(|error| {
            let point = Self::Is::POINT;
            match serde_json::from_str::<<Self::Is as Payload>::Metadata>(payload) {
                Ok(_) => ToolError::denied(format!(
                    "this hook wants the content of `{point}` and was told the metadata alone ({error}); its operator can grant \
                     hook-content:{point}, or its author take the metadata's type"
                )),
                Err(_) => unfit(point, &error),
            }
        })
    }
}

impl<P: Payload> ToldAll for &&Told<P, P> {
    type Is = P;
}

/// The metadata alone.
pub trait ToldMetadata {
    /// The payload.
    type Of: Payload;

    /// Decodes its metadata.
    ///
    /// # Errors
    /// `invalid`, if it does not fit.
    fn decode(&self, payload: &str) -> Result<<Self::Of as Payload>::Metadata, ToolError> {
        serde_json::from_str(payload).map_err(|error| unfit(Self::Of::POINT, &error))
    }
}

impl<P: Payload> ToldMetadata for &Told<P, P::Metadata> {
    type Of = P;
}

fn unfit(point: &str, error: &serde_json::Error) -> ToolError {
    ToolError::new(
        "invalid",
        format!("what was told at `{point}` is not its payload: {error}"),
    )
}

/// Holds for what is told at the point of `P`. Named in errors only.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what is told at this point, which is `{P}`",
    label = "another point's, or no payload",
    note = "take `{P}`, or its metadata: the type of that name with `Metadata` at its end; or stand the hook on another point"
)]
pub trait ToldAt<P> {}

/// Selects an error.
pub trait ToldWrong {
    /// The argument's type.
    type Is;
    /// The point's payload.
    type Of;

    /// Does not compile.
    ///
    /// # Errors
    /// None.
    fn decode(&self, _: &str) -> Result<Self::Is, ToolError>
    where
        Self::Is: ToldAt<Self::Of>,
    {
        super::never()
    }
}

impl<P, T> ToldWrong for Told<P, T> {
    type Is = T;
    type Of = P;
}
