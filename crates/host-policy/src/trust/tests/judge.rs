//! Who counts, when, and what the modes make of it.

use super::*;

/// The moment at which these tests judge.
const NOW: &str = "2027-06-01T00:00:00Z";

/// A key for `org.example.*`, with nothing else said.
fn trusted(key: &SecretKey) -> TrustedKey {
    TrustedKey {
        public: key.public(),
        owner: String::new(),
        plugins: vec!["org.example.*".parse().unwrap()],
        not_before: None,
        not_after: None,
        revoked: false,
    }
}

fn keys(keys: impl IntoIterator<Item = TrustedKey>) -> TrustedKeys {
    TrustedKeys {
        keys: keys.into_iter().collect(),
        policies: Vec::new(),
    }
}

fn with_threshold(threshold: u32, mut trusted: TrustedKeys) -> TrustedKeys {
    let plugins = vec![IdPattern::All];
    trusted.policies.push(Threshold { plugins, threshold });
    trusted
}

/// What `required` says of `org.example.weather`, signed by these.
fn required(trusted: &TrustedKeys, signers: &[&SecretKey]) -> Result<Standing, Distrust> {
    let statement = weather();
    let signatures = signed_by(&statement, signers);
    let candidate = Candidate {
        statement: Some(&statement),
        signatures: &signatures,
        embedded: true,
        known: false,
    };
    judge(TrustMode::Required, trusted, &candidate, time(NOW))
}

fn faults(judged: Result<Standing, Distrust>) -> Vec<KeyFault> {
    match judged {
        Err(Distrust::NotEnough { faults, .. }) => {
            faults.into_iter().map(|(_, fault)| fault).collect()
        }
        other => panic!("{other:?}"),
    }
}

fn verified(signers: &[&SecretKey]) -> Result<Standing, Distrust> {
    let mut ids: Vec<_> = signers.iter().map(|key| key.public().id()).collect();
    ids.sort();
    Ok(Standing::Verified(ids))
}

#[test]
fn a_trusted_key_is_enough() {
    let judged = required(&keys([trusted(&key(1))]), &[&key(1)]);
    assert_eq!(judged, verified(&[&key(1)]));
}

#[test]
fn keys_that_do_not_count_take_nothing_from_one_that_does() {
    let revoked = TrustedKey {
        revoked: true,
        ..trusted(&key(2))
    };
    let all = keys([revoked, trusted(&key(1))]);
    let judged = required(&all, &[&key(2), &key(3), &key(1)]);
    assert_eq!(judged, verified(&[&key(1)]));
}

#[test]
fn each_fault_of_a_key_is_told() {
    let own = trusted(&key(1));
    let (before, after) = (time("2027-07-01T00:00:00Z"), time("2027-05-01T00:00:00Z"));
    let plugins = vec!["org.example".parse().unwrap(), "net.*".parse().unwrap()];
    let table = [
        (TrustedKeys::default(), KeyFault::Unknown),
        (keys([trusted(&key(2))]), KeyFault::Unknown),
        (
            keys([TrustedKey {
                revoked: true,
                ..own.clone()
            }]),
            KeyFault::Revoked,
        ),
        (
            keys([TrustedKey {
                plugins,
                ..own.clone()
            }]),
            KeyFault::OutOfScope,
        ),
        (
            keys([TrustedKey {
                plugins: Vec::new(),
                ..own.clone()
            }]),
            KeyFault::OutOfScope,
        ),
        (
            keys([TrustedKey {
                not_before: Some(before),
                ..own.clone()
            }]),
            KeyFault::NotYet(before),
        ),
        (
            keys([TrustedKey {
                not_after: Some(after),
                ..own
            }]),
            KeyFault::Expired(after),
        ),
    ];
    for (trusted, fault) in table {
        assert_eq!(faults(required(&trusted, &[&key(1)])), [fault]);
    }
}

#[test]
fn a_signature_of_something_else_is_a_mismatch() {
    let older = Statement {
        version: version("1.1.0"),
        ..weather()
    };
    let (statement, signatures) = (weather(), signed_by(&older, &[&key(1)]));
    let candidate = Candidate {
        statement: Some(&statement),
        signatures: &signatures,
        embedded: true,
        // What was approved before makes no signature good.
        known: true,
    };
    let trusted = keys([trusted(&key(1))]);
    let judged = judge(TrustMode::Required, &trusted, &candidate, time(NOW));
    assert_eq!(faults(judged), [KeyFault::Mismatch]);
}

