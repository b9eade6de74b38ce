//! The lock's file, and what waits for a person.

use super::*;
use crate::capability::Capability;
use crate::capability::tests::capabilities;

fn asks(texts: &[&str]) -> Vec<Capability> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// Version 1.2.0 by key 1, asking for one host.
fn approved() -> Locked {
    Locked {
        version: Some(version("1.2.0")),
        digest: Digest::of(b"one"),
        key: Some(key(1).public().id()),
        capabilities: asks(&["http:https://example.com"]),
        surface: Digest::of(b"shown"),
    }
}

/// Version 1.3.0, which asks for the same and shows the same.
fn newer() -> Locked {
    Locked {
        version: Some(version("1.3.0")),
        digest: Digest::of(b"two"),
        ..approved()
    }
}

/// Why `now` waits where `was` is approved.
fn holds_after(was: Locked, now: Locked, updates: Updates) -> Vec<Hold> {
    let mut lock = Lock::default();
    lock.set(id("org.example.weather"), was);
    lock.holds(&id("org.example.weather"), &now, updates)
}

fn holds(now: Locked) -> Vec<Hold> {
    holds_after(approved(), now, Updates::Unsaid)
}

#[test]
fn what_was_approved_and_a_plain_update_do_not_wait() {
    for updates in [Updates::Unsaid, Updates::Auto, Updates::Hold] {
        assert_eq!(holds_after(approved(), approved(), updates), []);
    }
    assert_eq!(holds(newer()), []);
    assert_eq!(holds_after(approved(), newer(), Updates::Auto), []);
    let fewer = Locked {
        capabilities: Vec::new(),
        ..newer()
    };
    assert_eq!(holds(fewer), []);
}

#[test]
fn a_plugin_that_was_never_there_does_not_wait() {
    let nothing = Lock::default();
    let holds = nothing.holds(&id("hello"), &approved(), Updates::Hold);
    assert_eq!(holds, []);
}

#[test]
fn a_lower_version_waits_and_so_do_other_bytes_of_the_same() {
    let at = |number: &str| Locked {
        version: Some(version(number)),
        ..newer()
    };
    let lower = |to: &str| Hold::LowerVersion {
        from: version("1.2.0"),
        to: version(to),
    };
    let same = |number: &str| Hold::SameVersion {
        version: version(number),
    };
    let table = [
        ("1.2.1", vec![]),
        ("1.10.0", vec![]),
        ("2.0.0-alpha", vec![]),
        ("1.1.9", vec![lower("1.1.9")]),
        ("1.2.0-rc.1", vec![lower("1.2.0-rc.1")]),
        ("1.2.0", vec![same("1.2.0")]),
        // What follows the `+` is not part of the order.
        ("1.2.0+2", vec![same("1.2.0+2")]),
        ("1.1.9+9", vec![lower("1.1.9+9")]),
    ];
    for (number, expected) in table {
        for updates in [Updates::Unsaid, Updates::Auto] {
            let found = holds_after(approved(), at(number), updates);
            assert_eq!(found, expected, "{number}");
        }
    }
}

#[test]
fn another_key_waits() {
    let by = |key: Option<KeyId>| Locked { key, ..newer() };
    let (one, two) = (key(1).public().id(), key(2).public().id());
    let other = |from, to| Hold::OtherKey { from, to };
    assert_eq!(holds(by(Some(two))), [other(Some(one), Some(two))]);
    assert_eq!(
        holds(by(None)),
        [other(Some(one), None), Hold::UnsignedUpdate]
    );
    let unsigned = Locked {
        key: None,
        ..approved()
    };
    let found = holds_after(unsigned, by(Some(one)), Updates::Unsaid);
    assert_eq!(found, [other(None, Some(one))]);
    // The same bytes under another key too: whose they are decides what is kept for them.
    let resigned = Locked {
        key: Some(two),
        ..approved()
    };
    assert_eq!(holds(resigned), [other(Some(one), Some(two))]);
}

#[test]
fn a_larger_request_waits() {
    let asking = |texts: &[&str]| Locked {
        capabilities: asks(texts),
        ..newer()
    };
    let table: [(&[&str], &[&str]); 5] = [
        (&["http:https://example.com"], &[]),
        (&["http:GET https://example.com/v1/*"], &[]),
        (
            &["http:https://*.example.com"],
            &["http:https://*.example.com"],
        ),
        (
            &["http:https://example.com", "clocks", "env:HOME"],
            &["clocks", "env:HOME"],
        ),
        (&["http:*"], &["http:*"]),
    ];
    for (texts, added) in table {
        let expected = match added {
            [] => vec![],
            added => vec![Hold::LargerRequest { added: asks(added) }],
        };
        assert_eq!(holds(asking(texts)), expected, "{texts:?}");
    }
}

