use portcullis_guest_sdk::hook::{BeforeToolCall, MessageSending};
use portcullis_guest_sdk::prelude::Verdict;
use portcullis_guest_sdk::serde_json::Value;
use portcullis_guest_sdk::testing::{Host, json};

/// Why a call is stopped; none where it is not.
fn stopped(host: &Host, tool: &str, arguments: Value) -> Option<String> {
    let call = BeforeToolCall {
        session: "s".into(),
        turn: 1,
        call_id: "c".into(),
        tool: tool.into(),
        arguments,
    };
    match host
        .on_event("keep_to_rules", &call)
        .expect("a verdict")
        .verdict
    {
        Verdict::Proceed => None,
        Verdict::Cancel(reason) => Some(reason),
        Verdict::Replace(_) => panic!("a guard changes nothing"),
    }
}

fn held_back(text: &str) -> Option<String> {
    let message = MessageSending {
        session: "s".into(),
        channel: "terminal".into(),
        text: text.into(),
    };
    match Host::new()
        .on_event("keep_keys_in", &message)
        .expect("a verdict")
        .verdict
    {
        Verdict::Cancel(reason) => Some(reason),
        _ => None,
    }
}

#[test]
fn by_itself_it_keeps_deletions_and_commands_within_the_folder() {
    let host = Host::new();
    let path = |path: &str| json!({ "path": path });
    let reason = stopped(&host, "native/delete_file", path("/etc/hosts")).expect("stopped");
    assert!(
        reason.starts_with(
            r#"native/delete_file may not be called like that: the argument "/path" has "/etc/hosts", which lies outside of the working folder"#
        ),
        "{reason}"
    );
    let command = json!({ "command": "sh", "args": ["-c", "rm -rf ../other"] });
    let reason = stopped(&host, "org.example.tools/shell", command).expect("stopped");
    assert!(reason.contains(r#""/args/1" has "../other""#), "{reason}");
    assert_eq!(
        stopped(&host, "native/delete_file", path("notes/a.txt")),
        None
    );
    assert_eq!(stopped(&host, "native/read_file", path("/etc/hosts")), None);
    let note = json!({ "path": "a.txt", "text": "see /etc/hosts" });
    assert_eq!(stopped(&host, "native/write_file", note), None);
}

#[test]
fn the_operators_rules_take_the_place_of_its_own() {
    let rules = json!([
        { "tool": "org.example.mail/*", "argument": "/to", "forbids": { "contains": "@rival.example" }, "reason": "they are rivals" },
        { "tool": "*/exec*", "reason": "nothing is run here" },
        { "tool": "org.example.web/fetch", "forbids": { "starts-with": "http://" }, "reason": "anybody could read it" },
    ]);
    let host = Host::new().config("rules", rules);
    let stopped = |tool: &str, arguments: Value| stopped(&host, tool, arguments);

    let rival = json!({ "to": ["ada@rival.example"], "text": "hi" });
    let reason = stopped("org.example.mail/send", rival).expect("stopped");
    assert!(
        reason.contains(r#""/to/0""#) && reason.contains("they are rivals"),
        "{reason}"
    );
    // Of the other arguments this rule says nothing.
    let other = json!({ "to": ["a@example.org"], "text": "b@rival.example" });
    assert_eq!(stopped("org.example.mail/send", other), None);

    assert!(stopped("a.b/exec_all", json!({})).is_some());
    assert!(
        stopped(
            "org.example.web/fetch",
            json!({ "url": "http://example.com" })
        )
        .is_some()
    );
    assert_eq!(
        stopped(
            "org.example.web/fetch",
            json!({ "url": "https://example.com" })
        ),
        None
    );
    assert_eq!(
        stopped("native/delete_file", json!({ "path": "/etc/hosts" })),
        None
    );
}

#[test]
fn names_of_fields_are_looked_at_too() {
    let files = json!({ "files": { "/etc/cron.d/job": "x" } });
    let reason = stopped(&Host::new(), "a.b/delete_file", files).expect("stopped");
    assert!(
        reason.contains(r#""/files" has "/etc/cron.d/job""#),
        "{reason}"
    );
}

#[test]
fn what_is_repeated_of_a_text_is_short_and_escaped() {
    let path = format!("/\u{202e}{}", "a".repeat(1000));
    let reason =
        stopped(&Host::new(), "a.b/delete_file", json!({ "path": path })).expect("stopped");
    assert!(
        reason.len() < 500 && reason.contains(r"\u{202e}"),
        "{reason}"
    );
}

#[test]
fn rules_that_cannot_be_read_are_an_error_which_stops_the_call() {
    let rules = json!([{ "tool": "*", "forbid": "outside", "reason": "a slip" }]);
    let host = Host::new().config("rules", rules);
    let call =
        json!({ "session": "s", "turn": 1, "call_id": "c", "tool": "a.b/c", "arguments": {} });
    let error = host
        .on_event("keep_to_rules", call)
        .expect_err("no verdict");
    assert!(
        error.message.contains("`rules`") && error.message.contains("`forbid`"),
        "{error}"
    );
}

#[test]
fn private_keys_stay_in() {
    for key in [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl",
        "-----BEGIN PRIVATE KEY-----",
        "> -----BEGIN RSA PRIVATE KEY-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "PuTTY-User-Key-File-3: ssh-ed25519",
        "AGE-SECRET-KEY-1QQPQQ",
    ] {
        let reason = held_back(&format!("Here it is:\n{key}\n")).expect(key);
        assert!(reason.starts_with("line 2 "), "{reason}");
    }
    for harmless in [
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB",
        "A PRIVATE KEY begins with -----BEGIN",
    ] {
        assert_eq!(held_back(harmless), None, "{harmless}");
    }
}
