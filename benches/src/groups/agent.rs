//! What an agent pays: for hooks that nobody handles, for a plugin's gate, for a plugin's model provider, and for having no plugins.

use std::sync::Arc;

use futures::StreamExt as _;
use portcullis_host_agent::contract::chat::{ChatRequest, Message, ToolUse};
use portcullis_host_agent::contract::hook::BeforeToolCall;
use portcullis_host_agent::core::{Error, ToolDefinition, ToolOutput};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::hook::{HookOptions, HookRunner, HookTable, subscriptions};
use portcullis_host_agent::provider::{ChatEvent, ChatProvider, Scripted, Turn};
use portcullis_host_agent::tool::{
    Approvals, CallScope, Place, Tool, ToolCall, ToolCaller, ToolSnapshot, Unattended,
};
use portcullis_host_core::Grant;
use portcullis_test_artifacts::{BENCH_GREET, BENCH_HOOK, BENCH_PROVIDER};
use serde_json::{Value, json};
use wasmtime::{Result, ensure};

use super::{arguments, greet, host, limits};
use crate::figures::Measured;
use crate::measure::{ROUNDS, current_thread, mean_us, median, timed};

/// Events, calls and pieces of one round.
const EVENTS: u32 = 100_000;
const CALLS: u32 = 1_000;
const NATIVE_CALLS: u32 = 10_000;
const PIECES: u32 = 200_000;
const ANSWERS: u32 = 200;

pub(super) fn measure() -> Result<Vec<Measured>> {
    let runtime = current_thread()?;
    runtime.block_on(async {
        let mut figures = vec![point().await?, gate().await?, provider().await?];
        figures.extend([native_tool().await?, native_provider().await?]);
        Ok(figures)
    })
}

fn event() -> BeforeToolCall {
    BeforeToolCall {
        session: "bench".to_owned(),
        turn: 1,
        call_id: "call".to_owned(),
        tool: "native/greet".to_owned(),
        arguments: arguments(),
    }
}

/// A point that nobody stands at.
async fn point() -> Result<Measured> {
    let (runner, table) = (
        HookRunner::new(HookOptions::default()),
        Arc::new(HookTable::default()),
    );
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let raise = async || {
            let passed = runner.run(&table, event).await;
            ensure!(passed.cancelled.is_none(), "nobody could cancel it");
            Ok(())
        };
        times.push(mean_us(EVENTS, raise).await?);
    }
    let us = median(times);
    Ok(Measured::new(
        "hook_point_us",
        us,
        format!("{:.0} ns", us * 1e3),
    ))
}

/// A plugin's gate, beside a call of a tool in an instance of its own.
async fn gate() -> Result<Measured> {
    let host = host(limits()).build()?;
    let tool = host.load(BENCH_GREET, Grant::none()).await?;
    let mut grant = Grant::none();
    for capability in ["hook:before-tool-call", "hook-gate:before-tool-call"] {
        grant = grant.allow(capability.parse()?);
    }
    let plugin = host.load(BENCH_HOOK, grant).await?;
    let (table, refused) = HookTable::new(subscriptions(&plugin));
    ensure!(refused.is_empty(), "{refused:?}");
    let (runner, table) = (HookRunner::new(HookOptions::default()), Arc::new(table));
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        let call = async || greet(&tool, arguments()).await;
        times[0].push(mean_us(CALLS, call).await?);
        let raise = async || {
            let passed = runner.run(&table, event).await;
            ensure!(passed.cancelled.is_none(), "{:?}", passed.cancelled);
            Ok(())
        };
        times[1].push(mean_us(CALLS, raise).await?);
    }
    let [call, gate] = times.map(median);
    let note = format!("{gate:.1} µs ÷ {call:.1} µs");
    Ok(Measured::new("hook_gate_ratio", gate / call, note))
}

fn request(model: &str, text: impl Into<String>) -> ChatRequest {
    ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::user(text)],
        ..ChatRequest::default()
    }
}

/// Reads an answer to its end, and gives the number of its pieces.
async fn read(provider: &dyn ChatProvider, request: ChatRequest) -> Result<u32> {
    let mut stream = provider.chat(request).await?;
    let mut pieces = 0;
    while let Some(event) = stream.next().await {
        match event? {
            ChatEvent::Delta(_) => pieces += 1,
            ChatEvent::Finish(_) => return Ok(pieces),
        }
    }
    wasmtime::bail!("the answer broke off")
}

