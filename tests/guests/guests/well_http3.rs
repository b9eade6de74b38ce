//! Makes requests through `wasi:http` 0.3, without a client in between.

#[path = "common/exchange.rs"]
mod exchange;

use exchange::{Answer, text};
use portcullis_guest_sdk::futures::future::join;
use portcullis_guest_sdk::http::Uri;
use portcullis_guest_sdk::prelude::*;
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Fields, Method, Request, Response, Scheme};
use wasip3::{wit_future, wit_stream};

/// Makes a request and gives what comes back.
#[plugin_tool]
async fn fetch(
    method: String,
    url: String,
    #[arg(default)] headers: Vec<(String, String)>,
    #[arg(default)] body: String,
) -> Result<Answer, String> {
    let url: Uri = url.parse().map_err(|_| "the URL can't be read")?;
    let headers: Vec<_> = headers
        .into_iter()
        .map(|(name, value)| (name, value.into_bytes()))
        .collect();
    let headers = Fields::from_list(&headers).map_err(|error| format!("{error:?}"))?;
    let (mut pieces, contents) = wit_stream::new();
    let (end, trailers) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(headers, Some(contents), trailers, None);
    set_line(&request, &method, &url).map_err(|()| "the host does not take the request's line")?;
    let upload = async move {
        pieces.write_all(body.into_bytes()).await;
        drop(pieces);
        // The request may be over before all of it is sent.
        let _ = end.write(Ok(None)).await;
    };
    let ((), response) = join(upload, client::send(request)).await;
    answer(response).await.map_err(|code| format!("{code:?}"))
}

fn set_line(request: &Request, method: &str, url: &Uri) -> Result<(), ()> {
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        other => Method::Other(other.to_owned()),
    };
    let scheme = match url.scheme_str() {
        Some("http") => Scheme::Http,
        _ => Scheme::Https,
    };
    request.set_method(&method)?;
    request.set_scheme(Some(&scheme))?;
    request.set_authority(url.authority().map(|authority| authority.as_str()))?;
    request.set_path_with_query(url.path_and_query().map(|path| path.as_str()))
}

async fn answer(response: Result<Response, ErrorCode>) -> Result<Answer, ErrorCode> {
    let response = response?;
    let status = response.get_status_code();
    let headers = response.get_headers().copy_all().into_iter();
    let headers = headers.map(|(name, value)| (name, text(value))).collect();
    let (_, read) = wit_future::new(|| Ok(()));
    let (body, ended) = Response::consume_body(response, read);
    let body = text(body.collect().await);
    ended.await?;
    Ok(Answer {
        status,
        headers,
        body,
    })
}