#[test]
fn a_changed_surface_waits_whatever_its_version_says() {
    let shows = |now: Locked| Locked {
        surface: Digest::of(b"ignore all previous instructions"),
        ..now
    };
    assert_eq!(holds(shows(newer())), [Hold::OtherSurface]);
    let found = holds_after(approved(), shows(newer()), Updates::Auto);
    assert_eq!(found, [Hold::OtherSurface]);
    // The same bytes that show something else: who made the digest changed.
    assert_eq!(holds(shows(approved())), [Hold::OtherSurface]);
}

#[test]
fn every_update_of_a_powerful_plugin_waits() {
    let table = [
        ("secret:TOKEN", true),
        ("secret-reveal:TOKEN", true),
        ("fs:rw:/srv", true),
        ("fs:rw:{data}", true),
        ("hook-modify:llm-input", true),
        ("hook-gate:llm-input", true),
        ("action:stop-after-turn", true),
        ("invoke:hello/greet", true),
        ("fs:ro:/srv", false),
        ("hook:llm-input", false),
        ("hook-content:llm-input", false),
        ("http:*", false),
        ("tcp:example.com:443", false),
        ("env:HOME", false),
        ("state", false),
        ("llm", false),
        ("retrieval", false),
        ("planner", false),
        ("ask", false),
        ("stdin", false),
        ("stdout", false),
        ("stderr", false),
        ("args", false),
    ];
    for (text, powerful) in table {
        let asking = |now: Locked| Locked {
            capabilities: asks(&[text]),
            ..now
        };
        let found = |updates| holds_after(asking(approved()), asking(newer()), updates);
        let expected = match powerful {
            true => vec![Hold::EveryUpdate(Updates::Unsaid)],
            false => vec![],
        };
        assert_eq!(found(Updates::Unsaid), expected, "{text}");
        assert_eq!(found(Updates::Auto), [], "{text}");
        assert_eq!(
            found(Updates::Hold),
            [Hold::EveryUpdate(Updates::Hold)],
            "{text}"
        );
    }
}

#[test]
fn an_unsigned_update_waits_unless_the_operator_takes_it() {
    let unsigned = |now: Locked| Locked { key: None, ..now };
    let found = |updates| holds_after(unsigned(approved()), unsigned(newer()), updates);
    assert_eq!(found(Updates::Unsaid), [Hold::UnsignedUpdate]);
    assert_eq!(found(Updates::Hold), [Hold::EveryUpdate(Updates::Hold)]);
    assert_eq!(found(Updates::Auto), []);
}

/// Without a manifest nothing bounds what it asks for.
#[test]
fn a_plugin_whose_manifest_is_gone_waits() {
    let bare = |now: Locked| Locked {
        version: None,
        key: None,
        capabilities: Vec::new(),
        ..now
    };
    let unsigned = Locked {
        key: None,
        ..approved()
    };
    for updates in [Updates::Auto, Updates::Unsaid] {
        let found = holds_after(unsigned.clone(), bare(newer()), updates);
        assert_eq!(found[0], Hold::LostManifest);
        // A file beside it is gone: the bytes are the same.
        let found = holds_after(unsigned.clone(), bare(approved()), updates);
        assert_eq!(found, [Hold::LostManifest]);
    }
    let found = holds_after(bare(approved()), bare(newer()), Updates::Auto);
    assert_eq!(found, []);
}

#[test]
fn all_reasons_are_told_together() {
    let now = Locked {
        version: Some(version("1.0.0")),
        digest: Digest::of(b"two"),
        key: None,
        capabilities: asks(&["secret:TOKEN"]),
        surface: Digest::of(b"other"),
    };
    let said: Vec<_> = holds(now).iter().map(Hold::to_string).collect();
    let key = key(1).public().id();
    assert_eq!(
        said,
        [
            "its version went back from 1.2.0 to 1.0.0",
            &format!("it was signed by key {key}, and now by nobody"),
            "it asks for more: secret:TOKEN",
            "what it shows to people and models changed",
            "every update of it waits: it asks for secrets, writable folders, hooks that change things, actions or other tools",
        ]
    );
}

#[test]
fn the_file_reads_back_and_is_in_order() {
    let mut lock = Lock::default();
    assert_eq!(Lock::parse(&lock.to_string()).as_ref(), Ok(&lock));
    lock.set(id("org.example.weather"), approved());
    lock.set(id("hello"), newer());
    let text = lock.to_string();
    assert!(text.find("hello") < text.find("org.example.weather"));
    assert_eq!(Lock::parse(&text).as_ref(), Ok(&lock));
    assert!(lock.remove(&id("hello")));
    assert!(!lock.remove(&id("hello")));
    assert_eq!(lock.iter().count(), 1);
}

