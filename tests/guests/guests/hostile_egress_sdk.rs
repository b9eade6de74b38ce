//! Requests through the SDK's client.

use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::stream::{self, StreamExt as _};
use portcullis_guest_sdk::http::{self, Body, Method, Request};

use egress::{Answer, Fetch};

#[path = "common/egress.rs"]
mod egress;

async fn exchange(fetches: Vec<Fetch>) -> Vec<Answer> {
    futures::future::join_all(fetches.into_iter().map(exchange_one)).await
}

async fn exchange_one(fetch: Fetch) -> Answer {
    let mut request = match start(&fetch) {
        Ok(request) => request,
        Err(answer) => return answer,
    };
    if fetch.has_body() {
        let pieces = fetch.body().into_iter().map(Ok::<_, std::io::Error>);
        request = request.body(Body::stream(stream::iter(pieces)));
    }
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return Answer::default().failed("send", error),
    };
    let headers = response.headers.iter();
    let mut answer = Answer {
        status: Some(response.status.as_u16()),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect(),
        ..Answer::default()
    };
    if fetch.unread {
        std::mem::forget(response);
        return answer;
    }
    loop {
        match response.chunk().await {
            Ok(Some(piece)) => answer.take(&fetch, &piece),
            Ok(None) => return answer,
            Err(error) => return answer.failed("body", error),
        }
    }
}

async fn abandon(fetch: Fetch, wait: bool) {
    let Ok(request) = start(&fetch) else {
        return;
    };
    let (written, all_written) = oneshot::channel::<()>();
    let pieces = stream::iter(fetch.body().into_iter().map(Ok::<_, std::io::Error>));
    let end = stream::once(async move {
        drop(written);
        std::future::pending().await
    });
    let sending = Box::pin(request.body(Body::stream(pieces.chain(end))).send());
    if wait {
        drop(sending.await);
    } else if let Either::Right((_, sending)) = select(sending, all_written).await {
        std::mem::forget(sending);
    }
}

fn start(fetch: &Fetch) -> Result<Request, Answer> {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let url = format!(
        "{}://{}{}",
        part(&fetch.scheme),
        part(&fetch.authority),
        part(&fetch.path)
    );
    let method = Method::from_bytes(fetch.method.as_bytes());
    let method = method.map_err(|error| Answer::default().failed("build", error))?;
    let mut request = http::request(method, url).max_bytes(u64::MAX);
    for (name, value) in &fetch.headers {
        request = request.header(name, value);
    }
    if let Some((connect, first_byte, between)) = fetch.timeouts {
        request = request.timeout(Duration::from_millis(connect.min(first_byte).min(between)));
    }
    Ok(request)
}
