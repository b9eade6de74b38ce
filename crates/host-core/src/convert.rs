//! Between the bindings of a contract version and the values that embedders see.

use serde_json::Value;

use crate::bindings::v0_1::portcullis::host::host_types as host;
use crate::bindings::v0_1::portcullis::prompt::prompt_types as prompt;
use crate::bindings::v0_1::portcullis::resource::resource_types as resource;
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::error::Error;
use crate::telemetry::{self, names};
use crate::value::{
    Blob, Content, Extension, Progress, PromptMessage, PromptOutput, ResourceBody,
    ResourceContents, ResourceLink, Speaker, Streams, ToolError, ToolEvent, ToolOutput,
};

impl From<wit::Blob> for Blob {
    fn from(wit::Blob { media_type, data }: wit::Blob) -> Self {
        Self { media_type, data }
    }
}

impl From<Blob> for wit::Blob {
    fn from(Blob { media_type, data }: Blob) -> Self {
        Self { media_type, data }
    }
}

impl From<wit::Extension> for Extension {
    fn from(wit::Extension { kind, payload }: wit::Extension) -> Self {
        Self { kind, payload }
    }
}

impl From<wit::Content> for Content {
    fn from(content: wit::Content) -> Self {
        match content {
            wit::Content::Text(text) => Content::Text(text),
            wit::Content::Blob(blob) => Content::Blob(blob.into()),
            wit::Content::Link(wit::ResourceLink {
                uri,
                name,
                media_type,
            }) => Content::Link(ResourceLink {
                uri,
                name,
                media_type,
            }),
            wit::Content::Other(other) => Content::Other(other.into()),
        }
    }
}

impl From<Content> for wit::Content {
    fn from(content: Content) -> Self {
        match content {
            Content::Text(text) => wit::Content::Text(text),
            Content::Blob(blob) => wit::Content::Blob(blob.into()),
            Content::Link(ResourceLink {
                uri,
                name,
                media_type,
            }) => wit::Content::Link(wit::ResourceLink {
                uri,
                name,
                media_type,
            }),
            Content::Other(Extension { kind, payload }) => {
                wit::Content::Other(wit::Extension { kind, payload })
            }
        }
    }
}

impl From<wit::ToolEvent> for ToolEvent {
    fn from(event: wit::ToolEvent) -> Self {
        match event {
            wit::ToolEvent::Progress(wit::Progress {
                done,
                total,
                message,
            }) => ToolEvent::Progress(Progress {
                done,
                total,
                message,
            }),
            wit::ToolEvent::Content(content) => ToolEvent::Content(content.into()),
            wit::ToolEvent::Other(other) => ToolEvent::Other(other.into()),
        }
    }
}

impl From<wit::Streams> for Streams {
    fn from(streams: wit::Streams) -> Self {
        Self {
            input: streams.contains(wit::Streams::INPUT),
            output: streams.contains(wit::Streams::OUTPUT),
        }
    }
}

impl From<wit::ToolError> for ToolError {
    fn from(
        wit::ToolError {
            code,
            message,
            details,
            retryable,
        }: wit::ToolError,
    ) -> Self {
        // Details that are no JSON are still worth reading.
        let details =
            details.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self {
            code,
            message,
            details,
            retryable,
        }
    }
}

impl From<resource::ResourceContents> for ResourceContents {
    fn from(contents: resource::ResourceContents) -> Self {
        Self {
            uri: contents.uri,
            media_type: contents.media_type,
            body: match contents.body {
                resource::ResourceBody::Text(text) => ResourceBody::Text(text),
                resource::ResourceBody::Blob(bytes) => ResourceBody::Blob(bytes),
            },
        }
    }
}

impl From<prompt::PromptOutput> for PromptOutput {
    fn from(output: prompt::PromptOutput) -> Self {
        let messages = output.messages.into_iter().map(|message| PromptMessage {
            speaker: match message.speaker {
                prompt::Speaker::User => Speaker::User,
                prompt::Speaker::Assistant => Speaker::Assistant,
            },
            content: message.content.into(),
        });
        Self {
            description: output.description,
            messages: messages.collect(),
        }
    }
}

impl From<host::HostError> for Error {
    fn from(host::HostError { code, message, .. }: host::HostError) -> Self {
        Error::Start { code, message }
    }
}

/// A tool's own error as embedders see it.
///
/// # Errors
/// [`Error::OutputTooLarge`] beyond `limit` bytes.
pub(crate) fn tool_error(error: wit::ToolError, limit: u64) -> Result<ToolError, Error> {
    let bytes =
        error.code.len() + error.message.len() + error.details.as_ref().map_or(0, String::len);
    if bytes as u64 > limit {
        return Err(Error::OutputTooLarge { limit });
    }
    Ok(error.into())
}

/// The output as embedders see it.
///
/// # Errors
/// [`Error::OutputTooLarge`] beyond `limit` bytes, and [`Error::BrokenContract`] where the structured part is no JSON.
pub(crate) fn output(output: wit::ToolOutput, limit: u64) -> Result<ToolOutput, Error> {
    let wit::ToolOutput {
        content,
        structured,
    } = output;
    let content: Vec<Content> = content.into_iter().map(Content::from).collect();
    let bytes = content.iter().map(Content::size).sum::<u64>()
        + structured.as_ref().map_or(0, String::len) as u64;
    if bytes > limit {
        return Err(Error::OutputTooLarge { limit });
    }
    telemetry::note(names::BYTES_OUT, bytes);
    let structured = structured
        .map(|text| serde_json::from_str(&text))
        .transpose();
    let structured = structured.map_err(|error| Error::BrokenContract {
        problem: format!("its structured answer is no JSON: {error}"),
    })?;
    Ok(ToolOutput {
        content,
        structured,
        session_rebuilt: false,
    })
}
