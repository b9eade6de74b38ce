//! What a grant covers and what of a manifest's wishes it leaves out.

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::{Grant, PluginId};

fn list(texts: &[&str]) -> Vec<Capability> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn an_empty_grant_covers_nothing() {
    let wanted = list(&["log", "env:HOME", "http:*"]);
    assert_eq!(Grant::none().missing(&wanted).len(), 3);
}

#[test]
fn what_is_missing_is_named_in_the_manifests_order() {
    let grant = Grant::from_caps(list(&[
        "http:GET,POST https://*.example.com",
        "fs:rw:/srv",
        "log",
    ]));
    let wanted = list(&[
        "http:https://api.example.com/v1/*",
        "http:GET https://api.example.com",
        "fs:ro:/srv/docs=>/docs",
        "env:HOME",
        "log",
    ]);
    assert_eq!(grant.missing(&wanted), [&wanted[0], &wanted[3]]);
}

#[test]
fn a_denial_goes_before_everything() {
    let grant = Grant::none()
        .allow("log".parse().unwrap())
        .deny("log".parse().unwrap());
    assert!(!grant.covers(&"log".parse().unwrap()));
    let grant = Grant::from_caps(list(&["http:POST https://a.example"]))
        .deny("http:https://a.example".parse().unwrap());
    assert!(!grant.covers(&"http:POST https://a.example".parse().unwrap()));
}

#[test]
fn a_slot_is_covered_by_the_same_slot() {
    let grant = Grant::from_caps(list(&["fs:rw:{notes}"]));
    assert!(grant.covers(&"fs:ro:{notes}".parse().unwrap()));
    assert!(!grant.covers(&"fs:ro:{other}".parse().unwrap()));
}

#[test]
fn a_plugins_id_is_lower_case_and_dotted() {
    for text in ["hello", "org.example.weather", "a", "org.example-2.x9"] {
        assert_eq!(text.parse::<PluginId>().unwrap().to_string(), text);
    }
    let long = "a".repeat(129);
    for text in [
        "", "Hello", "9lives", "a..b", ".a", "a.", "-a", "a-", "a.-b", "a_b", "a b", "ä", "a/b",
        &long,
    ] {
        let error = text.parse::<PluginId>().unwrap_err().to_string();
        assert!(
            error.contains("is no plugin id: an id is made of lower-case letters"),
            "{error}"
        );
        assert!(error.len() < 512);
    }
}
