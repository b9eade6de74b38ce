//! Keeps a summary of each session, and recalls it when another starts.
//!
//! When a session ends, what was said is summed up: by a model where there is one, else by what was asked first and last, the
//! tools that were used and the last answer. When a session starts, the latest summaries come before the conversation. They are
//! set off line by line as a record: what tools and plugins said then is not said again by the operator.

mod memory;
mod summary;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use portcullis_contract::hook::{
    AfterCompaction, Mode, Payload, Phase, Point, SessionEnd, SessionStart,
};
use portcullis_host_core::private::user_folder;
use portcullis_host_core::{FileState, MemoryState, StateStore};

use self::memory::Shelf;
use self::summary::{Summarizer, TIME_TO_SUM_UP, extract};
use super::{BuiltinHook, payload};
use crate::hook::{HookError, HookEvent, HookHandler, HookOutcome, Verdict};
use crate::provider::ChatProvider;

/// What it is called.
const NAME: &str = "session_memory";

/// How long the store may take: it waits two seconds for another process that uses it.
const TIME_TO_STORE: Duration = Duration::from_secs(5);

/// The hook. See the [module](self).
pub struct SessionMemory {
    shelf: Shelf,
    summarizer: Option<Summarizer>,
}

impl SessionMemory {
    /// Remembers in `store` for `scope`: an agent and its user, say. What one scope remembers no other recalls.
    pub fn new(store: Arc<dyn StateStore>, scope: &str) -> Self {
        Self {
            shelf: Shelf::new(store, scope),
            summarizer: None,
        }
    }

    /// Remembers in the user's own data folder; where none is known, as long as the process lasts.
    pub fn in_user_folder(scope: &str) -> Self {
        let store: Arc<dyn StateStore> = match user_folder(
            "XDG_DATA_HOME",
            ".local/share",
            "memory",
        ) {
            Some(folder) => Arc::new(FileState::new(folder)),
            None => {
                tracing::warn!(
                    "sessions are remembered as long as this process lasts: neither XDG_DATA_HOME nor a home folder is known"
                );
                Arc::new(MemoryState::default())
            }
        };
        Self::new(store, scope)
    }

    /// Has sessions summed up by this model. Where it fails, or takes too long, that is done without it.
    #[must_use]
    pub fn summed_up_by(
        mut self,
        provider: Arc<dyn ChatProvider>,
        model: impl Into<String>,
    ) -> Self {
        self.summarizer = Some(Summarizer::new(provider, model.into()));
        self
    }

    /// The points that it is run at.
    pub fn hooks(self) -> Vec<BuiltinHook> {
        let summing_up = match self.summarizer {
            Some(_) => TIME_TO_SUM_UP,
            None => Duration::ZERO,
        };
        let handler: Arc<dyn HookHandler> = Arc::new(self);
        let hook = |(name, mode, phase, deadline)| {
            Some(BuiltinHook {
                name: NAME,
                point: Point::named(name)?,
                mode,
                phase,
                deadline,
                handler: Arc::clone(&handler),
            })
        };
        let (policy, telemetry) = (Phase::Policy, Phase::Telemetry);
        let end = TIME_TO_STORE + summing_up;
        let hooks = [
            (SessionStart::POINT, Mode::Modify, policy, TIME_TO_STORE),
            (
                AfterCompaction::POINT,
                Mode::Observe,
                telemetry,
                TIME_TO_STORE,
            ),
            (SessionEnd::POINT, Mode::Observe, telemetry, end),
        ];
        hooks.into_iter().filter_map(hook).collect()
    }

    async fn recall(&self, mut start: SessionStart) -> Result<Verdict, HookError> {
        let Some(recalled) = self.shelf.read().await?.recall(&start.session) else {
            return Ok(Verdict::Proceed);
        };
        start.context.push(recalled);
        let payload = serde_json::to_value(start).map_err(|error| failure(&error))?;
        Ok(Verdict::Replace(payload))
    }

    async fn sum_up(&self, end: SessionEnd) -> Result<(), HookError> {
        let by_model = match &self.summarizer {
            Some(summarizer) => summarizer.sum_up(&end.messages).await,
            None => None,
        };
        let Some(summary) = by_model.or_else(|| extract(&end.messages)) else {
            return Ok(());
        };
        let at = now();
        let change = |record: &mut memory::Record| record.set_summary(&summary, at);
        self.shelf.change(&end.session, change).await
    }

    async fn keep(&self, compaction: AfterCompaction) -> Result<(), HookError> {
        let at = now();
        let change = |record: &mut memory::Record| record.set_compacted(&compaction.summary, at);
        self.shelf.change(&compaction.session, change).await
    }
}

#[async_trait]
impl HookHandler for SessionMemory {
    async fn handle(&self, event: HookEvent) -> Result<HookOutcome, HookError> {
        let mut verdict = Verdict::Proceed;
        match event.point.name {
            SessionStart::POINT => verdict = self.recall(payload(&event)?).await?,
            SessionEnd::POINT => self.sum_up(payload(&event)?).await?,
            AfterCompaction::POINT => self.keep(payload(&event)?).await?,
            _ => {}
        }
        Ok(HookOutcome {
            verdict,
            actions: Vec::new(),
        })
    }
}

impl std::fmt::Debug for SessionMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionMemory")
            .field("summarizer", &self.summarizer)
            .finish_non_exhaustive()
    }
}

fn now() -> Duration {
    // A clock before 1970 is wrong, and the date of a summary not worth a failure.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

fn failure(error: &dyn std::fmt::Display) -> HookError {
    HookError {
        code: "memory".to_owned(),
        message: format!("sessions can't be remembered: {error}"),
    }
}
