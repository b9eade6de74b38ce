//! Audit records: their published shape, what they hold and what they never hold.

use std::path::Path;
use std::time::{Duration, SystemTime};

use portcullis_host_policy::audit::{AuditRecord, Subject, Verdict};
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{CapabilitySet, Grants, decide};
use portcullis_host_policy::request::{HttpRequest, Request};
use portcullis_host_policy::{Grant, Identity};
use serde_json::Value;

fn subject() -> Subject {
    Subject {
        plugin: "org.example.weather".into(),
        identity: Identity::Digest([0xab; 32]),
        call: Some("c-7".into()),
    }
}

fn record(grant: Grant, request: Request) -> AuditRecord {
    let decision = decide(
        &Grants::new(&CapabilitySet::All, &grant, &CapabilitySet::All),
        &request,
    );
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_132_800_123);
    AuditRecord::new(
        time,
        &subject(),
        &request,
        &decision,
        Duration::from_micros(3),
    )
}

fn get(url: &str) -> Request {
    Request::Http(HttpRequest::parse("GET", url).unwrap())
}

fn grant(text: &str) -> Grant {
    Grant::from_caps([text.parse::<Capability>().unwrap()])
}

#[test]
fn the_published_schema_is_the_records_own() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/audit-record.json");
    if std::env::var_os("PORTCULLIS_UPDATE").is_some() {
        std::fs::write(&file, AuditRecord::schema()).unwrap();
    }
    assert!(
        std::fs::read_to_string(file).unwrap() == AuditRecord::schema(),
        "schema/audit-record.json is out of date: run with PORTCULLIS_UPDATE=1"
    );
}

#[test]
fn an_allowance_names_the_rule() {
    let record = record(
        grant("http:https://*.example.com"),
        get("https://api.example.com/v1/x?token=hush"),
    );
    assert_eq!(
        serde_json::to_value(&record).unwrap(),
        serde_json::json!({
            "time": "2026-11-20T00:00:00.123Z",
            "plugin": "org.example.weather",
            "identity": format!("sha256:{}", "ab".repeat(32)),
            "call": "c-7",
            "capability": "http",
            "decision": "allow",
            "rule": "http:https://*.example.com",
            "request": "GET https://api.example.com/v1/x",
            "http": { "method": "GET", "origin": "https://api.example.com", "path": "/v1/x" },
            "duration-us": 3,
            "count": 1,
        })
    );
}

#[test]
fn a_denial_has_code_and_reason() {
    let record = record(Grant::none(), Request::Use("env:HOME".parse().unwrap()));
    let json = serde_json::to_value(&record).unwrap();
    assert_eq!(json["decision"], "deny");
    assert_eq!(json["code"], "not-granted");
    assert_eq!(
        json["reason"],
        "the operator granted no rule that allows env:HOME"
    );
    assert_eq!(json.get("rule"), None);
}

#[test]
fn every_record_fits_the_published_schema_and_is_read_back() {
    let schema: Value = serde_json::from_str(&AuditRecord::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let requests = [
        get("https://api.example.com/"),
        Request::Lookup("a.example".parse().unwrap()),
        Request::Use("fs:rw:/srv/x".parse().unwrap()),
    ];
    for request in requests {
        for grant in [
            Grant::none(),
            grant("http:https://api.example.com"),
            grant("fs:rw:/srv"),
        ] {
            let mut record = record(grant, request.clone());
            record.addresses = vec!["::1".parse().unwrap()];
            let json = serde_json::to_value(&record).unwrap();
            assert!(
                validator.is_valid(&json),
                "{:?}",
                validator.iter_errors(&json).collect::<Vec<_>>()
            );
            assert_eq!(serde_json::from_value::<AuditRecord>(json).unwrap(), record);
        }
    }
    assert!(!validator.is_valid(&serde_json::json!({ "time": "now" })));
}

#[test]
fn a_reader_skips_what_it_does_not_know() {
    let record = record(Grant::none(), get("https://a.example/"));
    let mut json = serde_json::to_value(&record).unwrap();
    json["later"] = "something".into();
    assert_eq!(serde_json::from_value::<AuditRecord>(json).unwrap(), record);
}

#[test]
fn only_the_same_denial_again_is_folded() {
    let denied = record(Grant::none(), get("https://a.example/"));
    let mut later = denied.clone();
    later.time += Duration::from_secs(1);
    assert!(denied.folds(&later));
    assert!(!denied.folds(&record(Grant::none(), get("https://b.example/"))));
    let allowed = record(grant("http:https://a.example"), get("https://a.example/"));
    assert_eq!(allowed.decision, Verdict::Allow);
    assert!(!allowed.folds(&allowed));
}

#[test]
fn a_clock_that_is_far_off_does_not_cost_the_record() {
    let mut record = record(Grant::none(), get("https://a.example/"));
    record.time = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(
        serde_json::to_value(&record).unwrap()["time"],
        "1970-01-01T00:00:00.000Z"
    );
    record.time = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
    assert_eq!(
        serde_json::to_value(&record).unwrap()["time"],
        "9999-12-31T23:59:59.000Z"
    );
}

#[test]
fn an_identity_is_read_as_it_is_written_and_nothing_else() {
    for identity in [Identity::Signed([7; 32]), Identity::Digest([0xfe; 32])] {
        assert_eq!(identity.to_string().parse(), Ok(identity));
    }
    let digits = "ab".repeat(32);
    for text in [
        digits.clone(),
        format!("md5:{digits}"),
        format!("signed:{}", digits.to_uppercase()),
        "signed:ab".into(),
    ] {
        assert!(text.parse::<Identity>().is_err(), "{text}");
    }
}
