//! Adds a text to the prompt when a session starts.

mod error;
mod program;
#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use portcullis_contract::hook::{Mode, Payload, Phase, Point, SessionStart};

pub use self::error::BootError;
use super::{BuiltinHook, payload};
use crate::hook::{HookError, HookEvent, HookHandler, HookOutcome, Verdict};

/// What it is called.
const NAME: &str = "boot_script";

/// Longest text that is added: some 16,000 tokens, as for a role's prompt.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// How long a file may take to be read, from a slow disk.
const TIME_TO_READ: Duration = Duration::from_secs(5);

/// How much longer than its program the hook has, so that it is the hook that tells of a program that takes too long.
const TIME_TO_END: Duration = Duration::from_secs(1);

/// Where the text comes from. It is the operator's word, and goes to the model as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is this.
    Text(String),
    /// It is in this file, which is read each time.
    File(PathBuf),
    /// It is what this program writes to its standard output, each time.
    Run(Program),
}

/// A program that is run as the agent's own user, with its environment, without a shell and without input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// A path, or a name that is looked up in `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// How long it may take; then it is killed, with what it started.
    pub timeout: Duration,
}

/// The hook: adds what a [`Source`] gives to the context of each session that starts. What can't be had is an error of the hook
/// that says why; a text with nothing in it is left out.
#[derive(Clone, Debug)]
pub struct BootScript(Source);

impl BootScript {
    /// Adds what `source` gives.
    pub fn new(source: Source) -> Self {
        Self(source)
    }

    /// The points that it is run at.
    pub fn hooks(self) -> Vec<BuiltinHook> {
        let deadline = match &self.0 {
            Source::Text(_) | Source::File(_) => TIME_TO_READ,
            Source::Run(program) => program.timeout.saturating_add(TIME_TO_END),
        };
        let handler: Arc<dyn HookHandler> = Arc::new(self);
        let at = |point| BuiltinHook {
            name: NAME,
            point,
            mode: Mode::Modify,
            phase: Phase::Policy,
            deadline,
            handler,
        };
        Point::named(SessionStart::POINT)
            .map(at)
            .into_iter()
            .collect()
    }

    async fn text(&self) -> Result<String, BootError> {
        let bytes = match &self.0 {
            Source::Text(text) => text.clone().into_bytes(),
            Source::File(path) => {
                let path = path.clone();
                let reading = tokio::task::spawn_blocking(move || read(&path));
                reading.await.map_err(|_| BootError::Interrupted)??
            }
            Source::Run(program) => program.output().await?,
        };
        if bytes.len() > MAX_BYTES {
            return Err(BootError::TooLong {
                what: self.0.name(),
            });
        }
        String::from_utf8(bytes).map_err(|error| BootError::NotText {
            what: self.0.name(),
            at: error.utf8_error().valid_up_to(),
        })
    }
}

impl Source {
    fn name(&self) -> String {
        match self {
            Self::Text(_) => "the configured text".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Run(program) => program.what(),
        }
    }
}

/// One byte more than there may be, at most.
fn read(path: &Path) -> Result<Vec<u8>, BootError> {
    let unreadable = |error: std::io::Error| BootError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    // Before it is opened: to open a pipe is to wait for who writes to it.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(BootError::NotAFile {
            path: path.to_owned(),
        });
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

#[async_trait]
impl HookHandler for BootScript {
    async fn handle(&self, event: HookEvent) -> Result<HookOutcome, HookError> {
        let mut session: SessionStart = payload(&event)?;
        let text = self.text().await?;
        let text = text.trim_end();
        if text.is_empty() {
            return Ok(HookOutcome::default());
        }
        session.context.push(text.to_owned());
        let payload = serde_json::to_value(session).map_err(|error| HookError {
            code: "internal".to_owned(),
            message: error.to_string(),
        })?;
        Ok(HookOutcome {
            verdict: Verdict::Replace(payload),
            actions: Vec::new(),
        })
    }
}
