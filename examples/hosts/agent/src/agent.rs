//! What the agent is made of, and its life from start to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use portcullis_host_agent::contract::hook::{
    GatewayStart, GatewayStop, Heartbeat, SessionEnd, SessionStart,
};
use portcullis_host_agent::extension::{ExtensionSnapshot, Extensions, HookBridge};
use portcullis_host_agent::hook::{Cancelled, Passed, Payload};
use portcullis_host_agent::observer::{AgentEvent, Bridge, Observer, Redactor};
use portcullis_host_agent::tool::{Approvals, Approver, ToolCaller};

use crate::actions::Stage;
use crate::session::Session;
use crate::ui::{Shown, Ui};

/// What the agent is set to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The model that is asked where no role says another.
    pub model: String,
    /// The system prompt where no role says another.
    pub prompt: String,
    /// The most turns of one run: a model that only ever asks for tools is stopped.
    pub most_turns: u32,
    /// About how many tokens a conversation may have before it is summed up.
    pub compact_at: u64,
    /// Where messages come from and go to, for hooks.
    pub channel: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            model: "demo-small".to_owned(),
            prompt: "You are a helpful assistant. Use tools where they help.".to_owned(),
            most_turns: 16,
            compact_at: 24_000,
            channel: "terminal".to_owned(),
        }
    }
}

/// The agent.
pub struct Agent {
    pub(crate) extensions: Arc<Extensions>,
    pub(crate) settings: Settings,
    pub(crate) tools: ToolCaller,
    pub(crate) ui: Arc<dyn Ui>,
    pub(crate) bridge: Arc<Bridge>,
    approvals: Arc<Approvals>,
    started: Instant,
    sessions: AtomicU32,
}

impl Agent {
    /// An agent that has not started yet. What `redactor` knows is taken out of all that observers are told by the bridge.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn new(
        extensions: Arc<Extensions>,
        settings: Settings,
        approvals: Arc<Approvals>,
        ui: Arc<dyn Ui>,
        redactor: Redactor,
    ) -> Self {
        let raise = Arc::new(HookBridge::new(&extensions));
        let bridge = Arc::new(Bridge::new(raise, redactor));
        let observer: Arc<dyn Observer> = Arc::clone(&bridge) as Arc<dyn Observer>;
        let tools = ToolCaller::new(extensions.hooks().clone(), Arc::clone(&approvals));
        Self {
            tools: tools.observed_by(observer),
            extensions,
            settings,
            ui,
            bridge,
            approvals,
            started: Instant::now(),
            sessions: AtomicU32::new(0),
        }
    }

    /// Asks the handlers of a point, those of one snapshot.
    async fn ask<P: Payload>(
        &self,
        snapshot: &ExtensionSnapshot,
        payload: impl FnOnce() -> P,
    ) -> Passed<P> {
        let passed = self.extensions.hooks().run(&snapshot.hooks, payload).await;
        for refused in &passed.refused {
            self.ui.show(Shown::Action {
                what: format!("{} asks for an action at {}", refused.author, P::POINT),
                refused: Some(refused.refusal.to_string()),
            });
        }
        passed
    }

    /// The same within a session: what handlers want done is carried out, and who stopped it is shown. Gives the payload where it was
    /// changed.
    ///
    /// # Errors
    /// Why `what` does not happen.
    pub(crate) async fn decide<P: Payload>(
        &self,
        session: &Session,
        snapshot: &ExtensionSnapshot,
        what: &'static str,
        payload: impl FnOnce() -> P,
    ) -> Result<Option<P>, String> {
        let passed = self.ask(snapshot, payload).await;
        self.stage(session, snapshot).apply(passed.intents).await;
        match passed.cancelled {
            Some(cancelled) => {
                self.stopped(what, &cancelled);
                Err(cancelled.reason)
            }
            None => Ok(passed.changed),
        }
    }

    pub(crate) fn stopped(&self, what: &'static str, cancelled: &Cancelled) {
        let why = cancelled.to_string();
        self.ui.show(Shown::Stopped { what, why });
    }

    /// Shows something.
    pub fn note(&self, shown: Shown) {
        self.ui.show(shown);
    }

    pub(crate) fn tell(&self, event: &AgentEvent) {
        self.bridge.on_event(event);
    }

    /// The process starts.
    ///
    /// # Errors
    /// The gate that keeps it from starting.
    pub async fn start(&self) -> Result<(), Cancelled> {
        let snapshot = self.extensions.snapshot();
        let payload = || GatewayStart {
            agent: "portcullis-agent".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let passed = self.ask(&snapshot, payload).await;
        match passed.cancelled {
            Some(cancelled) => Err(cancelled),
            None => Ok(()),
        }
    }

    /// The agent lives: called now and then.
    pub fn heartbeat(&self) {
        let uptime = self.started.elapsed().as_millis();
        self.tell(&AgentEvent::Heartbeat(Heartbeat {
            uptime_ms: u64::try_from(uptime).unwrap_or(u64::MAX),
            sessions: self.sessions.load(Ordering::Relaxed),
        }));
    }

    /// A session begins.
    ///
    /// # Errors
    /// The gate that keeps it from beginning.
    pub async fn open(&self, id: &str) -> Result<Session, Cancelled> {
        let snapshot = self.extensions.snapshot();
        let mut session = Session::new(id, &self.settings.model, &self.settings.prompt);
        let payload = || SessionStart {
            session: id.to_owned(),
            resumed: false,
            context: Vec::new(),
        };
        let passed = self.ask(&snapshot, payload).await;
        if let Some(cancelled) = passed.cancelled {
            return Err(cancelled);
        }
        if let Some(changed) = passed.changed {
            session.context = changed.context;
        }
        self.sessions.fetch_add(1, Ordering::Relaxed);
        self.stage(&session, &snapshot).apply(passed.intents).await;
        Ok(session)
    }

    /// A session ends.
    pub fn close(&self, session: Session, reason: &str) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
        self.approvals.end_session(&session.id);
        for (_, plugin) in self.extensions.snapshot().plugins() {
            plugin.close_session(&session.id);
        }
        self.tell(&AgentEvent::SessionEnd(SessionEnd {
            session: session.id,
            reason: reason.to_owned(),
            turns: session.turns,
            messages: session.messages,
        }));
    }

    /// The process ends: what observers are yet to be told, they are told.
    pub async fn stop(&self, reason: &str) {
        self.tell(&AgentEvent::GatewayStop(GatewayStop {
            reason: reason.to_owned(),
        }));
        self.settle().await;
    }

    /// Waits until observers were told all that happened so far.
    pub async fn settle(&self) {
        self.bridge.flush().await;
        self.extensions.hooks().drain().await;
    }

    pub(crate) fn stage<'a>(
        &'a self,
        session: &'a Session,
        snapshot: &'a ExtensionSnapshot,
    ) -> Stage<'a> {
        Stage {
            play: &session.play,
            snapshot,
            ui: &*self.ui,
        }
    }
}

/// Approvals by `approver`, to be shared with what plugins call of each other.
pub fn approvals(approver: impl Approver + 'static) -> Arc<Approvals> {
    Arc::new(Approvals::new(Arc::new(approver)))
}
