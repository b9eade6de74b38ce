//! Makes requests with `wstd`, which knows nothing of Portcullis: `wasi:http` 0.2.

#[path = "common/exchange.rs"]
mod exchange;

use exchange::{Answer, text};
use portcullis_guest_sdk::prelude::*;
use wstd::http::{Body, Client, Request};

/// Makes a request and gives what comes back.
#[plugin_tool]
fn fetch(
    method: String,
    url: String,
    #[arg(default)] headers: Vec<(String, String)>,
    #[arg(default)] body: String,
) -> Result<Answer, String> {
    let mut request = Request::builder().method(method.as_str()).uri(url);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(body));
    let request = request.map_err(|error| error.to_string())?;
    wstd::runtime::block_on(exchange(request)).map_err(|error| format!("{error:#}"))
}

async fn exchange(request: Request<Body>) -> Result<Answer, wstd::http::Error> {
    let (head, mut body) = Client::new().send(request).await?.into_parts();
    let headers = head.headers.iter();
    Ok(Answer {
        status: head.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: text(body.contents().await?),
    })
}
