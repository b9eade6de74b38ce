//! What hooks ask the agent to do: each action is carried out whole, or refused with a reason and nothing changed.

use std::path::Path;
use std::sync::Arc;

use agent_host::actions::Stage;
use agent_host::session::Session;
use agent_host::tools::{DeleteFile, ReadFile};
use portcullis_host_agent::action::{Action, Intent};
use portcullis_host_agent::extension::Extensions;
use portcullis_host_agent::hook::Author;
use portcullis_host_agent::provider::Scripted;
use serde_json::json;

use crate::support::Transcript;

/// A session of an agent with two tools and one model, after these actions of a plugin, and what a person was shown of them.
async fn after(actions: Vec<Action>) -> (Session, String) {
    let extensions = Extensions::builder()
        .tool(ReadFile::new(Path::new(".")))
        .unwrap()
        .tool(DeleteFile::new(Path::new(".")))
        .unwrap()
        .provider("scripted", Arc::new(Scripted::new([])))
        .route("demo-*", "scripted")
        .build();
    let snapshot = extensions.snapshot();
    let session = Session::new("s", "demo-small", "Be brief.");
    let transcript = Transcript::default();
    let stage = Stage {
        play: &session.play,
        snapshot: &snapshot,
        ui: &transcript,
    };
    let author = Author::Plugin("org.example.asker".parse().unwrap());
    let intent = |action| Intent {
        author: author.clone(),
        action,
    };
    stage.apply(actions.into_iter().map(intent).collect()).await;
    (session, transcript.text())
}

fn left(tools: &[&str]) -> Action {
    let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
    Action::SetActiveTools { tools }
}

fn inject(text: &str) -> Action {
    Action::InjectUserMessage {
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn the_model_and_the_prompt_are_switched() {
    let (session, shown) = after(vec![
        Action::SwitchModel {
            model: "demo-large".to_owned(),
        },
        Action::SetSystemPrompt {
            prompt: "Be long.".to_owned(),
        },
    ])
    .await;
    let playing = session.play.lock();
    assert_eq!(
        (&*playing.model, &*playing.prompt),
        ("demo-large", "Be long.")
    );
    assert!(
        shown.contains("org.example.asker asks for switch-model"),
        "{shown}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_refused_and_nothing_is_changed() {
    let model = Action::SwitchModel {
        model: "other".to_owned(),
    };
    let role = Action::SwitchRole {
        role: "org.example.asker/nobody".to_owned(),
    };
    let half = left(&["native/read_file", "native/fly"]);
    let (session, shown) = after(vec![model, role, half]).await;
    let playing = session.play.lock();
    assert_eq!((&*playing.model, &playing.role), ("demo-small", &None));
    assert_eq!(playing.left, None);
    for says in [
        "model \"other\" is not there",
        "role \"org.example.asker/nobody\" is not there",
        "tool \"native/fly\" is not there",
    ] {
        assert!(shown.contains(says), "{says}: {shown}");
    }
}

#[tokio::test]
async fn tools_can_only_be_taken_away() {
    let both = left(&["native/read_file", "native/delete_file"]);
    let (session, shown) = after(vec![left(&["native/read_file"]), both]).await;
    let playing = session.play.lock();
    assert!(playing.allows(&"native/read_file".parse().unwrap()));
    assert!(!playing.allows(&"native/delete_file".parse().unwrap()));
    assert!(
        shown.contains("tool \"native/delete_file\" is not there"),
        "{shown}"
    );
}

#[tokio::test]
async fn messages_that_are_put_in_bear_their_plugins_name_and_are_few() {
    let (session, shown) = after(vec![inject("yes"); 9]).await;
    let playing = session.play.lock();
    assert_eq!(playing.injected.len(), 8);
    for message in &playing.injected {
        assert_eq!(message.text(), "yes");
        assert_eq!(message.provenance(), Some("org.example.asker"));
    }
    assert!(
        shown.contains("8 messages of plugins wait already"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_run_is_stopped_with_its_plugins_reason_or_none() {
    let stop = |reason: Option<&str>| Action::StopAfterTurn {
        reason: reason.map(str::to_owned),
    };
    for (reason, says) in [
        (Some("enough"), "org.example.asker: enough"),
        (None, "org.example.asker: it asked to stop after this turn"),
    ] {
        let (session, _) = after(vec![stop(reason)]).await;
        assert_eq!(session.play.lock().stop.as_deref(), Some(says));
    }
}

#[tokio::test]
async fn custom_events_are_shown() {
    let (_, shown) = after(vec![Action::EmitCustom {
        name: "poll".to_owned(),
        data: json!({ "votes": 3 }),
    }])
    .await;
    assert!(shown.contains(r#"poll: {"votes":3}"#), "{shown}");
}

#[tokio::test]
async fn what_is_longer_than_a_long_prompt_is_refused() {
    let prompt = "x".repeat(64 * 1024);
    let (session, shown) = after(vec![Action::SetSystemPrompt { prompt }]).await;
    assert_eq!(session.play.lock().prompt, "Be brief.");
    assert!(
        shown.contains("it is longer than 65536 bytes"),
        "{}",
        shown.len()
    );
}
