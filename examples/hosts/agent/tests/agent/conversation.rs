//! The demo's conversation, and everything that has to be in it.

use std::sync::Arc;

use portcullis_host_agent::contract::hook::POINTS;
use serde_json::{Value, json};

use crate::support::{Transcript, demo};

/// Holds the conversation, and gives what was shown and what the audit plugin counted.
async fn conversation() -> (String, Value) {
    let transcript = Arc::new(Transcript::default());
    let demo = demo(&transcript).await;
    demo.converse(&*transcript).await.unwrap();
    let counts = demo.audit().await.unwrap();
    (transcript.text(), counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_conversation_shows_every_mechanism_at_work() {
    let (transcript, counts) = conversation().await;
    let mut rest = transcript.as_str();
    // In this order.
    for wanted in [
        "~ demo-small answered in",
        "> native/read_file",
        "< native/read_file: Notes for the talk, by Ada.",
        "[redacted: email]",
        "> org.portcullis.text-tools/word_frequencies",
        "< org.portcullis.text-tools/word_frequencies",
        "> native/delete_file",
        "x the tool was stopped by keep_to_rules of org.portcullis.guard",
        "! native/delete_file",
        "agent> Your notes have six words",
        "[redacted: email]",
        "org.portcullis.designer asks for switch-role",
        "~ demo-large answered in",
        "agent> As told (\"You design posters\"), I am demo-large",
        "messages were summed up",
        "agent> As told (\"You design posters\")",
        "[thank you]",
        "x the message was stopped by take_commands of org.portcullis.designer",
    ] {
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
    assert_eq!(counts, expected(), "{transcript}");
}

/// How often each point is reached: five turns over three messages, and a fourth that is nothing but commands. Who observes is not told
/// of what a gate stopped: the fourth message, and the third tool.
fn expected() -> Value {
    let counts = [
        ("gateway-start", 1),
        ("gateway-stop", 1),
        ("session-start", 1),
        ("session-end", 1),
        ("message-received", 3),
        ("before-agent-start", 3),
        ("before-model-resolve", 5),
        ("before-prompt-build", 5),
        ("before-llm-call", 5),
        ("llm-input", 5),
        ("llm-output", 5),
        ("before-tool-call", 2),
        ("after-tool-call", 3),
        ("tool-result-persist", 3),
        ("before-compaction", 1),
        ("after-compaction", 1),
        ("should-stop-after-turn", 5),
        ("prepare-next-turn", 2),
        ("message-sending", 3),
        ("message-sent", 3),
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
