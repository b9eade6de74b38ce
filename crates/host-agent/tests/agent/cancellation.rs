//! What is dropped at any point at which it waits leaves nothing running and nothing half done.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use async_trait::async_trait;
use futures::StreamExt;
use portcullis_host_agent::action::{Action, ActionHost, Intent, Refusal, apply_all};
use portcullis_host_agent::contract::chat::{ChatRequest, Message};
use portcullis_host_agent::contract::hook::{BeforeToolCall, Mode};
use portcullis_host_agent::core::{
    Cancellation, ChatEvent, Invoke, PluginId, ServiceCaller, Services, ToolError, ToolOutput,
};
use portcullis_host_agent::hook::{HookTable, Subscription};
use portcullis_host_agent::provider::collect;
use portcullis_host_agent::service::RegistryInvoke;
use portcullis_host_agent::tool::{CallScope, Called};
use portcullis_test_artifacts::{
    HOSTILE_HOOKS, HOSTILE_PROVIDER, WELL_ASKING, WELL_HOOKS, WELL_PROVIDER, WELL_RELAY,
};
use serde_json::{Value, json};

use crate::support::*;

/// More often than anything here is polled.
const MOST_POLLS: usize = 10_000;

/// Polls a future so often, whenever it is woken, and gives it up where it has not come to its end by then.
async fn within_polls<T>(future: impl Future<Output = T>, most: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut left = most;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Begins something again and again and gives it up one poll later each time, until it comes to its end. Guests were at work at some
/// of these moments, and after none of them.
async fn dropped_everywhere<T>(stage: &Stage, begin: impl AsyncFn() -> T, check: impl Fn()) -> T {
    let mut most_live = 0;
    for polls in 0..MOST_POLLS {
        let mut work = Box::pin(begin());
        let done = within_polls(work.as_mut(), polls).await;
        most_live = most_live.max(stage.host.stats().live_instances);
        drop(work);
        stage.nothing_runs();
        if let Some(done) = done {
            assert!(most_live > 0, "no guest was dropped at its work");
            return done;
        }
        check();
    }
    panic!("it never ended");
}

/// An agent whose hooks ask for an action, and whose tool calls another plugin's, which waits a little.
async fn stage() -> (Stage, Arc<HookTable>) {
    let stage = Stage::serving(
        builder(),
        |own| own,
        |extensions, approvals| Services {
            invoke: Some(Arc::new(RegistryInvoke::new(
                Arc::clone(extensions.tools()),
                Arc::clone(approvals),
            ))),
            ..Services::default()
        },
    );
    let granted = [
        &TOOL_CALL[..],
        &[
            "hook:tool-result-persist",
            "hook-content:tool-result-persist",
            "hook-modify:tool-result-persist",
            "action:set-ui-status",
        ],
    ];
    let hooks = stage
        .load(WELL_HOOKS, "org.example.hooks", &granted.concat())
        .await;
    let invoke = ["invoke:org.example.relay/relay"];
    let asker = stage.load(WELL_ASKING, "org.example.asker", &invoke).await;
    let relay = stage.load(WELL_RELAY, "org.example.relay", &[]).await;
    stage.publish(&[&asker, &relay]);
    let hooks = ["guard", "redact"].map(|hook| handler_of(&hooks, hook));
    (stage, table(hooks.into()))
}

async fn call_once(stage: &Stage, hooks: &Arc<HookTable>) -> Called {
    let arguments = json!({
        "tool": "org.example.relay/relay",
        "arguments": { "to": [], "ms": 1 },
    });
    stage
        .call_under(hooks, "org_example_asker__call_other", arguments)
        .await
}

/// Shows what hooks want shown, not all at once.
#[derive(Default)]
struct Status(Mutex<Vec<Action>>);

#[async_trait]
impl ActionHost for Status {
    async fn apply(&self, intent: &Intent) -> Result<(), Refusal> {
        tokio::task::yield_now().await;
        self.0.lock().unwrap().push(intent.action.clone());
        tokio::task::yield_now().await;
        Ok(())
    }
}

#[tokio::test]
async fn a_tool_call_is_dropped_anywhere() {
    let (stage, hooks) = stage().await;
    let status = Status::default();
    let wanted = Action::SetUiStatus {
        text: "org.example.asker/call_other".to_owned(),
    };
    let call = async || {
        let called = call_once(&stage, &hooks).await;
        apply_all(&status, called.intents).await;
        called.result
    };
    let applied = || {
        let applied = std::mem::take(&mut *status.0.lock().unwrap());
        assert!(
            applied.is_empty() || applied == [wanted.clone()],
            "{applied:?}"
        );
    };
    let result = dropped_everywhere(&stage, call, applied).await;
    assert!(!result.is_error, "{result:?}");
    assert_eq!(*status.0.lock().unwrap(), [wanted]);
}

#[tokio::test]
async fn a_tool_call_is_asked_to_end_anywhere() {
    let (stage, hooks) = stage().await;
    let tools = Arc::clone(&stage.extensions.snapshot().tools);
    let arguments = json!({
        "tool": "org.example.relay/relay",
        "arguments": { "to": [], "ms": 1 },
    });
    for polls in 0..MOST_POLLS {
        let cancel = Cancellation::new();
        let scope = CallScope {
            cancel: Some(cancel.clone()),
            ..CallScope::default()
        };
        let wish = wish("org_example_asker__call_other", &arguments);
        let mut call = pin!(stage.caller.call(&tools, &hooks, PLACE, &wish, scope));
        let ended = within_polls(call.as_mut(), polls).await;
        let is_whole = ended.is_some();
        cancel.cancel();
        let result = match ended {
            Some(called) => called.result,
            None => call.await.result,
        };
        let text = result.text();
        assert_eq!(result.is_error, text.starts_with("cancelled: "), "{text}");
        stage.nothing_runs();
        if is_whole {
            assert!(!result.is_error, "{text}");
            return;
        }
    }
    panic!("it never ended");
}

/// Answers after a while.
struct Slow;

#[async_trait]
impl Invoke for Slow {
    async fn call(
        &self,
        _: &ServiceCaller,
        _: &PluginId,
        _: &str,
        _: Value,
    ) -> Result<ToolOutput, ToolError> {
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
        Ok(ToolOutput::text_of("done"))
    }
}

#[tokio::test]
async fn a_hook_pass_is_dropped_anywhere() {
    let services = Services {
        invoke: Some(Arc::new(Slow)),
        ..Services::default()
    };
    let stage = Stage::serving(builder(), |own| own, |_, _| services);
    let granted = [&TOOL_CALL[..], &["invoke:org.example.files/stat"]].concat();
    let plugin = stage
        .load(HOSTILE_HOOKS, "org.example.hostile", &granted)
        .await;
    let hooks = ["invoke", "replace_arguments"].map(|hook| Subscription {
        mode: Mode::Gate,
        ..handler_of(&plugin, hook)
    });
    let hooks = table(hooks.into());
    let event = || BeforeToolCall {
        session: "s".to_owned(),
        turn: 1,
        call_id: "call-1".to_owned(),
        tool: "native/read_file".to_owned(),
        arguments: json!({ "tool": "org.example.files/stat" }),
    };
    let pass = async || stage.extensions.hooks().run(&hooks, event).await;
    let passed = dropped_everywhere(&stage, pass, || ()).await;
    assert_eq!(
        passed.changed.unwrap().arguments,
        json!({ "path": "/etc/passwd" })
    );
}

fn request() -> ChatRequest {
    ChatRequest {
        model: "any".to_owned(),
        messages: vec![Message::user("one two three four five")],
        ..ChatRequest::default()
    }
}

#[tokio::test]
async fn an_answer_is_dropped_after_any_of_its_pieces() {
    let stage = Stage::new();
    let plugin = stage.load(WELL_PROVIDER, "org.example.model", &[]).await;
    let snapshot = stage.publish(&[&plugin]);
    let echo = snapshot.providers.get("org.example.model/echo").unwrap();
    for pieces in 0..=6 {
        let mut answer = echo.chat(request()).await.unwrap();
        let heard: Vec<_> = answer.by_ref().take(pieces).collect().await;
        drop(answer);
        assert_eq!(heard.len(), pieces);
        stage.nothing_runs();
        let is_whole = matches!(heard.last(), Some(Ok(ChatEvent::Finish(_))));
        assert_eq!(is_whole, pieces == 6, "{heard:?}");
    }
}

#[tokio::test]
async fn an_answer_that_never_comes_is_dropped_with_its_guest() {
    let stage = Stage::new();
    let plugin = stage
        .load(HOSTILE_PROVIDER, "org.example.hostile", &[])
        .await;
    let snapshot = stage.publish(&[&plugin]);
    for provider in ["silent", "hang"] {
        let name = format!("org.example.hostile/{provider}");
        let provider = snapshot.providers.get(&name).unwrap();
        let ask = async { collect(provider.chat(request()).await?).await };
        assert!(within_polls(ask, 1).await.is_none());
        stage.nothing_runs();
    }
}
