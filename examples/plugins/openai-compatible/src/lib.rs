//! OpenAI's chat completions, spoken from inside the sandbox. The key is added by the host, out of this plugin's sight.

mod decode;
mod refusal;
mod request;
mod sse;

use portcullis_guest_sdk::chat::{ChatError, ChatRequest, Finish, ModelInfo, codes};
use portcullis_guest_sdk::prelude::*;

use crate::decode::Decoder;
use crate::sse::Events;

/// Where the API is unless the operator says otherwise.
const BASE: &str = "https://api.openai.com/v1";

/// The longest answer as it is on the wire, in bytes, where one token takes some 400: a quarter of a million tokens.
const MAX_ANSWER: u64 = 128 << 20;

#[derive(Default)]
struct OpenAi;

/// Models behind OpenAI's chat completions API: OpenAI's own, and those of the many servers that speak it too.
#[plugin_provider(name = "openai", title = "OpenAI-compatible")]
impl ChatProvider for OpenAi {
    async fn models(&self) -> Result<Vec<ModelInfo>, ChatError> {
        let sent = http::get(url("models")?).send().await?;
        let list: ModelList = refusal::answered(sent).await?.json().await?;
        Ok(list.data.into_iter().map(ModelInfo::from).collect())
    }

    async fn chat(&self, request: ChatRequest, mut out: ChatOutput) -> Result<Finish, ChatError> {
        let sent = http::post(url("chat/completions")?)
            .header("accept", "text/event-stream")
            .max_bytes(MAX_ANSWER)
            .json(&request::body(&request)?)
            .send()
            .await?;
        let mut response = refusal::answered(sent).await?;
        let (mut events, mut decoder) = (Events::default(), Decoder::default());
        while !decoder.is_done() {
            let datas = match response.chunk().await? {
                Some(chunk) => events.take(&chunk)?,
                None => break,
            };
            for data in datas {
                for delta in decoder.take(&data)? {
                    out.send(delta).await?;
                }
            }
        }
        // Some servers leave out the blank line after the last event.
        for data in events.end() {
            for delta in decoder.take(&data)? {
                out.send(delta).await?;
            }
        }
        if let Some(refusal) = decoder.refusal() {
            out.send(refusal).await?;
        }
        decoder.finish()
    }
}

/// The address of one of the API's resources.
fn url(resource: &str) -> Result<String, ChatError> {
    let base: Option<String> =
        config::get("base").map_err(|error| ChatError::new(codes::INVALID, error.to_string()))?;
    let base = base.as_deref().unwrap_or(BASE).trim_end_matches('/');
    Ok(format!("{base}/{resource}"))
}

#[plugin_type]
struct ModelList {
    data: Vec<ListedModel>,
}

#[plugin_type]
struct ListedModel {
    id: String,
    /// OpenRouter's.
    name: Option<String>,
    /// OpenRouter's.
    context_length: Option<u64>,
    /// vLLM's.
    max_model_len: Option<u64>,
}

impl From<ListedModel> for ModelInfo {
    fn from(listed: ListedModel) -> Self {
        Self {
            id: listed.id,
            title: listed.name,
            context_tokens: listed.max_model_len.or(listed.context_length),
            features: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
