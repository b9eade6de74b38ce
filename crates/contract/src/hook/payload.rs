//! The payloads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Change, Payload, Point, points};
use crate::chat::{Message, ToolResultPart, ToolSpec, Usage};

points! {
    /// The agent's process starts, before it takes anything in.
    GatewayStart / GatewayStartMetadata at "gateway-start" {
        metadata {
            /// The agent's name.
            agent: String,
            /// Its version.
            version: String,
        }
        content {}
        changes {}
        cancel "the agent does not start, and says why"
    }

    /// The agent's process ends, once nothing runs any more.
    GatewayStop / GatewayStopMetadata at "gateway-stop" {
        metadata {
            /// `signal`, `end-of-input`, `asked`, or another.
            reason: String,
        }
        content {}
        changes {}
    }

    /// A session begins, or goes on after a restart.
    SessionStart / SessionStartMetadata at "session-start" {
        metadata {
            /// The session.
            session: String,
            /// Whether something of it was there before.
            resumed: bool,
        }
        content {
            /// Texts that come before the conversation, such as what is remembered of earlier ones.
            context: Vec<String>,
        }
        changes { context: Free, }
        cancel "the session is not opened, and who asked for it is told why"
    }

    /// A session ends.
    SessionEnd / SessionEndMetadata at "session-end" {
        metadata {
            /// The session.
            session: String,
            /// `asked`, `end-of-input`, `gateway-stop`, or another.
            reason: String,
            /// How many turns it had.
            turns: u32,
        }
        content {
            /// The conversation.
            messages: Vec<Message>,
        }
        changes {}
    }

    /// Somebody said something, and it has not been looked at yet.
    MessageReceived / MessageReceivedMetadata at "message-received" {
        metadata {
            /// The session.
            session: String,
            /// Where it came from, such as `terminal`.
            channel: String,
            /// Who said it, as the channel knows.
            sender: String,
        }
        content {
            /// What was said.
            text: String,
        }
        changes { text: Free, }
        cancel "the message is dropped, and its sender is told why"
    }

    /// The agent is about to work on a message.
    BeforeAgentStart / BeforeAgentStartMetadata at "before-agent-start" {
        metadata {
            /// The session.
            session: String,
            /// The role that it plays, `PLUGIN/ROLE`, if any.
            role: Option<String>,
            /// The tools that it may use, by qualified name.
            tools: Vec<String>,
        }
        content {
            /// The message.
            text: String,
        }
        changes { tools: FewerTools, text: Free, }
        cancel "the agent does not work on the message, and its sender is told why"
    }

    /// The model of a turn is about to be chosen.
    BeforeModelResolve / BeforeModelResolveMetadata at "before-model-resolve" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The model that is asked for.
            model: String,
            /// The role that is played, if any.
            role: Option<String>,
        }
        content {}
        changes { model: Model, }
        cancel "the run ends without an answer, and says why"
    }

    /// The system prompt of a turn is about to be put together.
    BeforePromptBuild / BeforePromptBuildMetadata at "before-prompt-build" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The model that is asked.
            model: String,
        }
        content {
            /// The system prompt.
            system: String,
            /// Texts that follow it.
            context: Vec<String>,
        }
        changes { system: SystemPrompt, context: Free, }
        cancel "the run ends without an answer, and says why"
    }

    /// A request to a model is about to be made.
    BeforeLlmCall / BeforeLlmCallMetadata at "before-llm-call" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The model.
            model: String,
            /// The tools that the model may use, by qualified name.
            tools: Vec<String>,
        }
        content {
            /// The conversation, the system prompt first.
            messages: Vec<Message>,
        }
        changes { model: Model, tools: FewerTools, messages: Messages, }
        cancel "the request is not made; the run ends and says why"
    }

    /// A request to a model is made, as it is told here.
    LlmInput / LlmInputMetadata at "llm-input" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The model.
            model: String,
        }
        content {
            /// The conversation.
            messages: Vec<Message>,
            /// The tools.
            tools: Vec<ToolSpec>,
        }
        changes {}
    }

    /// A model has answered.
    LlmOutput / LlmOutputMetadata at "llm-output" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The model.
            model: String,
            /// Why the answer ended.
            finish: String,
            /// What it took, where the provider says.
            usage: Option<Usage>,
            /// The tools that the model wants to use, by qualified name.
            tool_uses: Vec<String>,
        }
        content {
            /// The text of the answer.
            text: String,
        }
        changes { text: Free, }
        cancel "the answer is dropped with its tool uses; the run ends and says why"
    }

    /// A tool is about to be called.
    BeforeToolCall / BeforeToolCallMetadata at "before-tool-call" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The call.
            call_id: String,
            /// The tool's qualified name, `PLUGIN/TOOL`.
            tool: String,
        }
        content {
            /// A JSON object.
            arguments: Value,
        }
        changes { arguments: Free, }
        cancel "the tool is not called, and the model gets a failed result with the reason"
    }

    /// A tool was called, or not, and there is a result.
    AfterToolCall / AfterToolCallMetadata at "after-tool-call" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The call.
            call_id: String,
            /// The tool's qualified name.
            tool: String,
            /// Whether it failed.
            is_error: bool,
            /// How long it took, in milliseconds.
            duration_ms: u64,
        }
        content {
            /// What it was called with.
            arguments: Value,
            /// What it answered.
            result: Vec<ToolResultPart>,
        }
        changes {}
    }

    /// A tool's result is about to be stored, and sent to the model.
    ToolResultPersist / ToolResultPersistMetadata at "tool-result-persist" {
        metadata {
            /// The session.
            session: String,
            /// The turn, from 1.
            turn: u32,
            /// The call.
            call_id: String,
            /// The tool's qualified name.
            tool: String,
            /// Whether it failed.
            is_error: bool,
        }
        content {
            /// What is stored.
            result: Vec<ToolResultPart>,
        }
        changes { result: Free, }
        cancel "the reason is stored in the result's place, as a failed one"
    }

    /// The conversation is about to be summed up, because it gets too long.
    BeforeCompaction / BeforeCompactionMetadata at "before-compaction" {
        metadata {
            /// The session.
            session: String,
            /// How many messages there are.
            messages: u32,
            /// About how many tokens they are.
            tokens: u64,
        }
        content {
            /// What whoever sums up is told.
            instructions: String,
        }
        changes { instructions: Free, }
        cancel "nothing is summed up this time"
    }

    /// The conversation was summed up.
    AfterCompaction / AfterCompactionMetadata at "after-compaction" {
        metadata {
            /// The session.
            session: String,
            /// How many messages the summary stands for.
            replaced: u32,
            /// About how many tokens there are now.
            tokens: u64,
        }
        content {
            /// The summary.
            summary: String,
        }
        changes {}
    }

    /// A turn has ended, and it is about to be settled whether there is another.
    ShouldStopAfterTurn / ShouldStopAfterTurnMetadata at "should-stop-after-turn" {
        metadata {
            /// The session.
            session: String,
            /// The turn that ended, from 1.
            turn: u32,
            /// Whether the run stops.
            stop: bool,
        }
        content {}
        changes { stop: Stop, }
        cancel "the run stops, and says why"
    }

    /// There is another turn.
    PrepareNextTurn / PrepareNextTurnMetadata at "prepare-next-turn" {
        metadata {
            /// The session.
            session: String,
            /// The turn that begins, from 1.
            turn: u32,
        }
        content {
            /// Texts that the model is told for this turn alone.
            context: Vec<String>,
        }
        changes { context: Free, }
        cancel "the turn does not begin; the run ends and says why"
    }

    /// A message is about to be sent.
    MessageSending / MessageSendingMetadata at "message-sending" {
        metadata {
            /// The session.
            session: String,
            /// Where it goes, such as `terminal`.
            channel: String,
        }
        content {
            /// The message.
            text: String,
        }
        changes { text: Free, }
        cancel "the message is held back; its receiver is told that, and why"
    }

    /// A message was sent.
    MessageSent / MessageSentMetadata at "message-sent" {
        metadata {
            /// The session.
            session: String,
            /// Where it went.
            channel: String,
        }
        content {
            /// The message.
            text: String,
        }
        changes {}
    }

    /// The agent lives.
    Heartbeat / HeartbeatMetadata at "heartbeat" {
        metadata {
            /// Since it started, in milliseconds.
            uptime_ms: u64,
            /// How many sessions are open.
            sessions: u32,
        }
        content {}
        changes {}
    }
}
