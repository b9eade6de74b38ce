//! The client's model, for plugins that ask one, where the operator chose so.
#![expect(
    deprecated,
    reason = "clients of today serve sampling; 2026-07-28 only announces that it goes"
)]

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use portcullis_host_agent::contract::chat::{
    ChatError, ChatRequest, Delta, Finish, Message, Part, codes,
};
use portcullis_host_agent::core::{ChatEvent, ChatStream, Llm, ServiceCaller};
use rmcp::RoleServer;
use rmcp::model::{
    AudioContent, CreateMessageRequestParams, CreateMessageResult, ImageContent, ModelHint,
    ModelPreferences, Role, SamplingMessage, SamplingMessageContentBlock,
};
use rmcp::service::RequestContext;

use super::questions::{Questions, can_sample};

/// The longest answer that is asked for where a plugin names no length: the protocol wants one.
const OUTPUT_TOKENS: u32 = 4096;

/// Asks the model of one client.
pub(super) struct ClientLlm(Option<Questions>);

impl ClientLlm {
    /// One that says that there is none where the client can't ask: another model than the operator's choice is none.
    pub(super) fn new(context: &RequestContext<RoleServer>, questions: &Questions) -> Self {
        Self(can_sample(context).then(|| questions.clone()))
    }
}

#[async_trait]
impl Llm for ClientLlm {
    async fn chat(&self, _: &ServiceCaller, request: ChatRequest) -> Result<ChatStream, ChatError> {
        let Some(questions) = &self.0 else {
            return Err(ChatError::unavailable("the client has no model to ask"));
        };
        let answer = questions.sample(asked(request)?).await;
        let answer = answer.map_err(|error| {
            tracing::debug!("the client's model did not answer: {error}");
            ChatError::unavailable("the client's model did not answer")
        })?;
        let events: Vec<_> = answered(answer)?.into_iter().map(Ok).collect();
        Ok(futures::stream::iter(events).boxed())
    }
}

/// A request as clients take it: what says system is the system's prompt, and the model is a wish.
fn asked(request: ChatRequest) -> Result<CreateMessageRequestParams, ChatError> {
    if !request.tools.is_empty() {
        let problem = "the client's model is asked without tools; leave them out";
        return Err(ChatError::new(codes::INVALID, problem));
    }
    let (system, said): (Vec<_>, Vec<_>) = request
        .messages
        .into_iter()
        .partition(|message| message.role == "system");
    let messages = said.into_iter().map(message).collect::<Result<_, _>>()?;
    let length = request.max_output_tokens.unwrap_or(OUTPUT_TOKENS);
    let mut asked = CreateMessageRequestParams::new(messages, length);
    let system: Vec<_> = system.iter().map(Message::text).collect();
    asked.system_prompt = (!system.is_empty()).then(|| system.join("\n\n"));
    asked.temperature = request.temperature;
    let hints = vec![ModelHint::new(request.model)];
    asked.model_preferences = Some(ModelPreferences::new().with_hints(hints));
    Ok(asked)
}

fn message(of: Message) -> Result<SamplingMessage, ChatError> {
    let role = match of.role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => {
            let problem = "the client's model knows what system, user and assistant say";
            return Err(ChatError::new(codes::INVALID, problem));
        }
    };
    let blocks = of.parts.into_iter().filter_map(block);
    Ok(SamplingMessage::new_multiple(role, blocks.collect()))
}

/// One part; what a client has no block for is left out.
fn block(part: Part) -> Option<SamplingMessageContentBlock> {
    match part {
        Part::Text(text) => Some(SamplingMessageContentBlock::text(text)),
        Part::Media(media) => {
            let data = STANDARD.encode(media.data);
            Some(if media.media_type.starts_with("audio/") {
                SamplingMessageContentBlock::Audio(AudioContent::new(data, media.media_type))
            } else {
                SamplingMessageContentBlock::Image(ImageContent::new(data, media.media_type))
            })
        }
        _ => None,
    }
}

fn answered(answer: CreateMessageResult) -> Result<Vec<ChatEvent>, ChatError> {
    if answer.message.role != Role::Assistant {
        return Err(ChatError::new(
            codes::BROKEN,
            "the client answered as somebody else",
        ));
    }
    let blocks = answer.message.content.into_vec();
    let texts = blocks.into_iter().filter_map(|block| match block {
        SamplingMessageContentBlock::Text(text) => Some(Delta::Text(text.text)),
        _ => None,
    });
    let reason = match answer.stop_reason.as_deref() {
        Some(CreateMessageResult::STOP_REASON_END_MAX_TOKEN) => "length",
        _ => "stop",
    };
    let mut events: Vec<_> = texts.map(ChatEvent::Delta).collect();
    events.push(ChatEvent::Finish(Finish::new(reason)));
    Ok(events)
}
