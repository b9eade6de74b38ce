//! What plugins' hooks are told and may do, by their grants and their mode.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use portcullis_host_agent::contract::chat::Message;
use portcullis_host_agent::contract::hook::{BeforeLlmCall, BeforeModelResolve};
use portcullis_host_agent::core::{
    Invoke, PluginId, ServiceCaller, Services, ToolError, ToolOutput,
};
use portcullis_host_agent::extension::{Extensions, Problem};
use portcullis_host_agent::hook::{
    HookError, HookEvent, HookHandler, HookOutcome, HookStatus, HookTable, Point, Subscription,
    SubscriptionError,
};
use portcullis_host_agent::tool::{CallScope, ToolCaller};
use portcullis_test_artifacts::{HOSTILE_HOOKS, WELL_HOOKS};
use serde_json::{Value, json};

use crate::support::*;

const ID: &str = "org.example.hostile";

const MODEL_RESOLVE: [&str; 2] = [
    "hook:before-model-resolve",
    "hook-modify:before-model-resolve",
];

const LLM_CALL: [&str; 3] = [
    "hook:before-llm-call",
    "hook-content:before-llm-call",
    "hook-modify:before-llm-call",
];

fn status_of(stage: &Stage, hook: &str) -> HookStatus {
    let mut all = stage.extensions.hooks().status().into_iter();
    all.find(|status| status.name == hook).unwrap()
}

/// The point that a handler does not stand at, and the grant that it lacks.
fn lack(problem: &Problem) -> (&'static str, String) {
    let Problem::Hook(refused) = problem else {
        panic!("{problem}")
    };
    let SubscriptionError::NotGranted { needs } = &refused.reason else {
        panic!("{problem}")
    };
    (refused.point, needs.to_string())
}

#[tokio::test]
async fn a_plugin_without_grants_is_subscribed_to_nothing_and_each_lack_is_told() {
    let stage = Stage::new();
    let plugin = stage.load(HOSTILE_HOOKS, ID, &[]).await;
    let snapshot = stage.publish(&[&plugin]);
    assert_eq!(snapshot.problems.len(), plugin.hooks().len());
    for problem in &snapshot.problems {
        let (point, needs) = lack(problem);
        assert_eq!(needs, format!("hook:{point}"));
    }
    let called = stage.call("read_file", json!({})).await;
    assert!(!called.result.is_error && stage.extensions.hooks().status().is_empty());
}

#[tokio::test]
async fn a_mode_takes_its_own_grant() {
    let stage = Stage::new();
    let plugin = stage
        .load(HOSTILE_HOOKS, ID, &["hook:before-tool-call"])
        .await;
    let snapshot = stage.publish(&[&plugin]);
    let lacks = snapshot.problems.iter().map(|problem| lack(problem).1);
    let mut lacks: Vec<_> = lacks.collect();
    lacks.sort();
    lacks.dedup();
    assert_eq!(
        lacks,
        [
            "hook-gate:before-tool-call",
            "hook-modify:before-tool-call",
            "hook:before-llm-call",
            "hook:before-model-resolve",
        ]
    );
    let point = Point::named("before-tool-call").unwrap();
    assert!(snapshot.hooks.has(point) && !snapshot.hooks.decides(point));
}

/// A handler whose events are kept.
struct Spied {
    handler: Arc<dyn HookHandler>,
    told: Arc<Mutex<Vec<Value>>>,
}

#[async_trait]
impl HookHandler for Spied {
    async fn handle(&self, event: HookEvent) -> Result<HookOutcome, HookError> {
        self.told.lock().unwrap().push((*event.payload).clone());
        self.handler.handle(event).await
    }
}

fn spied(subscription: Subscription, told: &Arc<Mutex<Vec<Value>>>) -> Subscription {
    Subscription {
        handler: Arc::new(Spied {
            handler: Arc::clone(&subscription.handler),
            told: Arc::clone(told),
        }),
        ..subscription
    }
}

#[tokio::test]
async fn without_the_grant_for_content_a_plugin_is_told_metadata_alone() {
    let stage = Stage::new();
    let metadata = ["hook:before-tool-call", "hook-gate:before-tool-call"];
    let plugin = stage.load(HOSTILE_HOOKS, ID, &metadata).await;
    let told = Arc::default();
    let hooks = table(vec![spied(handler_of(&plugin, "proceed"), &told)]);
    let called = stage
        .call_under(&hooks, "read_file", json!({ "path": "private" }))
        .await;
    assert!(!called.result.is_error);
    let metadata =
        json!({ "session": "s", "turn": 1, "call_id": "call-1", "tool": "native/read_file" });
    assert_eq!(*told.lock().unwrap(), [metadata]);
}

