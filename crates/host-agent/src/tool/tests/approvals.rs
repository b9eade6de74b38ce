//! When approval is asked for, what is shown, and how long an answer holds.

use std::future::pending;

use portcullis_host_core::{Blob, Cancellation};

use super::*;

fn tools() -> Arc<ToolSnapshot> {
    registry_of([echo(destructive("write")), echo(definition("read"))]).snapshot()
}

/// Calls a tool in a session, and tells whether it was called.
async fn called(snapshot: &ToolSnapshot, tool: &str, approvals: &Approvals, session: &str) -> bool {
    let tool_use = wanted(tool, "{}");
    match run(snapshot, &tool_use, approvals, in_session(session)).await {
        Ok(_) => true,
        Err(CallError::NotApproved { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn only_what_may_destroy_something_is_asked_for() {
    let person = Person::who_says(Answer::No(None));
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let snapshot = tools();
    assert!(called(&snapshot, "read", &approvals, "s").await);
    assert!(!called(&snapshot, "write", &approvals, "s").await);
    let asked = person.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].tool.to_string(), "native/write");
    assert_eq!(asked[0].reasons, [ApprovalReason::Destructive]);
}

#[tokio::test]
async fn an_answer_for_once_holds_once_and_one_for_a_session_as_long_as_that() {
    for (answer, asked) in [(Answer::Once, 3), (Answer::Session, 1)] {
        let person = Person::who_says(answer);
        let approvals = Approvals::new(Arc::clone(&person) as _);
        let snapshot = tools();
        for _ in 0..3 {
            assert!(called(&snapshot, "write", &approvals, "one").await);
        }
        assert_eq!(person.asked().len(), asked);
        assert!(called(&snapshot, "write", &approvals, "two").await);
        assert_eq!(person.asked().len(), asked + 1);
        approvals.end_session("one");
        assert!(called(&snapshot, "write", &approvals, "one").await);
        assert_eq!(person.asked().len(), asked + 2);
    }
}

#[tokio::test]
async fn without_a_session_no_answer_is_remembered() {
    let person = Person::who_says(Answer::Session);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    for _ in 0..2 {
        let tool_use = wanted("write", "{}");
        run(&tools(), &tool_use, &approvals, CallScope::default())
            .await
            .unwrap();
    }
    assert_eq!(person.asked().len(), 2);
}

#[tokio::test]
async fn an_answer_for_one_tool_is_none_for_another() {
    let person = Person::who_says(Answer::Session);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let snapshot = registry_of(["one", "two"].map(|name| echo(destructive(name)))).snapshot();
    assert!(called(&snapshot, "one", &approvals, "s").await);
    assert!(called(&snapshot, "two", &approvals, "s").await);
    assert_eq!(person.asked().len(), 2);
}

#[tokio::test]
async fn as_many_answers_are_remembered_as_there_is_room_for_and_the_oldest_is_asked_again() {
    let person = Person::who_says(Answer::Session);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let snapshot = tools();
    for session in 0..=1_024 {
        assert!(called(&snapshot, "write", &approvals, &session.to_string()).await);
    }
    assert!(called(&snapshot, "write", &approvals, "1024").await);
    assert_eq!(person.asked().len(), 1_025);
    assert!(called(&snapshot, "write", &approvals, "0").await);
    assert_eq!(person.asked().len(), 1_026);
}

#[tokio::test]
async fn what_is_approved_is_what_is_called() {
    let person = Person::who_says(Answer::Once);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let mut prepared = tools()
        .prepare(&wanted("write", r#"{"path": "/tmp/a"}"#))
        .unwrap();
    // A hook changes the arguments: that comes before, or not at all.
    prepared.call.arguments = json!({"path": "/etc/passwd"});
    let checked = prepared.check().unwrap();
    let approved = checked
        .approve(&approvals, CallScope::default())
        .await
        .unwrap();
    let asked = &person.asked()[0];
    assert_eq!(asked.arguments, "{\n  \"path\": \"/etc/passwd\"\n}");
    assert_eq!(approved.call().arguments, json!({"path": "/etc/passwd"}));
    assert_eq!(
        approved.run().await.unwrap().text(),
        r#"{"path":"/etc/passwd"}"#
    );
}

#[tokio::test]
async fn a_hooks_arguments_that_dont_fit_are_not_shown_to_anybody() {
    let mut prepared = tools().prepare(&wanted("write", "{}")).unwrap();
    prepared.call.arguments = json!(["rm", "-rf"]);
    let error = prepared.check().unwrap_err();
    assert_eq!(error.code(), "invalid-arguments");
}

#[tokio::test]
async fn what_a_person_is_shown_deceives_nobody_and_has_an_end() {
    let person = Person::who_says(Answer::Once);
    let approvals = Approvals::new(Arc::clone(&person) as _);
    let mut tool = destructive("write");
    tool.title = Some("safe\" and approved\n- it may nothing\u{202e}".to_owned());
    let snapshot = registry_of([echo(tool)]).snapshot();
    let path = format!("\u{1b}[2J\u{202e}\nArguments: {{}}{}", "x".repeat(100_000));
    let mut prepared = snapshot.prepare(&wanted("write", "{}")).unwrap();
    prepared.call.arguments = json!({ "path": path });
    prepared.call.attachments = vec![Blob {
        media_type: "text/plain\n".to_owned(),
        data: vec![0; 12],
    }];
    let checked = prepared.check().unwrap();
    let _approved = checked
        .approve(&approvals, CallScope::default())
        .await
        .unwrap();
    let shown = person.asked()[0].to_string();
    assert!(shown.len() < 20_000);
    assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{shown}");
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(
        lines[0],
        r#"May native/write be called? Its author calls it "safe\" and approved\\n- it may nothing\\u{202e}"."#
    );
    assert_eq!(
        lines[1],
        "- its author says that it changes or deletes something"
    );
    assert_eq!(lines[2], "Arguments: {");
    assert!(lines[3].starts_with(r#"  "path": "\u001b[2J\u202e\nArguments: {}xxx"#));
    assert!(lines[4].starts_with("THIS IS NOT ALL: "), "{}", lines[4]);
    assert_eq!(lines[5..], ["Attached: 12 bytes of text/plain\\n"]);
}

/// Never answers.
struct Absent;

#[async_trait]
impl Approver for Absent {
    async fn approve(&self, _: &ApprovalRequest) -> Answer {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_no() {
    let approvals = Approvals::new(Arc::new(Absent));
    let tool_use = wanted("write", "{}");
    let error = run(&tools(), &tool_use, &approvals, CallScope::default())
        .await
        .unwrap_err();
    let text = error.result("").text();
    assert_eq!(
        text,
        "denied: the call of native/write was not approved: nobody answered in time"
    );
}

#[tokio::test(start_paused = true)]
async fn a_question_is_taken_back_when_the_call_is_cancelled() {
    let approvals = Approvals::new(Arc::new(Absent));
    let cancel = Cancellation::new();
    cancel.cancel();
    let scope = CallScope {
        cancel: Some(cancel),
        ..CallScope::default()
    };
    let error = run(&tools(), &wanted("write", "{}"), &approvals, scope)
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::Failed(Error::Cancelled)));
}

#[tokio::test]
async fn where_nobody_is_there_what_was_named_before_may_run() {
    let allowing = |pattern: &str| {
        let patterns = [pattern.parse::<ToolPattern>().unwrap()];
        Approvals::new(Arc::new(Unattended::allowing(patterns)))
    };
    let snapshot = tools();
    assert!(!called(&snapshot, "write", &nobody(), "s").await);
    assert!(called(&snapshot, "write", &allowing("native/write"), "s").await);
    assert!(called(&snapshot, "write", &allowing("native/wr*"), "s").await);
    assert!(!called(&snapshot, "write", &allowing("native/read*"), "s").await);
    assert!(!called(&snapshot, "write", &allowing("org.example/*"), "s").await);
}

#[test]
fn a_pattern_names_one_owner() {
    for text in ["native/*", "org.example.files/write_*", "org.example/a"] {
        assert_eq!(text.parse::<ToolPattern>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "*",
        "*/write",
        "native",
        "native/",
        "native/*_file",
        "Native/x",
    ] {
        assert!(text.parse::<ToolPattern>().is_err(), "{text}");
    }
}
