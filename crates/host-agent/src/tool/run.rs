//! One call on its way: prepared, checked, approved, made. Each step is a type, and the last one can only be had by the others.

use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, select};
use portcullis_contract::chat::ToolUse;
use portcullis_host_core::{ArgumentMistake, Cancellation, Content, Error, ToolOutput};
use portcullis_host_policy::limits::defaults::{ARGUMENT_BYTES, CANCEL_GRACE};
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::{
    Approvals, CallError, CallScope, QualifiedName, RESULT_BYTES, ToolCall, ToolEntry, ToolSnapshot,
};

/// A call of a tool that there is. Its arguments may be anything, and change.
#[derive(Debug)]
pub struct PreparedCall {
    entry: Arc<ToolEntry>,
    /// What the tool is to be called with. Hooks change it here.
    pub call: ToolCall,
}

/// A call whose arguments fit the tool's schema. They don't change any more.
#[derive(Debug)]
pub struct CheckedCall {
    entry: Arc<ToolEntry>,
    call: ToolCall,
}

/// A call that may be made: exactly this one, once, in the scope for which it was approved.
#[derive(Debug)]
#[must_use = "it was approved and not made"]
pub struct ApprovedCall {
    entry: Arc<ToolEntry>,
    call: ToolCall,
    scope: CallScope,
}

impl ToolSnapshot {
    /// What a model wants to call.
    ///
    /// # Errors
    /// [`Error::UnknownTool`] with the nearest name that there is, and [`Error::InvalidArguments`] where the arguments are no JSON,
    /// or too long.
    pub fn prepare(&self, tool_use: &ToolUse) -> Result<PreparedCall, CallError> {
        let name = tool_use.name.as_str();
        let entry = self.by_model_name(name).ok_or_else(|| {
            let nearest = self.nearest_model_name(name);
            unknown(name, nearest.map(ToString::to_string))
        })?;
        let arguments = parse(&tool_use.arguments).map_err(|problem| {
            entry.invalid(vec![ArgumentMistake {
                pointer: String::new(),
                problem,
            }])
        })?;
        Ok(PreparedCall {
            entry: Arc::clone(entry),
            call: ToolCall {
                arguments,
                attachments: Vec::new(),
            },
        })
    }

    /// What a program or a plugin wants to call.
    ///
    /// # Errors
    /// [`Error::UnknownTool`], with the nearest name that its owner has.
    pub fn prepare_by_name(
        &self,
        name: &QualifiedName,
        call: ToolCall,
    ) -> Result<PreparedCall, CallError> {
        let text = name.to_string();
        let entry = self.get(name).ok_or_else(|| {
            let nearest = self.nearest(&text);
            let of_same_owner = nearest.filter(|nearest| nearest.owner() == name.owner());
            unknown(&text, of_same_owner.map(ToString::to_string))
        })?;
        let entry = Arc::clone(entry);
        Ok(PreparedCall { entry, call })
    }
}

impl PreparedCall {
    /// The tool.
    pub fn entry(&self) -> &ToolEntry {
        &self.entry
    }

    /// Checks the arguments as they are now.
    ///
    /// # Errors
    /// [`Error::InvalidArguments`].
    pub fn check(self) -> Result<CheckedCall, CallError> {
        self.entry.check(&self.call.arguments)?;
        let Self { entry, call } = self;
        Ok(CheckedCall { entry, call })
    }
}

impl CheckedCall {
    /// The tool.
    pub fn entry(&self) -> &ToolEntry {
        &self.entry
    }

    /// What it is to be called with.
    pub fn call(&self) -> &ToolCall {
        &self.call
    }

    /// Asks for approval where the call needs it and none is remembered.
    ///
    /// # Errors
    /// [`CallError::NotApproved`], and [`Error::Cancelled`] where the scope was cancelled meanwhile.
    pub async fn approve(
        self,
        approvals: &Approvals,
        scope: CallScope,
    ) -> Result<ApprovedCall, CallError> {
        approvals.allow(&self, &scope).await?;
        let Self { entry, call } = self;
        Ok(ApprovedCall { entry, call, scope })
    }
}

impl ApprovedCall {
    /// The tool.
    pub fn entry(&self) -> &ToolEntry {
        &self.entry
    }

    /// What was approved.
    pub fn call(&self) -> &ToolCall {
        &self.call
    }

    /// Makes the call. Dropping the future ends it.
    ///
    /// # Errors
    /// The tool's, and [`CallError::TooLarge`].
    pub async fn run(self) -> Result<ToolOutput, CallError> {
        let Self { entry, call, scope } = self;
        let work = entry.tool.call(call, &scope);
        let output = match &scope.cancel {
            // A plugin's host ends what does not end by itself.
            Some(cancel) if entry.plugin().is_none() => in_grace(work, cancel).await?,
            _ => work.await?,
        };
        if is_within(&output, RESULT_BYTES) {
            Ok(output)
        } else {
            let tool = entry.name().clone();
            Err(CallError::TooLarge { tool })
        }
    }
}

fn unknown(tool: &str, nearest: Option<String>) -> Error {
    let tool = tool.to_owned();
    Error::UnknownTool { tool, nearest }
}

/// The arguments that a model wrote. Some write nothing where a tool takes none.
fn parse(arguments: &str) -> Result<Value, String> {
    if arguments.len() as u64 > ARGUMENT_BYTES {
        return Err(format!("they are longer than {ARGUMENT_BYTES} bytes"));
    }
    if arguments.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_str(arguments).map_err(|error| format!("they are no JSON: {error}"))
}

/// The end of a native tool's work, or of its grace after it was asked to end.
async fn in_grace(
    work: impl Future<Output = Result<ToolOutput, Error>>,
    cancel: &Cancellation,
) -> Result<ToolOutput, Error> {
    let run_out = async {
        cancel.cancelled().await;
        sleep(CANCEL_GRACE).await;
    };
    match select(pin!(work), pin!(run_out)).await {
        Either::Left((output, _)) => output,
        Either::Right(((), _)) => Err(Error::Cancelled),
    }
}

fn is_within(output: &ToolOutput, limit: u64) -> bool {
    let content: u64 = output.content.iter().map(Content::size).sum();
    let Some(left) = limit.checked_sub(content) else {
        return false;
    };
    let mut room = Room(left);
    let structured = output.structured.as_ref();
    structured.is_none_or(|value| serde_json::to_writer(&mut room, value).is_ok())
}

/// Counts what is written to it, up to a number.
struct Room(u64);

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.0.checked_sub(bytes.len() as u64);
        self.0 = left.ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
