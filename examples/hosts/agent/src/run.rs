//! The agent's work on one message.

use std::sync::Arc;

use portcullis_host_agent::contract::chat::{ChatError, Message};
use portcullis_host_agent::contract::hook::{
    BeforeAgentStart, MessageReceived, MessageSending, MessageSent, PrepareNextTurn,
    ShouldStopAfterTurn,
};
use portcullis_host_agent::core::Cancellation;
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::observer::{AgentEnd, AgentEvent, AgentFailure};
use portcullis_host_agent::tool::{QualifiedName, ToolSnapshot};

use crate::agent::Agent;
use crate::session::Session;
use crate::turn::{Answer, Turn, TurnEnd};
use crate::ui::Shown;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With an answer, which was sent.
    Answered(String),
    /// A hook, or the agent's own limit, stopped it.
    Stopped(String),
    /// The model could not be asked.
    Failed(ChatError),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Stopped(_) => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}

impl Agent {
    /// Works on a message until there is an answer. Dropping the future gives it up: the session keeps the turns that are done, and
    /// nothing of the one that isn't.
    pub async fn handle(
        &self,
        session: &mut Session,
        text: &str,
        cancel: &Cancellation,
    ) -> Outcome {
        let turns = session.turns;
        let outcome = match self.receive(session, text).await {
            Ok((text, tools)) => self.work(session, text, tools, cancel).await,
            Err(stopped) => Outcome::Stopped(stopped),
        };
        if let Outcome::Failed(error) = &outcome {
            self.ui.show(Shown::Note(format!("no answer: {error}")));
            self.tell(&AgentEvent::Error(AgentFailure {
                session: Some(session.id.clone()),
                during: "llm-call".to_owned(),
                message: error.to_string(),
            }));
        }
        self.tell(&AgentEvent::AgentEnd(AgentEnd {
            session: session.id.clone(),
            turns: session.turns - turns,
            outcome: outcome.word().to_owned(),
        }));
        outcome
    }

    /// Takes a message in: the text as hooks left it, and the tools that they left.
    async fn receive(
        &self,
        session: &Session,
        text: &str,
    ) -> Result<(String, Vec<QualifiedName>), String> {
        let snapshot = self.extensions.snapshot();
        let received = || MessageReceived {
            session: session.id.clone(),
            channel: self.settings.channel.clone(),
            sender: "user".to_owned(),
            text: text.to_owned(),
        };
        let changed = self
            .decide(session, &snapshot, "the message was", &received)
            .await?;
        let received = changed.unwrap_or_else(received);
        let text = received.text.clone();
        self.tell(&AgentEvent::MessageIn(received));
        self.begin(session, &snapshot, text).await
    }

    /// Begins to work on a message.
    async fn begin(
        &self,
        session: &Session,
        snapshot: &Arc<ExtensionSnapshot>,
        mut text: String,
    ) -> Result<(String, Vec<QualifiedName>), String> {
        let mut tools: Vec<_> = self.active(session, snapshot).names().cloned().collect();
        let start = || BeforeAgentStart {
            session: session.id.clone(),
            role: session.play.lock().role.clone(),
            tools: tools.iter().map(ToString::to_string).collect(),
            text: text.clone(),
        };
        if let Some(changed) = self.decide(session, snapshot, "the run was", start).await? {
            text = changed.text;
            tools.retain(|tool| changed.tools.contains(&tool.to_string()));
        }
        self.tell(&AgentEvent::AgentStart(BeforeAgentStart {
            session: session.id.clone(),
            role: session.play.lock().role.clone(),
            tools: tools.iter().map(ToString::to_string).collect(),
            text: text.clone(),
        }));
        Ok((text, tools))
    }

    /// The tools that are left to the session.
    fn active(&self, session: &Session, snapshot: &ExtensionSnapshot) -> ToolSnapshot {
        let playing = session.play.lock();
        let names = snapshot.tools.names();
        snapshot
            .tools
            .restrict(names.filter(|name| playing.allows(name)))
    }

