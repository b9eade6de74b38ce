//! The tables of the documentation, walked; what an operator is told; and the law held against the intersection.

use proptest::prelude::*;

use super::*;
use crate::Grant;
use crate::capability::tests::{capabilities, rows};
use crate::request::{Host, HttpRequest};

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
fn request(text: &str) -> Result<Request, crate::request::RequestError> {
    if let Some(target) = text.strip_prefix("connect ") {
        let Capability::Tcp(rule) = format!("tcp:{target}").parse::<Capability>()? else {
            panic!("{text}")
        };
        let host = match rule.host {
            HostPattern::Name(name) => Host::Name(name),
            HostPattern::Address(address) => Host::Address(address),
            other => panic!("{other}"),
        };
        return Ok(Request::Connect {
            host,
            port: rule.port,
        });
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

/// Requests of every kind, for which the generated capabilities often have a rule.
fn requests() -> impl Strategy<Value = Request> {
    let texts = prop_oneof![
        "(GET|HEAD|POST|DELETE) https?://(a\\.example|b\\.a\\.example|c\\.b\\.a\\.example|example\\.com|127\\.0\\.0\\.1)(|:8080)(/|/v1/|/v1/x|/v%31/y)",
        "connect (a\\.example|b\\.a\\.example|127\\.0\\.0\\.1):(443|5432)",
        "lookup (a\\.example|b\\.a\\.example|example\\.com)",
        "fs:r[ow]:(/[ab]){1,3}",
        "(env|secret|secret-reveal):[AB]",
        "state:[0-9]{1,7}",
        "llm:[ab]{1,3}",
        "invoke:a/[ab]{1,3}",
        "(hook|hook-gate):heartbeat",
        "action:switch-model:[ab]{1,3}",
        "(log|args|stdin)",
    ];
    texts.prop_filter_map("not a request", |text| request(&text).ok())
}

/// Capabilities that are close to each other, so that they often overlap.
fn close() -> impl Strategy<Value = Capability> {
    let method = "(GET |POST,DELETE |)";
    let host =
        r"(a\.example|b\.a\.example|\*\.a\.example|\*\.b\.a\.example|example\.com|127\.0\.0\.1)";
    let http = format!(
        r"http:{method}https?://{host}(|:8080)(|/|/v1/\*|/v1/x)(| in 10\.0\.0\.0/8| in 10\.1\.0\.0/16)"
    );
    let texts = prop_oneof![
        4 => proptest::string::string_regex(&http).expect("a pattern"),
        1 => r"(http:\*|log|args|stdin|state|llm|retrieval)",
        1 => r"tcp:(a\.example|\*\.a\.example|127\.0\.0\.1):(443|5432)",
        1 => r"fs:r[ow]:(/[ab]){1,3}",
        1 => r"(env|secret|secret-reveal):[AB]|state:[0-9]{1,7}|(hook|hook-gate):heartbeat",
        1 => r"(llm:|invoke:a/|action:switch-model:)[ab]{0,2}\*?",
    ];
    prop_oneof![
        8 => texts.prop_filter_map("not a capability", |text| text.parse().ok()),
        1 => capabilities(),
    ]
}

fn addresses() -> impl Strategy<Value = IpAddr> {
    let texts = [
        "8.8.8.8",
        "10.0.0.1",
        "10.1.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "::1",
        "2606:4700::1111",
    ];
    proptest::sample::select(texts.map(|text| text.parse::<IpAddr>().unwrap()).to_vec())
}

fn sets() -> impl Strategy<Value = CapabilitySet> {
    let only = proptest::collection::vec(close(), 0..6).prop_map(|rules| {
        // A manifest carries no network.
        CapabilitySet::Only(rules)
    });
    prop_oneof![1 => Just(CapabilitySet::All), 4 => only]
}

fn manifests() -> impl Strategy<Value = CapabilitySet> {
    sets().prop_map(|set| match set {
        CapabilitySet::Only(rules) => {
            CapabilitySet::Only(rules.into_iter().filter(has_no_network).collect())
        }
        all => all,
    })
}

fn has_no_network(rule: &Capability) -> bool {
    !matches!(rule, Capability::Http(HttpRule::Origin(rule)) if rule.within.is_some())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn the_shown_intersection_is_the_law(
        requested in manifests(),
        granted in proptest::collection::vec(close(), 0..6),
        denied in proptest::collection::vec(close(), 0..2),
        ceiling in sets(),
        request in requests(),
        address in addresses(),
    ) {
        let denials = |grant: Grant| denied.iter().cloned().fold(grant, Grant::deny);
        let law = Grants::new(&requested, &denials(Grant::from_caps(granted)), &ceiling);
        let shown = Grants::new(&CapabilitySet::All, &denials(Grant::from_caps(law.effective().to_vec())), &CapabilitySet::All);
        prop_assert_eq!(
            decide(&law, &request).into_result().is_ok(),
            decide(&shown, &request).into_result().is_ok(),
            "{} under {:?}", request, law
        );
        let around = Surroundings::default();
        prop_assert_eq!(
            decide_address(&law, &request, address, &around).into_result().is_ok(),
            decide_address(&shown, &request, address, &around).into_result().is_ok(),
            "{} at {} under {:?}", request, address, law
        );
    }

    #[test]
    fn what_covers_matches_and_what_two_share_is_in_both(a in close(), b in close(), request in requests()) {
        let asked = Asked::new(&request, None);
        let matches = |rule: &Capability| asked.matches(rule);
        if a.covers(&b) && matches(&b) {
            prop_assert!(matches(&a));
        }
        if request.kind() != "lookup" {
            let both = a.and(&b).is_some_and(|both| matches(&both));
            prop_assert_eq!(matches(&a) && matches(&b), both);
        }
    }

    #[test]
    fn an_address_never_allows_what_the_name_does_not(
        granted in proptest::collection::vec(close(), 0..6),
        request in requests(),
        address in addresses(),
    ) {
        let grants = Grants::new(&CapabilitySet::All, &Grant::from_caps(granted), &CapabilitySet::All);
        if decide_address(&grants, &request, address, &Surroundings::default()).into_result().is_ok() {
            prop_assert!(decide(&grants, &request).into_result().is_ok());
        }
    }

    #[test]
    fn a_remedy_taken_is_enough(request in requests(), requested in manifests(), ceiling in sets()) {
        let law = Grants::new(&requested, &Grant::none(), &ceiling);
        if let Decision::Deny(denial) = decide(&law, &request) {
            let mut grant = Grant::none();
            let (mut requested, mut ceiling) = (requested, ceiling);
            for remedy in denial.remedies {
                match (remedy, &mut requested, &mut ceiling) {
                    (Remedy::Allow(rule), ..) => grant = grant.allow(rule),
                    (Remedy::Request(rule), CapabilitySet::Only(rules), _) => rules.push(rule),
                    (Remedy::RaiseCeiling(rule), _, CapabilitySet::Only(rules)) => rules.push(rule),
                    (remedy, ..) => panic!("{remedy} for {request}"),
                }
            }
            let after = Grants::new(&requested, &grant, &ceiling);
            prop_assert!(request.kind() == "lookup" || decide(&after, &request).into_result().is_ok());
        }
    }
}
