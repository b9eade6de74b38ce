//! `trusted_keys.toml`: what is read, what is refused, and which ids a pattern covers.

use super::*;

/// A `[[key]]` of key 1 for all plugins, with more lines.
fn entry(more: &str) -> String {
    let public = key(1).public();
    format!("[[key]]\npublic-key = \"{public}\"\nplugins = [\"*\"]\n{more}\n")
}

#[test]
fn a_full_file_is_read() {
    let text = entry(
        "owner = \"Example\"\nnot-before = 2026-01-01\nnot-after = 2028-01-01T12:00:00Z\nrevoked = true",
    ) + "[[policy]]\nplugins = [\"org.example.bank\", \"org.*\"]\nthreshold = 2\n";
    let trusted = TrustedKeys::parse(&text).unwrap();
    let expected = TrustedKey {
        public: key(1).public(),
        owner: "Example".to_owned(),
        plugins: vec![IdPattern::All],
        not_before: Some(time("2026-01-01T00:00:00Z")),
        not_after: Some(time("2028-01-01T12:00:00Z")),
        revoked: true,
    };
    assert_eq!(trusted.get(&key(1).public().id()), Some(&expected));
    assert_eq!(trusted.get(&key(2).public().id()), None);
    let policy = Threshold {
        plugins: vec![
            IdPattern::One(id("org.example.bank")),
            IdPattern::Below(id("org")),
        ],
        threshold: 2,
    };
    assert_eq!(trusted.policies, [policy]);
    assert_eq!(TrustedKeys::parse(""), Ok(TrustedKeys::default()));
}

#[test]
fn a_pattern_covers_what_it_says() {
    let table = [
        ("*", "hello", true),
        ("*", "org.example.weather", true),
        ("org.example.*", "org.example.weather", true),
        ("org.example.*", "org.example.weather.eu", true),
        ("org.example.*", "org.example", false),
        ("org.example.*", "org.examples.x", false),
        ("org.example.*", "org.example-x.y", false),
        ("org.example.*", "net.org.example.x", false),
        ("org.example", "org.example", true),
        ("org.example", "org.example.weather", false),
        ("hello", "hell", false),
    ];
    for (pattern, plugin, covered) in table {
        let read: IdPattern = pattern.parse().unwrap();
        assert_eq!(read.covers(&id(plugin)), covered, "{pattern} {plugin}");
        assert_eq!(read.to_string(), pattern);
    }
}

#[test]
fn what_looks_like_a_pattern_and_is_none_is_refused() {
    let wrongs = [
        "", "**", ".*", "*.*", "org.*.x", "org.ex*", "org.*.*", "Org.*", "org..*", " *", "org/*",
    ];
    for wrong in wrongs {
        let error = wrong.parse::<IdPattern>().unwrap_err();
        assert_eq!(error.text, wrong);
        assert!(error.to_string().contains("`org.example.*`"));
    }
}

#[test]
fn the_largest_threshold_that_is_meant_counts() {
    let policy = |pattern: &str, number: u32| {
        format!("[[policy]]\nplugins = [\"{pattern}\"]\nthreshold = {number}\n")
    };
    let text = policy("org.example.*", 3) + &policy("*", 2) + &policy("org.example.weather", 1);
    let trusted = TrustedKeys::parse(&text).unwrap();
    assert_eq!(trusted.threshold(&id("org.example.weather")), 3);
    assert_eq!(trusted.threshold(&id("org.example")), 2);
    assert_eq!(TrustedKeys::default().threshold(&id("hello")), 1);
}

