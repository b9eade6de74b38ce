//! Requests through WASI: `wasi:http` 0.3, or 0.2 with the feature `sync`.

mod error_code;
#[cfg_attr(feature = "sync", path = "wasi_0_2.rs")]
#[cfg_attr(not(feature = "sync"), path = "wasi_0_3.rs")]
mod transport;

#[cfg(feature = "sync")]
use wasip2::http::types::{
    Fields, Method as WasiMethod, OutgoingRequest as WasiRequest, RequestOptions, Scheme,
};
#[cfg(not(feature = "sync"))]
use wasip3::http::types::{
    Fields, Method as WasiMethod, Request as WasiRequest, RequestOptions, Scheme,
};

use self::error_code::{refused_headers, refused_part};
use crate::http::{Error, HeaderMap, HeaderName, Method, Outgoing};

pub(crate) use transport::send as http_send;

/// Bytes of a response that are taken at once.
const PIECE: usize = 64 << 10;

fn fields(headers: &HeaderMap) -> Result<Fields, Error> {
    let fields: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&fields).map_err(refused_headers)
}

fn headers(fields: Vec<(String, Vec<u8>)>) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let name = name.parse::<HeaderName>().map_err(protocol)?;
        headers.append(name, value.try_into().map_err(protocol)?);
    }
    Ok(headers)
}

/// Sets method, scheme, authority and path.
fn set_line(request: &WasiRequest, outgoing: &Outgoing) -> Result<(), Error> {
    let url = &outgoing.url;
    let authority = url.authority().map(|authority| authority.as_str());
    let path = url.path_and_query().map(|path| path.as_str());
    request
        .set_method(&method(&outgoing.method))
        .map_err(|()| refused_part("method"))?;
    request
        .set_scheme(url.scheme_str().map(scheme).as_ref())
        .map_err(|()| refused_part("scheme"))?;
    request
        .set_authority(authority)
        .map_err(|()| refused_part("host"))?;
    request
        .set_path_with_query(path)
        .map_err(|()| refused_part("path"))
}

fn options(outgoing: &Outgoing) -> RequestOptions {
    let options = RequestOptions::new();
    if let Some(timeout) = outgoing.timeout {
        let nanoseconds = Some(u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX));
        // A host that does not know an option has a time of its own.
        let _ = options.set_connect_timeout(nanoseconds);
        let _ = options.set_first_byte_timeout(nanoseconds);
        let _ = options.set_between_bytes_timeout(nanoseconds);
    }
    options
}

fn method(method: &Method) -> WasiMethod {
    match method.as_str() {
        "GET" => WasiMethod::Get,
        "HEAD" => WasiMethod::Head,
        "POST" => WasiMethod::Post,
        "PUT" => WasiMethod::Put,
        "DELETE" => WasiMethod::Delete,
        "CONNECT" => WasiMethod::Connect,
        "OPTIONS" => WasiMethod::Options,
        "TRACE" => WasiMethod::Trace,
        "PATCH" => WasiMethod::Patch,
        other => WasiMethod::Other(other.to_owned()),
    }
}

fn scheme(scheme: &str) -> Scheme {
    match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    }
}

fn protocol(error: impl ToString) -> Error {
    Error::Protocol {
        reason: error.to_string(),
    }
}
