use std::collections::BTreeSet;

use portcullis_guest_sdk::hook::{Mode, POINTS, Phase};
use portcullis_guest_sdk::serde_json::{self, Value};
use portcullis_guest_sdk::testing::{self, Host, json};

/// The metadata of every point at once: each takes its own fields.
fn event() -> Value {
    json!({
        "agent": "demo", "version": "1", "reason": "asked", "session": "s", "resumed": false, "turns": 2, "channel": "terminal",
        "sender": "ada", "role": null, "tools": ["a.b/c", "a.b/d"], "turn": 1, "model": "demo-large", "finish": "stop",
        "usage": { "input_tokens": 3, "output_tokens": 4 }, "tool_uses": [], "call_id": "c", "tool": "a.b/c", "is_error": false,
        "duration_ms": 7, "messages": 9, "tokens": 100, "replaced": 8, "stop": false, "uptime_ms": 1000, "sessions": 1,
    })
}

fn told(host: &Host, hook: &str) {
    let handled = host.on_event(hook, event()).expect(hook);
    assert!(handled.actions.is_empty());
}

fn report(host: &Host, last: usize) -> Value {
    let output = host.call("audit_report", json!({ "last": last })).unwrap();
    serde_json::from_str(&output.text()).unwrap()
}

#[test]
fn every_point_is_watched() {
    let watched: BTreeSet<&str> = testing::hooks().iter().map(|hook| hook.point).collect();
    let points: BTreeSet<&str> = POINTS.iter().map(|point| point.name).collect();
    assert_eq!(watched, points);
    for hook in testing::hooks() {
        assert_eq!(
            (hook.mode, hook.phase),
            (Mode::Observe, Phase::Telemetry),
            "{}",
            hook.name
        );
    }
}

#[test]
fn every_point_is_asked_for_and_content_is_not() {
    let manifest = include_str!("../plugin.toml");
    for point in POINTS {
        assert!(
            manifest.contains(&format!("\"hook:{}\"", point.name)),
            "{}",
            point.name
        );
    }
    assert!(!manifest.contains("hook-"));
}

#[test]
fn events_are_counted_at_their_points() {
    let host = Host::new();
    for hook in testing::hooks() {
        told(&host, hook.name);
    }
    told(&host, "before_tool_call");
    let counts = report(&host, 0)["counts"].clone();
    let counts = counts.as_array().unwrap();
    let points: Vec<&str> = counts
        .iter()
        .map(|counted| counted["point"].as_str().unwrap())
        .collect();
    let life: Vec<&str> = POINTS.iter().map(|point| point.name).collect();
    assert_eq!(points, life);
    for counted in counts {
        let times = if counted["point"] == "before-tool-call" {
            2
        } else {
            1
        };
        assert_eq!(counted["count"], times, "{counted}");
    }
}

#[test]
fn the_last_events_are_told_without_content() {
    let host = Host::new();
    told(&host, "heartbeat");
    let call = json!({ "session": "s", "turn": 1, "call_id": "c".repeat(1000), "tool": "a.b/c", "arguments": { "key": "secret" } });
    host.on_event("before_tool_call", call).unwrap();
    told(&host, "before_agent_start");

    let report = report(&host, 10);
    let last = report["last"].as_array().unwrap();
    assert_eq!(last.len(), 3);
    assert!(!report.to_string().contains("secret"));
    let call = last
        .iter()
        .find(|noted| noted["point"] == "before-tool-call")
        .unwrap();
    assert_eq!(call["metadata"]["tool"], "a.b/c");
    assert_eq!(call["metadata"]["call_id"], "c".repeat(100));
    let start = last
        .iter()
        .find(|noted| noted["point"] == "before-agent-start")
        .unwrap();
    assert_eq!(start["metadata"]["tools"], 2);
    assert!(last.is_sorted_by_key(|noted| noted["at"].as_u64()));
}

#[test]
fn what_is_kept_has_an_end_and_what_is_counted_has_none() {
    let host = Host::new();
    for _ in 0..60 {
        told(&host, "heartbeat");
    }
    told(&host, "gateway_stop");
    let report = report(&host, 1000);
    assert_eq!(report["last"].as_array().unwrap().len(), 50);
    assert_eq!(
        report["counts"][1],
        json!({ "point": "heartbeat", "count": 60 })
    );
}

#[test]
fn what_was_cleared_is_gone_also_where_it_could_not_be_read() {
    let host = Host::new().state("point/heartbeat", "not what this plugin wrote");
    let error = host.on_event("heartbeat", event()).unwrap_err();
    assert_eq!(error.code, "invalid");
    host.call("audit_clear", json!({})).unwrap();
    told(&host, "heartbeat");
    assert_eq!(
        report(&host, 10)["counts"],
        json!([{ "point": "heartbeat", "count": 1 }])
    );
}
