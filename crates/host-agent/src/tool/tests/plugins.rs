//! Plugins' tools, called and approved like native ones.

use super::*;

const READ: &str = "http:https://api.example.com";
const WRITE: &str = "http:POST https://api.example.com";

async fn snapshot_of(made: Made<'_>) -> Arc<ToolSnapshot> {
    let plugin = made.load().await;
    ToolRegistry::new().publish([&plugin])
}

/// What approval of a plugin's `count` is asked for, if it is.
async fn asked_for(made: Made<'_>) -> Option<ApprovalRequest> {
    let person = Person::who_says(Answer::Once);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let snapshot = snapshot_of(made).await;
    let tool_use = wanted("org_example_one__count", "{}");
    run(&snapshot, &tool_use, &approvals, in_session("s"))
        .await
        .unwrap();
    person.asked().pop()
}

#[tokio::test]
async fn a_plugins_tool_is_called_like_a_native_one() {
    let snapshot = snapshot_of(Made::default()).await;
    let tool_use = wanted("org_example_one__marker", "{}");
    let output = run(&snapshot, &tool_use, &nobody(), CallScope::default())
        .await
        .unwrap();
    assert_eq!(answered("call-1", output).text(), "00010001");
}

#[tokio::test]
async fn a_session_is_the_agents_where_the_plugin_keeps_sessions() {
    for (instances, last) in [(InstancePolicy::Fresh, "1"), (InstancePolicy::Session, "2")] {
        let made = Made {
            instances: Some(instances),
            ..Made::default()
        };
        let snapshot = snapshot_of(made).await;
        let tool_use = wanted("org_example_one__count", "{}");
        run(&snapshot, &tool_use, &nobody(), in_session("one"))
            .await
            .unwrap();
        let output = run(&snapshot, &tool_use, &nobody(), in_session("one"))
            .await
            .unwrap();
        assert_eq!(output.text().trim(), last);
        let output = run(&snapshot, &tool_use, &nobody(), in_session("two"))
            .await
            .unwrap();
        assert_eq!(output.text().trim(), "1");
    }
}

#[tokio::test]
async fn a_plugin_that_was_stopped_is_an_error_for_who_still_has_the_snapshot() {
    let plugin = Made::default().load().await;
    let snapshot = ToolRegistry::new().publish([&plugin]);
    plugin.stop();
    let tool_use = wanted("org_example_one__marker", "{}");
    let error = run(&snapshot, &tool_use, &nobody(), CallScope::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "stopped");
    assert!(error.result("").is_error);
}

#[tokio::test]
async fn a_plugin_that_can_do_nothing_or_only_read_is_not_asked_for() {
    assert!(asked_for(Made::default()).await.is_none());
    let reads = Made {
        request: &[READ],
        grant: &[READ],
        ..Made::default()
    };
    assert!(asked_for(reads).await.is_none());
}

#[tokio::test]
async fn what_a_plugin_may_do_is_a_reason_to_ask() {
    let writes = Made {
        request: &[READ, WRITE],
        grant: &[READ, WRITE],
        ..Made::default()
    };
    let asked = asked_for(writes).await.unwrap();
    assert_eq!(asked.reasons, [ApprovalReason::May(WRITE.parse().unwrap())]);
    let shown = asked.to_string();
    assert!(
        shown.starts_with("May org.example.one/count be called?\n"),
        "{shown}"
    );
    assert!(shown.contains("- it may send POST requests to api.example.com over https\n"));
    assert!(shown.contains("- it may also send GET and HEAD requests to api.example.com"));
    assert_eq!(shown.matches("send POST requests").count(), 1);
}

#[tokio::test]
async fn what_a_plugin_asks_for_and_was_not_granted_is_a_reason_to_ask() {
    let asked = asked_for(Made {
        request: &[READ],
        ..Made::default()
    })
    .await
    .unwrap();
    assert_eq!(
        asked.reasons,
        [ApprovalReason::Ungranted(READ.parse().unwrap())]
    );
    assert!(
        asked.to_string().contains("which it was not granted"),
        "{asked}"
    );
}

#[tokio::test]
async fn an_authors_word_that_a_tool_destroys_is_a_reason_to_ask() {
    let asked = asked_for(Made {
        destructive: true,
        ..Made::default()
    })
    .await
    .unwrap();
    assert_eq!(asked.reasons, [ApprovalReason::Destructive]);
}

#[tokio::test]
async fn an_answer_holds_for_these_bytes_as_they_are_shown_and_granted() {
    let person = Person::who_says(Answer::Session);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let base = || Made {
        request: &[READ, WRITE],
        grant: &[READ, WRITE],
        ..Made::default()
    };
    let tool_use = wanted("org_example_one__count", "{}");
    for (made, asked) in [
        (base(), 1),
        // The same plugin loaded once more.
        (base(), 1),
        (
            Made {
                grant: &[WRITE],
                ..base()
            },
            2,
        ),
        (
            Made {
                description: "Says nothing new",
                ..base()
            },
            3,
        ),
        (base(), 3),
    ] {
        let snapshot = snapshot_of(made).await;
        run(&snapshot, &tool_use, &approvals, in_session("s"))
            .await
            .unwrap();
        assert_eq!(person.asked().len(), asked);
    }
}
