//! The agent's own tools: files of one folder.

use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use portcullis_host_agent::core::{Error, ToolDefinition, ToolError, ToolOutput};
use portcullis_host_agent::tool::{CallScope, Tool, ToolCall};
use serde_json::{Value, json};

/// The largest file that is read: what a conversation can hold.
const MOST_BYTES: u64 = 256 * 1024;

/// Reads a file of the folder.
#[derive(Debug)]
pub struct ReadFile {
    folder: PathBuf,
    definition: ToolDefinition,
}

/// Deletes a file of the folder.
#[derive(Debug)]
pub struct DeleteFile {
    folder: PathBuf,
    definition: ToolDefinition,
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": { "path": { "type": "string", "description": "From the working folder." } },
        "required": ["path"],
        "additionalProperties": false,
    })
}

impl ReadFile {
    /// Of this folder.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            definition: ToolDefinition::new(
                "read_file",
                "Reads a text file of the working folder.",
                schema(),
            ),
        }
    }
}

impl DeleteFile {
    /// Of this folder.
    pub fn new(folder: &Path) -> Self {
        let mut definition = ToolDefinition::new(
            "delete_file",
            "Deletes a file of the working folder.",
            schema(),
        );
        // What a person is asked about before it is done.
        definition
            .annotations
            .insert("destructive".to_owned(), "true".to_owned());
        Self {
            folder: folder.to_owned(),
            definition,
        }
    }
}

#[async_trait]
impl Tool for ReadFile {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, call: ToolCall, _: &CallScope) -> Result<ToolOutput, Error> {
        let path = within(&self.folder, &call.arguments).await?;
        let size = tokio::fs::metadata(&path).await.map_err(unreadable)?.len();
        if size > MOST_BYTES {
            let message = format!("the file has {size} bytes, and {MOST_BYTES} can be read");
            return Err(Error::Tool(ToolError::new("too-large", message)));
        }
        let text = tokio::fs::read_to_string(&path).await.map_err(unreadable)?;
        Ok(ToolOutput::text_of(text))
    }
}

#[async_trait]
impl Tool for DeleteFile {
    fn definition(&self) -> &ToolDefinition {
        &self.definition
    }

    async fn call(&self, call: ToolCall, _: &CallScope) -> Result<ToolOutput, Error> {
        let path = within(&self.folder, &call.arguments).await?;
        tokio::fs::remove_file(&path).await.map_err(unreadable)?;
        Ok(ToolOutput::text_of("deleted"))
    }
}

fn unreadable(error: std::io::Error) -> Error {
    Error::Tool(ToolError::new("not-found", error.to_string()))
}

/// The file that is meant, if it is in the folder, links followed.
async fn within(folder: &Path, arguments: &Value) -> Result<PathBuf, Error> {
    let outside = || {
        let message = "name a file of the working folder, without `..`";
        Error::Tool(ToolError::new("invalid-arguments", message))
    };
    let named = Path::new(arguments["path"].as_str().ok_or_else(outside)?);
    let plain = named
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain {
        return Err(outside());
    }
    let folder = tokio::fs::canonicalize(folder).await.map_err(unreadable)?;
    let path = tokio::fs::canonicalize(folder.join(named))
        .await
        .map_err(unreadable)?;
    if path.starts_with(&folder) {
        Ok(path)
    } else {
        Err(outside())
    }
}
