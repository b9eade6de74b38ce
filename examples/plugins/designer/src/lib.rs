//! Two roles for design, and hooks that play them when they are asked for. Between them the hooks ask for each of the nine
//! actions that there are.

mod command;
mod palette;
mod pitch;

use portcullis_guest_sdk::hook::{
    AfterCompactionMetadata, BeforeAgentStart, MessageReceived, ShouldStopAfterTurn,
};
use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::serde_json::json;

use crate::command::Said;

/// Before the names of its roles and tools.
const PLUGIN: &str = "org.portcullis.designer";

/// Makes something.
#[plugin_role]
fn poster() -> Role {
    Role::new(
        "demo-large",
        "You design posters. Read what there is to say, have it pitched, choose a palette, and describe the poster from top to bottom: what \
         stands where, how large, in which colour.",
    )
    .tools([
        "org.portcullis.designer/palette",
        "org.portcullis.designer/pitch",
        "org.portcullis.text-tools/outline",
        "native/read_file",
    ])
    .thinking_level("high")
}

/// Judges it.
#[plugin_role]
fn critic() -> Role {
    Role::new(
        "demo-small",
        "You judge designs. Say what works, then what does not and why, then the one change that would help most.",
    )
}

/// Carries out the lines of a message that are commands, and lets the rest of it through.
#[plugin_hook("message-received", mode = gate)]
fn take_commands(mut message: MessageReceived) -> (Verdict<MessageReceived>, Vec<Action>) {
    match command::read(&message.text) {
        Ok(Said { actions, .. }) if actions.is_empty() => (Verdict::Proceed, actions),
        Ok(Said { actions, rest }) if rest.trim().is_empty() => {
            let asked: Vec<&str> = actions.iter().map(Action::kind).collect();
            let told = format!("the message was commands alone: {}", asked.join(", "));
            (Verdict::cancel(told), actions)
        }
        Ok(Said { actions, rest }) => {
            message.text = rest;
            (Verdict::Replace(message), actions)
        }
        Err(mistake) => (Verdict::Cancel(mistake), Vec::new()),
    }
}

/// Plays the role that a message asks for.
#[plugin_hook("before-agent-start", mode = modify)]
fn choose_role(start: BeforeAgentStart) -> (Option<BeforeAgentStart>, Vec<Action>) {
    let words = start.text.to_lowercase();
    let has = |wanted: &str| {
        let mut words = words.split(|character: char| !character.is_alphabetic());
        words.any(|word| word == wanted)
    };
    let role = match () {
        () if has("critique") => "critic",
        () if has("design") => "poster",
        () => return (None, Vec::new()),
    };
    let name = format!("{PLUGIN}/{role}");
    if start.role.as_ref() == Some(&name) {
        return (None, Vec::new());
    }
    let actions = vec![
        Action::SwitchRole { role: name },
        Action::SetUiHeader {
            text: format!("Designer: {role}"),
        },
        Action::SetUiStatus {
            text: format!("{role} at work"),
        },
    ];
    (None, actions)
}

/// Tells the agent's program that details of a design may be gone.
#[plugin_hook("after-compaction")]
fn tell_compaction(event: AfterCompactionMetadata) -> Vec<Action> {
    vec![Action::EmitCustom {
        name: "designer.compacted".into(),
        data: json!({ "session": event.session, "messages": event.replaced, "tokens": event.tokens }),
    }]
}

/// Stops a run that goes on for longer than the operator wants.
#[plugin_hook("should-stop-after-turn", mode = modify)]
fn stop_in_time(event: ShouldStopAfterTurn) -> Result<Option<ShouldStopAfterTurn>, ToolError> {
    let most: Option<u32> = config::get("max-turns")?;
    let over = most.is_some_and(|most| event.turn >= most);
    Ok((over && !event.stop).then_some(ShouldStopAfterTurn {
        stop: true,
        ..event
    }))
}

#[cfg(test)]
mod tests;
