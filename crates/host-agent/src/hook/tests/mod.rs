//! Tests of hooks with handlers of the program's own.

mod actions;
mod breaker;
mod changes;
mod cost;
mod gates;
mod modify;
mod observers;
mod order;
mod reentrancy;
mod subscriptions;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use portcullis_contract::chat::Message;
use portcullis_contract::hook::{BeforeLlmCall, BeforeToolCall, MessageSent};
use portcullis_host_policy::capability::Capability;
use serde_json::{Value, json};

use super::*;
use crate::action::Action;

/// Exactly these grants.
struct Granted(Vec<Capability>);

impl Permits for Granted {
    fn permits(&self, capability: &Capability) -> bool {
        self.0.iter().any(|grant| grant.covers(capability))
    }
}

fn granted(grants: &[&str]) -> Arc<dyn Permits> {
    Arc::new(Granted(
        grants.iter().map(|grant| grant.parse().unwrap()).collect(),
    ))
}

fn point(name: &str) -> &'static Point {
    Point::named(name).unwrap()
}

fn id(id: &str) -> PluginId {
    id.parse().unwrap()
}

/// A native handler for `before-tool-call`, until told otherwise.
fn native(name: &str, mode: Mode, handler: Arc<dyn HookHandler>) -> Subscription {
    Subscription {
        author: Author::Native,
        name: name.to_owned(),
        point: point("before-tool-call"),
        mode,
        phase: Phase::default(),
        priority: 0,
        deadline: None,
        permits: None,
        handler,
    }
}

/// A plugin's, with these grants alone.
fn plugin(name: &str, mode: Mode, grants: &[&str], handler: Arc<dyn HookHandler>) -> Subscription {
    Subscription {
        author: Author::Plugin(id("org.example.plugin")),
        permits: Some(granted(grants)),
        ..native(name, mode, handler)
    }
}

fn table(subscriptions: Vec<Subscription>) -> Arc<HookTable> {
    let (table, refused) = HookTable::new(subscriptions);
    assert_eq!(refused, []);
    Arc::new(table)
}

fn runner() -> HookRunner {
    HookRunner::new(HookOptions::default())
}

fn says(verdict: Verdict) -> Arc<dyn HookHandler> {
    does(verdict, Vec::new())
}

fn does(verdict: Verdict, actions: Vec<Action>) -> Arc<dyn HookHandler> {
    handler(move |_| {
        let actions = actions.iter().cloned().map(Ok).collect();
        let outcome = HookOutcome {
            verdict: verdict.clone(),
            actions,
        };
        async { Ok(outcome) }
    })
}

fn proceeds() -> Arc<dyn HookHandler> {
    says(Verdict::Proceed)
}

fn cancels(reason: &str) -> Arc<dyn HookHandler> {
    says(Verdict::Cancel(reason.to_owned()))
}

/// Answers with what `edit` makes of the payload.
fn edits(edit: impl Fn(&mut Value) + Send + Sync + Clone + 'static) -> Arc<dyn HookHandler> {
    handler(move |event: HookEvent| {
        let edit = edit.clone();
        async move {
            let mut payload = (*event.payload).clone();
            edit(&mut payload);
            Ok(HookOutcome {
                verdict: Verdict::Replace(payload),
                actions: Vec::new(),
            })
        }
    })
}

fn errs() -> Arc<dyn HookHandler> {
    handler(async |_| {
        Err(HookError {
            code: "trapped".to_owned(),
            message: "unreachable \u{202e}executed".to_owned(),
        })
    })
}

fn hangs() -> Arc<dyn HookHandler> {
    handler(async |_| std::future::pending().await)
}

fn panics() -> Arc<dyn HookHandler> {
    handler(async |event: HookEvent| match event.id.len() {
        0 => Ok(HookOutcome::default()),
        _ => panic!("out of cheese"),
    })
}

/// Proceeds, and counts how often.
fn counts(count: &Arc<AtomicUsize>) -> Arc<dyn HookHandler> {
    let count = count.clone();
    handler(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(HookOutcome::default()) }
    })
}

fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

fn seen(count: &AtomicUsize) -> usize {
    count.load(Ordering::Relaxed)
}

fn call() -> BeforeToolCall {
    BeforeToolCall {
        session: "s".to_owned(),
        turn: 1,
        call_id: "c".to_owned(),
        tool: "native/shell".to_owned(),
        arguments: json!({"command": "ls"}),
    }
}

fn request() -> BeforeLlmCall {
    BeforeLlmCall {
        session: "s".to_owned(),
        turn: 1,
        model: "small".to_owned(),
        tools: vec!["a/one".to_owned(), "a/two".to_owned(), "b/three".to_owned()],
        messages: vec![Message::system("Be kind."), Message::user("Hello!")],
    }
}

/// Lets everything that is ready run.
async fn settle() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}
