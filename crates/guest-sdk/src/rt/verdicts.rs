//! From what a hook returns to what its agent gets, by the hook's mode.

use portcullis_contract::Action;
use portcullis_contract::hook::Payload;

use super::hooks::Outcome;
use crate::error::ToolError;
use crate::hook::{Unchanged, Verdict};

/// What a hook that observes gives: nothing, or actions.
#[diagnostic::on_unimplemented(
    message = "a hook that observes gives nothing but actions, and this one gives `{Self}`",
    label = "nobody would see it",
    note = "return `()`, a `Vec<Action>`, or a `Result` of one of these",
    note = "to change what is told write mode = modify, to stop what is about to happen mode = gate"
)]
pub trait Observed {
    /// The actions.
    fn actions(self) -> Vec<Action>;
}

impl Observed for () {
    fn actions(self) -> Vec<Action> {
        Vec::new()
    }
}

impl Observed for Vec<Action> {
    fn actions(self) -> Vec<Action> {
        self
    }
}

/// What a hook that modifies the payload `P` gives: another one, or none, and perhaps actions.
#[diagnostic::on_unimplemented(
    message = "a hook that modifies gives another payload, `{P}`, and this one gives `{Self}`",
    label = "can't take the payload's place",
    note = "return `{P}`, an `Option` of it, a pair of one of these and a `Vec<Action>`, or a `Result` of one of these",
    note = "to stop what is about to happen write mode = gate"
)]
pub trait Modified<P> {
    /// The new payload, if there is one, and the actions.
    fn parts(self) -> (Option<P>, Vec<Action>);
}

impl<P: Payload> Modified<P> for P {
    fn parts(self) -> (Option<P>, Vec<Action>) {
        (Some(self), Vec::new())
    }
}

impl<P: Payload> Modified<P> for Option<P> {
    fn parts(self) -> (Option<P>, Vec<Action>) {
        (self, Vec::new())
    }
}

impl<P: Payload> Modified<P> for (P, Vec<Action>) {
    fn parts(self) -> (Option<P>, Vec<Action>) {
        (Some(self.0), self.1)
    }
}

impl<P: Payload> Modified<P> for (Option<P>, Vec<Action>) {
    fn parts(self) -> (Option<P>, Vec<Action>) {
        self
    }
}

/// What a gate at the point of `P` gives: a verdict, and perhaps actions.
#[diagnostic::on_unimplemented(
    message = "a gate gives a verdict on `{P}`, and this one gives `{Self}`",
    label = "is no verdict on this point",
    note = "return `Verdict<{P}>`, just `Verdict` if the payload is never replaced, a pair of one of these and a `Vec<Action>`, or a \
            `Result` of one of these"
)]
pub trait Gated<P> {
    /// The verdict and the actions.
    fn parts(self) -> (Verdict<P>, Vec<Action>);
}

impl<P: Payload> Gated<P> for Verdict<P> {
    fn parts(self) -> (Verdict<P>, Vec<Action>) {
        (self, Vec::new())
    }
}

impl<P: Payload> Gated<P> for Verdict<Unchanged> {
    fn parts(self) -> (Verdict<P>, Vec<Action>) {
        (widened(self), Vec::new())
    }
}

impl<P: Payload> Gated<P> for (Verdict<P>, Vec<Action>) {
    fn parts(self) -> (Verdict<P>, Vec<Action>) {
        self
    }
}

impl<P: Payload> Gated<P> for (Verdict<Unchanged>, Vec<Action>) {
    fn parts(self) -> (Verdict<P>, Vec<Action>) {
        (widened(self.0), self.1)
    }
}

fn widened<P>(verdict: Verdict<Unchanged>) -> Verdict<P> {
    match verdict {
        Verdict::Proceed => Verdict::Proceed,
        Verdict::Cancel(reason) => Verdict::Cancel(reason),
        Verdict::Replace(never) => match never {},
    }
}

/// The outcome of a hook that observes.
///
/// # Errors
/// None.
pub fn observe_outcome<P, T: Observed>(given: T) -> Result<Outcome, ToolError> {
    Ok(Outcome {
        verdict: Verdict::Proceed,
        actions: given.actions(),
    })
}

/// The outcome of a hook that modifies.
///
/// # Errors
/// `internal`, if the new payload has no JSON form.
pub fn modify_outcome<P: Payload, T: Modified<P>>(given: T) -> Result<Outcome, ToolError> {
    let (payload, actions) = given.parts();
    outcome(payload.map_or(Verdict::Proceed, Verdict::Replace), actions)
}

/// The outcome of a gate.
///
/// # Errors
/// `internal`, if the new payload has no JSON form.
pub fn gate_outcome<P: Payload, T: Gated<P>>(given: T) -> Result<Outcome, ToolError> {
    let (verdict, actions) = given.parts();
    outcome(verdict, actions)
}

fn outcome<P: Payload>(verdict: Verdict<P>, actions: Vec<Action>) -> Result<Outcome, ToolError> {
    let verdict = match verdict {
        Verdict::Proceed => Verdict::Proceed,
        Verdict::Cancel(reason) => Verdict::Cancel(reason),
        Verdict::Replace(payload) => {
            Verdict::Replace(serde_json::to_string(&payload).map_err(|error| {
                ToolError::internal(format!("the hook's new payload has no JSON form: {error}"))
            })?)
        }
    };
    Ok(Outcome { verdict, actions })
}
