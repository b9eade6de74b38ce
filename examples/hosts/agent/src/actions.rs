//! What hooks ask the agent to do: carried out whole, or refused with a reason.

use std::collections::BTreeSet;

use async_trait::async_trait;
use portcullis_host_agent::action::{Action, ActionHost, Intent, Refusal, apply_all};
use portcullis_host_agent::contract::chat::Message;
use portcullis_host_agent::extension::ExtensionSnapshot;
use portcullis_host_agent::role::{Available, RoleError};

use crate::session::Play;
use crate::ui::{Shown, Ui};

/// The longest text that an action brings, in bytes: a long prompt.
const MOST_BYTES: usize = 64 * 1024;

/// Messages that wait to be put in, at most: a run that is fed by its own hooks must not go on for ever.
const MOST_INJECTED: usize = 8;

/// A session, as far as actions change it.
pub struct Stage<'a> {
    /// What is changed.
    pub play: &'a Play,
    /// What there is to switch to.
    pub snapshot: &'a ExtensionSnapshot,
    /// Where it is shown.
    pub ui: &'a dyn Ui,
}

impl Stage<'_> {
    /// Carries out what hooks want done, and shows what came of it.
    pub async fn apply(&self, intents: Vec<Intent>) {
        for (intent, applied) in apply_all(self, intents).await {
            self.ui.show(Shown::Action {
                what: format!("{} asks for {}", intent.author, shown(&intent.action)),
                refused: applied.err().map(|refusal| refusal.to_string()),
            });
        }
    }

    fn switch_role(&self, role: &str) -> Result<(), Refusal> {
        let names = self.snapshot.tools.names();
        let tools: BTreeSet<String> = names.map(ToString::to_string).collect();
        let has_model = |model: &str| self.snapshot.models.has(model);
        let available = Available {
            has_model: &has_model,
            tools: &tools,
            permits: &|plugin, capability| self.snapshot.permits(plugin, capability),
        };
        let resolved = self.snapshot.roles.resolve(role, &available);
        let role = resolved.map_err(|error| match error {
            RoleError::Unknown { role, nearest } => Refusal::Unknown {
                what: "role",
                name: role,
                nearest,
            },
            unresolved => Refusal::NotAllowed(unresolved.to_string()),
        })?;
        let tools = role.tools.iter().filter_map(|name| name.parse().ok());
        let mut playing = self.play.lock();
        playing.model = role.model.clone();
        playing.prompt = role.prompt.clone();
        playing.thinking_level = role.thinking_level.clone();
        playing.tools = Some(tools.collect());
        playing.role = Some(role.name.clone());
        Ok(())
    }

    fn switch_model(&self, model: &str) -> Result<(), Refusal> {
        if !self.snapshot.models.has(model) {
            return Err(Refusal::Unknown {
                what: "model",
                name: model.to_owned(),
                nearest: None,
            });
        }
        self.play.lock().model = model.to_owned();
        Ok(())
    }

    /// Tools can only be taken away.
    fn set_active_tools(&self, names: &[String]) -> Result<(), Refusal> {
        let mut playing = self.play.lock();
        let mut wanted = Vec::new();
        for name in names {
            let known = self.snapshot.tools.names();
            let mut known = known.filter(|known| playing.allows(known));
            let known = known.find(|known| known.to_string() == *name);
            wanted.push(known.cloned().ok_or_else(|| Refusal::Unknown {
                what: "tool",
                name: name.clone(),
                nearest: self.snapshot.tools.nearest(name).map(ToString::to_string),
            })?);
        }
        playing.left = Some(wanted);
        Ok(())
    }

    fn inject(&self, author: &str, text: &str) -> Result<(), Refusal> {
        let mut playing = self.play.lock();
        if playing.injected.len() >= MOST_INJECTED {
            let reason = format!("{MOST_INJECTED} messages of plugins wait already");
            return Err(Refusal::NotAllowed(reason));
        }
        playing
            .injected
            .push(Message::user(text).from_plugin(author));
        Ok(())
    }
}

#[async_trait]
impl ActionHost for Stage<'_> {
    async fn apply(&self, intent: &Intent) -> Result<(), Refusal> {
        if shown(&intent.action).len() > MOST_BYTES {
            return Err(Refusal::NotAllowed(format!(
                "it is longer than {MOST_BYTES} bytes"
            )));
        }
        match &intent.action {
            Action::SwitchRole { role } => self.switch_role(role)?,
            Action::SwitchModel { model } => self.switch_model(model)?,
            Action::SetSystemPrompt { prompt } => self.play.lock().prompt = prompt.clone(),
            Action::SetActiveTools { tools } => self.set_active_tools(tools)?,
            Action::InjectUserMessage { text } => self.inject(&intent.author.to_string(), text)?,
            Action::StopAfterTurn { reason } => {
                let reason = reason
                    .as_deref()
                    .unwrap_or("it asked to stop after this turn");
                self.play.lock().stop = Some(format!("{}: {reason}", intent.author));
            }
            // A host with a use for it looks at the name; this one shows it.
            Action::EmitCustom { name, data } => {
                self.ui.show(Shown::Note(format!("{name}: {data}")));
            }
            Action::SetUiHeader { text } => self.ui.show(Shown::Header(text.clone())),
            Action::SetUiStatus { text } => self.ui.show(Shown::Status(text.clone())),
        }
        Ok(())
    }
}

/// An action in a few words.
fn shown(action: &Action) -> String {
    let (kind, payload) = action.to_wire();
    format!("{kind} {payload}")
}
