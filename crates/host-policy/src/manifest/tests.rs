//! Manifests that are right, and every way to be wrong.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::document::DocumentError;

const FULL: &str = r#"
[plugin]
id = "org.example.weather"
version = "1.2.0"
name = "Weather"
description = """
Forecasts for any place.
By the hour."""
license = "MIT OR Apache-2.0"
authors = ["A. Author <a@example.org>"]
homepage = "https://example.org/weather"
repository = "https://example.org/weather.git"

[capabilities]
request = ["http:https://api.example.org/v1/*", 'secret:WEATHER_KEY']

[limits]
wall-clock = "2s"
memory-bytes = "64MiB"
handles = 0x10

[config]
required = ["units"]

[config.properties.units]
enum = ["metric", "imperial"]

[config.properties.token]
type = "string"
x-secret = true

[instances]
policy = "reuse"
"#;

const SMALL: &str = "[plugin]\nid = \"hello\"\nversion = \"0.1.0\"\n";

/// Line, column and message of everything that is wrong with `text`.
fn wrong(text: &str) -> Vec<String> {
    let errors = Manifest::parse(text).expect_err("something is wrong with it");
    errors
        .errors()
        .iter()
        .map(DocumentError::to_string)
        .collect()
}

#[test]
fn a_full_manifest_is_read() {
    let manifest = Manifest::parse(FULL).unwrap();
    assert_eq!(
        manifest.to_json(),
        json!({
            "plugin": {
                "id": "org.example.weather",
                "version": "1.2.0",
                "name": "Weather",
                "description": "Forecasts for any place.\nBy the hour.",
                "license": "MIT OR Apache-2.0",
                "authors": ["A. Author <a@example.org>"],
                "homepage": "https://example.org/weather",
                "repository": "https://example.org/weather.git",
            },
            "capabilities": { "request": ["http:https://api.example.org/v1/*", "secret:WEATHER_KEY"] },
            "limits": { "wall-clock": "2s", "memory-bytes": 64 << 20, "handles": 16 },
            "config": {
                "type": "object",
                "required": ["units"],
                "properties": {
                    "units": { "enum": ["metric", "imperial"] },
                    "token": { "type": "string", "x-secret": true },
                },
            },
            "instances": { "policy": "reuse" },
        })
    );
    assert_eq!(
        manifest.config.unwrap().secrets().collect::<Vec<_>>(),
        ["token"]
    );
}

#[test]
fn only_id_and_version_must_be_there() {
    let manifest = Manifest::parse(SMALL).unwrap();
    assert_eq!(manifest.capabilities, CapabilitiesSection::default());
    assert_eq!(manifest.instances.policy, InstancePolicy::Fresh);
    assert!(manifest.limits.is_empty() && manifest.config.is_none());
}

#[test]
fn everything_wrong_is_reported_at_once_in_the_order_of_the_lines() {
    let text = "[plugin]\nid = \"Weather\"\nversion = 1\nnmae = \"x\"\n[capabilities]\n\
        request = [\"log\", \"hook:hartbeat\", \"log\"]\n[limits]\nwall-clok = \"2s\"\n[instance]\npolicy = \"reuse\"\n";
    let wrong = wrong(text);
    let starts = [
        "line 2, column 6: \"Weather\" is no plugin id: an id is made of lower-case letters",
        "line 3, column 11: `version` is a string, not integer",
        "line 4, column 1: `nmae` is not known here; write `name`",
        "line 6, column 25: `hook:hartbeat` is not a capability: a hook runs at one of the points",
        "line 6, column 36: `log` is said twice",
        "line 8, column 1: there is no limit `wall-clok`; did you mean `wall-clock`?",
        "line 9, column 2: `instance` is not known here; write `instances`",
    ];
    assert_eq!(wrong.len(), starts.len(), "{wrong:#?}");
    for (wrong, start) in wrong.iter().zip(starts) {
        assert!(wrong.starts_with(start), "{wrong}");
    }
}

#[test]
fn a_report_shows_each_place_with_carets() {
    let report = Manifest::parse(&format!(
        "{SMALL}nmae = \"x\"\n[capabilities]\nrequest = [\"env\"]\n"
    ));
    let report = report.unwrap_err().report("plugin.toml");
    assert!(
        report.contains("--> plugin.toml:4:1\n  |\n4 | nmae = \"x\"\n  | ^^^^\n"),
        "{report}"
    );
    assert!(
        report.contains("6 | request = [\"env\"]\n  |             ^^^\n"),
        "{report}"
    );
    assert!(report.contains("help: write `env:HOME`"), "{report}");
}

#[test]
fn columns_count_characters() {
    assert_eq!(
        wrong(&format!(
            "{SMALL}name = \"äöü\" # ä\nauthors = [\"ä\", 1]\n"
        )),
        ["line 5, column 17: `authors` is a string, not integer"]
    );
}

