//! One turn: a request to the model, its answer, and the tools that it wants to use.

use std::sync::Arc;

use futures::StreamExt;
use portcullis_host_agent::contract::chat::{
    ChatError, ChatRequest, Delta, Finish, Message, Part, ToolResult, ToolUse, codes,
};
use portcullis_host_agent::contract::hook::{
    BeforeLlmCall, BeforeModelResolve, BeforePromptBuild, LlmInput, LlmOutput, MessageSending,
    Payload, Point,
};
use portcullis_host_agent::core::{Cancellation, ToolEvent};
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::observer::AgentEvent;
use portcullis_host_agent::provider::{Assembler, ChatEvent, ChatProvider};
use portcullis_host_agent::tool::{CallScope, Place, ToolSnapshot};

use crate::agent::Agent;
use crate::session::{Session, for_model};
use crate::ui::Shown;

/// One turn of a run.
pub(crate) struct Turn<'a> {
    pub(crate) agent: &'a Agent,
    /// What the turn works on from its beginning to its end.
    pub(crate) snapshot: &'a Arc<ExtensionSnapshot>,
    /// The tools that the model may use.
    pub(crate) tools: ToolSnapshot,
    pub(crate) number: u32,
    /// What the model is told for this turn alone.
    pub(crate) notes: Vec<String>,
    pub(crate) cancel: &'a Cancellation,
}

/// How a turn ended.
pub(crate) enum TurnEnd {
    /// The model answered, and wants no tool.
    Answer(Answer),
    /// The model used tools, and is to see what they answered.
    Tools,
    /// A hook stopped it.
    Stopped(String),
}

/// What a model answered.
pub(crate) struct Answer {
    pub(crate) text: String,
    /// Its pieces were shown as they came in.
    pub(crate) shown: bool,
}

/// What a model said.
pub(crate) struct Said {
    pub(crate) message: Message,
    finish: Finish,
    shown: bool,
}

/// Why a model did not say anything.
pub(crate) enum Unsaid {
    /// A hook stopped it.
    Stopped(String),
    /// It could not be asked, or broke off.
    Failed(ChatError),
}

impl From<ChatError> for Unsaid {
    fn from(error: ChatError) -> Self {
        Self::Failed(error)
    }
}

impl From<String> for Unsaid {
    fn from(stopped: String) -> Self {
        Self::Stopped(stopped)
    }
}