#[test]
fn a_key_counts_from_its_first_moment_and_not_at_its_last() {
    let now = time(NOW);
    let second = std::time::Duration::from_secs(1);
    let from = |from| TrustedKey {
        not_before: Some(from),
        ..trusted(&key(1))
    };
    let until = |until| TrustedKey {
        not_after: Some(until),
        ..trusted(&key(1))
    };
    let table = [
        (from(now - second), true),
        (from(now), true),
        (from(now + second), false),
        (until(now - second), false),
        (until(now), false),
        (until(now + second), true),
    ];
    for (key_entry, counts) in table {
        let judged = required(&keys([key_entry.clone()]), &[&key(1)]);
        assert_eq!(judged.is_ok(), counts, "{key_entry:?}");
    }
}

#[test]
fn only_expiry_is_forgiven_to_bytes_that_were_approved_before() {
    let own = trusted(&key(1));
    let past = Some(time("2027-05-01T00:00:00Z"));
    let table = [
        (
            TrustedKey {
                not_after: past,
                ..own.clone()
            },
            true,
        ),
        (
            TrustedKey {
                not_after: past,
                revoked: true,
                ..own.clone()
            },
            false,
        ),
        (
            TrustedKey {
                plugins: Vec::new(),
                ..own.clone()
            },
            false,
        ),
        (
            TrustedKey {
                not_before: Some(time("2027-07-01T00:00:00Z")),
                ..own
            },
            false,
        ),
    ];
    let (statement, signatures) = (weather(), signed_by(&weather(), &[&key(1)]));
    for (entry, counts) in table {
        let candidate = Candidate {
            statement: Some(&statement),
            signatures: &signatures,
            embedded: true,
            known: true,
        };
        let trusted = keys([entry.clone()]);
        let judged = judge(TrustMode::Required, &trusted, &candidate, time(NOW));
        assert_eq!(judged.is_ok(), counts, "{entry:?}");
    }
}

#[test]
fn a_threshold_takes_so_many_distinct_keys_that_count() {
    let all = keys([1, 2, 3].map(|seed| trusted(&key(seed))));
    let two = with_threshold(2, all.clone());
    assert_eq!(
        required(&two, &[&key(1), &key(3)]),
        verified(&[&key(1), &key(3)])
    );
    let Err(Distrust::NotEnough {
        threshold, counted, ..
    }) = required(&two, &[&key(1), &key(4)])
    else {
        panic!("one is not enough")
    };
    assert_eq!((threshold, counted), (2, vec![key(1).public().id()]));
    let more = with_threshold(4, two);
    assert!(required(&more, &[&key(1), &key(2), &key(3)]).is_err());
}

/// The parser refuses such a file; should a list ever come about otherwise, it counts once.
#[test]
fn one_key_that_signs_twice_is_one_key() {
    let statement = weather();
    let twice = format!("{0}{0}", signed_by(&statement, &[&key(1)]));
    assert!(Signatures::parse(&twice).is_err());
    let listed_twice = keys([trusted(&key(1)), trusted(&key(1))]);
    let judged = required(&with_threshold(2, listed_twice), &[&key(1)]);
    assert_eq!(faults(judged), []);
}

#[test]
fn a_revoked_key_counts_for_no_threshold() {
    let revoked = TrustedKey {
        revoked: true,
        ..trusted(&key(2))
    };
    let two = with_threshold(2, keys([trusted(&key(1)), revoked]));
    let judged = required(&two, &[&key(1), &key(2)]);
    assert_eq!(faults(judged), [KeyFault::Revoked]);
}

