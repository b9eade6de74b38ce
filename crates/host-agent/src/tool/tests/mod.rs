//! What the tests of tools share: native tools that do as a test says, plugins that are made from text, and approvers.

mod approvals;
mod calls;
mod plugins;
mod registry;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use portcullis_contract::chat::ToolUse;
use portcullis_host_core::{
    Error, Grant, Host, InstancePolicy, LoadOptions, Plugin, ToolDefinition, ToolOutput,
};
use portcullis_host_policy::manifest::section;
use serde_json::{Value, json};

use super::*;

/// A native tool that answers with what a function makes of its arguments.
struct Native<F> {
    definition: ToolDefinition,
    answer: F,
}

#[async_trait]
impl<F> Tool for Native<F>
where
    F: Fn(Value) -> Result<ToolOutput, Error> + Send + Sync,
{
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, call: ToolCall, _: &CallScope) -> Result<ToolOutput, Error> {
        (self.answer)(call.arguments)
    }
}

/// A definition of a tool that takes a `path`, and says nothing of what it does.
fn definition(name: &str) -> ToolDefinition {
    let schema = json!({
        "type": "object",
        "properties": {"path": {"type": "string"}},
        "additionalProperties": false,
    });
    ToolDefinition::new(name, "Does as it is told.", schema)
}

fn destructive(name: &str) -> ToolDefinition {
    let mut definition = definition(name);
    let annotations = &mut definition.annotations;
    annotations.insert("destructive".to_owned(), "true".to_owned());
    definition
}

fn native(
    definition: ToolDefinition,
    answer: impl Fn(Value) -> Result<ToolOutput, Error> + Send + Sync + 'static,
) -> Arc<dyn Tool> {
    Arc::new(Native { definition, answer })
}

/// A native tool that answers with its arguments.
fn echo(definition: ToolDefinition) -> Arc<dyn Tool> {
    native(definition, |arguments| {
        Ok(ToolOutput::text_of(arguments.to_string()))
    })
}

fn registry_of(tools: impl IntoIterator<Item = Arc<dyn Tool>>) -> ToolRegistry {
    let registry = ToolRegistry::new();
    for tool in tools {
        registry.add(tool).unwrap();
    }
    registry
}

fn wanted(name: &str, arguments: &str) -> ToolUse {
    ToolUse {
        id: "call-1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
    }
}

fn in_session(session: &str) -> CallScope {
    CallScope {
        session: Some(session.to_owned()),
        ..CallScope::default()
    }
}

/// Answers always the same, and keeps what it was asked.
struct Person {
    answer: Answer,
    asked: Mutex<Vec<ApprovalRequest>>,
}

impl Person {
    fn who_says(answer: Answer) -> Arc<Self> {
        let asked = Mutex::default();
        Arc::new(Self { answer, asked })
    }

    fn asked(&self) -> Vec<ApprovalRequest> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Approver for Person {
    async fn approve(&self, request: &ApprovalRequest) -> Answer {
        self.asked.lock().unwrap().push(request.clone());
        self.answer.clone()
    }
}

fn nobody() -> Approvals {
    Approvals::new(Arc::new(Unattended::default()))
}

/// All steps of one call.
async fn run(
    snapshot: &ToolSnapshot,
    tool_use: &ToolUse,
    approvals: &Approvals,
    scope: CallScope,
) -> Result<ToolOutput, CallError> {
    let checked = snapshot.prepare(tool_use)?.check()?;
    checked.approve(approvals, scope).await?.run().await
}

/// A plugin of three tools – `marker` answers with its mark twice, `spin` never, `count` how many calls its instance has had.
struct Made<'a> {
    id: &'a str,
    /// Four characters.
    mark: &'a str,
    /// Sixteen bytes, for all three tools, as WebAssembly's text format writes them.
    description: &'a str,
    /// Whether its author says that all three change or delete something.
    destructive: bool,
    /// What it asks for.
    request: &'a [&'a str],
    /// What of it is granted.
    grant: &'a [&'a str],
    instances: Option<InstancePolicy>,
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            id: "org.example.one",
            mark: "0001",
            description: "Says what it is.",
            destructive: false,
            request: &[],
            grant: &[],
            instances: None,
        }
    }
}

const NO_ANNOTATIONS: &str = r#""\00\00\00\00" "\00\00\00\00")               ;; no annotations"#;

const ANNOTATION: &str = r#"
    (data (i32.const 0x300) "\20\03\00\00" "\0b\00\00\00" "\30\03\00\00" "\04\00\00\00")
    (data (i32.const 0x320) "destructive")
    (data (i32.const 0x330) "true")
    (data (i32.const 0x180)"#;

impl Made<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut text = include_str!("../../../../host-core/tests/registry/versions.wat")
            .replace("\"DESCRIPTION\"", &format!("\"{}\"", self.description))
            .replace("\"MARK\"", &format!("\"{}\"", self.mark));
        if self.destructive {
            text = text
                .replace(NO_ANNOTATIONS, r#""\00\03\00\00" "\01\00\00\00")"#)
                .replace("(data (i32.const 0x180)", ANNOTATION);
        }
        let manifest = format!(
            "[plugin]\nid = \"{}\"\nversion = \"1.0.0\"\n[capabilities]\nrequest = {:?}\n",
            self.id, self.request
        );
        section::embed(&wat::parse_str(text).unwrap(), &manifest).unwrap()
    }

    async fn load(&self) -> Plugin {
        let host = Host::builder().no_cache().no_audit().max_in_flight(4);
        let host = host.build().unwrap();
        let granted = self.grant.iter().map(|rule| rule.parse().unwrap());
        let options = LoadOptions {
            grant: Grant::from_caps(granted),
            instances: self.instances,
            ..LoadOptions::default()
        };
        host.load_with(self.bytes(), options).await.unwrap()
    }
}