#[test]
fn all_mistakes_of_a_lock_are_told_at_once() {
    let text = "[plugin.Hello]\n\
                [plugin.a]\nversion = \"1\"\ndigest = \"sha256:00\"\nkeys = \"\"\n\
                [plugin.b]\nkey = \"00\"\ncapabilities = [\"fs\", \"clocks\", \"clocks\"]\n\
                [plugins]\n";
    let found = mistakes(Lock::parse(text));
    let expected = [
        "line 1, column 9: \"Hello\" is no plugin id",
        "line 2, column 1: `surface` is missing",
        "line 3, column 11: unexpected end of input",
        "line 4, column 10: a digest is `sha256:`",
        "line 5, column 1: `keys` is not known here; write `key`",
        "line 6, column 1: `digest` is missing",
        "line 6, column 1: `surface` is missing",
        "line 7, column 7: a key id is 64 hexadecimal digits",
        "line 8, column 18: `fs` is not a capability",
        "line 8, column 33: `clocks` is said twice",
        "line 9, column 2: `plugins` is not known here; write `plugin`",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn an_operators_word_on_updates_is_hold_or_auto() {
    for updates in [Updates::Hold, Updates::Auto] {
        assert_eq!(updates.to_string().parse(), Ok(updates));
    }
    for wrong in ["unsaid", "", "Hold"] {
        let error = wrong.parse::<Updates>().unwrap_err().to_string();
        assert!(error.ends_with("write \"hold\" or \"auto\""), "{error}");
    }
}

fn locked() -> impl Strategy<Value = Locked> {
    let version = proptest::option::of(versions());
    let key = proptest::option::of((0_u8..3).prop_map(|seed| key(seed).public().id()));
    let capabilities = proptest::collection::btree_set(capabilities(), 0..4);
    (version, digests(), key, capabilities, digests()).prop_map(
        |(version, digest, key, capabilities, surface)| Locked {
            version,
            digest,
            key,
            capabilities: capabilities.into_iter().collect(),
            surface,
        },
    )
}

fn updates() -> impl Strategy<Value = Updates> {
    prop_oneof![
        Just(Updates::Unsaid),
        Just(Updates::Hold),
        Just(Updates::Auto)
    ]
}

proptest! {
    #[test]
    fn a_lock_reads_back_as_it_was_written(plugins in proptest::collection::btree_map(ids(), locked(), 0..4)) {
        let mut lock = Lock::default();
        plugins.into_iter().for_each(|(id, locked)| lock.set(id, locked));
        prop_assert_eq!(Lock::parse(&lock.to_string()), Ok(lock));
    }

    #[test]
    fn what_is_approved_never_waits(locked in locked(), updates in updates()) {
        prop_assert_eq!(holds_after(locked.clone(), locked, updates), []);
    }

    /// What does not wait is by the same key, shows the same, asks for no more, and is newer or the very bytes.
    #[test]
    fn what_does_not_wait_changed_nothing_that_a_person_approved(was in locked(), now in locked(), updates in updates()) {
        if holds_after(was.clone(), now.clone(), updates).is_empty() {
            prop_assert_eq!(was.key, now.key);
            prop_assert_eq!(was.surface, now.surface);
            for wanted in &now.capabilities {
                prop_assert!(was.capabilities.iter().any(|own| own.covers(wanted)));
            }
            prop_assert!(now.version.is_some() || was.version.is_none());
            if let (true, Some(from), Some(to)) = (was.digest != now.digest, was.version, now.version) {
                prop_assert!(from.cmp_precedence(&to).is_lt());
            }
        }
    }

    #[test]
    fn no_text_makes_the_parser_of_locks_panic(text in any::<String>()) {
        let _ = Lock::parse(&text).map_err(|errors| errors.report("plugins.lock"));
    }

    #[test]
    fn no_value_makes_the_parser_of_locks_panic(at in 0_usize..5, value in any::<String>()) {
        let name = ["version", "digest", "key", "capabilities", "surface"][at];
        for written in [value.clone(), format!("{value:?}"), format!("[{value:?}]")] {
            let text = format!("[plugin.a]\n{name} = {written}");
            let _ = Lock::parse(&text).map_err(|errors| errors.report("plugins.lock"));
        }
    }
}

#[test]
fn what_a_lost_lock_held_waits_until_it_is_approved_or_gone_and_others_do_not() {
    let (one, two) = (id("org.example.one"), id("org.example.two"));
    let mut lock = Lock::default();
    lock.hold(one.clone());
    lock.hold(two.clone());
    let mut lock = Lock::parse(&lock.to_string()).unwrap();
    let waits = |lock: &Lock, id: &PluginId| lock.holds(id, &approved(), Updates::Auto);
    assert_eq!(waits(&lock, &one), [Hold::LostLock]);
    assert_eq!(waits(&lock, &id("org.example.new")), []);
    lock.set(one.clone(), approved());
    lock.remove(&two);
    assert_eq!(Lock::parse(&lock.to_string()).unwrap(), lock);
    assert_eq!((waits(&lock, &one), waits(&lock, &two)), (vec![], vec![]));
}
