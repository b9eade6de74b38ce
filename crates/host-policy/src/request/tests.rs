//! The tables of the documentation, walked, and requests held against what other parsers read.

use proptest::prelude::*;

use super::*;
use crate::capability::Scheme;
use crate::capability::tests::rows;

const DOC: &str = include_str!("request.md");

fn parse(text: &str) -> Result<HttpRequest, RequestError> {
    let (method, url) = text.split_once(' ').expect("method and URL");
    HttpRequest::parse(method, url)
}

#[test]
fn what_the_documentation_accepts_is_sent_as_it_says() {
    let rows = rows(DOC, 2);
    assert!(rows.len() > 10);
    for row in rows {
        assert_eq!(parse(&row[0]).unwrap().url(), row[1], "{}", row[0]);
    }
}

#[test]
fn what_the_documentation_refuses_is_refused_at_the_place_it_says() {
    let rows = rows(DOC, 3);
    assert!(rows.len() > 50);
    for row in rows {
        // A pipe would end the table's cell.
        let [written, place] = [&row[0], &row[1]].map(|cell| cell.replace(r"\|", "|"));
        let error = parse(&written)
            .map(|request| request.url())
            .expect_err(&written);
        assert_eq!(&error.text[error.span.clone()], place, "{written}: {error}");
    }
}

#[test]
fn an_error_shows_the_place_and_the_rule() {
    let report = parse("GET https://example.com/a/../b")
        .unwrap_err()
        .report();
    assert!(
        report.contains(
            "| https://example.com/a/../b\n  |                       ^^ a path holds no segment"
        ),
        "{report}"
    );
}

#[test]
fn the_parts_that_wasi_hands_over_are_read_as_one_url() {
    let from = |scheme, authority, path| HttpRequest::from_parts("GET", scheme, authority, path);
    assert_eq!(
        from("https", "example.com:8443", "/a?b").unwrap().url(),
        "https://example.com:8443/a?b"
    );
    assert_eq!(
        from("https", "example.com", "").unwrap().url(),
        "https://example.com/"
    );
    assert_eq!(from("https", "[::1]", "/").unwrap().authority(), "[::1]");
    for (scheme, authority, path) in [
        ("https", "example.com/evil", ""),
        ("https", "example.com", "evil"),
        ("https", "example.com", "?a"),
        ("https", "example.com?", "/"),
        ("https", "example.com#", "/"),
        ("https", "", "/"),
        ("https://evil.example/?", "example.com", "/"),
        ("https:", "example.com", "/"),
        ("", "example.com", "/"),
    ] {
        assert!(
            from(scheme, authority, path).is_err(),
            "{scheme} {authority} {path}"
        );
    }
}

#[test]
fn a_url_of_megabytes_is_refused_with_a_short_error() {
    let error = HttpRequest::parse(
        "GET",
        &format!("https://example.com/{}", "a".repeat(1 << 20)),
    )
    .unwrap_err();
    assert!(error.to_string().len() < 1024);
    let error = HttpRequest::parse(&"G".repeat(1 << 20), "https://example.com/").unwrap_err();
    assert!(error.to_string().len() < 1024);
}

#[test]
fn a_request_is_shown_without_query_and_tokens() {
    let request =
        parse("GET https://api.example.com/bot123456789:AAF_x9/v1/users/a1b2c3d4e5f60718?key=hush")
            .unwrap();
    assert_eq!(
        request.to_string(),
        "GET https://api.example.com/…/v1/users/…"
    );
}

/// URLs of all kinds, most of them near to what is accepted.
fn urls() -> impl Strategy<Value = String> {
    prop_oneof![
        r"https?://[a-z]{1,4}(\.[a-z0-9-]{1,4}){0,2}(:[0-9]{1,5})?(/[a-zA-Z0-9._~%!$&'()*+,=:@-]{0,4}){0,3}(\?[!-~]{0,6})?",
        r"https?://[!-~]{0,12}/[!-~]{0,12}",
        r"[a-zA-Z]{0,5}:?/{0,3}[a-z@:.\[\]%#?\\0-9]{0,20}",
        r"https?://(\[[0-9a-f:.]{2,14}\]|[0-9]{1,3}(\.[0-9]{1,3}){0,3})(/.{0,4})?",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, ..ProptestConfig::default() })]

    #[test]
    fn other_parsers_read_what_was_accepted_in_the_same_way(url in urls()) {
        let Ok(request) = HttpRequest::parse("GET", &url) else { return Ok(()) };
        let sent = request.url();
        prop_assert_eq!(HttpRequest::parse("GET", &sent), Ok(request.clone()));

        let whatwg = url::Url::parse(&sent).unwrap();
        prop_assert_eq!(whatwg.scheme(), request.scheme().as_str());
        prop_assert_eq!(whatwg.host_str().map(str::to_owned), Some(request.host().to_string()));
        prop_assert_eq!(whatwg.port_or_known_default(), Some(request.port()));
        prop_assert_eq!(whatwg.username(), "");
        prop_assert_eq!(whatwg.path(), request.path());

        let hyper: ::http::Uri = sent.parse().unwrap();
        prop_assert_eq!(hyper.scheme_str(), Some(request.scheme().as_str()));
        prop_assert_eq!(hyper.host().map(str::to_owned), Some(request.host().to_string()));
        let default = Scheme::default_port(request.scheme());
        prop_assert_eq!(hyper.port_u16().unwrap_or(default), request.port());
        prop_assert_eq!(hyper.path(), request.path());
        prop_assert_eq!(hyper.query(), request.query());
    }

    #[test]
    fn no_method_and_no_parts_make_the_reader_panic(a in any::<String>(), b in any::<String>(), c in any::<String>()) {
        let _ = HttpRequest::parse(&a, &b).map_err(|error| error.report());
        let _ = HttpRequest::from_parts("GET", &a, &b, &c).map_err(|error| error.report());
        let _ = HttpRequest::from_parts("GET", "https", &b, &c).map_err(|error| error.report());
        let _ = HttpRequest::from_parts("GET", "https", "example.com", &c).map_err(|error| error.report());
    }
}
