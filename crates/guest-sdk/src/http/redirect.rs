//! Redirects, by the rules of the [Fetch standard](https://fetch.spec.whatwg.org/#http-redirect-fetch).

use ::http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_TYPE, COOKIE, LOCATION, PROXY_AUTHORIZATION,
};
use fluent_uri::UriRef;

use super::body::Body;
use super::request::{Parts, absolute};
use super::{Error, HeaderMap, HeaderName, Incoming, Method, StatusCode, Uri};

/// Redirects that one request follows. As many as it takes where servers mean well; one more is a loop.
pub const MAX_REDIRECTS: usize = 10;

/// What says who asks, and is for one origin only.
const CREDENTIALS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// What tells of a body that is sent no more.
const ABOUT_THE_BODY: [HeaderName; 5] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
];

/// Makes `parts` the request that the response redirects to; `false`, if it redirects nowhere.
pub(super) fn follow(parts: &mut Parts, response: &Incoming) -> Result<bool, Error> {
    let redirects = matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers.get(LOCATION).filter(|_| redirects) else {
        return Ok(false);
    };
    let location = location
        .to_str()
        .map_err(|_| refused("its Location is no ASCII text"))?;
    let url = resolve(&parts.url, location)?;
    match (parts.url.scheme_str(), url.scheme_str()) {
        (Some("https"), Some("http")) => return Err(refused("it leads from https to http")),
        (_, Some("https" | "http")) => {}
        _ => return Err(refused("it leads to what is not http")),
    }
    if becomes_get(response.status, &parts.method) {
        parts.method = Method::GET;
        parts.body = Body::empty();
        remove(&mut parts.headers, &ABOUT_THE_BODY);
    }
    if origin(&parts.url) != origin(&url) {
        remove(&mut parts.headers, &CREDENTIALS);
        drop_sensitive(&mut parts.headers);
    }
    parts.url = url;
    Ok(true)
}

fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        StatusCode::SEE_OTHER => *method != Method::GET && *method != Method::HEAD,
        _ => false,
    }
}

/// The absolute URL that `location` means at `base`.
fn resolve(base: &Uri, location: &str) -> Result<Uri, Error> {
    let unreadable = |_| refused("its Location is no URL");
    let base = base.to_string();
    let base = fluent_uri::Uri::parse(base.as_str()).map_err(unreadable)?;
    let location = UriRef::parse(location).map_err(unreadable)?;
    let url = location
        .resolve_against(&base)
        .map_err(|_| refused("its Location is no URL"))?;
    absolute(url.as_str()).map_err(|_| refused("its Location is no URL"))
}

/// Scheme, host and port: who is spoken to.
fn origin(url: &Uri) -> (Option<&str>, Option<String>, Option<u16>) {
    let default = match url.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    let host = url.host().map(str::to_ascii_lowercase);
    (url.scheme_str(), host, url.port_u16().or(default))
}

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

/// Headers whose values the plugin itself marked as secret.
fn drop_sensitive(headers: &mut HeaderMap) {
    let kept = headers
        .iter()
        .filter(|(_, value)| !value.is_sensitive())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    *headers = kept;
}

pub(super) fn refused(reason: impl Into<String>) -> Error {
    Error::Redirect {
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request;

    /// The request after a redirect.
    fn redirected(mut parts: Parts, status: u16, location: &str) -> Result<(bool, Parts), Error> {
        let response = Incoming {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]),
            body: Box::pin(futures::stream::empty()),
        };
        follow(&mut parts, &response).map(|followed| (followed, parts))
    }

    fn parts(method: Method, url: &str) -> Parts {
        request(method, url)
            .header("authorization", "Bearer x")
            .header("cookie", "a=b")
            .header("content-type", "text/plain")
            .header("accept", "*/*")
            .body("text")
            .into_parts()
    }

    #[test]
    fn locations_are_resolved() {
        let base = "https://example.com/a/b?c";
        for (location, url) in [
            ("https://other.example/x", "https://other.example/x"),
            ("/x?y=1#z", "https://example.com/x?y=1"),
            ("x", "https://example.com/a/x"),
            ("../x", "https://example.com/x"),
            ("?y", "https://example.com/a/b?y"),
            ("//other.example/x", "https://other.example/x"),
        ] {
            let (followed, next) = redirected(parts(Method::GET, base), 302, location).unwrap();
            assert!(followed);
            assert_eq!(next.url.to_string(), url, "{location}");
        }
    }

    #[test]
    fn a_redirect_to_anything_but_http_or_down_from_https_is_refused() {
        let from = |base, location| redirected(parts(Method::GET, base), 302, location).map(|_| ());
        assert!(from("http://example.com/", "https://example.com/").is_ok());
        for location in [
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "data:,x",
            "https:/x",
            "http://[::1",
            "a b",
        ] {
            let error = from("https://example.com/", location).unwrap_err();
            assert!(
                matches!(error, Error::Redirect { .. }),
                "{location}: {error}"
            );
        }
    }

    #[test]
    fn methods_and_bodies_follow_the_fetch_standard() {
        for (status, before, after) in [
            (301, Method::POST, Method::GET),
            (302, Method::POST, Method::GET),
            (303, Method::PUT, Method::GET),
            (301, Method::PUT, Method::PUT),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
            (308, Method::DELETE, Method::DELETE),
        ] {
            let (_, next) =
                redirected(parts(before.clone(), "https://example.com/"), status, "/x").unwrap();
            let kept = before == after;
            assert_eq!(next.method, after, "{status} {before}");
            assert_eq!(next.body.len(), Some(if kept { 4 } else { 0 }));
            assert_eq!(next.headers.contains_key(CONTENT_TYPE), kept);
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let base = "https://example.com/a";
        for (location, kept) in [
            ("/b", true),
            ("https://EXAMPLE.com:443/b", true),
            ("https://example.com:8443/b", false),
            ("https://www.example.com/b", false),
            ("https://example.org/b", false),
        ] {
            let (_, next) = redirected(parts(Method::GET, base), 307, location).unwrap();
            assert_eq!(next.headers.contains_key(AUTHORIZATION), kept, "{location}");
            assert_eq!(next.headers.contains_key(COOKIE), kept, "{location}");
            assert!(next.headers.contains_key("accept"));
        }
    }

    #[test]
    fn other_statuses_and_redirects_to_nowhere_are_given_as_they_are() {
        for status in [200, 300, 304, 404] {
            let (followed, _) =
                redirected(parts(Method::GET, "https://example.com/"), status, "/x").unwrap();
            assert!(!followed, "{status}");
        }
        let nowhere = Incoming {
            status: StatusCode::FOUND,
            headers: HeaderMap::new(),
            body: Box::pin(futures::stream::empty()),
        };
        let mut parts = parts(Method::GET, "https://example.com/");
        assert_eq!(follow(&mut parts, &nowhere), Ok(false));
    }
}
