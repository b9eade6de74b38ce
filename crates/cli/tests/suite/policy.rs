//! What a grant means: explained, checked, recorded.

use crate::support::{Ran, portcullis, run, with_manifest};
use portcullis_test_artifacts as guests;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const MANIFEST: &str = r#"
[plugin]
id = "org.example.weather"
version = "1.0.0"

[capabilities]
request = [
    "http:GET,POST https://api.example.com/v1/*",
    "http:http://{station}:8080",
    "fs:ro:{folder}=>/files",
    "tcp:db.example.com:5432",
    "secret-reveal:KEY",
]
"#;

fn plugin() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = with_manifest(guests::PLUGIN_HELLO, folder.path(), MANIFEST);
    (folder, path)
}

/// Runs `policy WHAT` on the plugin.
fn policy(what: &str, options: &[&str]) -> Ran {
    let (_folder, path) = plugin();
    let path = path.to_str().unwrap();
    let mut arguments = vec!["policy", what, path];
    arguments.extend(options);
    run(&arguments)
}

#[test]
fn an_allowed_request_is_explained_by_its_rule() {
    let ran = policy(
        "explain",
        &[
            "--request=POST https://api.example.com/v1/today?key=hush",
            "--allow=http:POST https://*.example.com",
        ],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for row in [
        "request   POST https://api.example.com/v1/today\n",
        "decision  allowed\n",
        "rule      http:POST https://*.example.com\n",
    ] {
        assert!(ran.stdout.contains(row), "{}", ran.stdout);
    }
}

#[test]
fn a_denied_request_is_explained_with_what_would_allow_it() {
    let ran = policy(
        "explain",
        &[
            "--request=https://api.example.com/v1/today",
            "--output=json",
        ],
    );
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert_eq!(
        ran.json(),
        json!({
            "request": "GET https://api.example.com/v1/today",
            "decision": "deny",
            "code": "not-granted",
            "guestCode": "denied",
            "reason": "the operator granted no rule that allows GET https://api.example.com/v1/today",
            "remedies": ["--allow 'http:GET https://api.example.com/v1/today'"],
        })
    );
}

#[test]
fn each_kind_of_request_can_be_asked_about() {
    let allow = [
        "--allow=tcp:db.example.com:5432",
        "--allow=fs:ro:/srv/docs",
        "--bind=folder=/srv",
    ];
    let code = |asked: &str| {
        let mut options = vec![asked, "--output=json"];
        options.extend(allow);
        let ran = policy("explain", &options);
        let answer = ran.json();
        let code = answer["code"].as_str().unwrap_or("allowed").to_owned();
        assert_eq!(ran.code, Some(if code == "allowed" { 0 } else { 4 }));
        code
    };
    for (asked, expected) in [
        ("--connect=db.example.com:5432", "allowed"),
        ("--connect=db.example.com:22", "not-requested"),
        ("--connect=db.example.com", "invalid-request"),
        ("--lookup=db.example.com", "allowed"),
        ("--lookup=evil.example", "not-requested"),
        ("--use=fs:ro:/srv/docs", "allowed"),
        ("--use=fs:rw:/srv/docs", "not-requested"),
        ("--use=env:HOME", "not-requested"),
        (
            "--request=GET https://api.example.com/v1/../v2",
            "invalid-request",
        ),
    ] {
        assert_eq!(code(asked), expected, "{asked}");
    }
}

#[test]
fn an_address_is_judged_where_one_is_given() {
    let explain = |address: &str, allow: &str| {
        let options = [
            "--request=https://api.example.com/v1/",
            "--output=json",
            address,
            allow,
        ];
        policy("explain", &options).json()
    };
    let rule = "--allow=http:https://api.example.com";
    assert_eq!(explain("--address=8.8.8.8", rule)["decision"], "allow");
    let denied = explain("--address=10.0.0.1", rule);
    assert_eq!(denied["code"], "address-refused");
    assert_eq!(denied["guestCode"], "unavailable");
    assert_eq!(
        denied["remedies"],
        json!(["--allow 'http:GET https://api.example.com/v1/ in 10.0.0.1/32'"])
    );
    let rule = "--allow=http:https://api.example.com in 10.0.0.0/8";
    assert_eq!(explain("--address=10.0.0.1", rule)["decision"], "allow");
}

#[test]
fn a_slot_that_would_help_is_named_with_its_value() {
    let asked = "--request=http://10.0.0.7:8080/now";
    let denied = policy("explain", &[asked, "--output=json"]).json();
    assert_eq!(
        denied["remedies"],
        json!([
            "--bind 'station=10.0.0.7'",
            "--allow 'http:GET http://10.0.0.7:8080/now'"
        ])
    );
    let ran = policy(
        "explain",
        &[
            asked,
            "--bind=station=10.0.0.7",
            "--allow=http:GET http://10.0.0.7:8080/now",
        ],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
}

#[test]
fn offline_and_deny_win_over_allow() {
    let asked = "--request=https://api.example.com/v1/";
    let allow = "--allow=http:https://api.example.com";
    for (option, code) in [
        ("--offline", "offline"),
        ("--deny=http:https://api.example.com", "denied-by-operator"),
    ] {
        let ran = policy("explain", &[asked, allow, option, "--output=json"]);
        assert_eq!((ran.code, &ran.json()["code"]), (Some(4), &json!(code)));
    }
}

#[test]
fn a_request_is_asked_about_alone() {
    for options in [
        &[][..],
        &["--lookup=a.example", "--request=https://a.example/"],
    ] {
        assert_eq!(policy("explain", options).code, Some(2), "{options:?}");
    }
}

#[test]
fn a_check_says_in_words_what_is_asked_for_had_lost_and_beyond_enforcing() {
    let ran = policy(
        "check",
        &[
            "--allow=http:GET https://api.example.com",
            "--allow=tcp:db.example.com:5432",
            "--allow=secret-reveal:KEY",
        ],
    );
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    for part in [
        "asks for  http:GET,POST https://api.example.com/v1/*\n",
        "  may send GET and POST requests to api.example.com over https, to /v1/ and all below it\n",
        "  may read everything in the folder that you bind to `folder`, which it sees as /files\n",
        "granted   http:GET https://api.example.com/v1/*\n",
        "lost      http:GET,POST https://api.example.com/v1/*: left of it: http:GET https://api.example.com/v1/*\n",
        "fs:ro:{folder}=>/files: nothing is left of it\n",
        "  --allow 'fs:ro:{folder}=>/files' --bind folder=VALUE\n",
        "unfilled  the slot `{station}` is not filled; say --bind station=VALUE",
        "tcp:db.example.com:5432: what goes over a raw connection is not looked at: no check for secrets",
        "secret-reveal:KEY: THE PLUGIN GETS THE SECRET'S VALUE",
    ] {
        assert!(
            ran.stdout.contains(part),
            "{part} is missing in\n{}",
            ran.stdout
        );
    }
}

#[test]
fn a_check_is_well_where_everything_asked_for_is_granted() {
    let options = [
        "--allow=http:GET,POST https://api.example.com/v1/*",
        "--allow=http:http://{station}:8080",
        "--bind=station=10.0.0.7",
        "--allow=fs:ro:{folder}",
        "--bind=folder=/srv/docs",
        "--allow=tcp:db.example.com:5432",
        "--allow=secret-reveal:KEY",
        "--output=json",
    ];
    let ran = policy("check", &options);
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
    let answer = ran.json();
    assert_eq!(
        (&answer["lost"], &answer["unfilled"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(answer["granted"].as_array().unwrap().len(), 5);
    assert_eq!(
        answer["cannotEnforce"].as_array().unwrap().len(),
        4,
        "{answer}"
    );
}

#[test]
fn a_plugin_without_manifest_is_held_by_its_grant_alone() {
    let ran = run(&[
        "policy",
        "check",
        guests::WELL_TOOLS,
        "--allow=log",
        "--deny=clocks",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("asks for  anything: it has no manifest")
    );
    assert!(ran.stdout.contains("granted   log\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("denied    clocks\n"), "{}", ran.stdout);
}

#[test]
fn a_wrong_capability_is_shown_with_its_place_and_the_right_spelling() {
    let ran = run(&["call", "x.wasm", "x", "--allow=https://api.example.com"]);
    assert_eq!(ran.code, Some(2));
    for part in [
        "'--allow <CAP>'",
        "1 | https://api.example.com",
        "^^^^^",
        "write `http:https://api.example.com`",
    ] {
        assert!(
            ran.stderr.contains(part),
            "{part} is missing in\n{}",
            ran.stderr
        );
    }
    for option in ["--deny=network", "--bind=folder", "--bind=Folder=/srv"] {
        let ran = run(&["call", "x.wasm", "x", option]);
        assert_eq!(ran.code, Some(2), "{option}: {}", ran.stderr);
    }
}

#[test]
fn a_granted_slot_has_to_be_filled() {
    let (_folder, path) = plugin();
    let path = path.to_str().unwrap();
    let ran = run(&["call", path, "greet", "--allow=fs:ro:{folder}=>/files"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("say --bind folder=VALUE, where the value is an absolute folder"),
        "{}",
        ran.stderr
    );
    let ran = run(&[
        "call",
        path,
        "greet",
        "--deny=http:https://{host}",
        "--bind=host=a b",
        "--output=json",
    ]);
    assert_eq!((ran.code, &ran.error()["kind"]), (Some(2), &json!("usage")));
}

#[test]
fn a_recorded_call_that_reaches_for_nothing_needs_nothing() {
    let (_folder, path) = plugin();
    let path = path.to_str().unwrap();
    let ran = run(&["policy", "record", path, "greet", "--arg=name=Ada"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), ""),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("the call needs no grant"),
        "{}",
        ran.stderr
    );
    let ran = run(&["policy", "record", path, "no-such-tool"]);
    assert_eq!(ran.code, Some(5), "{}", ran.stderr);
}

/// Calls a tool of the guest that keeps state, in a home of its own, and gives how that ended.
fn store(home: &Path, command: &[&str], options: &[&str]) -> Ran {
    let mut portcullis = portcullis();
    for variable in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"] {
        portcullis.env(variable, home);
    }
    let (command, file) = (command.iter().copied(), guests::WELL_STORE);
    Ran::of(portcullis.args(command).arg(file).args(options))
}

const SET: [&str; 2] = ["set", r#"--args={"key": "a", "value": "b", "sync": false}"#];

#[test]
fn a_denied_call_ends_with_4_and_says_which_allow_would_permit_it() {
    let home = tempfile::tempdir().unwrap();
    let call = |options: &[&str]| store(home.path(), &["call"], &[&SET, options].concat());
    let ran = call(&[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(4), ""),
        "{}",
        ran.stderr
    );
    for line in [
        "error: denied: ",
        "  denied (not-granted): the operator granted no rule that allows state\n",
        "    --allow 'state'\n",
    ] {
        assert!(
            ran.stderr.contains(line),
            "{line} is missing in\n{}",
            ran.stderr
        );
    }
    let error = call(&["--output=json"]).error();
    assert_eq!(
        (&error["kind"], &error["code"]),
        (&json!("denied"), &json!("denied"))
    );
    assert_eq!(error["denials"][0]["remedies"], json!(["--allow 'state'"]));

    call(&["--allow=state"]).ok();
    assert_eq!(call(&["--allow=state", "--deny=state"]).code, Some(4));
    // It needs no network.
    call(&["--allow=state", "--offline"]).ok();
}

#[test]
fn a_denial_that_the_tool_swallowed_is_told_beside_the_answer() {
    let home = tempfile::tempdir().unwrap();
    let call = |options: &[&str]| {
        let options = [&["insist", "--arg=times=3"], options].concat();
        store(home.path(), &["call"], &options)
    };
    let ran = call(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("denied"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("\n  --allow 'state'\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.matches("--allow").count(), 1, "{}", ran.stderr);

    let ran = call(&["--output=json"]);
    let told: Value = serde_json::from_str(ran.stderr.trim()).unwrap();
    assert_eq!(told["denied"]["code"], "not-granted");

    let ran = call(&["--allow=state"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_recorded_call_prints_the_grant_that_it_needs() {
    let home = tempfile::tempdir().unwrap();
    let record = |options: &[&str]| {
        let options = [&SET, options].concat();
        store(home.path(), &["policy", "record"], &options)
    };
    let ran = record(&[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(4), "--allow 'state'\n")
    );
    assert!(ran.stderr.contains("run it again"), "{}", ran.stderr);
    let ran = record(&["--allow=state", "--allow=env:HOME", "--allow=http:*"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "--allow 'state'\n", ""),
        "what was granted and not used is left out"
    );
    let ran = record(&["--output=json"]);
    let answer = ran.json();
    assert_eq!(
        (&answer["allow"], &answer["complete"]),
        (&json!(["state"]), &json!(false))
    );
}