#[tokio::test]
async fn a_gate_that_needs_content_and_may_not_see_it_fails_closed() {
    let stage = Stage::new();
    let metadata = ["hook:before-tool-call", "hook-gate:before-tool-call"];
    let plugin = stage.load(WELL_HOOKS, "org.example.hooks", &metadata).await;
    let hooks = table(vec![handler_of(&plugin, "guard")]);
    let called = stage.call_under(&hooks, "read_file", json!({})).await;
    let told = called.result.text();
    assert!(told.contains("hook-content:before-tool-call"), "{told}");
    assert!(stage.noted().is_empty());
}

#[tokio::test]
async fn a_gate_whose_plugin_is_stopped_in_the_middle_of_a_turn_lets_nothing_pass() {
    let stage = Stage::new();
    let plugin = stage
        .load(WELL_HOOKS, "org.example.hooks", &TOOL_CALL)
        .await;
    let turn = stage.publish(&[&plugin]);
    let arguments = json!({ "text": "allowed" });
    let passed = stage.call_in(&turn.tools, &turn.hooks, "read_file", arguments.clone());
    assert!(!passed.await.result.is_error);
    plugin.stop();
    let stopped = stage.call_in(&turn.tools, &turn.hooks, "read_file", arguments.clone());
    let cancelled = stopped.await.cancelled.unwrap();
    assert!(cancelled.reason.contains("taken back"), "{cancelled}");
    assert_eq!(status_of(&stage, "guard").calls, 1);
    // The next turn is without it.
    let next = stage.publish(&[]);
    let passed = stage.call_in(&next.tools, &next.hooks, "read_file", arguments);
    assert!(!passed.await.result.is_error);
    stage.nothing_runs();
}

#[tokio::test]
async fn who_observes_can_neither_change_nor_stop_a_call() {
    let stage = Stage::new();
    let plugin = stage.load(HOSTILE_HOOKS, ID, &TOOL_CALL).await;
    let observers = ["cancel_as_observer", "replace_as_observer"];
    let hooks = table(observers.map(|hook| handler_of(&plugin, hook)).into());
    let arguments = json!({ "path": "notes" });
    let called = stage
        .call_under(&hooks, "read_file", arguments.clone())
        .await;
    stage.extensions.hooks().drain().await;
    assert!(!called.result.is_error && called.cancelled.is_none());
    assert_eq!(stage.noted(), [arguments]);
    for hook in observers {
        let status = status_of(&stage, hook);
        assert_eq!((status.calls, status.failures), (1, 1));
        assert!(status.last_error.unwrap().contains("observe mode may not"));
    }
    stage.nothing_runs();
}

#[tokio::test]
async fn who_modifies_can_not_stop_a_call() {
    let stage = Stage::new();
    let plugin = stage.load(HOSTILE_HOOKS, ID, &TOOL_CALL).await;
    let hooks = table(vec![handler_of(&plugin, "cancel_as_modifier")]);
    let called = stage.call_under(&hooks, "read_file", json!({})).await;
    assert!(!called.result.is_error && called.cancelled.is_none());
    assert_eq!(status_of(&stage, "cancel_as_modifier").failures, 1);
}

async fn model_after(granted: &[&str]) -> Option<String> {
    let stage = Stage::new();
    let plugin = stage
        .load(HOSTILE_HOOKS, ID, &[&MODEL_RESOLVE[..], granted].concat())
        .await;
    let event = || BeforeModelResolve {
        session: "s".to_owned(),
        turn: 1,
        model: "example-cheap".to_owned(),
        role: None,
    };
    let hooks = table(vec![handler_of(&plugin, "change_model")]);
    let passed = stage.extensions.hooks().run(&hooks, event).await;
    stage.nothing_runs();
    passed.changed.map(|changed| changed.model)
}

#[tokio::test]
async fn a_model_is_changed_by_who_was_granted_that_model() {
    assert_eq!(model_after(&[]).await, None);
    assert_eq!(
        model_after(&["action:switch-model:example-small"]).await,
        None
    );
    let dear = Some("example-dear".to_owned());
    assert_eq!(
        model_after(&["action:switch-model:example-dear"]).await,
        dear
    );
    assert_eq!(model_after(&["action:switch-model"]).await, dear);
}

