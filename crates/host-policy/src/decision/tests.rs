//! The tables of the documentation, walked, and what an operator is told.

use super::*;
use crate::Grant;
use crate::capability::tests::rows;
use crate::request::HttpRequest;

const DOC: &str = include_str!("decision.md");

fn capability(text: &str) -> Capability {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn list(texts: &[&str]) -> Vec<Capability> {
    texts.iter().map(|text| capability(text)).collect()
}

fn grants(requested: &[&str], granted: &[&str], ceiling: Option<&[&str]>) -> Grants {
    let ceiling = ceiling.map_or(CapabilitySet::All, |rules| CapabilitySet::Only(list(rules)));
    Grants::new(
        &CapabilitySet::Only(list(requested)),
        &Grant::from_caps(list(granted)),
        &ceiling,
    )
}

/// A request as the tables write it.
pub(super) fn request(text: &str) -> Result<Request, crate::request::RequestError> {
    if let Some(target) = text.strip_prefix("connect ") {
        return Request::connect(target);
    }
    if let Some(name) = text.strip_prefix("lookup ") {
        return Ok(Request::Lookup(name.parse()?));
    }
    match text.split_once(' ') {
        Some((method, url)) => Ok(Request::Http(HttpRequest::parse(method, url)?)),
        None => Ok(Request::Use(text.parse()?)),
    }
}

/// The answer in the words of the tables.
fn answer(grants: &Grants, text: &str, address: Option<&str>) -> String {
    let request = match request(text) {
        Ok(request) => request,
        Err(error) => return Denial::from(error).code.to_string(),
    };
    let decision = match address {
        Some(address) => decide_address(
            grants,
            &request,
            address.parse().unwrap(),
            &Surroundings::default(),
        ),
        None => decide(grants, &request),
    };
    match decision {
        Decision::Allow(_) => "allowed".to_owned(),
        Decision::Deny(denial) => denial.code.to_string(),
    }
}

#[test]
fn each_line_of_the_documentation_is_decided_as_it_says() {
    let mut wrong = Vec::new();
    let three = rows(DOC, 3);
    let four = rows(DOC, 4);
    assert!(three.len() > 80 && four.len() > 20);
    for row in three.iter().chain(&four) {
        let (address, expected) = match &row[2..] {
            [expected] => (None, expected),
            [address, expected] => (Some(address.trim_matches('`')), expected),
            _ => unreachable!("rows have three or four columns"),
        };
        let grant = match row[0].strip_prefix("deny ") {
            Some(rule) => {
                let own = request(&row[1]).unwrap();
                let all = own
                    .capability()
                    .unwrap_or_else(|| capability("http:https://evil.example"));
                Grant::from_caps([all]).deny(capability(rule))
            }
            None => Grant::from_caps([capability(&row[0])]),
        };
        let grants = Grants::new(&CapabilitySet::All, &grant, &CapabilitySet::All);
        let answer = answer(&grants, &row[1], address);
        if answer != *expected {
            wrong.push(format!("{row:?}: {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_granted_allows_nothing() {
    for rule in rows(DOC, 3) {
        if let Ok(request) = request(&rule[1]) {
            assert!(
                decide(&Grants::none(), &request).into_result().is_err(),
                "{request}"
            );
        }
    }
}

#[test]
fn each_set_holds_back_on_its_own_and_says_so() {
    let rule = "http:https://a.example";
    let get = "GET https://a.example/";
    assert_eq!(
        answer(&grants(&[rule], &[rule], None), get, None),
        "allowed"
    );
    assert_eq!(
        answer(&grants(&[], &[rule], None), get, None),
        "not-requested"
    );
    assert_eq!(
        answer(&grants(&[rule], &[], None), get, None),
        "not-granted"
    );
    assert_eq!(
        answer(&grants(&[rule], &[rule], Some(&[])), get, None),
        "over-ceiling"
    );
    assert_eq!(
        answer(&grants(&[rule], &[rule], Some(&[rule])), get, None),
        "allowed"
    );
    let denied = Grant::from_caps(list(&[rule])).deny(capability(rule));
    let denied = Grants::new(&CapabilitySet::All, &denied, &CapabilitySet::All);
    assert_eq!(answer(&denied, get, None), "denied-by-operator");
}

#[test]
fn offline_closes_the_network_and_nothing_else() {
    let offline = grants(
        &["http:*", "tcp:a.example:1", "log"],
        &["http:*", "tcp:a.example:1", "log"],
        None,
    )
    .offline(true);
    for request in [
        "GET https://a.example/",
        "connect a.example:1",
        "lookup a.example",
    ] {
        assert_eq!(answer(&offline, request, None), "offline");
    }
    assert_eq!(answer(&offline, "log", None), "allowed");
}

#[test]
fn the_remedies_are_all_that_is_needed_and_no_more() {
    let request = request("POST https://api.example.com/v1/it's?token=x").unwrap();
    let Decision::Deny(denial) = decide(&grants(&[], &[], Some(&[])), &request) else {
        panic!("nothing is granted")
    };
    let remedies: Vec<String> = denial.remedies.iter().map(ToString::to_string).collect();
    assert_eq!(
        remedies,
        [
            "in plugin.toml, add to `[capabilities] request`: \"http:POST https://api.example.com/v1/it's\"",
            r"--allow 'http:POST https://api.example.com/v1/it'\''s'",
            "in the host's settings, add to the ceiling: \"http:POST https://api.example.com/v1/it's\"",
        ]
    );
    let rule = "http:POST https://api.example.com/v1/it's";
    assert!(
        decide(&grants(&[rule], &[rule], Some(&[rule])), &request)
            .into_result()
            .is_ok()
    );
}

#[test]
fn a_refused_address_names_the_network_that_would_allow_it() {
    let grants = grants(
        &["http:https://nas.example"],
        &["http:https://nas.example"],
        None,
    );
    let request = request("GET https://nas.example/").unwrap();
    let decision = decide_address(
        &grants,
        &request,
        "192.168.1.7".parse().unwrap(),
        &Surroundings::default(),
    );
    let denial = decision.into_result().unwrap_err();
    assert_eq!(denial.code.guest().as_str(), "unavailable");
    assert_eq!(
        denial.reason,
        "GET https://nas.example/ leads to 192.168.1.7, which is not public (Private-Use)"
    );
    assert_eq!(
        denial.remedies[0].to_string(),
        "--allow 'http:GET https://nas.example/ in 192.168.1.7/32'"
    );
    let metadata = decide_address(
        &grants,
        &request,
        "169.254.169.254".parse().unwrap(),
        &Surroundings::default(),
    );
    assert!(metadata.into_result().unwrap_err().remedies.is_empty());
}

#[test]
fn a_refused_address_names_each_set_that_holds_it_back() {
    let with = "http:https://nas.example in 10.0.0.0/8";
    let without = "http:https://nas.example";
    let remedies = |requested: &str, granted: &str, ceiling: &str| {
        let grants = grants(&[requested], &[granted], Some(&[ceiling]));
        let request = request("GET https://nas.example/").unwrap();
        let around = Surroundings::default();
        let decision = decide_address(&grants, &request, "10.0.0.7".parse().unwrap(), &around);
        let denial = decision.into_result().unwrap_err();
        let kinds = denial.remedies.iter().map(|remedy| match remedy {
            Remedy::Request(rule) => format!("request {rule}"),
            Remedy::Allow(rule) => format!("allow {rule}"),
            Remedy::RaiseCeiling(rule) => format!("ceiling {rule}"),
            other => panic!("{other}"),
        });
        kinds.collect::<Vec<_>>()
    };
    let narrow = "http:GET https://nas.example/";
    let there = format!("{narrow} in 10.0.0.7/32");
    assert_eq!(
        remedies(without, with, without),
        [format!("ceiling {there}")]
    );
    assert_eq!(
        remedies(without, without, without),
        [format!("allow {there}"), format!("ceiling {there}")]
    );
    assert_eq!(
        remedies("http:*", with, with),
        [format!("request {narrow}")]
    );
}

#[test]
fn a_manifest_without_the_network_takes_the_operators() {
    let both = grants(
        &["http:https://nas.example"],
        &["http:https://nas.example in 10.0.0.0/8"],
        None,
    );
    assert_eq!(
        answer(&both, "GET https://nas.example/", Some("10.0.0.7")),
        "allowed"
    );
    assert_eq!(
        both.effective(),
        list(&["http:https://nas.example in 10.0.0.0/8"])
    );
    let public = grants(
        &["http:*"],
        &["http:https://nas.example in 10.0.0.0/8"],
        None,
    );
    assert_eq!(
        answer(&public, "GET https://nas.example/", Some("10.0.0.7")),
        "address-refused"
    );
    let ceiling = Some(["http:https://nas.example"].as_slice());
    let under = grants(
        &["http:https://nas.example"],
        &["http:https://nas.example in 10.0.0.0/8"],
        ceiling,
    );
    assert_eq!(
        answer(&under, "GET https://nas.example/", Some("10.0.0.7")),
        "address-refused"
    );
}

#[test]
fn only_the_vetted_of_several_addresses_are_dialled() {
    let grants = grants(
        &["http:https://a.example"],
        &["http:https://a.example"],
        None,
    );
    let request = request("GET https://a.example/").unwrap();
    let addresses = ["10.0.0.1", "8.8.8.8", "::1"].map(|address| address.parse().unwrap());
    let vetted = vet(&grants, &request, addresses, &Surroundings::default());
    assert_eq!(
        vetted,
        [(
            "8.8.8.8".parse().unwrap(),
            capability("http:https://a.example")
        )]
    );
}

#[test]
fn a_denied_address_is_denied_under_any_name() {
    let grant = Grant::from_caps(list(&["http:https://a.example"]))
        .deny(capability("http:https://8.8.8.8"));
    let grants = Grants::new(&CapabilitySet::All, &grant, &CapabilitySet::All);
    assert_eq!(answer(&grants, "GET https://a.example/", None), "allowed");
    assert_eq!(
        answer(&grants, "GET https://a.example/", Some("8.8.8.8")),
        "denied-by-operator"
    );
    assert_eq!(
        answer(&grants, "GET https://a.example/", Some("8.8.4.4")),
        "allowed"
    );
}

#[test]
fn a_denied_network_counts_once_the_address_is_known() {
    let deny = capability("http:https://a.example in 8.0.0.0/8");
    let grant = Grant::from_caps(list(&["http:https://a.example"])).deny(deny);
    let grants = Grants::new(&CapabilitySet::All, &grant, &CapabilitySet::All);
    assert_eq!(answer(&grants, "GET https://a.example/", None), "allowed");
    assert_eq!(
        answer(&grants, "GET https://a.example/", Some("8.8.8.8")),
        "denied-by-operator"
    );
    assert_eq!(
        answer(&grants, "GET https://a.example/", Some("9.9.9.9")),
        "allowed"
    );
}

#[test]
fn the_rule_with_a_host_goes_before_the_rule_for_all() {
    let grants = grants(&["http:*"], &["http:*", "http:https://a.example"], None);
    let decision = decide(&grants, &request("GET https://a.example/").unwrap());
    assert_eq!(
        decision,
        Decision::Allow(capability("http:https://a.example"))
    );
}

#[test]
fn slots_are_the_operators_to_fill() {
    let requested = CapabilitySet::Only(list(&["http:https://{api}:8443/v1/*", "fs:ro:{notes}"]));
    let grant = Grant::from_caps(list(&["http:https://{api}:8443", "fs:rw:/home/me"]));
    let unfilled = Grants::new(&requested, &grant, &CapabilitySet::All);
    assert_eq!(
        answer(&unfilled, "GET https://a.example:8443/v1/x", None),
        "not-requested"
    );
    let slots: Vec<String> = unfilled
        .unfilled()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(slots.len(), 2);
    assert!(
        slots[0].starts_with("the slot `{api}` is not filled; say --bind api=VALUE"),
        "{slots:?}"
    );

    let grant = grant
        .bind("api".parse().unwrap(), "a.example")
        .bind("notes".parse().unwrap(), "/home/me/notes");
    let filled = Grants::new(&requested, &grant, &CapabilitySet::All);
    assert_eq!(
        answer(&filled, "GET https://a.example:8443/v1/x", None),
        "allowed"
    );
    assert_eq!(
        answer(&filled, "GET https://b.example:8443/v1/x", None),
        "not-requested"
    );
    assert_eq!(answer(&filled, "fs:ro:/home/me/notes", None), "allowed");
    assert_eq!(
        filled.effective(),
        list(&[
            "http:https://a.example:8443/v1/*",
            "fs:ro:/home/me/notes=>/notes"
        ])
    );
}

#[test]
fn an_unfilled_slot_is_filled_rather_than_asked_for_anew() {
    let remedies = |requested: &[&str], granted: &[&str], asked: &str| {
        let decision = decide(&grants(requested, granted, None), &request(asked).unwrap());
        let denial = decision.into_result().unwrap_err();
        let remedies = denial.remedies.iter().map(ToString::to_string);
        remedies.collect::<Vec<_>>()
    };
    let rule = "http:http://{api}:8080/v1/*";
    let asked = "GET http://10.0.0.7:8080/v1/x";
    assert_eq!(
        remedies(&[rule], &[], asked),
        [
            "--bind 'api=10.0.0.7'",
            "--allow 'http:GET http://10.0.0.7:8080/v1/x'"
        ]
    );
    assert_eq!(remedies(&[rule], &[rule], asked), ["--bind 'api=10.0.0.7'"]);
    assert_eq!(
        remedies(&["tcp:{db}:5432"], &["tcp:{db}:5432"], "connect [::1]:5432"),
        ["--bind 'db=[::1]'"]
    );
    let folder = "fs:ro:{folder}=>/files";
    assert_eq!(
        remedies(&[folder], &[folder], "fs:ro:/srv/docs"),
        ["--bind 'folder=/srv/docs'"]
    );
    // Filling it would not help: the path is another.
    assert_eq!(
        remedies(&[rule], &[], "GET http://10.0.0.7:8080/v2"),
        [
            "in plugin.toml, add to `[capabilities] request`: \"http:GET http://10.0.0.7:8080/v2\"",
            "--allow 'http:GET http://10.0.0.7:8080/v2'"
        ]
    );
}

#[test]
fn a_refused_lookup_names_the_manifest_s_rule() {
    let asked = request("lookup db.example.com").unwrap();
    let remedies = |requested: &[&str]| {
        let decision = decide(&grants(requested, &[], None), &asked);
        let denial = decision.into_result().unwrap_err();
        let remedies = denial.remedies.iter().map(ToString::to_string);
        remedies.collect::<Vec<_>>()
    };
    assert_eq!(
        remedies(&["log", "tcp:db.example.com:5432"]),
        ["--allow 'tcp:db.example.com:5432'"]
    );
    assert_eq!(remedies(&["log"]), [""; 0]);
}

#[test]
fn a_slot_takes_only_what_fits_it() {
    let requested = CapabilitySet::Only(list(&["http:https://{api}"]));
    for value in [
        "*.example.com",
        "{other}",
        "a.example:8443",
        "https://a.example",
        "",
        "A.example",
    ] {
        let grant = Grant::none().bind("api".parse().unwrap(), value);
        let grants = Grants::new(&requested, &grant, &CapabilitySet::All);
        assert!(
            grants.unfilled()[0]
                .to_string()
                .contains("takes a host name or an address"),
            "{value}"
        );
    }
}

#[test]
fn what_is_lost_is_shown_with_what_is_left_of_it() {
    let requested = ["http:GET,POST https://*.example.com", "log", "env:HOME"];
    let granted = ["http:GET https://api.example.com in 10.0.0.0/8", "log"];
    let lost = grants(&requested, &granted, None).lost();
    let shown: Vec<_> = lost
        .iter()
        .map(|lost| (lost.capability.to_string(), lost.left.len()))
        .collect();
    assert_eq!(
        shown,
        [
            ("http:GET,POST https://*.example.com".to_owned(), 1),
            ("env:HOME".to_owned(), 0)
        ]
    );
}

#[test]
fn every_deny_code_has_a_word_of_its_own() {
    let words: std::collections::BTreeSet<_> =
        DenyCode::ALL.map(DenyCode::as_str).into_iter().collect();
    assert_eq!(words.len(), DenyCode::ALL.len());
    for code in DenyCode::ALL {
        assert_eq!(code.as_str().parse(), Ok(code));
    }
}

#[test]
fn more_granted_goes_no_further_than_manifest_ceiling_and_denials() {
    let allowed = |grants: &Grants, what: &str| {
        matches!(decide(grants, &request(what).unwrap()), Decision::Allow(_))
    };
    let requested = ["http:https://*.example.com", "state"];
    let ceiling = ["http:https://a.example.com", "state"];
    let own = grants(&requested, &[], Some(&ceiling));
    let more = own.and(&list(&["http:https://*.example.com", "planner"]));
    assert!(!allowed(&own, "GET https://a.example.com/"));
    assert!(allowed(&more, "GET https://a.example.com/"));
    assert!(!allowed(&more, "GET https://b.example.com/"));
    assert!(!allowed(&more, "planner") && !allowed(&more, "state"));
    let denied = Grant::none().deny(capability("state"));
    let denied = Grants::new(&CapabilitySet::All, &denied, &CapabilitySet::All);
    assert!(!allowed(&denied.and(&list(&["state"])), "state"));
}
