//! Hooks that come with the crate, written against the same traits as everybody's.
//!
//! | hook | does |
//! | --- | --- |
//! | [`SessionMemory`] | keeps a summary of each session, and recalls it when another starts |
//! | [`BootScript`] | adds a text, a file's content or a program's output to the prompt when a session starts |

pub mod boot_script;
pub mod session_memory;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use portcullis_contract::hook::{Mode, Payload, Phase, Point};

pub use boot_script::BootScript;
pub use session_memory::SessionMemory;

use crate::hook::{HookError, HookEvent, HookHandler};

/// One of the points that a built-in hook is run at, and how.
#[derive(Clone)]
#[non_exhaustive]
pub struct BuiltinHook {
    /// What it is called.
    pub name: &'static str,
    /// The point.
    pub point: &'static Point,
    /// What it does there.
    pub mode: Mode,
    /// When it does it.
    pub phase: Phase,
    /// How long it needs at most.
    pub deadline: Duration,
    /// What is run.
    pub handler: Arc<dyn HookHandler>,
}

impl fmt::Debug for BuiltinHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BuiltinHook")
            .field("name", &self.name)
            .field("point", &self.point.name)
            .field("mode", &self.mode)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// The event's payload as the type that its point has.
fn payload<P: Payload>(event: &HookEvent) -> Result<P, HookError> {
    P::deserialize(&*event.payload).map_err(|error| HookError {
        code: "invalid".to_owned(),
        message: format!("the payload of {} can't be read: {error}", P::POINT),
    })
}

/// The largest part of a text's start that has at most `max` bytes.
fn start(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
