//! Step 1: a request with one reading, and no header that is the gate's own.

use http::{HeaderMap, HeaderName, Uri, header};
use portcullis_host_policy::decision::{Denial, DenyCode};
use portcullis_host_policy::request::{HttpRequest, RequestError, is_forbidden_header};

use crate::CallLimits;

/// Reads what WASI hands over; the parts were put together by it, so they are taken apart and read again.
///
/// # Errors
/// Where there is more than one reading, or none.
pub(super) fn read(method: &http::Method, uri: &Uri) -> Result<HttpRequest, RequestError> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    HttpRequest::from_parts(
        method.as_str(),
        uri.scheme_str().unwrap_or_default(),
        authority,
        path,
    )
}

/// Checks the fields of a header, or of a trailer.
///
/// # Errors
/// The denial, with the field's name and never its value.
pub(super) fn fields(
    fields: &HeaderMap,
    limits: &CallLimits,
    reserved: impl Fn(&HeaderName) -> bool,
) -> Result<(), Denial> {
    let deny = |code, reason: String| Err(Denial::new(code, reason));
    for name in fields.keys() {
        if is_forbidden_header(name.as_str()) {
            let reason = format!("the header `{name}` is the gate's own, or nobody's to send");
            return deny(DenyCode::ForbiddenHeader, reason);
        }
        if reserved(name) {
            let reason = format!(
                "a secret is bound to the header `{name}`, which the plugin may not set itself"
            );
            return deny(DenyCode::ForbiddenHeader, reason);
        }
    }
    if !fits(fields, limits) {
        let reason = format!(
            "a header of more than {} fields or {} bytes",
            limits.header_fields, limits.header_bytes
        );
        return deny(DenyCode::OverLimit, reason);
    }
    Ok(())
}

/// Whether header fields are within the limits of either direction.
pub(super) fn fits(fields: &HeaderMap, limits: &CallLimits) -> bool {
    // As HTTP/2 counts them (RFC 9113, 10.5.1), so that many short fields are not free.
    let bytes: usize = fields
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 32)
        .sum();
    fields.len() <= limits.header_fields as usize && bytes as u64 <= limits.header_bytes
}

/// Whether a response's body is encoded in a way that hides what is in it.
pub(super) fn is_encoded(fields: &HeaderMap) -> bool {
    let encodings = fields.get_all(header::CONTENT_ENCODING);
    encodings
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Takes out what is said about the connection alone, and is nothing to a guest.
pub(super) fn remove_forbidden(fields: &mut HeaderMap) {
    let forbidden: Vec<_> = fields
        .keys()
        .filter(|name| is_forbidden_header(name.as_str()))
        .cloned()
        .collect();
    for name in forbidden {
        fields.remove(name);
    }
}
