//! The tables of the documentation, walked, and what must hold for every text.

use proptest::prelude::*;

use super::*;

/// The rows of all tables in `text` that have `columns` columns, without headers, code marks taken off.
pub(crate) fn rows(text: &str, columns: usize) -> Vec<Vec<String>> {
    let lines = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let cells = lines.map(|line| {
        let line = line
            .strip_prefix("| ")
            .and_then(|line| line.strip_suffix(" |"))
            .expect("a row ends with ` |`");
        line.split(" | ")
            .map(|cell| cell.trim_matches('`').to_owned())
            .collect::<Vec<_>>()
    });
    cells
        .filter(|cells| cells.len() == columns && !["written", "rule"].contains(&cells[0].as_str()))
        .collect()
}

#[test]
fn what_the_documentation_accepts_has_the_canonical_form_it_says() {
    let rows = rows(include_str!("grammar.md"), 2);
    assert!(rows.len() > 30);
    for row in rows {
        let parsed: Capability = row[0].parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(parsed.to_string(), row[1], "{}", row[0]);
        assert_eq!(
            row[1].parse::<Capability>().as_ref(),
            Ok(&parsed),
            "{}",
            row[0]
        );
    }
}

#[test]
fn what_the_documentation_refuses_is_refused_as_it_says() {
    let rows = rows(include_str!("grammar.md"), 4);
    assert!(rows.len() > 70);
    let mut wrong = Vec::new();
    for row in rows {
        let Err(error) = row[0].parse::<Capability>() else {
            wrong.push(format!("{} is accepted", row[0]));
            continue;
        };
        let suggestion = error.suggestion.as_deref().unwrap_or_default();
        assert!(
            suggestion.is_empty() || suggestion.parse::<Capability>().is_ok(),
            "{suggestion}"
        );
        let kind = format!("{:?}", error.kind);
        let said = [
            row[0].as_str(),
            &kind,
            &error.text[error.span.clone()],
            suggestion,
        ];
        if said != row.as_slice() {
            wrong.push(format!("{said:?} is not {row:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_name_is_accepted_bare_or_explained() {
    for name in NAMES {
        if let Err(error) = name.parse::<Capability>() {
            assert_eq!(error.kind, CapabilityErrorKind::Unscoped, "{name}");
            assert!(
                error.suggestion.unwrap_or_default().starts_with(name),
                "{name}"
            );
        }
    }
}

#[test]
fn an_error_shows_the_text_with_a_caret_the_rule_and_the_right_spelling() {
    let error = "http:https://Example.com/v1/*"
        .parse::<Capability>()
        .unwrap_err();
    let report = error.report();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[2], "1 | http:https://Example.com/v1/*");
    assert!(
        lines[3].starts_with("  |              ^^^^^^^^^^^ a host name is in lower case"),
        "{report}"
    );
    assert!(
        report.contains("help: write `http:https://example.com/v1/*`"),
        "{report}"
    );
}

#[test]
fn a_text_of_megabytes_is_refused_with_a_short_error() {
    let text = format!("http:https://example.com/{}", "ä".repeat(1 << 20));
    let error = text.parse::<Capability>().unwrap_err();
    assert_eq!(error.kind, CapabilityErrorKind::TooLong);
    assert!(error.report().len() < 1024);
}

#[test]
fn a_capability_is_a_string_to_serde() {
    let capability: Capability = serde_json::from_str("\"fs:ro:/srv\"").unwrap();
    assert_eq!(
        serde_json::to_string(&capability).unwrap(),
        "\"fs:ro:/srv\""
    );
    assert!(
        serde_json::from_str::<Capability>("\"fs\"")
            .unwrap_err()
            .to_string()
            .contains("fs:ro:{folder}")
    );
}

fn regex(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).expect("a pattern of this file")
}

/// Texts that are capabilities more often than not.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let method = "(GET |POST,PUT |DELETE |)";
    let host =
        r"(a\.example|b\.a\.example|\*\.a\.example|example\.com|127\.0\.0\.1|\[::1\]|\{api\})";
    let path = r"(|/|/\*|/v1/\*|/v1/x|/v%31|/v1/x%2Ay|/a\.b/%C3%A9)";
    let network = r"(| in 10\.0\.0\.0/8| in 10\.1\.0\.0/16)";
    prop_oneof![
        regex(&format!(
            "http:{method}https?://{host}(|:443|:8080){path}{network}"
        )),
        regex(&format!("tcp:{host}:(443|5432)")),
        r"fs:r[ow]:(/[a-z]{1,3}){1,3}(|=>/[a-z]{1,3})",
        r"fs:r[ow]:\{[a-z]{1,3}\}",
        r"(env|secret|secret-reveal|retrieval|host):[a-zA-Z_][a-zA-Z0-9_]{0,5}",
        r"state(|:[0-9]{1,8}|:[1-9](KiB|MiB|GiB|kB))",
        r"llm(|:[a-z]{1,3}\*?)",
        r"invoke:[a-z]{1,3}(\.[a-z]{1,3})?/[a-z]{0,3}\*?",
        r"hook(|-content|-modify|-gate):(heartbeat|llm-input)",
        r"action:(switch-model|stop-after-turn)(|:[a-z]{1,3}\*?)",
        r"(planner|ask|stdin|stdout|stderr|args|log|clocks|random|http:\*)",
    ]
}

/// Capabilities of every kind.
pub(crate) fn capabilities() -> impl Strategy<Value = Capability> {
    texts().prop_filter_map("not a capability", |text| text.parse().ok())
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = text.parse::<Capability>().map_err(|error| error.report());
    }

    #[test]
    fn no_body_makes_the_parser_panic(name in proptest::sample::select(NAMES), body in any::<String>()) {
        let _ = format!("{name}:{body}").parse::<Capability>().map_err(|error| error.report());
    }

    #[test]
    fn no_http_text_makes_the_parser_panic(text in r"http:(GET |)https?://[\[\]{}*.:@%a-z0-9ä]{0,12}[/%*;.?ä0-9a-f]{0,12}( in [0-9./:]*)?") {
        let _ = text.parse::<Capability>().map_err(|error| error.report());
    }

    #[test]
    fn the_canonical_form_parses_to_the_same(capability in capabilities()) {
        prop_assert_eq!(capability.to_string().parse::<Capability>(), Ok(capability));
    }

    #[test]
    fn a_capability_covers_itself(capability in capabilities()) {
        prop_assert!(capability.covers(&capability));
    }

    #[test]
    fn covering_goes_one_way_unless_both_mean_the_same(a in capabilities(), b in capabilities(), c in capabilities()) {
        if a.covers(&b) && b.covers(&c) {
            prop_assert!(a.covers(&c));
        }
    }
}