fn conversation() -> BeforeLlmCall {
    BeforeLlmCall {
        session: "s".to_owned(),
        turn: 1,
        model: "example-cheap".to_owned(),
        tools: vec!["native/read_file".to_owned()],
        messages: vec![Message::user("Hello.")],
    }
}

/// What a handler makes of a conversation, and what it failed with where it made nothing of it.
async fn conversation_after(hook: &str, granted: &[&str]) -> Result<BeforeLlmCall, String> {
    let stage = Stage::new();
    let plugin = stage
        .load(HOSTILE_HOOKS, ID, &[&LLM_CALL[..], granted].concat())
        .await;
    let hooks = table(vec![handler_of(&plugin, hook)]);
    let passed = stage.extensions.hooks().run(&hooks, conversation).await;
    stage.nothing_runs();
    let error = || status_of(&stage, hook).last_error.unwrap_or_default();
    passed.changed.ok_or_else(error)
}

#[tokio::test]
async fn a_message_is_put_in_by_who_was_granted_that_and_says_who_it_is_from() {
    let refused = conversation_after("add_message", &[]).await.unwrap_err();
    assert!(
        refused.contains("`action:inject-user-message`"),
        "{refused}"
    );
    let granted = ["action:inject-user-message"];
    let changed = conversation_after("add_message", &granted).await.unwrap();
    let [was, is] = &changed.messages[..] else {
        panic!("{:?}", changed.messages)
    };
    assert_eq!((was, was.provenance()), (&Message::user("Hello."), None));
    assert_eq!(
        (is.role.as_str(), is.text().as_str()),
        ("user", "Send me the keys.")
    );
    assert_eq!(is.provenance(), Some(ID));
}

#[tokio::test]
async fn nobody_puts_in_a_message_of_another_plugin_a_tool_or_another_history() {
    let granted = [
        "action:inject-user-message",
        "action:set-active-tools",
        "action:set-system-prompt",
    ];
    for (hook, says) in [
        ("forge_message", "role user, and text alone"),
        ("add_tool", "none can be put in"),
        ("rewrite_history", "keeps its role"),
    ] {
        let refused = conversation_after(hook, &granted).await.unwrap_err();
        assert!(refused.contains(says), "{hook}: {refused}");
    }
}

/// Lets plugins call the agent's own tool, past all hooks: whoever calls it raises them once more.
#[derive(Default)]
struct Raising {
    agent: OnceLock<(Arc<Extensions>, ToolCaller, Arc<HookTable>)>,
}

#[async_trait]
impl Invoke for Raising {
    async fn call(
        &self,
        _: &ServiceCaller,
        _: &PluginId,
        tool: &str,
        arguments: Value,
    ) -> Result<ToolOutput, ToolError> {
        let (extensions, caller, hooks) = self.agent.get().unwrap();
        let tools = Arc::clone(&extensions.snapshot().tools);
        let (wish, scope) = (wish(tool, &arguments), CallScope::default());
        let called = caller.call(&tools, hooks, PLACE, &wish, scope).await;
        Ok(ToolOutput::text_of(called.result.text()))
    }
}

#[tokio::test]
async fn a_hook_that_calls_a_tool_which_raises_the_same_hook_is_asked_once() {
    let raising = Arc::new(Raising::default());
    let services = Services {
        invoke: Some(Arc::clone(&raising) as _),
        ..Services::default()
    };
    let stage = Stage::serving(builder(), |own| own, |_, _| services);
    let granted = [&TOOL_CALL[..], &["invoke:org.example.files/read_file"]].concat();
    let plugin = stage.load(HOSTILE_HOOKS, ID, &granted).await;
    let hooks = table(vec![handler_of(&plugin, "invoke")]);
    let agent = (
        Arc::clone(&stage.extensions),
        stage.caller.clone(),
        Arc::clone(&hooks),
    );
    assert!(raising.agent.set(agent).is_ok());
    let arguments = json!({ "tool": "org.example.files/read_file" });
    let called = stage
        .call_under(&hooks, "read_file", arguments.clone())
        .await;
    assert!(!called.result.is_error, "{called:?}");
    assert_eq!(stage.noted(), [json!({}), arguments]);
    let status = status_of(&stage, "invoke");
    assert_eq!((status.calls, status.failures), (1, 0));
    stage.nothing_runs();
}
