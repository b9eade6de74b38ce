//! Commands in a message: lines that begin with `/`.

use portcullis_guest_sdk::prelude::*;

use crate::PLUGIN;

/// What a message says.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    /// By its commands.
    pub(crate) actions: Vec<Action>,
    /// Without them.
    pub(crate) rest: String,
}

/// Reads a message. Lines that begin like a command and are none belong to the rest: others may know them.
///
/// # Errors
/// A command that lacks something, in words for who wrote it; then none of them counts.
pub(crate) fn read(text: &str) -> Result<Said, String> {
    let mut actions = Vec::new();
    let mut rest = Vec::new();
    for line in text.lines() {
        match action(line)? {
            Some(action) => actions.push(action),
            None => rest.push(line),
        }
    }
    Ok(Said {
        actions,
        rest: rest.join("\n"),
    })
}

fn action(line: &str) -> Result<Option<Action>, String> {
    let Some(line) = line.strip_prefix('/') else {
        return Ok(None);
    };
    let (command, argument) = line.split_once(' ').unwrap_or((line, ""));
    let argument = argument.trim();
    let wants = |what: &str| match argument {
        "" => Err(format!(
            "`/{command}` lacks {what}: write `/{command} {what}`"
        )),
        some => Ok(some.to_owned()),
    };
    Ok(Some(match command {
        "role" => Action::SwitchRole {
            role: format!("{PLUGIN}/{}", wants("ROLE")?),
        },
        "model" => Action::SwitchModel {
            model: wants("MODEL")?,
        },
        "prompt" => Action::SetSystemPrompt {
            prompt: wants("TEXT")?,
        },
        "nudge" => Action::InjectUserMessage {
            text: wants("TEXT")?,
        },
        "quiet" => Action::SetActiveTools { tools: Vec::new() },
        "stop" => Action::StopAfterTurn {
            reason: Some(argument.to_owned()).filter(|reason| !reason.is_empty()),
        },
        // Without a text it goes away.
        "header" => Action::SetUiHeader {
            text: argument.to_owned(),
        },
        "status" => Action::SetUiStatus {
            text: argument.to_owned(),
        },
        _ => return Ok(None),
    }))
}
