//! The body of a response on its way in: counted, timed, and with secrets taken out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};
use wasmtime_wasi_http::Error;

use super::exchange::{Exchange, Lease, explain};
use super::shape;
use super::upload::over;
use crate::secret::Redactor;

/// A response's body. Read to its end, it gives its connection back; dropped before, it closes it.
pub(super) struct Download {
    body: Incoming,
    exchange: Arc<Exchange>,
    lease: Option<Lease>,
    redactor: Option<Redactor>,
    timer: Pin<Box<Sleep>>,
    /// Whether the timer stands for the piece that is waited for.
    waiting: bool,
    idle_time: Duration,
    deadline: Instant,
    /// What is to be handed on before the body is asked again.
    ready: VecDeque<Frame<Bytes>>,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Download {
    pub(super) fn new(
        body: Incoming,
        exchange: Arc<Exchange>,
        lease: Lease,
        redactor: Option<Redactor>,
        (idle_time, deadline): (Duration, Instant),
        place: OwnedSemaphorePermit,
    ) -> Self {
        let mut download = Self {
            ended: body.is_end_stream(),
            body,
            exchange,
            lease: Some(lease),
            redactor,
            timer: Box::pin(sleep_until(deadline)),
            waiting: false,
            idle_time,
            deadline,
            ready: VecDeque::new(),
            _place: place,
        };
        if download.ended {
            download.give_back();
        }
        download
    }

    fn give_back(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    /// Waits for the next piece, but not for ever.
    fn poll_in_time(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.waiting = false;
                Poll::Ready(
                    frame.map(|frame| frame.map_err(|error| explain(&self.exchange, error))),
                )
            }
            Poll::Pending => {
                if !self.waiting {
                    self.waiting = true;
                    let until = (Instant::now() + self.idle_time).min(self.deadline);
                    self.timer.as_mut().reset(until);
                }
                std::task::ready!(self.timer.as_mut().poll(cx));
                Poll::Ready(Some(Err(Error::HttpResponseTimeout)))
            }
        }
    }

    fn data(&mut self, data: Bytes) -> Result<(), Error> {
        let budget = &self.exchange.budget;
        if !budget.take_down(data.len()) {
            let denial = over("bytes downloaded", budget.limits.download_bytes);
            // The guest is told which limit it was: it is its own to lower.
            self.exchange.refuse(denial);
            return Err(Error::HttpResponseBodySize(Some(
                budget.limits.download_bytes,
            )));
        }
        if Instant::now() > self.deadline {
            return Err(Error::HttpResponseTimeout);
        }
        self.exchange.received(data.len());
        let clean = match &mut self.redactor {
            Some(redactor) => redactor.push(data),
            None => data,
        };
        if !clean.is_empty() {
            self.ready.push_back(Frame::data(clean));
        }
        Ok(())
    }

    /// The end, before which comes what was held back.
    fn end(&mut self, trailers: Option<HeaderMap>) -> Result<(), Error> {
        self.ended = true;
        if let Some(redactor) = self.redactor.take() {
            let rest = redactor.finish();
            if !rest.is_empty() {
                self.ready.push_back(Frame::data(rest));
            }
        }
        if let Some(mut trailers) = trailers {
            if !shape::fits(&trailers, &self.exchange.budget.limits) {
                return Err(Error::HttpResponseTrailerSectionSize(None));
            }
            self.exchange
                .caller
                .access
                .vault
                .redact_headers(&mut trailers);
            self.ready.push_back(Frame::trailers(trailers));
        } else {
            // After trailers the connection still has its end to read.
            self.give_back();
        }
        Ok(())
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        loop {
            if let Some(frame) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(frame)));
            }
            if this.ended {
                return Poll::Ready(None);
            }
            let step = match std::task::ready!(this.poll_in_time(cx)) {
                None => this.end(None),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.data(data),
                    Err(frame) => this.end(frame.into_trailers().ok()),
                },
                Some(Err(error)) => Err(error),
            };
            if let Err(error) = step {
                this.exchange.watch.failed(&error);
                this.ended = true;
                this.lease = None;
                return Poll::Ready(Some(Err(error)));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended && self.ready.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match self.redactor {
            None if self.ready.is_empty() && !self.ended => self.body.size_hint(),
            _ => SizeHint::default(),
        }
    }
}