impl Turn<'_> {
    /// Runs the turn. Only once it is whole, its messages become part of the session.
    pub(crate) async fn run(
        self,
        session: &mut Session,
        pending: Vec<Message>,
    ) -> Result<TurnEnd, ChatError> {
        match self.go(session, pending).await {
            Ok(end) => Ok(end),
            Err(Unsaid::Stopped(reason)) => Ok(TurnEnd::Stopped(reason)),
            Err(Unsaid::Failed(error)) => Err(error),
        }
    }

    async fn go(mut self, session: &mut Session, pending: Vec<Message>) -> Result<TurnEnd, Unsaid> {
        let mut added = pending;
        let model = self.model(session).await?;
        let system = self.prompt(session, &model).await?;
        self.compact(session, &model).await;
        let messages = session.messages.iter().chain(&added).cloned();
        let messages = std::iter::once(Message::system(system)).chain(messages);
        let said = self
            .exchange(session, model, messages.collect(), true)
            .await?;
        let uses: Vec<ToolUse> = said.message.tool_uses().cloned().collect();
        let answer = Answer {
            text: said.message.text(),
            shown: said.shown,
        };
        added.push(said.message);
        if !uses.is_empty() {
            added.push(self.use_tools(session, &uses).await);
        }
        session.messages.append(&mut added);
        session.turns += 1;
        Ok(match uses.is_empty() {
            true => TurnEnd::Answer(answer),
            false => TurnEnd::Tools,
        })
    }

    /// Asks the model, under the hooks for that. `aloud`: what it says is for the person.
    pub(crate) async fn exchange(
        &mut self,
        session: &Session,
        model: String,
        messages: Vec<Message>,
        aloud: bool,
    ) -> Result<Said, Unsaid> {
        let request = self.request(session, model, messages).await?;
        let model = request.model.clone();
        let said = self.say(session, request, aloud).await?;
        Ok(self.heard(session, &model, said).await?)
    }

    pub(crate) async fn decide<P: Payload>(
        &self,
        session: &Session,
        what: &'static str,
        payload: impl FnOnce() -> P,
    ) -> Result<Option<P>, String> {
        self.agent
            .decide(session, self.snapshot, what, payload)
            .await
    }

    /// The model that is asked.
    async fn model(&self, session: &Session) -> Result<String, String> {
        let (model, role) = {
            let playing = session.play.lock();
            (playing.model.clone(), playing.role.clone())
        };
        let resolve = || BeforeModelResolve {
            session: session.id.clone(),
            turn: self.number,
            model: model.clone(),
            role,
        };
        let changed = self
            .decide(session, "the choice of a model was", resolve)
            .await?;
        Ok(changed.map_or(model, |changed| changed.model))
    }

    /// The system prompt, with what follows it.
    async fn prompt(&self, session: &Session, model: &str) -> Result<String, String> {
        let mut system = session.play.lock().prompt.clone();
        let mut context = [&session.context[..], &self.notes].concat();
        let build = || BeforePromptBuild {
            session: session.id.clone(),
            turn: self.number,
            model: model.to_owned(),
            system: system.clone(),
            context: context.clone(),
        };
        if let Some(changed) = self.decide(session, "the prompt was", build).await? {
            (system, context) = (changed.system, changed.context);
        }
        context.insert(0, system);
        Ok(context.join("\n\n"))
    }

    /// The request, as hooks leave it.
    async fn request(
        &mut self,
        session: &Session,
        mut model: String,
        mut messages: Vec<Message>,
    ) -> Result<ChatRequest, String> {
        let call = || BeforeLlmCall {
            session: session.id.clone(),
            turn: self.number,
            model: model.clone(),
            tools: self.tools.names().map(ToString::to_string).collect(),
            messages: messages.clone(),
        };
        let changed = self
            .decide(session, "the request to the model was", call)
            .await?;
        if let Some(changed) = changed {
            let names = self.tools.names();
            let left = names.filter(|name| changed.tools.contains(&name.to_string()));
            self.tools = self.tools.restrict(left);
            (model, messages) = (changed.model, changed.messages);
        }
        Ok(ChatRequest {
            model,
            messages: messages.iter().map(for_model).collect(),
            tools: self.tools.specs(),
            thinking_level: session.play.lock().thinking_level.clone(),
            ..ChatRequest::default()
        })
    }

    /// Asks the model, and shows what it says while it comes in, unless hooks have yet to see it.
    async fn say(
        &self,
        session: &Session,
        request: ChatRequest,
        aloud: bool,
    ) -> Result<Said, ChatError> {
        let model = request.model.clone();
        self.agent.tell(&AgentEvent::LlmRequest(LlmInput {
            session: session.id.clone(),
            turn: self.number,
            model: model.clone(),
            messages: request.messages.clone(),
            tools: request.tools.clone(),
        }));
        let decides =
            |name| Point::named(name).is_some_and(|point| self.snapshot.hooks.decides(point));
        let live = aloud && !decides(LlmOutput::POINT) && !decides(MessageSending::POINT);
        let mut stream = self.snapshot.models.chat(request).await?;
        let mut whole = Assembler::default();
        let mut pieces = 0;
        while let Some(event) = stream.next().await {
            match event? {
                ChatEvent::Delta(delta) => {
                    pieces += 1;
                    if let (true, Delta::Text(text)) = (live, &delta) {
                        self.agent.ui.show(Shown::Delta(text.clone()));
                    }
                    whole.push(delta)?;
                }
                ChatEvent::Finish(finish) => {
                    if live {
                        self.agent.ui.show(Shown::Delta("\n".to_owned()));
                    } else if aloud {
                        self.agent.ui.show(Shown::Streamed { model, pieces });
                    }
                    let message = whole.finish()?;
                    return Ok(Said {
                        message,
                        finish,
                        shown: live,
                    });
                }
            }
        }
        Err(ChatError::new(
            codes::BROKEN,
            "the answer ended before its end",
        ))
    }

    /// What hooks leave of an answer.
    async fn heard(&self, session: &Session, model: &str, mut said: Said) -> Result<Said, String> {
        let uses = said.message.tool_uses();
        let names: Vec<String> = uses.map(|wanted| self.name_of(wanted)).collect();
        let output = || LlmOutput {
            session: session.id.clone(),
            turn: self.number,
            model: model.to_owned(),
            finish: said.finish.reason.clone(),
            usage: said.finish.usage.clone(),
            tool_uses: names.clone(),
            text: said.message.text(),
        };
        let heard = match self
            .decide(session, "the model's answer was", &output)
            .await?
        {
            Some(changed) => {
                let parts = &mut said.message.parts;
                parts.retain(|part| !matches!(part, Part::Text(_)));
                parts.insert(0, Part::Text(changed.text.clone()));
                changed
            }
            None => output(),
        };
        self.agent.tell(&AgentEvent::LlmResponse(heard));
        Ok(said)
    }

    /// A tool's qualified name, or what the model made up.
    fn name_of(&self, wanted: &ToolUse) -> String {
        let known = self.tools.by_model_name(&wanted.name);
        known.map_or_else(|| wanted.name.clone(), |entry| entry.name().to_string())
    }

    /// Uses the tools, one after another: what one changes, the next finds.
    async fn use_tools(&self, session: &Session, uses: &[ToolUse]) -> Message {
        let mut parts = Vec::new();
        for wanted in uses {
            parts.push(Part::ToolResult(self.use_tool(session, wanted).await));
        }
        Message {
            role: "tool".to_owned(),
            parts,
        }
    }

    async fn use_tool(&self, session: &Session, wanted: &ToolUse) -> ToolResult {
        let ui = Arc::clone(&self.agent.ui);
        let name = self.name_of(wanted);
        ui.show(Shown::Tool {
            name: name.clone(),
            arguments: wanted.arguments.clone(),
        });
        let progress = Arc::clone(&ui);
        let scope = CallScope {
            session: Some(session.id.clone()),
            cancel: Some(self.cancel.clone()),
            on_event: Some(Arc::new(move |event| {
                if let ToolEvent::Progress(step) = event {
                    progress.show(Shown::Status(step.message.unwrap_or_default()));
                }
            })),
            ..CallScope::default()
        };
        let place = Place {
            session: &session.id,
            turn: self.number,
        };
        let table = &self.snapshot.hooks;
        let called = self
            .agent
            .tools
            .call(&self.tools, table, place, wanted, scope)
            .await;
        if let Some(cancelled) = &called.cancelled {
            self.agent.stopped("the tool was", cancelled);
        }
        self.agent
            .stage(session, self.snapshot)
            .apply(called.intents)
            .await;
        let text = called.result.text();
        ui.show(Shown::Result {
            name,
            failed: called.result.is_error,
            text: text.chars().take(120).collect(),
        });
        called.result
    }
}
