//! Hooks: functions that take part in an agent's life. See [`#[plugin_hook]`](macro@crate::plugin_hook); needs the feature `hooks`.
//!
//! Each point of that life has a payload, here in the order in which an agent comes to them: [`BeforeToolCall`] is told before a
//! tool is called. A hook that gates may stop what is about to happen:
//!
//! ```
//! use portcullis_guest_sdk::hook::BeforeToolCall;
//! use portcullis_guest_sdk::prelude::*;
//! use portcullis_guest_sdk::testing::{Host, json};
//!
//! /// Keeps tools away from private notes.
//! #[plugin_hook("before-tool-call", mode = gate, phase = authorization, priority = 10)]
//! fn keep_out(call: &BeforeToolCall) -> Verdict {
//!     if call.arguments["path"].as_str().is_some_and(|path| path.starts_with("private/")) {
//!         return Verdict::cancel("private notes are private");
//!     }
//!     Verdict::Proceed
//! }
//!
//! let call = BeforeToolCall {
//!     session: "s".into(),
//!     turn: 1,
//!     call_id: "c".into(),
//!     tool: "org.example.files/read".into(),
//!     arguments: json!({ "path": "private/diary" }),
//! };
//! let handled = Host::new().on_event("keep_out", &call).unwrap();
//! assert_eq!(handled.verdict, Verdict::cancel("private notes are private"));
//! ```
//!
//! One that modifies gives another payload, or `None`. And every hook may ask something of its agent, by [`Action`](crate::Action)s:
//!
//! ```
//! use portcullis_guest_sdk::hook::{BeforePromptBuild, LlmOutputMetadata};
//! use portcullis_guest_sdk::prelude::*;
//!
//! #[plugin_hook("before-prompt-build", mode = modify)]
//! fn add_house_rules(prompt: BeforePromptBuild) -> BeforePromptBuild {
//!     let mut prompt = prompt;
//!     prompt.context.push("Be brief.".into());
//!     prompt
//! }
//!
//! #[plugin_hook("llm-output")]
//! async fn stop_in_time(answer: LlmOutputMetadata) -> Result<Vec<Action>, HostError> {
//!     let used = answer.usage.map_or(0, |usage| usage.output_tokens);
//!     let before = state::get_json::<u64>("used").await?.map_or(0, |entry| entry.value);
//!     state::set_json("used", &(before + used)).await?;
//!     let reason = Some("there are no tokens left".into());
//!     Ok(if before + used > 100_000 { vec![Action::StopAfterTurn { reason }] } else { vec![] })
//! }
//! ```
//!
//! # Grants
//! A payload's fields are metadata, which a hook sees that was granted `hook:POINT`, and content, which takes `hook-content:POINT`. A
//! hook that does without content takes the payload's metadata alone: [`BeforeToolCallMetadata`]. To change something takes
//! `hook-modify:POINT`, to stop something `hook-gate:POINT`, and each action a grant of its own.
//!
//! # Failure
//! An agent goes on without a hook that observes or modifies and fails. A gate that fails – an error, a panic, no answer in time –
//! stops what was about to happen.

pub use portcullis_contract::hook::*;

/// What a gate says of what is about to happen.
///
/// A gate that never replaces the payload returns just `Verdict`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<P = Unchanged> {
    /// It may happen as it is.
    Proceed,
    /// It may happen, with this payload.
    Replace(P),
    /// It may not, for a reason that people and models can read.
    Cancel(String),
}

/// The payload of a gate that never replaces it: there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {}

impl<P> Verdict<P> {
    /// It may not happen, for a reason that people and models can read.
    pub fn cancel(reason: impl Into<String>) -> Self {
        Self::Cancel(reason.into())
    }
}

/// A hook, as a host gets to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscription {
    /// The point's name.
    pub point: &'static str,
    /// The hook's name.
    pub name: &'static str,
    /// What it may do.
    pub mode: Mode,
    /// When it runs.
    pub phase: Phase,
    /// Lower runs first within a phase.
    pub priority: i32,
}