#[test]
fn a_capability_with_escapes_is_marked_as_a_whole() {
    let wrong = wrong(&format!(
        "{SMALL}[capabilities]\nrequest = [\"\\u0065nv\"]\n"
    ));
    assert!(
        wrong[0].starts_with("line 5, column 12: `env` is not a capability: a variable is granted"),
        "{wrong:?}"
    );
}

#[test]
fn broken_toml_is_reported_without_errors_that_follow_from_it() {
    let wrong = wrong("[plugin\nid = \"hello\"\nid = \"hallo\"\n[limits]\n= 3\n");
    assert!(
        wrong.len() == 2 && wrong.iter().all(|line| !line.contains("missing")),
        "{wrong:?}"
    );
    assert!(wrong[0].starts_with("line 1, column 8:"), "{wrong:?}");
}

#[test]
fn each_single_mistake_has_its_rule() {
    let cases = [
        ("", "line 1, column 1: `[plugin]` is missing"),
        (
            "plugin = 1\n",
            "line 1, column 10: `plugin` is a table, not integer",
        ),
        (
            "[plugin]\nid = \"a\"\n",
            "line 1, column 1: `version` is missing",
        ),
        (
            "[plugin]\nversion = \"1.0.0\"\n",
            "line 1, column 1: `id` is missing",
        ),
        (
            "[plugin]\nid = \"a\"\nversion = \"1.0\"\n",
            "line 3, column 11: \"1.0\" is no version such as \"1.2.0\"",
        ),
    ];
    for (text, start) in cases {
        let wrong = wrong(text);
        assert!(
            wrong.len() == 1 && wrong[0].starts_with(start),
            "{wrong:#?}"
        );
    }
}

/// A line beside a right start, and what is said of it.
const SINGLE_MISTAKES: &[(&str, &str)] = &[
    (
        "name = \"a\\nb\"",
        "column 8: `name` has at most 256 characters and no control characters",
    ),
    (
        "description = \"a\\u001b\"",
        "column 15: `description` has at most 4096 characters",
    ),
    (
        "homepage = \"javascript:alert(1)\"",
        "column 12: `homepage` is an http or https address",
    ),
    (
        "authors = \"me\"",
        "column 11: `authors` is a list of strings, not string",
    ),
    (
        "[capabilities]\nrequest = \"log\"",
        "column 11: `request` is a list of strings",
    ),
    (
        "[capabilities]\nrequests = []",
        "column 1: `requests` is not known here; write `request`",
    ),
    (
        "[capabilities]\nrequest = [\"http:https://a.example in 10.0.0.0/8\"]",
        "column 12: `in` is the operator's to say",
    ),
    (
        "[limits]\nwall-clock = 5",
        "column 14: `wall-clock` takes a duration such as \"5s\"",
    ),
    (
        "[limits]\nhandles = -1",
        "column 11: `handles` takes a whole number from 0 to 4294967295, not \"-1\"",
    ),
    (
        "[limits]\nhandles = true",
        "column 11: `handles` takes a whole number",
    ),
    (
        "[instances]\npolicy = \"resue\"",
        "column 10: \"resue\" is no instance policy",
    ),
    (
        "[config]\ntype = \"string\"",
        "column 8: settings are one object",
    ),
    (
        "[config.properties.a]\nx-secret = \"yes\"",
        "column 12: `x-secret` is true or false",
    ),
    (
        "[config]\ndefault = 2026-01-01",
        "column 11: JSON has no dates: write a string",
    ),
    (
        "[config]\nmaximum = inf",
        "column 11: not a number that JSON can hold",
    ),
    (
        "[config]\nmaximum = 9223372036854775808",
        "column 11: a whole number has at most 64 bits",
    ),
];

#[test]
fn each_single_mistake_beside_a_right_start_has_its_rule() {
    for (line, part) in SINGLE_MISTAKES {
        let wrong = wrong(&format!("{SMALL}{line}\n"));
        assert!(
            wrong.len() == 1 && wrong[0].contains(part),
            "{line}: {wrong:#?}"
        );
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = Manifest::parse(&text).map_err(|errors| errors.report("plugin.toml"));
    }

    #[test]
    fn no_mutation_of_a_manifest_makes_the_parser_panic(at in 0..FULL.len(), len in 0_usize..40, with in any::<String>()) {
        prop_assume!(FULL.is_char_boundary(at));
        let end = (at + len).min(FULL.len());
        let text = format!("{}{with}{}", &FULL[..at], &FULL[end..]);
        let _ = Manifest::parse(&text).map_err(|errors| errors.report("plugin.toml"));
    }
}
