//! Requests through wasi:http 0.3, with nothing between.

use std::mem::forget;

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

use egress::{Answer, Failure, Fetch};
use wasi::http::client::send;
use wasi::http::types::{ErrorCode, Fields, Method, Request, RequestOptions, Response, Scheme};
use wit_bindgen::{FutureReader, FutureWriter, StreamResult, StreamWriter};

#[path = "common/egress.rs"]
mod egress;

type Trailers = Result<Option<Fields>, ErrorCode>;

/// What is written while the request is under way.
struct Upload {
    body: Option<StreamWriter<u8>>,
    trailers: FutureWriter<Trailers>,
    sent: FutureReader<Result<(), ErrorCode>>,
}

async fn exchange(fetches: Vec<Fetch>) -> Vec<Answer> {
    futures::future::join_all(fetches.into_iter().map(exchange_one)).await
}

async fn exchange_one(fetch: Fetch) -> Answer {
    let (request, upload) = match build(&fetch) {
        Ok(built) => built,
        Err(answer) => return answer,
    };
    let trailers = match fields(&fetch.trailers) {
        Ok(trailers) => (!fetch.trailers.is_empty()).then_some(trailers),
        Err(error) => return Answer::default().failed("build", error),
    };
    let Upload {
        body,
        trailers: end,
        sent,
    } = upload;
    let write = async {
        if let Some(mut body) = body {
            for piece in fetch.body() {
                // A host that stops reading gives the rest back.
                if !body.write_all(piece).await.is_empty() {
                    break;
                }
            }
        }
        let _ = end.write(Ok(trailers)).await;
        sent.await
    };
    let receive = async {
        match send(request).await {
            Ok(response) => receive(&fetch, response).await,
            Err(error) => Answer::default().failed("send", error),
        }
    };
    let (_, answer) = futures::join!(write, receive);
    answer
}

async fn abandon(fetch: Fetch, wait: bool) {
    let Ok((request, mut upload)) = build(&fetch) else {
        return;
    };
    let write = async {
        for piece in fetch.body() {
            if let Some(body) = &mut upload.body {
                body.write_all(piece).await;
            }
        }
    };
    let mut response = Box::pin(send(request));
    let written = futures::future::select(Box::pin(write), &mut response);
    drop(written.await);
    if wait {
        let _ = response.as_mut().await;
    }
    forget((response, upload));
}

fn build(fetch: &Fetch) -> Result<(Request, Upload), Answer> {
    let invalid = |what: &str| Answer::default().failed("build", what);
    let headers =
        fields(&fetch.headers).map_err(|error| Answer::default().failed("build", error))?;
    let (body, contents) = match fetch.has_body().then(wit_stream::new::<u8>) {
        Some((writer, reader)) => (Some(writer), Some(reader)),
        None => (None, None),
    };
    let (trailers, end) = wit_future::new(|| Err(ErrorCode::InternalError(None)));
    let (request, sent) = Request::new(headers, contents, end, options(fetch));
    let method = match fetch.method.as_str() {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    };
    let scheme = fetch.scheme.as_ref().map(|scheme| match scheme.as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    });
    request
        .set_method(&method)
        .map_err(|()| invalid("method"))?;
    request
        .set_scheme(scheme.as_ref())
        .map_err(|()| invalid("scheme"))?;
    request
        .set_authority(fetch.authority.as_deref())
        .map_err(|()| invalid("authority"))?;
    request
        .set_path_with_query(fetch.path.as_deref())
        .map_err(|()| invalid("path"))?;
    Ok((
        request,
        Upload {
            body,
            trailers,
            sent,
        },
    ))
}

fn options(fetch: &Fetch) -> Option<RequestOptions> {
    let (connect, first_byte, between) = fetch.timeouts?;
    let options = RequestOptions::new();
    let nanoseconds = |ms: u64| Some(ms.saturating_mul(1_000_000));
    let _ = options.set_connect_timeout(nanoseconds(connect));
    let _ = options.set_first_byte_timeout(nanoseconds(first_byte));
    let _ = options.set_between_bytes_timeout(nanoseconds(between));
    Some(options)
}

fn fields(said: &[(String, String)]) -> Result<Fields, String> {
    let fields = Fields::new();
    for (name, value) in said {
        let appended = fields.append(name, value.as_bytes());
        appended.map_err(|error| format!("{name}: {error:?}"))?;
    }
    Ok(fields)
}

async fn receive(fetch: &Fetch, response: Response) -> Answer {
    let mut answer = Answer {
        status: Some(response.get_status_code()),
        headers: response.get_headers().copy_all(),
        ..Answer::default()
    };
    if fetch.unread {
        forget(response);
        return answer;
    }
    let (_, result) = wit_future::new(|| Ok(()));
    let (mut body, end) = Response::consume_body(response, result);
    loop {
        let (status, piece) = body.read(Vec::with_capacity(64 * 1024)).await;
        answer.take(fetch, &piece);
        if !matches!(status, StreamResult::Complete(_)) {
            break;
        }
    }
    match end.await {
        Ok(trailers) => {
            answer.trailers = trailers
                .map(|trailers| trailers.copy_all())
                .unwrap_or_default();
        }
        Err(error) => {
            let what = format!("{error:?}");
            answer.failure = Some(Failure { at: "body", what });
        }
    }
    answer
}
