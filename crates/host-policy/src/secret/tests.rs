//! The tables of the documentation, walked.

use super::*;
use crate::capability::tests::rows;

const DOC: &str = include_str!("secret.md");

fn identity() -> Identity {
    Identity::Digest([7; 32])
}

fn binding(to: &str) -> Binding {
    Binding {
        secret: "API_KEY".parse().unwrap(),
        identity: identity(),
        to: to.parse().unwrap(),
        placement: Placement::Bearer,
    }
}

fn covers(to: &str, method: &str, url: &str) -> bool {
    binding(to).covers(&HttpRequest::parse(method, url).unwrap())
}

#[test]
fn what_the_documentation_accepts_is_read_back_from_its_own_text() {
    let rows = rows(DOC, 2);
    assert_eq!(rows.len(), 9);
    for row in rows {
        let written = &row[0];
        if written.contains("://") {
            let parsed: Destination = written.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(parsed.to_string().parse(), Ok(parsed), "{written}");
        } else {
            let parsed: Placement = written.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(parsed.to_string(), *written);
        }
    }
}

#[test]
fn what_the_documentation_refuses_is_refused_at_the_place_it_says() {
    let rows = rows(DOC, 3);
    assert_eq!(rows.len(), 8);
    for row in rows {
        let error = row[0].parse::<Destination>().expect_err(&row[0]).0;
        assert_eq!(error.text[error.span.clone()], row[1], "{error}");
        if let Some(suggestion) = &error.suggestion {
            assert!(suggestion.parse::<Destination>().is_ok(), "{suggestion}");
        }
    }
}

#[test]
fn an_error_shows_the_place_the_rule_and_the_remedy() {
    let error = "http://api.example.com/v1/*"
        .parse::<Destination>()
        .unwrap_err();
    let report = error.report();
    assert!(report.contains("^^^^ a secret goes over https"), "{report}");
    assert!(
        report.contains("write `https://api.example.com/v1/*`"),
        "{report}"
    );
}

#[test]
fn no_secret_goes_into_a_header_of_the_gate_or_of_the_framing() {
    for name in crate::request::FORBIDDEN_HEADERS.iter().chain(&[
        "proxy-authorization",
        "content-length",
        "range",
        "Accept-Encoding",
    ]) {
        let error = format!("header:{name}").parse::<Placement>().unwrap_err();
        assert_eq!(error.rule, placement::OWN, "{name}");
    }
    for text in [
        "",
        "Bearer",
        "header",
        "header:",
        "header:a b",
        "header:a\r\nb",
        "query:",
        "query:a&b",
        "cookie:x",
    ] {
        assert!(text.parse::<Placement>().is_err(), "{text:?}");
    }
    let header: Placement = "header:X-Api-Key".parse().unwrap();
    assert_eq!(header.to_string(), "header:x-api-key");
    assert_eq!(header.header(), Some("x-api-key"));
    assert_eq!(Placement::Basic.header(), Some("authorization"));
    assert_eq!("query:key".parse::<Placement>().unwrap().header(), None);
}

#[test]
fn a_binding_covers_its_methods_origin_and_path_and_nothing_beside_them() {
    let to = "POST https://api.example.com/v1/*";
    assert!(covers(to, "POST", "https://api.example.com/v1/me?x=1"));
    for (method, url) in [
        ("GET", "https://api.example.com/v1/me"),
        ("POST", "http://api.example.com/v1/me"),
        ("POST", "https://api.example.com:8443/v1/me"),
        ("POST", "https://api.example.com/v2/me"),
        ("POST", "https://api.example.com/v1"),
        ("POST", "https://other.example.com/v1/me"),
        ("POST", "https://v1.api.example.com/v1/me"),
    ] {
        assert!(!covers(to, method, url), "{method} {url}");
    }
    assert!(covers(
        "http://127.0.0.1:8080",
        "GET",
        "http://127.0.0.1:8080/a"
    ));
    assert!(!covers(
        "http://127.0.0.1:8080",
        "GET",
        "http://127.0.0.2:8080/a"
    ));
}

#[test]
fn two_secrets_conflict_in_one_place_of_one_request_only() {
    let first = binding("https://api.example.com/v1/*");
    let other = |to: &str, placement: &str, secret: &str| Binding {
        placement: placement.parse().unwrap(),
        secret: secret.parse().unwrap(),
        ..binding(to)
    };
    for (to, placement, secret, conflicts) in [
        ("https://*.example.com", "bearer", "OTHER", true),
        ("https://*.example.com", "basic", "API_KEY", true),
        (
            "https://api.example.com/v1/me",
            "header:Authorization",
            "OTHER",
            true,
        ),
        ("https://api.example.com/v1/me", "bearer", "API_KEY", false),
        (
            "https://api.example.com/v1/me",
            "header:x-api-key",
            "OTHER",
            false,
        ),
        (
            "https://api.example.com/v1/me",
            "query:authorization",
            "OTHER",
            false,
        ),
        (
            "POST https://api.example.com/v1/me",
            "bearer",
            "OTHER",
            false,
        ),
        ("https://api.example.com/v2/*", "bearer", "OTHER", false),
    ] {
        let other = other(to, placement, secret);
        assert_eq!(first.conflicts(&other), conflicts, "{other}");
        assert_eq!(other.conflicts(&first), conflicts, "{other}");
    }
    let elsewhere = Binding {
        identity: Identity::Signed([7; 32]),
        ..other("https://*.example.com", "bearer", "OTHER")
    };
    assert!(!first.conflicts(&elsewhere));
}

#[test]
fn a_binding_is_kept_as_toml() {
    let binding = binding("POST https://api.example.com/v1/*");
    let text = toml::to_string(&binding).unwrap();
    assert!(text.contains("as = \"bearer\"\n"), "{text}");
    assert_eq!(toml::from_str::<Binding>(&text).unwrap(), binding);
    assert!(toml::from_str::<Binding>(&format!("{text}plugin = \"x\"\n")).is_err());
    let shown = binding.to_string();
    assert_eq!(
        shown,
        format!(
            "API_KEY for {} to POST https://api.example.com/v1/* as bearer",
            identity()
        )
    );
}
