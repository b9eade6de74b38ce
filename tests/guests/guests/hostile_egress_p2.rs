//! Requests through wasi:http 0.2, with nothing between.

use std::mem::forget;

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    Fields, FutureTrailers, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::streams::{OutputStream, StreamError};

use egress::{Answer, Fetch};

#[path = "common/egress.rs"]
mod egress;

/// What is in flight: the body to be written, and the response to come.
type Flight = (
    Option<OutgoingBody>,
    wasip2::http::types::FutureIncomingResponse,
);

async fn exchange(fetches: Vec<Fetch>) -> Vec<Answer> {
    let flights: Vec<_> = fetches.iter().map(start).collect();
    let flights = flights.into_iter().zip(&fetches);
    flights
        .map(|(flight, fetch)| flight.map_or_else(|answer| answer, |flight| finish(fetch, flight)))
        .collect()
}

fn finish(fetch: &Fetch, (body, response): Flight) -> Answer {
    let trailers = match fields(&fetch.trailers) {
        Ok(trailers) => (!fetch.trailers.is_empty()).then_some(trailers),
        Err(error) => return Answer::default().failed("build", error),
    };
    let mut written = Ok(());
    if let Some(body) = body {
        written = upload(&body, fetch.body());
        // A body that broke off is not finished; the response says why.
        if written.is_ok() {
            written = OutgoingBody::finish(body, trailers).map_err(|error| format!("{error:?}"));
        }
    }
    response.subscribe().block();
    match response.get() {
        Some(Ok(Ok(response))) => receive(fetch, response),
        Some(Ok(Err(error))) => Answer::default().failed("send", error),
        _ => Answer::default().failed("send", written),
    }
}

async fn abandon(fetch: Fetch, wait: bool) {
    let Ok((Some(body), response)) = start(&fetch) else {
        return;
    };
    let _ = upload(&body, fetch.body());
    if wait {
        response.subscribe().block();
    }
    forget((body, response));
}

fn start(fetch: &Fetch) -> Result<Flight, Answer> {
    let invalid = |what: &str| Answer::default().failed("build", what);
    let headers =
        fields(&fetch.headers).map_err(|error| Answer::default().failed("build", error))?;
    let request = OutgoingRequest::new(headers);
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
    let body = fetch.has_body().then(|| request.body().expect("the first"));
    let response = handle(request, options(fetch));
    let response = response.map_err(|error| Answer::default().failed("send", error))?;
    Ok((body, response))
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

fn upload(body: &OutgoingBody, pieces: Vec<Vec<u8>>) -> Result<(), String> {
    let stream = body.write().expect("the first");
    let written = pieces.iter().try_for_each(|piece| write(&stream, piece));
    written.map_err(|error| format!("{error:?}"))
}

/// Each piece is sent before the next is written.
fn write(stream: &OutputStream, piece: &[u8]) -> Result<(), StreamError> {
    let mut rest = piece;
    while !rest.is_empty() {
        stream.subscribe().block();
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        let (now, later) = rest.split_at(rest.len().min(room));
        stream.write(now)?;
        rest = later;
    }
    stream.blocking_flush()
}

fn receive(fetch: &Fetch, response: IncomingResponse) -> Answer {
    let mut answer = Answer {
        status: Some(response.status()),
        headers: response.headers().entries(),
        ..Answer::default()
    };
    let body = response.consume().expect("the first");
    if fetch.unread {
        forget((response, body));
        return answer;
    }
    let stream = body.stream().expect("the first");
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(piece) => answer.take(fetch, &piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                let told = wasip2::http::types::http_error_code(&error);
                let failed =
                    told.map_or_else(|| error.to_debug_string(), |code| format!("{code:?}"));
                return failed_body(answer, failed);
            }
        }
    }
    drop(stream);
    trailers(answer, IncomingBody::finish(body))
}

fn trailers(mut answer: Answer, future: FutureTrailers) -> Answer {
    future.subscribe().block();
    match future.get() {
        Some(Ok(Ok(trailers))) => {
            answer.trailers = trailers
                .map(|trailers| trailers.entries())
                .unwrap_or_default();
            answer
        }
        Some(Ok(Err(error))) => answer.failed("body", error),
        _ => answer.failed("body", "no trailers"),
    }
}

fn failed_body(mut answer: Answer, what: String) -> Answer {
    answer.failure = Some(egress::Failure { at: "body", what });
    answer
}
