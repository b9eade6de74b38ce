//! The law held against what people are shown, on sets and requests of all kinds.

use proptest::prelude::*;

use super::tests::request;
use super::*;
use crate::Grant;
use crate::capability::tests::capabilities;

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
    let only = proptest::collection::vec(close(), 0..6).prop_map(CapabilitySet::Only);
    prop_oneof![1 => Just(CapabilitySet::All), 4 => only]
}

/// What manifests ask for: an author can't name the operator's network.
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
                    (Remedy::Bind { slot, value }, ..) => grant = grant.bind(slot, value),
                    (remedy, ..) => panic!("{remedy} for {request}"),
                }
            }
            let after = Grants::new(&requested, &grant, &ceiling);
            prop_assert!(request.kind() == "lookup" || decide(&after, &request).into_result().is_ok());
        }
    }
}