/// Pieces of a plugin's answer, by way of all that an agent puts around it.
async fn provider() -> Result<Measured> {
    let host = host(limits()).build()?;
    let plugin = host.load(BENCH_PROVIDER, Grant::none()).await?;
    let route = format!("{}/fast", plugin.id());
    let extensions = Extensions::builder().route("fast", &route).build();
    let snapshot = extensions.publish(&[plugin]);
    ensure!(snapshot.problems.is_empty(), "{:?}", snapshot.problems);
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let asked = read(&*snapshot.models, request("fast", PIECES.to_string()));
        let (us, pieces) = timed(asked).await;
        ensure!(pieces? == PIECES, "pieces were lost");
        rates.push(f64::from(PIECES) / (us / 1e6));
    }
    let rate = median(rates);
    let note = format!(
        "{PIECES} pieces in {:.0} ms",
        f64::from(PIECES) / rate * 1e3
    );
    Ok(Measured::new("provider_deltas_per_s", rate, note))
}

struct Greet(ToolDefinition);

#[async_trait::async_trait]
impl Tool for Greet {
    fn definition(&self) -> &ToolDefinition {
        &self.0
    }

    async fn call(&self, call: ToolCall, _: &CallScope) -> Result<ToolOutput, Error> {
        let name = call.arguments["name"].as_str().unwrap_or_default();
        Ok(ToolOutput::text_of(format!("Hello, {name}!")))
    }
}

fn schema() -> Value {
    let (name, age) = (json!({"type": "string"}), json!({"type": "integer"}));
    json!({"type": "object", "properties": {"name": name, "age": age}})
}

/// An agent's own tool with plugins off, beside the same without any hooks around it.
async fn native_tool() -> Result<Measured> {
    let greet = Greet(ToolDefinition::new("greet", "Greets.", schema()));
    let extensions = Extensions::builder().tool(greet)?.build();
    let snapshot = extensions.snapshot();
    let approvals = Arc::new(Approvals::new(Arc::new(Unattended::default())));
    let caller = ToolCaller::new(extensions.hooks().clone(), Arc::clone(&approvals));
    let wanted = ToolUse {
        id: "call".to_owned(),
        name: "greet".to_owned(),
        arguments: arguments().to_string(),
    };
    let place = Place {
        session: "bench",
        turn: 1,
    };
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        let alone = async || alone(&snapshot.tools, &approvals, &wanted).await;
        times[0].push(mean_us(NATIVE_CALLS, alone).await?);
        let call = async || {
            let scope = CallScope::default();
            let called = caller.call(&snapshot.tools, &snapshot.hooks, place, &wanted, scope);
            ensure!(!called.await.result.is_error, "the tool failed");
            Ok(())
        };
        times[1].push(mean_us(NATIVE_CALLS, call).await?);
    }
    let [alone, with_hooks] = times.map(median);
    let note = format!("{with_hooks:.2} µs − {alone:.2} µs");
    Ok(Measured::new("disabled_tool_us", with_hooks - alone, note))
}

async fn alone(tools: &ToolSnapshot, approvals: &Approvals, wanted: &ToolUse) -> Result<()> {
    let checked = tools.prepare(wanted)?.check()?;
    let approved = checked.approve(approvals, CallScope::default()).await?;
    let output = approved.run().await?;
    let result = portcullis_host_agent::tool::answered("call", output);
    ensure!(!result.is_error, "the tool failed");
    Ok(())
}

/// An agent's own provider with plugins off, beside the same asked directly.
async fn native_provider() -> Result<Measured> {
    let scripted = || {
        Arc::new(Scripted::reacting(|_| {
            Turn::new().text("a b c d e f g h i j k l")
        }))
    };
    let direct = portcullis_host_agent::provider::Bounded::new(scripted(), Default::default());
    let extensions = Extensions::builder()
        .provider("scripted", scripted())
        .route("*", "scripted")
        .build();
    let snapshot = extensions.snapshot();
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        let ask = async || read(&direct, request("m", "?")).await.map(drop);
        times[0].push(mean_us(ANSWERS, ask).await?);
        let ask = async || read(&*snapshot.models, request("m", "?")).await.map(drop);
        times[1].push(mean_us(ANSWERS, ask).await?);
    }
    let [direct, routed] = times.map(median);
    let note = format!("{routed:.1} µs ÷ {direct:.1} µs");
    Ok(Measured::new(
        "disabled_provider_ratio",
        routed / direct,
        note,
    ))
}
