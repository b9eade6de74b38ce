//! `portcullis:tool/invoke` and its sync-typed twin.

use std::sync::Arc;

use portcullis_host_policy::capability::{Capability, Glob, InvokeRule};
use portcullis_host_policy::decision::GuestCode;
use portcullis_host_policy::request::Request;
use serde_json::Value;
use wasmtime::Result;
use wasmtime::component::{Accessor, HasSelf};

use super::{Invoke, ServiceCaller};
use crate::bindings::v0_1::portcullis::tool::tool_types as wit;
use crate::bindings::v0_1::portcullis::tool::{invoke, invoke_sync};
use crate::call::Aside;
use crate::state::State;
use crate::{PluginId, ToolError, ToolOutput};

type Answer = std::result::Result<wit::ToolOutput, wit::ToolError>;
type Refused<T> = std::result::Result<T, ToolError>;

/// A call that was decided on.
struct Asked {
    service: Arc<dyn Invoke>,
    caller: ServiceCaller,
    aside: Aside,
    plugin: PluginId,
    tool: String,
    arguments: Value,
}

impl State {
    fn begin_invoke(&mut self, tool: &str, arguments: &str) -> Result<Refused<Asked>> {
        self.call.spend(tool.len() + arguments.len())?;
        Ok(self.asked(tool, arguments))
    }

    fn asked(&self, name: &str, arguments: &str) -> Refused<Asked> {
        let invalid = |message: String| ToolError::new("invalid-arguments", message);
        let named = name.split_once('/').and_then(|(plugin, tool)| {
            Some((
                plugin.parse::<PluginId>().ok()?,
                Glob::exact(tool).ok()?,
                tool,
            ))
        });
        let Some((plugin, glob, tool)) = named else {
            let message = "a tool is named by its plugin's id, `/` and its own name";
            return Err(invalid(message.to_owned()));
        };
        let rule = InvokeRule {
            plugin: plugin.clone(),
            tool: glob,
        };
        let decided = (self.call.caller).decide(&Request::Use(Capability::Invoke(rule)));
        decided.map_err(|denial| refused(denial.code.guest()))?;
        let arguments = serde_json::from_str(arguments)
            .map_err(|error| invalid(format!("the arguments are no JSON: {error}")))?;
        let Some(service) = self.service(|services| &services.invoke) else {
            let message = "this host lets no plugin call another; its operator can set that up";
            return Err(ToolError::new("unavailable", message));
        };
        Ok(Asked {
            service,
            caller: self.service_caller(),
            aside: self.call.aside.clone(),
            plugin,
            tool: tool.to_owned(),
            arguments,
        })
    }
}

impl Asked {
    async fn run(self) -> Result<Answer> {
        let Self {
            service,
            caller,
            aside,
            plugin,
            tool,
            arguments,
        } = self;
        let answer =
            aside.run(async move { service.call(&caller, &plugin, &tool, arguments).await });
        let answer = answer.await?.map(wit::ToolOutput::from);
        Ok(answer.map_err(wit::ToolError::from))
    }
}

fn refused(code: GuestCode) -> ToolError {
    ToolError::new(code.as_str(), "this plugin may not call that tool")
}

impl From<ToolOutput> for wit::ToolOutput {
    fn from(output: ToolOutput) -> Self {
        Self {
            content: output.content.into_iter().map(wit::Content::from).collect(),
            structured: output.structured.map(|value| value.to_string()),
        }
    }
}

impl From<ToolError> for wit::ToolError {
    fn from(error: ToolError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            details: error.details.map(|details| details.to_string()),
            retryable: error.retryable,
        }
    }
}

/// Bytes that an answer carries to the guest.
fn bytes(answer: &Answer) -> usize {
    match answer {
        Ok(output) => {
            let content = output.content.iter().map(|content| match content {
                wit::Content::Text(text) => text.len(),
                wit::Content::Blob(blob) => blob.media_type.len() + blob.data.len(),
                wit::Content::Link(link) => link.uri.len(),
                wit::Content::Other(other) => other.payload.len(),
            });
            content.sum::<usize>() + output.structured.as_ref().map_or(0, String::len)
        }
        Err(error) => error.message.len() + error.details.as_ref().map_or(0, String::len),
    }
}

impl invoke::Host for State {}

impl invoke::HostWithStore<State> for HasSelf<State> {
    async fn call(
        accessor: &Accessor<State, Self>,
        tool: String,
        arguments: String,
    ) -> Result<Answer> {
        let begun = accessor.with(|mut access| access.get().begin_invoke(&tool, &arguments))?;
        let answer = match begun {
            Ok(asked) => asked.run().await?,
            Err(refused) => Err(refused.into()),
        };
        accessor.with(|mut access| access.get().call.spend_bytes(bytes(&answer)))?;
        Ok(answer)
    }
}

impl invoke_sync::Host for State {
    async fn call(&mut self, tool: String, arguments: String) -> Result<Answer> {
        let answer = match self.begin_invoke(&tool, &arguments)? {
            Ok(asked) => asked.run().await?,
            Err(refused) => Err(refused.into()),
        };
        self.call.spend_bytes(bytes(&answer))?;
        Ok(answer)
    }
}
