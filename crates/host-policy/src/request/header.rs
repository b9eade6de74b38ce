//! Request headers that only the gate writes, or that nobody may send.

/// Headers that a plugin may not set, in lower case.
///
/// They say where a message ends, who it is for or how the connection goes on – what the gate decided about would not be what
/// the server reads – or they put another method or path over the one that was decided about.
pub const FORBIDDEN_HEADERS: &[&str] = &[
    "alt-used",
    "connection",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Whether a plugin may not set this header: one of [`FORBIDDEN_HEADERS`], or one for a proxy. Case does not matter.
pub fn is_forbidden_header(name: &str) -> bool {
    let for_proxy = name
        .as_bytes()
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"proxy-"));
    for_proxy
        || FORBIDDEN_HEADERS
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn framing_routing_and_override_headers_are_forbidden_in_any_case() {
        for name in FORBIDDEN_HEADERS {
            assert!(is_forbidden_header(name), "{name}");
            assert!(is_forbidden_header(&name.to_ascii_uppercase()), "{name}");
        }
        for name in [
            "Proxy-Authorization",
            "proxy-connection",
            "PROXY-",
            "X-HTTP-Method-Override",
        ] {
            assert!(is_forbidden_header(name), "{name}");
        }
        for name in [
            "",
            "accept",
            "authorization",
            "proxy",
            "x-te",
            "content-length",
        ] {
            assert!(!is_forbidden_header(name), "{name}");
        }
    }
}
