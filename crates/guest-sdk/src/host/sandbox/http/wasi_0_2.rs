//! The transport under the feature `sync`: it waits where it is polled.

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingBody, OutgoingRequest,
    http_error_code,
};
use wasip2::io::streams::{InputStream, StreamError};

use super::{PIECE, fields, headers, options, protocol, set_line};
use crate::http::{Error, Incoming, Outgoing, Pieces, StatusCode};

/// Bytes that one blocking write takes at most, says the interface.
const WRITTEN_AT_ONCE: usize = 4096;

pub(crate) async fn send(outgoing: Outgoing) -> Result<Incoming, Error> {
    let request = OutgoingRequest::new(fields(&outgoing.headers)?);
    set_line(&request, &outgoing)?;
    let contents = request.body().map_err(|()| protocol("it has no body"))?;
    let response = outgoing_handler::handle(request, Some(options(&outgoing)))?;
    upload(outgoing.body, contents).await?;
    incoming(wait(&response)?)
}

/// Dropped before its end, `contents` breaks the upload off: the server must not take it for the whole.
async fn upload(body: Option<Pieces>, contents: OutgoingBody) -> Result<(), Error> {
    if let Some(mut body) = body {
        let stream = contents
            .write()
            .map_err(|()| protocol("its body is taken"))?;
        while let Some(piece) = body.next().await {
            for part in piece?.chunks(WRITTEN_AT_ONCE) {
                if stream.blocking_write_and_flush(part).is_err() {
                    // Nobody takes more of it; the response says why.
                    return Ok(());
                }
            }
        }
    }
    Ok(OutgoingBody::finish(contents, None)?)
}

fn wait(response: &FutureIncomingResponse) -> Result<IncomingResponse, Error> {
    response.subscribe().block();
    match response.get() {
        Some(Ok(answer)) => Ok(answer?),
        _ => Err(protocol("the host has no answer")),
    }
}

fn incoming(response: IncomingResponse) -> Result<Incoming, Error> {
    let status = StatusCode::from_u16(response.status()).map_err(protocol)?;
    let headers = headers(response.headers().entries())?;
    let body = response
        .consume()
        .map_err(|()| protocol("its body is taken"))?;
    let pieces = body.stream().map_err(|()| protocol("its body is taken"))?;
    let download = Download { pieces, body };
    Ok(Incoming {
        status,
        headers,
        body: Box::pin(stream::try_unfold(download, Download::next)),
    })
}

/// The stream is the body's: it has to go first.
struct Download {
    pieces: InputStream,
    body: IncomingBody,
}

impl Download {
    async fn next(self) -> Result<Option<(Bytes, Self)>, Error> {
        match self.pieces.blocking_read(PIECE as u64) {
            Ok(piece) => Ok(Some((piece.into(), self))),
            Err(StreamError::LastOperationFailed(error)) => Err(match http_error_code(&error) {
                Some(code) => code.into(),
                None => protocol(error.to_debug_string()),
            }),
            Err(StreamError::Closed) => {
                drop(self.pieces);
                let ended = IncomingBody::finish(self.body);
                ended.subscribe().block();
                match ended.get() {
                    Some(Ok(trailers)) => trailers.map(|_| None).map_err(Error::from),
                    _ => Err(protocol("the host does not say how its body ended")),
                }
            }
        }
    }
}
