//! A model's wish to use a tool, from the wish to the result that is stored.

use std::sync::Arc;
use std::time::Instant;

use portcullis_contract::chat::{ToolResult, ToolResultPart, ToolUse};
use portcullis_contract::hook::{AfterToolCall, BeforeToolCall, ToolResultPersist};
use portcullis_host_core::ToolOutput;
use serde_json::Value;

use super::{Approvals, CallError, CallScope, PreparedCall, ToolSnapshot, answered, failed};
use crate::action::{Intent, RefusedAction};
use crate::hook::{Cancelled, HookRunner, HookTable, Passed};
use crate::observer::{AgentEvent, Observer};

/// Calls tools as an agent does: modify and gate hooks first, then the schema, then a person's approval of what the arguments have
/// become, then the call; and what comes of it is told and, changed by hooks or not, given back as what is to be stored.
///
/// Whatever goes wrong – no such tool, a gate, no approval, a trap – is a failed result for the model.
#[derive(Clone)]
pub struct ToolCaller {
    hooks: HookRunner,
    approvals: Arc<Approvals>,
    observer: Option<Arc<dyn Observer>>,
}

/// Where in a conversation a tool is called.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The session.
    pub session: &'a str,
    /// The turn, from 1.
    pub turn: u32,
}

/// What came of a wish to use a tool.
#[derive(Clone, Debug)]
pub struct Called {
    /// What is to be stored, and sent to the model.
    pub result: ToolResult,
    /// The gate that stopped the call, or put its reason in the result's place.
    pub cancelled: Option<Cancelled>,
    /// What handlers want done: carry it out with [`apply_all`](crate::action::apply_all).
    pub intents: Vec<Intent>,
    /// What handlers wanted done and won't be.
    pub refused: Vec<RefusedAction>,
}

impl ToolCaller {
    /// Calls tools under these hooks and approvals.
    pub fn new(hooks: HookRunner, approvals: Arc<Approvals>) -> Self {
        Self {
            hooks,
            approvals,
            observer: None,
        }
    }

    /// Tells `observer` when a call begins and ends.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Does what the model wants, with the tools and handlers of one snapshot. Dropping the future ends the call.
    pub async fn call(
        &self,
        tools: &ToolSnapshot,
        table: &Arc<HookTable>,
        place: Place<'_>,
        tool_use: &ToolUse,
        scope: CallScope,
    ) -> Called {
        let mut way = Way {
            caller: self,
            table,
            place,
            tool_use,
            // What the model made up is not repeated as a name.
            tool: String::new(),
            cancelled: None,
            intents: Vec::new(),
            refused: Vec::new(),
        };
        let begun = Instant::now();
        let (arguments, outcome) = way.make(tools, scope).await;
        let result = match outcome {
            Ok(output) => answered(&*tool_use.id, output),
            Err(failed) => failed,
        };
        let took = begun.elapsed().as_millis();
        way.tell(|way| {
            AgentEvent::ToolEnd(AfterToolCall {
                session: way.place.session.to_owned(),
                turn: way.place.turn,
                call_id: way.tool_use.id.clone(),
                tool: way.tool.clone(),
                is_error: result.is_error,
                duration_ms: u64::try_from(took).unwrap_or(u64::MAX),
                arguments,
                result: result.content.clone(),
            })
        });
        let result = way.persist(result).await;
        Called {
            result,
            cancelled: way.cancelled,
            intents: way.intents,
            refused: way.refused,
        }
    }
}

impl PreparedCall {
    /// Asks the handlers of `before-tool-call`, and takes over what they made of the arguments. Where a gate stopped the call, it is
    /// not to be made. `id` names the call.
    ///
    /// # Panics
    /// As [`HookRunner::run`].
    pub async fn ask(
        &mut self,
        hooks: &HookRunner,
        table: &Arc<HookTable>,
        place: Place<'_>,
        id: &str,
    ) -> Passed<BeforeToolCall> {
        let mut passed = hooks.run(table, || self.before(place, id)).await;
        if let Some(changed) = passed.changed.take() {
            self.call.arguments = changed.arguments;
        }
        passed
    }

    fn before(&self, place: Place<'_>, id: &str) -> BeforeToolCall {
        BeforeToolCall {
            session: place.session.to_owned(),
            turn: place.turn,
            call_id: id.to_owned(),
            tool: self.entry().name().to_string(),
            arguments: self.call.arguments.clone(),
        }
    }
}

/// One wish on its way.
struct Way<'a> {
    caller: &'a ToolCaller,
    table: &'a Arc<HookTable>,
    place: Place<'a>,
    tool_use: &'a ToolUse,
    /// Its qualified name, once it is known.
    tool: String,
    cancelled: Option<Cancelled>,
    intents: Vec<Intent>,
    refused: Vec<RefusedAction>,
}

impl Way<'_> {
    /// Up to the end of the call. What it was called with comes along.
    async fn make(
        &mut self,
        tools: &ToolSnapshot,
        scope: CallScope,
    ) -> (Value, Result<ToolOutput, ToolResult>) {
        let id = &*self.tool_use.id;
        let mut prepared = match tools.prepare(self.tool_use) {
            Ok(prepared) => prepared,
            Err(error) => return (Value::Null, Err(error.result(id))),
        };
        self.tool = prepared.entry().name().to_string();
        if let Err(stopped) = self.ask(&mut prepared).await {
            return (prepared.call.arguments, Err(stopped));
        }
        self.tell(|way| AgentEvent::ToolStart(prepared.before(way.place, id)));
        let arguments = prepared.call.arguments.clone();
        let made = async {
            let checked = prepared.check()?;
            let approved = checked.approve(&self.caller.approvals, scope).await?;
            approved.run().await
        };
        let made: Result<ToolOutput, CallError> = made.await;
        (arguments, made.map_err(|error| error.result(id)))
    }

    /// Asks the handlers of `before-tool-call`.
    async fn ask(&mut self, prepared: &mut PreparedCall) -> Result<(), ToolResult> {
        let (hooks, id) = (&self.caller.hooks, &*self.tool_use.id);
        let passed = prepared.ask(hooks, self.table, self.place, id).await;
        self.intents.extend(passed.intents);
        self.refused.extend(passed.refused);
        let Some(cancelled) = passed.cancelled else {
            return Ok(());
        };
        let stopped = failed(&*self.tool_use.id, "denied", &cancelled.reason);
        self.cancelled = Some(cancelled);
        Err(stopped)
    }

    /// Asks the handlers of `tool-result-persist`.
    async fn persist(&mut self, mut result: ToolResult) -> ToolResult {
        let payload = || ToolResultPersist {
            session: self.place.session.to_owned(),
            turn: self.place.turn,
            call_id: self.tool_use.id.clone(),
            tool: self.tool.clone(),
            is_error: result.is_error,
            result: result.content.clone(),
        };
        let passed = self.caller.hooks.run(self.table, payload).await;
        self.intents.extend(passed.intents);
        self.refused.extend(passed.refused);
        if let Some(changed) = passed.changed {
            result.content = super::result::changed(changed.result);
        }
        if let Some(cancelled) = passed.cancelled {
            result.content = vec![ToolResultPart::Text(cancelled.reason.clone())];
            result.is_error = true;
            self.cancelled = Some(cancelled);
        }
        result
    }

    fn tell(&self, event: impl FnOnce(&Self) -> AgentEvent) {
        if let Some(observer) = &self.caller.observer {
            observer.on_event(&event(self));
        }
    }
}
