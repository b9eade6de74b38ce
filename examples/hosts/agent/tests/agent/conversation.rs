//! The demo's conversation, and everything that has to be in it.

use std::sync::Arc;

use portcullis_host_agent::contract::hook::POINTS;
use serde_json::{Value, json};

use crate::support::{Transcript, demo, demo_with};

/// What is shown, in this order.
const SHOWN: [&str; 36] = [
    "roles that plugins bring: org.portcullis.designer/critic, org.portcullis.designer/poster",
    "~ demo-small answered in",
    "> native/read_file",
    "< native/read_file: Notes for the talk, by Ada.",
    "[redacted: email]",
    "> org.portcullis.text-tools/word_frequencies",
    "< org.portcullis.text-tools/word_frequencies",
    "> native/delete_file {\"path\":\"/etc/passwd\"}",
    "x the tool was stopped by keep_to_rules of org.portcullis.guard",
    "! native/delete_file",
    // Nobody is there to approve it.
    "> native/delete_file {\"path\":\"notes.txt\"}",
    "! native/delete_file: denied: the call of native/delete_file was not approved",
    "agent> Your notes have six words",
    "[redacted: email]",
    // Which asks the host to search, and to plan.
    "> org.portcullis.planner-tool/plan_from_notes",
    "< org.portcullis.planner-tool/plan_from_notes",
    "messages were summed up",
    "agent> In 4 steps; the first: \"Drive from depot to printer.\"",
    "org.portcullis.designer asks for switch-role",
    // Which calls a tool of another plugin, and asks the host's model.
    "> org.portcullis.designer/pitch",
    "< org.portcullis.designer/pitch",
    "~ demo-large answered in",
    "agent> As told (\"You design posters\"), I am demo-large and think at level high: a poster for the Orchard conference",
    "\"Bees work, blossoms win.\" on top",
    "agent> As told (\"You design posters\")",
    "== Goodbye ==",
    "asks for switch-model",
    "asks for set-system-prompt",
    "asks for inject-user-message",
    "asks for set-active-tools",
    "asks for stop-after-turn",
    "agent> As told (\"You say goodbye\") and with 0 tools",
    "[thank you]",
    "x the message was stopped by take_commands of org.portcullis.designer",
    "agent> I remember: ",
    "the first studio was too busy for",
];

/// Holds the conversation, and gives what was shown and what the audit plugin counted.
async fn conversation() -> (String, Value) {
    let transcript = Arc::new(Transcript::default());
    let demo = demo(&transcript).await;
    demo.converse(&*transcript).await.unwrap();
    let counts = demo.audit().await.unwrap();
    (transcript.text(), counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_planner_the_model_is_told_so_and_the_conversation_goes_on() {
    let transcript = Arc::new(Transcript::default());
    let demo = demo_with(None, &transcript).await;
    demo.converse(&*transcript).await.unwrap();
    let transcript = transcript.text();
    assert!(
        transcript.contains("agent> There is no plan: "),
        "{transcript}"
    );
    assert!(transcript.contains("agent> I remember: "), "{transcript}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversation_shows_every_mechanism_at_work() {
    let (transcript, counts) = conversation().await;
    let mut rest = transcript.as_str();
    for wanted in SHOWN {
        let at = rest.find(wanted);
        let at =
            at.unwrap_or_else(|| panic!("no {wanted:?} from here on:\n{rest}\n\nin\n{transcript}"));
        rest = &rest[at + wanted.len()..];
    }
    // It streamed: an answer in one piece would be "in 1 pieces".
    assert!(
        transcript.contains("~ demo-small answered in 25 pieces"),
        "{transcript}"
    );
    assert!(!transcript.contains("ada@example.org"), "{transcript}");
    assert!(!transcript.contains("refused"), "{transcript}");
    // An observer asks for it, some time after it was told.
    assert!(transcript.contains("designer.compacted"), "{transcript}");
    assert_eq!(counts, expected(), "{transcript}");
}

/// How often each point is reached: ten turns over six messages in two sessions, and a seventh that is nothing but commands. Each of the
/// three times that the conversation is summed up, a model is asked as well. Six tools are called by models, and one by another. Who
/// observes is not told of what a gate stopped: the seventh message, and the third tool.
fn expected() -> Value {
    let counts = [
        ("gateway-start", 1),
        ("gateway-stop", 1),
        ("session-start", 2),
        ("session-end", 2),
        ("message-received", 6),
        ("before-agent-start", 6),
        ("before-model-resolve", 10),
        ("before-prompt-build", 10),
        ("before-llm-call", 13),
        ("llm-input", 13),
        ("llm-output", 13),
        ("before-tool-call", 6),
        ("after-tool-call", 6),
        ("tool-result-persist", 6),
        ("before-compaction", 3),
        ("after-compaction", 3),
        ("should-stop-after-turn", 10),
        ("prepare-next-turn", 4),
        ("message-sending", 6),
        ("message-sent", 6),
        ("heartbeat", 1),
    ];
    // In the order of the points' own list; each is there.
    let count = |point: &str| counts.iter().find(|(name, _)| *name == point);
    let all = POINTS.iter().map(|point| {
        let (_, count) =
            count(point.name).unwrap_or_else(|| panic!("{} is never reached", point.name));
        json!({ "point": point.name, "count": count })
    });
    Value::Array(all.collect())
}
