//! The transport of async plugins.

use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use futures::future::poll_fn;
use futures::stream::{self, StreamExt};
use wasip3::http::client;
use wasip3::http::types::{ErrorCode, Request, Response, Trailers};
use wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult, StreamWriter};
use wasip3::{wit_future, wit_stream};

use super::{PIECE, fields, headers, options, protocol, set_line};
use crate::http::{Error, Incoming, Outgoing, Pieces, StatusCode};

/// How a body ends.
type Ended = Result<Option<Trailers>, ErrorCode>;

/// A request's body on its way. It goes on while the response is waited for and read.
type Upload = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

pub(crate) async fn send(mut outgoing: Outgoing) -> Result<Incoming, Error> {
    let (body, contents) = match outgoing.body.take() {
        Some(body) => {
            let (pieces, contents) = wit_stream::new();
            (Some((body, pieces)), Some(contents))
        }
        None => (None, None),
    };
    // What the host is told of a body that breaks off: the server must not take it for the whole.
    let (ended, trailers) = wit_future::new(|| Err(ErrorCode::ConnectionTerminated));
    let fields = fields(&outgoing.headers)?;
    let (request, _sent) = Request::new(fields, contents, trailers, Some(options(&outgoing)));
    set_line(&request, &outgoing)?;

    let mut upload: Option<Upload> = Some(Box::pin(upload(body, ended)));
    let response = beside(&mut upload, client::send(request)).await??;
    incoming(response, upload)
}

async fn upload(
    body: Option<(Pieces, StreamWriter<u8>)>,
    ended: FutureWriter<Ended>,
) -> Result<(), Error> {
    if let Some((mut body, mut pieces)) = body {
        while let Some(piece) = body.next().await {
            if !pieces.write_all(piece?.into()).await.is_empty() {
                // Nobody takes more of it; the response says why.
                return Ok(());
            }
        }
    }
    // Nor does it matter who hears that this was all, if nobody does.
    let _ = ended.write(Ok(None)).await;
    Ok(())
}

/// Waits for `future`, and goes on with the upload meanwhile.
async fn beside<T>(
    upload: &mut Option<Upload>,
    future: impl Future<Output = T>,
) -> Result<T, Error> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if let Some(work) = upload
            && let Poll::Ready(done) = work.as_mut().poll(cx)
        {
            *upload = None;
            if let Err(error) = done {
                return Poll::Ready(Err(error));
            }
        }
        future.as_mut().poll(cx).map(Ok)
    })
    .await
}

fn incoming(response: Response, upload: Option<Upload>) -> Result<Incoming, Error> {
    let status = StatusCode::from_u16(response.get_status_code()).map_err(protocol)?;
    let headers = headers(response.get_headers().copy_all())?;
    // The host need not be told how the plugin likes the response.
    let (_, unread) = wit_future::new(|| Ok(()));
    let (pieces, ended) = Response::consume_body(response, unread);
    let download = Download {
        pieces,
        ended,
        upload,
    };
    Ok(Incoming {
        status,
        headers,
        body: Box::pin(stream::try_unfold(download, Download::next)),
    })
}

struct Download {
    pieces: StreamReader<u8>,
    ended: FutureReader<Ended>,
    upload: Option<Upload>,
}

impl Download {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        let read = self.pieces.read(Vec::with_capacity(PIECE));
        let (result, piece) = beside(&mut self.upload, read).await?;
        if let StreamResult::Complete(_) = result {
            return Ok(Some((piece.into(), self)));
        }
        self.ended.await?;
        Ok(None)
    }
}