/// What each mode makes of a component that is as it should be, and of each way not to be.
#[test]
fn the_modes_differ_in_what_they_take() {
    let statement = weather();
    let signed = signed_by(&statement, &[&key(1)]);
    let unknown = signed_by(&statement, &[&key(9)]);
    let revoked = signed_by(&statement, &[&key(1), &key(2)]);
    let lost = TrustedKey {
        revoked: true,
        ..trusted(&key(2))
    };
    let one = keys([trusted(&key(1)), lost]);
    let two = with_threshold(2, one.clone());
    let (none, some) = (Signatures::default(), Some(&statement));
    // Statement, signatures, embedded, keys; then whether `required` and `warn` load it, and as verified.
    let table = [
        ("signed", some, &signed, true, &one, (true, true, true)),
        ("unsigned", some, &none, true, &one, (false, true, false)),
        ("unknown", some, &unknown, true, &one, (false, true, false)),
        ("beside", some, &signed, false, &one, (false, true, false)),
        ("bare", None, &signed, true, &one, (false, true, false)),
        (
            "one of two",
            some,
            &signed,
            true,
            &two,
            (false, true, false),
        ),
        ("revoked", some, &revoked, true, &two, (false, false, false)),
    ];
    for (name, statement, signatures, embedded, trusted, (required, warn, verified)) in table {
        let candidate = Candidate {
            statement,
            signatures,
            embedded,
            known: false,
        };
        let judged = |mode| judge(mode, trusted, &candidate, time(NOW));
        assert_eq!(judged(TrustMode::Required).is_ok(), required, "{name}");
        let warned = judged(TrustMode::Warn);
        assert_eq!(warned.is_ok(), warn, "{name}");
        let is_verified = matches!(warned, Ok(Standing::Verified(_)));
        assert_eq!(is_verified, verified, "{name}");
        let off = judged(TrustMode::Off);
        assert_eq!(off, Ok(Standing::Unverified(None)), "{name}");
    }
}

#[test]
fn why_something_is_not_trusted_is_said_with_what_would_help() {
    let says = |judged: Result<Standing, Distrust>| judged.unwrap_err().to_string();
    let expired = TrustedKey {
        not_after: Some(time("2027-05-01T00:00:00Z")),
        ..trusted(&key(1))
    };
    let (one, two) = (key(1).public().id(), key(2).public().id());
    assert_eq!(
        says(required(
            &with_threshold(2, keys([expired])),
            &[&key(1), &key(2)]
        )),
        format!(
            "org.example.weather takes 2 trusted signature(s) and has 0; key {one} expired at 2027-05-01T00:00:00Z; \
             key {two} is not in trusted_keys.toml; `portcullis trust list` shows which keys count for what"
        )
    );
    assert_eq!(
        says(required(&TrustedKeys::default(), &[])),
        "it is not signed; its author signs it with `portcullis sign`"
    );
}

#[test]
fn a_mode_reads_back_as_it_is_written() {
    for mode in TrustMode::ALL {
        assert_eq!(mode.to_string().parse(), Ok(mode));
    }
    assert_eq!(TrustMode::default(), TrustMode::Required);
    let error = "on".parse::<TrustMode>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"on\" says nothing about signatures; write \"required\", \"warn\" or \"off\""
    );
}

proptest! {
    /// Nothing but enough distinct, unrevoked, in-scope, timely keys over these very bytes makes `required` say yes.
    #[test]
    fn required_takes_what_enough_keys_signed(
        signers in proptest::collection::vec((0_u8..6, any::<bool>()), 0..6),
        listed in proptest::collection::vec((any::<bool>(), any::<bool>(), 0_u8..4), 6),
        threshold in 1_u32..4,
    ) {
        let statement = weather();
        let other = Statement { digest: Digest::of(b"other"), ..weather() };
        let mut signatures = Signatures::default();
        for (seed, right) in &signers {
            signatures.add(key(*seed).sign(if *right { &statement } else { &other }));
        }
        let counts = |(is_listed, revoked, kind): &(bool, bool, u8)| *is_listed && !revoked && *kind < 2;
        let entries = listed.iter().zip(0_u8..).filter(|((is_listed, ..), _)| *is_listed);
        let entries = entries.map(|((_, revoked, kind), seed)| TrustedKey {
            revoked: *revoked,
            plugins: if *kind == 2 { Vec::new() } else { vec![IdPattern::All] },
            not_after: (*kind == 3).then(|| time("2027-05-01T00:00:00Z")),
            ..trusted(&key(seed))
        });
        let trusted = with_threshold(threshold, keys(entries));
        // The last signature of a key is the one that is there.
        let last: std::collections::BTreeMap<u8, bool> = signers.into_iter().collect();
        let good = last.iter().filter(|(seed, right)| **right && counts(&listed[usize::from(**seed)])).count();
        let candidate = Candidate { statement: Some(&statement), signatures: &signatures, embedded: true, known: false };
        let judged = judge(TrustMode::Required, &trusted, &candidate, time(NOW));
        prop_assert_eq!(judged.is_ok(), good >= threshold as usize);
    }
}
