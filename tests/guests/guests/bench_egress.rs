//! What benchmarks of the gate call: requests one after the other, in one call, through `wasi:http` 0.3.

use portcullis_guest_sdk::prelude::*;

wit_bindgen::generate!({
    path: "wasi/http",
    inline: r#"
        package portcullis:guest-http;

        world imports {
            import wasi:http/client@0.3.0;
        }
    "#,
    world: "portcullis:guest-http/imports",
    generate_all,
});

use wasi::http::client::send;
use wasi::http::types::{ErrorCode, Fields, Request, Response, Scheme};
use wit_bindgen::StreamResult;

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;

/// Gets the same path so many times and gives the number of bytes that came.
#[plugin_tool]
async fn get(authority: String, path: String, times: u32) -> Result<u64, String> {
    let mut buffer = Vec::with_capacity(BUFFER);
    let mut bytes = 0;
    for _ in 0..times {
        let once = once(&authority, &path, &mut buffer).await;
        bytes += once.map_err(|code| format!("{code:?}"))?;
    }
    Ok(bytes)
}

async fn once(authority: &str, path: &str, buffer: &mut Vec<u8>) -> Result<u64, ErrorCode> {
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(Fields::new(), None, trailers, None);
    let line = request
        .set_scheme(Some(&Scheme::Http))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)));
    line.map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let response = send(request).await?;
    let (_, read) = wit_future::new(|| Ok(()));
    let (mut body, ended) = Response::consume_body(response, read);
    let mut bytes = 0;
    loop {
        let (result, mut read) = body.read(std::mem::take(buffer)).await;
        bytes += read.len() as u64;
        read.clear();
        *buffer = read;
        if !matches!(result, StreamResult::Complete(_)) {
            break;
        }
    }
    ended.await?;
    Ok(bytes)
}