#[test]
fn all_mistakes_of_a_file_of_keys_are_told_at_once() {
    let weak = "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let again = key(1).public();
    let text = entry("")
        + &format!("[[key]]\npublic-key = \"{weak}\"\nplugins = [\"org.**\"]\nrevoked = \"no\"\n")
        + &format!("[[key]]\npublic-key = \"{again}\"\nplugin = \"*\"\n")
        + "[[policy]]\nplugins = \"*\"\nthreshold = 0\n[[policy]]\nplugins = []\n[keys]\n";
    assert_eq!(
        mistakes(TrustedKeys::parse(&text)),
        [
            "line 6, column 14: this key is weak (of small order): anybody could sign with it",
            "line 7, column 12: \"org.**\" names no plugins: write an id, a prefix such as `org.example.*`, or `*`",
            "line 8, column 11: `revoked` is true or false, not string",
            "line 9, column 1: `plugins` is missing",
            "line 9, column 1: this key is listed twice: which entry counts would be a guess",
            "line 11, column 1: `plugin` is not known here; write `plugins`",
            "line 13, column 11: `plugins` is a list of strings, not string",
            "line 14, column 13: `threshold` is how many keys must have signed: 1 or more",
            "line 15, column 1: `threshold` is missing",
            "line 17, column 2: `keys` is not known here; write `key`",
        ]
    );
}

#[test]
fn a_time_is_a_date_or_a_moment_in_utc() {
    let rule = "`not-after` is a date, or a time in UTC such as 2027-01-31T12:00:00Z";
    let quoted = "`not-after` is a date or a time in UTC, without quotes, not string";
    let wrongs = [
        ("2027-01-31T12:00:00", rule),
        ("2027-01-31T12:00:00+02:00", rule),
        ("12:00:00", rule),
        ("1969-12-31", rule),
        ("\"2027-01-31\"", quoted),
    ];
    for (value, problem) in wrongs {
        let read = TrustedKeys::parse(&entry(&format!("not-after = {value}")));
        assert_eq!(mistakes(read), [format!("line 4, column 13: {problem}")]);
    }
    for value in [
        "2027-01-31",
        "2027-01-31T12:00:00Z",
        "2027-01-31 12:00:00.5Z",
    ] {
        assert!(TrustedKeys::parse(&entry(&format!("not-after = {value}"))).is_ok());
    }
}

#[test]
fn a_key_whose_time_ends_before_it_begins_is_refused() {
    for until in ["2026-12-31", "2027-01-01"] {
        let text = entry(&format!("not-before = 2027-01-01\nnot-after = {until}"));
        assert_eq!(
            mistakes(TrustedKeys::parse(&text)),
            ["line 1, column 1: `not-after` is not after `not-before`: the key would never count"]
        );
    }
}

#[test]
fn a_threshold_that_no_number_of_keys_reaches_stays_what_it_is() {
    let text = "[[policy]]\nplugins = [\"*\"]\nthreshold = 0xffff_ffff\n";
    let trusted = TrustedKeys::parse(text).unwrap();
    assert_eq!(trusted.threshold(&id("hello")), u32::MAX);
    for wrong in ["-1", "4294967296", "1.0", "\"1\"", "true"] {
        let text = format!("[[policy]]\nplugins = [\"*\"]\nthreshold = {wrong}\n");
        assert_eq!(mistakes(TrustedKeys::parse(&text)).len(), 1, "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_prefix_covers_what_starts_with_it_and_a_dot(prefix in ids(), other in ids()) {
        let pattern: IdPattern = format!("{prefix}.*").parse().unwrap();
        let below = id(&format!("{prefix}.{other}"));
        prop_assert!(pattern.covers(&below));
        prop_assert!(!pattern.covers(&prefix));
        let starts = other.as_str().starts_with(&format!("{prefix}."));
        prop_assert_eq!(pattern.covers(&other), starts);
    }

    #[test]
    fn no_text_makes_the_parser_of_keys_files_panic(text in any::<String>()) {
        let _ = TrustedKeys::parse(&text).map_err(|errors| errors.report("trusted_keys.toml"));
        let _ = text.parse::<IdPattern>();
    }

    #[test]
    fn no_value_makes_the_parser_of_keys_files_panic(at in 0_usize..6, value in any::<String>()) {
        let name = ["public-key", "owner", "plugins", "not-before", "not-after", "revoked"][at];
        for written in [value.clone(), format!("{value:?}"), format!("[{value:?}]")] {
            let text = format!("[[key]]\n{name} = {written}\n[[policy]]\nthreshold = {written}");
            let _ = TrustedKeys::parse(&text).map_err(|errors| errors.report("trusted_keys.toml"));
        }
    }
}
