//! What a guest of WASI 0.2 is told of a response's body that fails.
//!
//! wasmtime-wasi-http 48 looks for the error code of 0.2 in a stream's error, and puts its own, version-neutral one there: a
//! guest would find no code. And wasmtime-wasi's text for an error is the one for developers, which may hold a backtrace of
//! the host. Both functions are replaced.

use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::p2::bindings::io::error::Error as IoError;
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

use crate::state::State;

/// Replaces the two functions, in the versions in which they are linked.
pub(crate) fn link_error_codes(linker: &mut Linker<State>) -> Result<()> {
    linker.allow_shadowing(true);
    linker.instance("wasi:http/types@0.2.12")?.func_wrap(
        "http-error-code",
        |mut store, (error,): (Resource<IoError>,)| {
            let error = store.data_mut().ctx().table.get(&error)?;
            Ok((error.downcast_ref().map(code),))
        },
    )?;
    linker.instance("wasi:io/error@0.2.12")?.func_wrap(
        "[method]error.to-debug-string",
        |mut store, (error,): (Resource<IoError>,)| {
            let error = store.data_mut().ctx().table.get(&error)?;
            Ok((error.to_string(),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The code for what can go wrong in a body.
fn code(error: &Error) -> ErrorCode {
    match error {
        Error::ConnectionLimitReached => ErrorCode::ConnectionLimitReached,
        Error::ConnectionTerminated => ErrorCode::ConnectionTerminated,
        Error::HttpProtocolError => ErrorCode::HttpProtocolError,
        Error::HttpRequestDenied => ErrorCode::HttpRequestDenied,
        Error::HttpResponseBodySize(size) => ErrorCode::HttpResponseBodySize(*size),
        Error::HttpResponseIncomplete => ErrorCode::HttpResponseIncomplete,
        Error::HttpResponseTimeout => ErrorCode::HttpResponseTimeout,
        Error::HttpResponseTrailerSectionSize(size) => {
            ErrorCode::HttpResponseTrailerSectionSize(*size)
        }
        _ => ErrorCode::InternalError(None),
    }
}
