//! An agent without plugins: no host is made, and everything of its own works.

use std::sync::Arc;

use async_trait::async_trait;
use portcullis_host_agent::contract::chat::{ChatRequest, ToolUse};
use portcullis_host_agent::contract::hook::{BeforeToolCall, POINTS};
use portcullis_host_agent::core::{Error, ToolDefinition, ToolOutput};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::hook::{Subscription, Typed, typed};
use portcullis_host_agent::provider::{ChatProvider, Scripted, Turn, collect};
use portcullis_host_agent::tool::{
    Approvals, CallScope, Place, Tool, ToolCall, ToolCaller, Unattended,
};
use serde_json::json;

use crate::support::*;

struct Clock(ToolDefinition);

impl Clock {
    fn new() -> Self {
        let schema = json!({ "type": "object" });
        Self(ToolDefinition::new("clock", "Tells the time.", schema))
    }
}

#[async_trait]
impl Tool for Clock {
    fn definition(&self) -> &ToolDefinition {
        &self.0
    }

    async fn call(&self, call: ToolCall, _: &CallScope) -> Result<ToolOutput, Error> {
        Ok(ToolOutput::text_of(format!(
            "noon in {}",
            call.arguments["zone"]
        )))
    }
}

/// Lets nobody ask for Mars.
fn no_mars() -> Subscription {
    let judge = async |call: BeforeToolCall| {
        Ok(match call.arguments["zone"].as_str() {
            Some("Mars") => Typed::Cancel("there is no clock".to_owned()),
            _ => Typed::Proceed,
        })
    };
    native_gate("no_mars", typed(judge))
}

#[tokio::test]
async fn tools_hooks_and_models_of_the_agents_own_need_no_plugins() {
    let answers = Scripted::new([Turn::new().text("Hello.")]);
    let extensions = Extensions::builder()
        .tool(Clock::new())
        .unwrap()
        .hook(no_mars())
        .provider("main", Arc::new(answers))
        .route("*", "main")
        .build();
    let snapshot = extensions.snapshot();
    assert!(snapshot.problems.is_empty() && snapshot.plugins().count() == 0);

    let approvals = Arc::new(Approvals::new(Arc::new(Unattended::default())));
    let caller = ToolCaller::new(extensions.hooks().clone(), approvals);
    for (zone, answer) in [
        ("UTC", "noon in \"UTC\""),
        ("Mars", "denied: there is no clock"),
    ] {
        let wish = ToolUse {
            id: "call-1".to_owned(),
            name: "clock".to_owned(),
            arguments: json!({ "zone": zone }).to_string(),
        };
        let (session, turn) = ("s", 1);
        let called = caller
            .call(
                &snapshot.tools,
                &snapshot.hooks,
                Place { session, turn },
                &wish,
                CallScope::default(),
            )
            .await;
        assert_eq!(called.result.text(), answer);
    }
    let answer = snapshot.models.chat(ChatRequest::default()).await.unwrap();
    assert_eq!(collect(answer).await.unwrap().0.text(), "Hello.");
}

#[test]
fn without_plugins_and_hooks_nobody_is_subscribed_and_no_runtime_is_needed() {
    let extensions = Extensions::builder().build();
    let snapshot = extensions.snapshot();
    assert!(POINTS.iter().all(|point| !snapshot.hooks.has(point)));
    assert!(snapshot.tools.entries().is_empty() && snapshot.roles.iter().count() == 0);
    assert_eq!(snapshot.providers.names().count(), 0);
}
