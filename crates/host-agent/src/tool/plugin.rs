//! A plugin's tool as a [`Tool`].

use async_trait::async_trait;
use futures::StreamExt;
use portcullis_host_core::{CallOptions, Error, Plugin, ToolDefinition, ToolEvent, ToolOutput};
use serde_json::Value;

use super::{CallScope, OnEvent, RESULT_BYTES, Tool, ToolCall};

/// One tool of a plugin.
#[derive(Clone, Debug)]
pub struct PluginTool {
    plugin: Plugin,
    definition: ToolDefinition,
}

impl PluginTool {
    /// All tools of a plugin, in its own order.
    pub fn all(plugin: &Plugin) -> impl Iterator<Item = Self> {
        plugin.tools().iter().map(|definition| Self {
            plugin: plugin.clone(),
            definition: definition.clone(),
        })
    }

    /// The plugin.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// Runs a streaming tool: each piece of its answer is told when it comes, and all of them are the answer.
    async fn stream(
        &self,
        arguments: Value,
        options: CallOptions,
        on_event: &OnEvent,
    ) -> Result<ToolOutput, Error> {
        let name = &self.definition.name;
        let mut stream = self.plugin.call_streaming(name, arguments, options).await?;
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        while let Some(event) = stream.next().await {
            if let ToolEvent::Content(piece) = &event {
                bytes += piece.size();
                if bytes > RESULT_BYTES {
                    let limit = RESULT_BYTES;
                    return Err(Error::OutputTooLarge { limit });
                }
                pieces.push(piece.clone());
            }
            on_event(event);
        }
        let mut output = stream.output().await?;
        pieces.append(&mut output.content);
        output.content = pieces;
        Ok(output)
    }
}

#[async_trait]
impl Tool for PluginTool {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, call: ToolCall, scope: &CallScope) -> Result<ToolOutput, Error> {
        let ToolCall {
            arguments,
            attachments,
        } = call;
        let options = CallOptions {
            attachments,
            ..scope.options(&self.plugin)
        };
        match &scope.on_event {
            Some(on_event) if self.definition.streams.output => {
                self.stream(arguments, options, on_event).await
            }
            _ => {
                let name = &self.definition.name;
                self.plugin.call(name, arguments, options).await
            }
        }
    }
}
