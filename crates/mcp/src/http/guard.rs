//! `Host` and `Origin`: whom a request was meant for, and on whose page it was made.
//!
//! A web page of an attacker's can make a browser ask a server on the same machine. Where the page's name is made to lead to this
//! machine (DNS rebinding), the browser takes the server for the page's own; but it says that name in `Host`. Any other page is
//! foreign, and the browser says so in `Origin`. Programs send no `Origin`.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use http::header::{self, HeaderMap};
use http::uri::Authority;
use http::{Request, StatusCode};

use super::HttpError;
use super::reply::{self, Reply};

/// The names that a server goes by.
#[derive(Debug)]
pub(super) struct Guard {
    hosts: BTreeSet<String>,
    scheme: &'static str,
}

impl Guard {
    /// The names of a server that listens on `address`, and what its operator calls it besides.
    pub(super) fn new(address: SocketAddr, named: &[String], tls: bool) -> Result<Self, HttpError> {
        let mut hosts = BTreeSet::new();
        for name in named {
            let host = host(name).ok_or_else(|| HttpError::Host(name.clone()))?;
            hosts.insert(host);
        }
        let ip = address.ip();
        if ip.is_loopback() {
            hosts.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        if !ip.is_unspecified() {
            hosts.insert(literal(ip));
        }
        if hosts.is_empty() {
            return Err(HttpError::NoHost(address));
        }
        let scheme = if tls { "https" } else { "http" };
        Ok(Self { hosts, scheme })
    }

    /// Refuses what was meant for somebody else, and what a foreign page asks.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), Reply> {
        if request.uri().authority().is_some() {
            return Err(reply::plain(
                StatusCode::BAD_REQUEST,
                "this is no proxy: ask for a path",
            ));
        }
        let named = only(request.headers(), header::HOST).ok_or_else(|| {
            reply::plain(
                StatusCode::BAD_REQUEST,
                "a request has one Host that can be read",
            )
        })?;
        let known = authority(named).is_some_and(|authority| self.knows(&authority));
        if !known {
            tracing::warn!(host = ?named, "a request for another host was refused");
            return Err(reply::plain(
                StatusCode::FORBIDDEN,
                "this server does not go by the name in Host",
            ));
        }
        if !request.headers().contains_key(header::ORIGIN) {
            return Ok(());
        }
        let origin = only(request.headers(), header::ORIGIN).unwrap_or_default();
        if self.is_own(origin, named) {
            return Ok(());
        }
        tracing::warn!(?origin, "a request of a foreign page was refused");
        Err(reply::plain(
            StatusCode::FORBIDDEN,
            "pages of other origins may not ask this server",
        ))
    }

    fn knows(&self, authority: &Authority) -> bool {
        self.hosts.contains(&authority.host().to_ascii_lowercase())
    }

    /// Whether a page of this origin is the server's own: same scheme, name and port.
    fn is_own(&self, origin: &str, host: &str) -> bool {
        let rest = origin.split_once("://");
        rest.is_some_and(|(scheme, authority)| {
            scheme == self.scheme && authority.eq_ignore_ascii_case(host)
        })
    }
}

/// The value of a header that is there once, and is text.
fn only(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// A name or an address and perhaps a port, without a user.
fn authority(text: &str) -> Option<Authority> {
    let authority: Authority = text.parse().ok()?;
    (!text.contains('@')).then_some(authority)
}

/// A name or an address as `Host` has it, without a port.
fn host(text: &str) -> Option<String> {
    if let Ok(ip) = text.parse() {
        return Some(literal(ip));
    }
    let authority = authority(text).filter(|authority| authority.port().is_none())?;
    let host = authority.host();
    (host == text).then(|| host.to_ascii_lowercase())
}

fn literal(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, origin: Option<&str>) -> Request<()> {
        let mut request = Request::get("/mcp").header(header::HOST, host);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        request.body(()).unwrap()
    }

    fn guard() -> Guard {
        Guard::new(
            "127.0.0.1:80".parse().unwrap(),
            &["Dev.Example".into()],
            false,
        )
        .unwrap()
    }

    #[test]
    fn a_server_goes_by_its_own_names_alone() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:80",
            "[::1]:80",
            "dev.example:9",
        ] {
            assert!(guard().check(&request(host, None)).is_ok(), "{host}");
        }
        let foreign = [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example@localhost",
            "127.0.0.2",
            "0.0.0.0",
            "127.1",
            "localhost.",
            "[::ffff:127.0.0.1]",
            "localhost localhost",
        ];
        for host in foreign {
            let refused = guard().check(&request(host, None)).unwrap_err();
            assert!(refused.status().is_client_error(), "{host}");
        }
    }

    #[test]
    fn a_page_is_the_servers_own_or_foreign() {
        let own = request("localhost:80", Some("http://localhost:80"));
        assert!(guard().check(&own).is_ok());
        let foreign = [
            "null",
            "",
            "http://localhost",
            "http://localhost:81",
            "https://localhost:80",
            "http://127.0.0.1:80",
            "http://evil.example",
            "http://localhost:80/",
            "http://localhost:80@evil.example",
        ];
        for origin in foreign {
            let refused = guard().check(&request("localhost:80", Some(origin)));
            assert_eq!(
                refused.unwrap_err().status(),
                StatusCode::FORBIDDEN,
                "{origin}"
            );
        }
    }

    #[test]
    fn one_of_each_is_enough() {
        let mut request = request("localhost", None);
        let headers = request.headers_mut();
        headers.append(header::HOST, "evil.example".parse().unwrap());
        let refused = guard().check(&request).unwrap_err();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        let mut request = self::request("localhost", Some("http://localhost"));
        let headers = request.headers_mut();
        headers.append(header::ORIGIN, "http://evil.example".parse().unwrap());
        assert!(guard().check(&request).is_err());
        let bare = Request::get("/mcp").body(()).unwrap();
        assert!(guard().check(&bare).is_err());
        let proxied = Request::get("http://evil.example/mcp").header(header::HOST, "localhost");
        assert!(guard().check(&proxied.body(()).unwrap()).is_err());
    }

    #[test]
    fn a_server_on_all_addresses_is_told_its_names() {
        let all = "0.0.0.0:80".parse().unwrap();
        assert!(matches!(
            Guard::new(all, &[], true),
            Err(HttpError::NoHost(_))
        ));
        let named = Guard::new(all, &["mcp.example".into(), "2001:db8::1".into()], true).unwrap();
        assert!(named.check(&request("mcp.example", None)).is_ok());
        assert!(named.check(&request("[2001:db8::1]:443", None)).is_ok());
        assert!(named.check(&request("localhost", None)).is_err());
        for wrong in [
            "https://mcp.example",
            "mcp.example:443",
            "",
            "a b",
            "me@mcp.example",
        ] {
            let refused = Guard::new(all, &[wrong.into()], true);
            assert!(matches!(refused, Err(HttpError::Host(_))), "{wrong}");
        }
    }
}
