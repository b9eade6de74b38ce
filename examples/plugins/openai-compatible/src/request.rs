//! A request as chat completions have it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portcullis_guest_sdk::chat::{
    ChatError, ChatRequest, Media, Message, Part, ToolResult, ToolResultPart, ToolSpec, ToolUse,
    codes,
};
use portcullis_guest_sdk::serde_json::{self, Map, Value, json};

/// What the request itself says, or what the answer is read by: not for `extra` to set.
const RESERVED: [&str; 9] = [
    "max_completion_tokens",
    "messages",
    "model",
    "n",
    "reasoning_effort",
    "stream",
    "stream_options",
    "temperature",
    "tools",
];

/// The body of a request.
///
/// # Errors
/// [`codes::INVALID`] where chat completions have no place for something.
pub(crate) fn body(request: &ChatRequest) -> Result<Value, ChatError> {
    let extra = request.extra.as_deref().unwrap_or("{}");
    let mut body: Map<String, Value> = serde_json::from_str(extra)
        .map_err(|error| invalid(format!("`extra` has to be a JSON object as text: {error}")))?;
    if let Some(key) = RESERVED.iter().find(|key| body.contains_key(**key)) {
        return Err(invalid(format!(
            "`extra` may not set {key:?}: the request itself does"
        )));
    }
    let mut set = |key: &str, value: Value| body.insert(key.to_owned(), value);
    set("model", request.model.clone().into());
    let messages: Result<Vec<_>, _> = request.messages.iter().map(messages).collect();
    set("messages", messages?.concat().into());
    set("stream", true.into());
    set("stream_options", json!({ "include_usage": true }));
    if !request.tools.is_empty() {
        let tools: Result<Vec<_>, _> = request.tools.iter().map(tool).collect();
        set("tools", tools?.into());
    }
    if let Some(temperature) = request.temperature {
        // By its shortest text: 0.7 is not 0.699999988079071.
        set(
            "temperature",
            temperature.to_string().parse::<f64>().ok().into(),
        );
    }
    if let Some(tokens) = request.max_output_tokens {
        set("max_completion_tokens", tokens.into());
    }
    if let Some(level) = &request.thinking_level {
        set("reasoning_effort", level.clone().into());
    }
    Ok(Value::Object(body))
}

/// A message, after the tools' results in it, which the API has as messages of their own.
fn messages(message: &Message) -> Result<Vec<Value>, ChatError> {
    let results = message.parts.iter().filter_map(|part| match part {
        Part::ToolResult(result) => Some(tool_result(result)),
        _ => None,
    });
    let mut written: Vec<Value> = results.collect();
    let says_more = |part: &Part| matches!(part, Part::Text(_) | Part::Media(_) | Part::ToolUse(_));
    if !written.is_empty() && !message.parts.iter().any(says_more) {
        return Ok(written);
    }
    written.push(match message.role.as_str() {
        "system" => json!({ "role": "system", "content": only_text(message)? }),
        "user" => json!({ "role": "user", "content": user_content(message)? }),
        "assistant" => assistant(message)?,
        role => {
            return Err(invalid(format!(
                "there is no place for what a message of role {role:?} has"
            )));
        }
    });
    Ok(written)
}

/// Text alone, in one piece. What later versions add is skipped, and so is what a model thought: the API does not take it back.
fn only_text(message: &Message) -> Result<String, ChatError> {
    let misplaced = message.parts.iter().find_map(|part| match part {
        Part::Media(media) => Some(format!("bytes of type {:?}", media.media_type)),
        Part::ToolUse(tool_use) => Some(format!("a use of the tool {:?}", tool_use.name)),
        Part::Text(_) | Part::ToolResult(_) | Part::Other(_) => None,
    });
    match misplaced {
        Some(what) => Err(invalid(format!(
            "a message of role {:?} can't have {what}",
            message.role
        ))),
        None => Ok(message.text()),
    }
}

/// One text where there are no images, and blocks where there are.
fn user_content(message: &Message) -> Result<Value, ChatError> {
    let is_media = |part: &Part| matches!(part, Part::Media(_));
    if !message.parts.iter().any(is_media) {
        return Ok(only_text(message)?.into());
    }
    let blocks = message.parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(Ok(json!({ "type": "text", "text": text }))),
        Part::Media(media) => Some(image(media)),
        Part::ToolUse(_) => Some(Err(invalid("only an assistant uses tools".to_owned()))),
        Part::ToolResult(_) | Part::Other(_) => None,
    });
    blocks.collect()
}

fn image(media: &Media) -> Result<Value, ChatError> {
    let media_type = &media.media_type;
    let name = media_type.strip_prefix("image/").unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(invalid(format!(
            "only images can be sent, not bytes of type {media_type:?}"
        )));
    }
    let url = format!("data:{media_type};base64,{}", STANDARD.encode(&media.data));
    Ok(json!({ "type": "image_url", "image_url": { "url": url } }))
}

fn assistant(message: &Message) -> Result<Value, ChatError> {
    let mut words = message.clone();
    words.parts.retain(|part| !matches!(part, Part::ToolUse(_)));
    let text = only_text(&words)?;
    let uses: Vec<Value> = message.tool_uses().map(tool_use).collect();
    if uses.is_empty() {
        return Ok(json!({ "role": "assistant", "content": text }));
    }
    let content = Some(text).filter(|text| !text.is_empty());
    Ok(json!({ "role": "assistant", "content": content, "tool_calls": uses }))
}

fn tool_use(tool_use: &ToolUse) -> Value {
    let ToolUse {
        id,
        name,
        arguments,
    } = tool_use;
    json!({ "id": id, "type": "function", "function": { "name": name, "arguments": arguments } })
}

/// The API has no mark for a failure and no place for bytes: both are said in words.
fn tool_result(result: &ToolResult) -> Value {
    let failed = result.is_error.then(|| "The tool failed:".to_owned());
    let blocks = result.content.iter().filter_map(|part| match part {
        ToolResultPart::Text(text) => Some(text.clone()),
        ToolResultPart::Media(Media { media_type, data }) => Some(format!(
            "[{} bytes of type {media_type:?}, which can't be shown here]",
            data.len()
        )),
        ToolResultPart::Other(_) => None,
    });
    let content: Vec<String> = failed.into_iter().chain(blocks).collect();
    json!({ "role": "tool", "tool_call_id": result.tool_use_id, "content": content.join("\n") })
}

fn tool(tool: &ToolSpec) -> Result<Value, ChatError> {
    let ToolSpec {
        name,
        description,
        input_schema,
    } = tool;
    let schema: Map<String, Value> = serde_json::from_str(input_schema).map_err(|error| {
        invalid(format!(
            "the schema of the tool {name:?} is no JSON object: {error}"
        ))
    })?;
    Ok(json!({
        "type": "function",
        "function": { "name": name, "description": description, "parameters": schema },
    }))
}

fn invalid(message: String) -> ChatError {
    ChatError::new(codes::INVALID, message)
}
