//! What was allowed, read by the parsers that others use: had they come to another host, port or path, the rule would
//! have been got round. Shared with the fuzz target `request`.

use percent_encoding::percent_decode_str;
use portcullis_host_policy::Grant;
use portcullis_host_policy::capability::{Capability, HostPattern, HttpRule, OriginRule};
use portcullis_host_policy::decision::{CapabilitySet, Decision, Grants, decide};
use portcullis_host_policy::request::{HttpRequest, Request};

/// Holds a request that the rule allows against what the `url` crate and hyper's `Uri` read. Says whether it was
/// allowed.
///
/// # Panics
/// Where one of them reads something that is not under the rule.
pub(crate) fn hold(rule: &Capability, method: &str, url: &str) -> bool {
    let Ok(request) = HttpRequest::parse(method, url) else {
        return false;
    };
    let sent = request.url();
    let grant = Grant::from_caps([rule.clone()]);
    let grants = Grants::new(&CapabilitySet::All, &grant, &CapabilitySet::All);
    let Decision::Allow(Capability::Http(rule)) = decide(&grants, &Request::Http(request)) else {
        return false;
    };
    let whatwg = url::Url::parse(&sent).expect("the url crate reads what is sent");
    assert_eq!((whatwg.username(), whatwg.password()), ("", None), "{sent}");
    let port = whatwg.port_or_known_default().expect("a port");
    let host = whatwg.host_str().expect("a host");
    let read = Read {
        scheme: whatwg.scheme(),
        host,
        port,
        path: whatwg.path(),
    };
    read.is_under(&rule, &sent);

    let hyper: http::Uri = sent.parse().expect("hyper reads what is sent");
    let https = hyper.scheme_str() == Some("https");
    let read = Read {
        scheme: hyper.scheme_str().expect("a scheme"),
        host: hyper.host().expect("a host"),
        port: hyper.port_u16().unwrap_or(if https { 443 } else { 80 }),
        path: hyper.path(),
    };
    read.is_under(&rule, &sent);
    true
}

/// A URL as somebody else reads it.
struct Read<'a> {
    scheme: &'a str,
    host: &'a str,
    port: u16,
    path: &'a str,
}

impl Read<'_> {
    fn is_under(&self, rule: &HttpRule, sent: &str) {
        let rule = match rule {
            HttpRule::Origin(rule) => rule,
            HttpRule::Public => {
                assert_eq!((self.scheme, self.port), ("https", 443), "{sent}");
                assert!(self.host.contains('.'), "{sent}");
                assert!(self.host.parse::<std::net::IpAddr>().is_err(), "{sent}");
                return;
            }
        };
        assert_eq!(self.scheme, rule.scheme.as_str(), "{sent}");
        assert_eq!(self.port, rule.port, "{sent}");
        let host = match &rule.host {
            HostPattern::Name(name) => self.host == name.as_str(),
            HostPattern::Under(name) => self.host.ends_with(&format!(".{name}")),
            HostPattern::Address(_) => self.host == rule.host.to_string(),
            HostPattern::Slot(_) => false,
        };
        assert!(host, "{sent} goes to {}, by {rule}", self.host);
        assert!(
            self.path_is_under(rule),
            "{sent} asks for {}, by {rule}",
            self.path
        );
    }

    /// As a server sees it that decodes first and resolves dots and doubled slashes after.
    fn path_is_under(&self, rule: &OriginRule) -> bool {
        let decoded = |path: &str| percent_decode_str(path).decode_utf8().map(Into::into);
        let Ok::<String, _>(path) = decoded(self.path) else {
            return false;
        };
        let ambiguous = path.contains(['\\', ';', '\0'])
            || path.contains("//")
            || path
                .split('/')
                .any(|segment| segment == "." || segment == "..");
        let pattern = rule.path.to_string();
        let under = match pattern.strip_suffix('*') {
            Some(folder) => decoded(folder).is_ok_and(|folder: String| path.starts_with(&folder)),
            None => decoded(&pattern).is_ok_and(|exact: String| path == exact),
        };
        under && !ambiguous
    }
}

/// Rules that a request made of a few names and paths often hits.
pub(crate) const RULES: [&str; 7] = [
    "http:https://example.com/v1/*",
    "http:https://*.example.com",
    "http:http://127.0.0.1:8080",
    "http:http://[::1]/a/b",
    "http:GET,POST https://example.com:8443/a%20b/*",
    "http:https://xn--bcher-kva.example",
    "http:*",
];
