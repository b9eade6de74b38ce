//! The body of a request on its way out: counted, searched for secrets, and never ended cleanly unless the guest did.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use portcullis_host_policy::decision::{Denial, DenyCode};
use tokio_util::sync::WaitForCancellationFutureOwned;
use wasmtime_wasi_http::{Error, WasiBody};

use super::exchange::Exchange;
use super::shape;
use crate::secret::Scanner;

/// A request's body. It fails, and so resets the request, where a limit or a secret is in the way, and where the call ends
/// before the guest ended it.
pub(super) struct Upload {
    body: WasiBody,
    exchange: Arc<Exchange>,
    scanner: Option<Scanner>,
    call_ended: Pin<Box<WaitForCancellationFutureOwned>>,
    done: bool,
    /// The mark of the connection that it goes over, if that has no other request on it.
    mark: Option<Arc<AtomicBool>>,
}

impl Upload {
    pub(super) fn new(body: WasiBody, exchange: &Arc<Exchange>, scanner: Option<Scanner>) -> Self {
        Self {
            done: body.is_end_stream(),
            body,
            exchange: Arc::clone(exchange),
            scanner,
            call_ended: Box::pin(exchange.budget.ended.clone().cancelled_owned()),
            mark: None,
        }
    }

    /// An empty body, for a request that is sent once more.
    pub(super) fn is_empty(&self) -> bool {
        self.done
    }

    /// Marks the connection for as long as the body is on its way.
    pub(super) fn mark(&mut self, uploading: Option<Arc<AtomicBool>>) {
        if let Some(mark) = &uploading {
            mark.store(!self.done, Ordering::Relaxed);
        }
        self.mark = uploading;
    }

    fn finish(&mut self) {
        self.done = true;
        if let Some(mark) = &self.mark {
            mark.store(false, Ordering::Relaxed);
        }
        self.exchange.sent_all();
    }

    /// Looks at a frame before it goes.
    fn check(&mut self, frame: &Frame<Bytes>) -> Result<(), Denial> {
        if let Some(data) = frame.data_ref() {
            if !self.exchange.budget.take_up(data.len()) {
                return Err(over(
                    "bytes uploaded",
                    self.exchange.budget.limits.upload_bytes,
                ));
            }
            self.exchange.sent(data.len());
            return match &mut self.scanner {
                Some(scanner) => scanner.feed(data).map_err(|_| leak("the body")),
                None => Ok(()),
            };
        }
        let Some(trailers) = frame.trailers_ref() else {
            return Ok(());
        };
        let access = &self.exchange.caller.access;
        let limits = &self.exchange.budget.limits;
        shape::fields(trailers, limits, |name| access.vault.reserves(name))?;
        match &self.scanner {
            Some(scanner) => search(scanner, trailers).map_err(|_| leak("the trailer")),
            None => Ok(()),
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if this.done {
            return Poll::Ready(None);
        }
        // First: what the body says once its store is gone is not the guest's word.
        if this.call_ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Error::ConnectionTerminated)));
        }
        let frame = std::task::ready!(Pin::new(&mut this.body).poll_frame(cx));
        // It may have gone while it was asked.
        if this.exchange.budget.ended.is_cancelled() {
            return Poll::Ready(Some(Err(Error::ConnectionTerminated)));
        }
        match frame {
            None => {
                this.finish();
                Poll::Ready(None)
            }
            Some(Err(error)) => Poll::Ready(Some(Err(error))),
            Some(Ok(frame)) => {
                if let Err(denial) = this.check(&frame) {
                    return Poll::Ready(Some(Err(this.exchange.refuse(denial))));
                }
                if frame.is_trailers() || this.body.is_end_stream() {
                    this.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.done
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Searches header fields for secrets, names and values.
pub(super) fn search(
    scanner: &Scanner,
    fields: &http::HeaderMap,
) -> Result<(), crate::secret::Leak> {
    for (name, value) in fields {
        scanner.whole(name.as_str().as_bytes())?;
        scanner.whole(value.as_bytes())?;
    }
    Ok(())
}

pub(super) fn leak(place: &str) -> Denial {
    let reason = format!("{place} holds the value of a secret that is not bound to this request");
    Denial::new(DenyCode::SecretLeak, reason)
}

pub(super) fn over(limit: &str, allowed: u64) -> Denial {
    Denial::new(DenyCode::OverLimit, format!("more than {allowed} {limit}"))
}
