//! A double for all that an agent serves, which answers by what it is asked.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::{StreamExt, future, stream};
use portcullis_host_core::portcullis_contract::chat::{
    ChatError, ChatRequest, Delta, Finish, ToolUseDelta, Usage,
};
use portcullis_host_core::{
    ChatEvent, ChatStream, Chunk, Invoke, Llm, PlanStep, Planner, PluginId, Retrieval,
    ServiceCaller, ServiceError, Services, ToolError, ToolOutput,
};
use serde_json::{Value, json};

/// Notes who asked for what.
#[derive(Default)]
pub(crate) struct Agent(Mutex<Vec<String>>);

impl Agent {
    fn note(&self, caller: &ServiceCaller, what: impl Into<String>) {
        assert_eq!(caller.chain.links().len(), 1);
        let asked = format!("{}: {}", caller.chain, what.into());
        self.0.lock().unwrap().push(asked);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn said(text: &str) -> Result<ChatEvent, ChatError> {
    Ok(ChatEvent::Delta(Delta::Text(text.into())))
}

fn wished(index: u32, name: Option<&str>, arguments: &str) -> Result<ChatEvent, ChatError> {
    Ok(ChatEvent::Delta(Delta::ToolUse(ToolUseDelta {
        index,
        id: name.map(|name| format!("id-of-{name}")),
        name: name.map(str::to_owned),
        arguments: arguments.into(),
    })))
}

fn finished(reason: &str) -> Result<ChatEvent, ChatError> {
    let usage = Usage {
        input_tokens: 1,
        output_tokens: 7,
        details: Vec::new(),
    };
    Ok(ChatEvent::Finish(Finish {
        usage: Some(usage),
        ..Finish::new(reason)
    }))
}

#[async_trait]
impl Llm for Agent {
    async fn chat(
        &self,
        caller: &ServiceCaller,
        request: ChatRequest,
    ) -> Result<ChatStream, ChatError> {
        let text = request.messages[0].text();
        self.note(caller, format!("chat {} {text}", request.model));
        let events = match &*text {
            "busy" => return Err(ChatError::rate_limited("later", Some(1_500))),
            "hang" => return future::pending().await,
            "break" => vec![said("half")],
            "fail" => vec![said("half"), Err(ChatError::unavailable("line dead"))],
            "use" => vec![
                said("I look."),
                wished(0, Some("read"), "{\"path\""),
                wished(1, Some("list"), "{}"),
                wished(0, None, ": \"a\"}"),
                finished("tool-use"),
            ],
            "much" => vec![said(&"x".repeat(100_000)), finished("stop")],
            _ => vec![said("to "), said("be"), finished("stop")],
        };
        let events = stream::iter(events);
        Ok(match &*text {
            "one and no more" => events.take(1).chain(stream::pending()).boxed(),
            _ => events.boxed(),
        })
    }
}

#[async_trait]
impl Retrieval for Agent {
    fn corpora(&self) -> Vec<String> {
        vec!["handbook".into(), "mail".into(), "wiki".into()]
    }

    async fn search(
        &self,
        caller: &ServiceCaller,
        corpora: &[String],
        query: &str,
        limit: u32,
    ) -> Result<Vec<Chunk>, ServiceError> {
        self.note(caller, format!("search {corpora:?} {query} {limit}"));
        let text = match query {
            "hang" => return future::pending().await,
            "much" => "x".repeat(100_000),
            "(" => return Err(ServiceError::invalid("the bracket is never closed")),
            _ => "three weeks".into(),
        };
        Ok(vec![Chunk {
            id: "leave-3".into(),
            text,
            score: 0.5,
            source: Some("leave.md".into()),
            metadata: Some(json!({ "line": 3 })),
        }])
    }
}

#[async_trait]
impl Planner for Agent {
    async fn solve(
        &self,
        caller: &ServiceCaller,
        domain: &str,
        problem: &str,
    ) -> Result<Vec<PlanStep>, ServiceError> {
        self.note(caller, format!("solve {domain} {problem}"));
        match problem {
            "hang" => future::pending().await,
            "hard" => Err(ServiceError::not_found("there is no plan")),
            _ => Ok(vec![PlanStep {
                action: if problem == "much" {
                    "x".repeat(100_000)
                } else {
                    "drive".into()
                },
                arguments: vec!["truck".into(), "depot".into()],
            }]),
        }
    }
}

#[async_trait]
impl Invoke for Agent {
    async fn call(
        &self,
        caller: &ServiceCaller,
        plugin: &PluginId,
        tool: &str,
        arguments: Value,
    ) -> Result<ToolOutput, ToolError> {
        self.note(caller, format!("call {plugin}/{tool} {arguments}"));
        match arguments["text"].as_str() {
            Some("hang") => future::pending().await,
            Some("fail") => Err(ToolError::new("teapot", "short and stout")),
            Some("much") => Ok(output(json!("x".repeat(100_000)))),
            _ => Ok(output(json!({ "called": tool }))),
        }
    }
}

fn output(answer: Value) -> ToolOutput {
    let mut output = ToolOutput::text_of(answer.to_string());
    output.structured = Some(answer);
    output
}

pub(crate) fn services() -> (Services, Arc<Agent>) {
    let agent = Arc::new(Agent::default());
    let services = Services {
        llm: Some(agent.clone()),
        retrieval: Some(agent.clone()),
        planner: Some(agent.clone()),
        invoke: Some(agent.clone()),
        ..Services::default()
    };
    (services, agent)
}
