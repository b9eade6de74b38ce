//! Watches an agent at every point of its life: counts, and keeps the last events without their content.
//!
//! It asks for `hook:POINT` alone, so that it is told metadata and never a text, an argument or a result.

mod trail;

use portcullis_guest_sdk::hook::*;
use portcullis_guest_sdk::prelude::*;

use crate::trail::{Counted, Noted};

/// Stands a hook on each point, which writes down what it is told.
macro_rules! observed {
    ($($point:literal $name:ident $metadata:ident;)*) => {$(
        #[plugin_hook($point, phase = telemetry)]
        async fn $name(event: $metadata) -> Result<(), ToolError> {
            trail::note($point, trail::metadata(&event)?).await
        }
    )*};
}

observed! {
    "gateway-start" gateway_start GatewayStartMetadata;
    "gateway-stop" gateway_stop GatewayStopMetadata;
    "session-start" session_start SessionStartMetadata;
    "session-end" session_end SessionEndMetadata;
    "message-received" message_received MessageReceivedMetadata;
    "before-agent-start" before_agent_start BeforeAgentStartMetadata;
    "before-model-resolve" before_model_resolve BeforeModelResolveMetadata;
    "before-prompt-build" before_prompt_build BeforePromptBuildMetadata;
    "before-llm-call" before_llm_call BeforeLlmCallMetadata;
    "llm-input" llm_input LlmInputMetadata;
    "llm-output" llm_output LlmOutputMetadata;
    "before-tool-call" before_tool_call BeforeToolCallMetadata;
    "after-tool-call" after_tool_call AfterToolCallMetadata;
    "tool-result-persist" tool_result_persist ToolResultPersistMetadata;
    "before-compaction" before_compaction BeforeCompactionMetadata;
    "after-compaction" after_compaction AfterCompactionMetadata;
    "should-stop-after-turn" should_stop_after_turn ShouldStopAfterTurnMetadata;
    "prepare-next-turn" prepare_next_turn PrepareNextTurnMetadata;
    "message-sending" message_sending MessageSendingMetadata;
    "message-sent" message_sent MessageSentMetadata;
    "heartbeat" heartbeat HeartbeatMetadata;
}

/// What was noted.
#[plugin_type]
struct Report {
    /// How often each point was reached, in the order of an agent's life; those that never were are left out.
    counts: Vec<Counted>,
    /// The last events, the newest at the end.
    last: Vec<Noted>,
}

/// Tells how often an agent came to each point of its life, and what it did last.
#[plugin_tool(read_only)]
async fn audit_report(
    /// How many events are told: 50 at most.
    #[arg(default = 10)]
    last: usize,
) -> Result<Report, ToolError> {
    let (counts, mut noted) = trail::all().await?;
    let told = last.min(trail::KEPT).min(noted.len());
    Ok(Report {
        counts,
        last: noted.split_off(noted.len() - told),
    })
}

/// Forgets all that was noted.
#[plugin_tool(destructive, idempotent)]
async fn audit_clear() -> Result<(), ToolError> {
    trail::clear().await
}

#[cfg(test)]
mod tests;
