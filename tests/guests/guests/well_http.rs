//! Makes requests with the SDK's client.

#[path = "common/exchange.rs"]
mod exchange;

use std::io;

use exchange::{Answer, text};
use portcullis_guest_sdk::futures::future::join_all;
use portcullis_guest_sdk::futures::stream;
use portcullis_guest_sdk::http::{Body, Method, Request, Response};
use portcullis_guest_sdk::prelude::*;

async fn answer(response: Response) -> Result<Answer, http::Error> {
    let headers = response.headers.iter();
    Ok(Answer {
        status: response.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: text(response.bytes().await?),
    })
}

fn request(method: &str, url: &str) -> Result<Request, ToolError> {
    let method: Method = method.parse()?;
    Ok(http::request(method, url))
}

/// Makes a request and gives what comes back.
#[plugin_tool]
async fn fetch(
    method: String,
    url: String,
    #[arg(default)] headers: Vec<(String, String)>,
    #[arg(default)] body: String,
) -> Result<Answer, ToolError> {
    let mut request = request(&method, &url)?.body(body);
    for (name, value) in headers {
        request = request.header(&name, value);
    }
    Ok(answer(request.send().await?).await?)
}

/// Makes a request, follows no redirect and gives what comes back.
#[plugin_tool]
async fn fetch_once(method: String, url: String) -> Result<Answer, ToolError> {
    let response = request(&method, &url)?.no_redirects().send().await?;
    Ok(answer(response).await?)
}

/// Reads a response to its end, keeps nothing of it and counts its bytes.
#[plugin_tool]
async fn download(url: String) -> Result<u64, ToolError> {
    let mut response = http::get(url).max_bytes(u64::MAX).send().await?;
    let mut bytes = 0;
    while let Some(piece) = response.chunk().await? {
        bytes += piece.len() as u64;
    }
    Ok(bytes)
}

/// Sends a body of `pieces` times `piece_bytes`, as a stream; it may fail before its last piece.
#[plugin_tool]
async fn upload(
    url: String,
    pieces: usize,
    piece_bytes: usize,
    #[arg(default)] fails: bool,
) -> Result<Answer, ToolError> {
    let body = stream::iter((1..=pieces).map(move |number| {
        if fails && number == pieces {
            return Err(io::Error::other("the source ran dry, as it was told"));
        }
        Ok(vec![b'x'; piece_bytes])
    }));
    let response = http::post(url).body(Body::stream(body)).send().await?;
    Ok(answer(response).await?)
}

/// Makes the same request so many times at once, and gives each status or the error's code.
#[plugin_tool]
async fn together(url: String, times: usize) -> Vec<String> {
    let requests = (0..times).map(async |_| match http::get(&url).send().await {
        Ok(response) => response.status.as_u16().to_string(),
        Err(error) => error.code().to_owned(),
    });
    join_all(requests).await
}