    async fn work(
        &self,
        session: &mut Session,
        text: String,
        tools: Vec<QualifiedName>,
        cancel: &Cancellation,
    ) -> Outcome {
        let mut pending = vec![Message::user(text)];
        session.play.lock().stop = None;
        let mut number = 0;
        loop {
            number += 1;
            // One snapshot for the whole turn, whatever is reloaded meanwhile.
            let snapshot = self.extensions.snapshot();
            let waiting = self.extensions.hooks().take_intents(Some(&session.id));
            self.stage(session, &snapshot).apply(waiting).await;
            pending.append(&mut session.play.lock().injected);
            let notes = match self.next_turn(session, &snapshot, number).await {
                Ok(notes) => notes,
                Err(stopped) => return Outcome::Stopped(stopped),
            };
            let active = self.active(session, &snapshot).restrict(&tools);
            let turn = Turn {
                agent: self,
                snapshot: &snapshot,
                tools: active,
                number,
                notes,
                cancel,
            };
            let answer = match turn.run(session, std::mem::take(&mut pending)).await {
                Ok(TurnEnd::Answer(answer)) => Some(answer),
                Ok(TurnEnd::Tools) => None,
                Ok(TurnEnd::Stopped(reason)) => return Outcome::Stopped(reason),
                Err(error) => return Outcome::Failed(error),
            };
            let stop = self
                .should_stop(session, &snapshot, number, answer.is_some())
                .await;
            match (answer, stop) {
                (Some(answer), _) => return self.send(session, &snapshot, answer).await,
                (None, Some(reason)) => return Outcome::Stopped(reason),
                (None, None) => {}
            }
        }
    }

    /// What the model is told for this turn alone.
    async fn next_turn(
        &self,
        session: &Session,
        snapshot: &ExtensionSnapshot,
        number: u32,
    ) -> Result<Vec<String>, String> {
        if number == 1 {
            return Ok(Vec::new());
        }
        let next = || PrepareNextTurn {
            session: session.id.clone(),
            turn: number,
            context: Vec::new(),
        };
        let changed = self
            .decide(session, snapshot, "the next turn was", next)
            .await?;
        Ok(changed.map_or_else(Vec::new, |next| next.context))
    }

    /// Whether the run stops, and why.
    async fn should_stop(
        &self,
        session: &Session,
        snapshot: &ExtensionSnapshot,
        number: u32,
        answered: bool,
    ) -> Option<String> {
        let too_many = number >= self.settings.most_turns;
        let ended = || ShouldStopAfterTurn {
            session: session.id.clone(),
            turn: number,
            stop: answered || too_many,
        };
        let changed = match self.decide(session, snapshot, "the run was", ended).await {
            Ok(changed) => changed,
            Err(reason) => return Some(reason),
        };
        if let Some(asked) = session.play.lock().stop.take() {
            return Some(asked);
        }
        if changed.is_some_and(|ended| ended.stop) {
            return Some("a hook stopped it".to_owned());
        }
        too_many.then(|| format!("it took {number} turns, and there are no more than that"))
    }

    /// Sends an answer.
    async fn send(
        &self,
        session: &Session,
        snapshot: &ExtensionSnapshot,
        answer: Answer,
    ) -> Outcome {
        let Answer { mut text, shown } = answer;
        let sending = || MessageSending {
            session: session.id.clone(),
            channel: self.settings.channel.clone(),
            text: text.clone(),
        };
        match self
            .decide(session, snapshot, "the answer was", sending)
            .await
        {
            Ok(Some(changed)) => text = changed.text,
            Ok(None) => {}
            Err(reason) => return Outcome::Stopped(reason),
        }
        if !shown {
            self.ui.show(Shown::Answer(text.clone()));
        }
        self.tell(&AgentEvent::MessageOut(MessageSent {
            session: session.id.clone(),
            channel: self.settings.channel.clone(),
            text: text.clone(),
        }));
        Outcome::Answered(text)
    }
}
