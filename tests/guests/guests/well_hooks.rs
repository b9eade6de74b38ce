//! Stands on every point of an agent's life: watches each, and changes or stops what comes by at some.

use portcullis_guest_sdk::chat::ToolResultPart;
use portcullis_guest_sdk::hook::*;
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde::Serialize;
use portcullis_guest_sdk::serde_json;

/// Logs that a point was reached: the line is the point's name, the field `payload` what this plugin is told of it.
fn note(point: &str, payload: &impl Serialize) {
    let payload = serde_json::to_string(payload).unwrap_or_default();
    log::info!(payload = payload, "{point}");
}

/// One observer for each point.
macro_rules! watch {
    ($($name:ident: $metadata:ident at $point:literal,)*) => {$(
        #[plugin_hook($point, phase = telemetry)]
        fn $name(event: $metadata) {
            note($point, &event);
        }
    )*};
}

watch! {
    watch_gateway_start: GatewayStartMetadata at "gateway-start",
    watch_gateway_stop: GatewayStopMetadata at "gateway-stop",
    watch_session_start: SessionStartMetadata at "session-start",
    watch_session_end: SessionEndMetadata at "session-end",
    watch_message_received: MessageReceivedMetadata at "message-received",
    watch_before_agent_start: BeforeAgentStartMetadata at "before-agent-start",
    watch_before_model_resolve: BeforeModelResolveMetadata at "before-model-resolve",
    watch_before_prompt_build: BeforePromptBuildMetadata at "before-prompt-build",
    watch_before_llm_call: BeforeLlmCallMetadata at "before-llm-call",
    watch_llm_input: LlmInputMetadata at "llm-input",
    watch_llm_output: LlmOutputMetadata at "llm-output",
    watch_before_tool_call: BeforeToolCallMetadata at "before-tool-call",
    watch_after_tool_call: AfterToolCallMetadata at "after-tool-call",
    watch_tool_result_persist: ToolResultPersistMetadata at "tool-result-persist",
    watch_before_compaction: BeforeCompactionMetadata at "before-compaction",
    watch_after_compaction: AfterCompactionMetadata at "after-compaction",
    watch_should_stop_after_turn: ShouldStopAfterTurnMetadata at "should-stop-after-turn",
    watch_prepare_next_turn: PrepareNextTurnMetadata at "prepare-next-turn",
    watch_message_sending: MessageSendingMetadata at "message-sending",
    watch_message_sent: MessageSentMetadata at "message-sent",
    watch_heartbeat: HeartbeatMetadata at "heartbeat",
}

/// Lets nobody touch what is called `forbidden`, lowers what is called `LOUD`, and shows which tool is next.
#[plugin_hook("before-tool-call", mode = gate, phase = authorization)]
fn guard(call: &BeforeToolCall) -> (Verdict<BeforeToolCall>, Vec<Action>) {
    let verdict = match call.arguments["text"].as_str() {
        Some("forbidden") => Verdict::cancel("what is forbidden is not touched"),
        Some("LOUD") => {
            let mut quieter = call.clone();
            quieter.arguments["text"] = "loud".into();
            Verdict::Replace(quieter)
        }
        _ => Verdict::Proceed,
    };
    let shown = Action::SetUiStatus {
        text: call.tool.clone(),
    };
    (verdict, vec![shown])
}

/// Lets nothing be summed up before there are a hundred messages. Needs no content.
#[plugin_hook("before-compaction", mode = gate)]
async fn wait_for_more(event: BeforeCompactionMetadata) -> Verdict {
    if event.messages < 100 {
        return Verdict::cancel("there is too little to sum up");
    }
    Verdict::Proceed
}

/// Takes the word `secret` out of what is stored.
#[plugin_hook("tool-result-persist", mode = modify)]
fn redact(mut event: ToolResultPersist) -> Option<ToolResultPersist> {
    let mut found = false;
    for part in &mut event.result {
        if let ToolResultPart::Text(text) = part
            && text.contains("secret")
        {
            *text = text.replace("secret", "[redacted]");
            found = true;
        }
    }
    found.then_some(event)
}

/// Asks for brief answers.
#[plugin_hook("before-prompt-build", mode = modify)]
fn remind(mut prompt: BeforePromptBuild) -> BeforePromptBuild {
    prompt.context.push("Be brief.".into());
    prompt
}
