//! One request through the gate, and the response back.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderValue, StatusCode, Uri, Version, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{Decision, Denial, DenyCode, GuestCode};
use portcullis_host_policy::request::{HttpRequest, Request};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::budget::Budget;
use super::download::Download;
use super::judge::Passed;
use super::pool::{Connection, Key};
use super::upload::{Upload, over};
use super::{PluginEgress, dial, shape};
use crate::access::Caller;
use crate::telemetry::{EgressWatch, take_trace};

/// Responses without meaning (1xx) before the one that counts. Servers send one or two.
const INFORMATIONAL: u32 = 16;

/// What is known of a request that passed the rules, for its two bodies and its record.
pub(super) struct Exchange {
    pub(super) caller: Arc<Caller>,
    pub(super) budget: Arc<Budget>,
    pub(super) watch: Arc<EgressWatch>,
    request: Request,
    rule: Capability,
    addresses: Vec<IpAddr>,
    begun: std::time::Instant,
    up: AtomicU64,
    down: AtomicU64,
    steps: AtomicU64,
    sent_all: AtomicBool,
    refused: OnceLock<DenyCode>,
}

impl Exchange {
    /// Records a refusal that comes while the bodies are on their way.
    pub(super) fn refuse(&self, denial: Denial) -> Error {
        let denial = self.caller.refuse(&self.request, denial);
        self.watch.denied(denial.code);
        let _ = self.refused.set(denial.code);
        guest_error(denial.code)
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.up.fetch_add(bytes as u64, Ordering::Relaxed);
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sent_all(&self) {
        self.sent_all.store(true, Ordering::Relaxed);
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.down.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Exchange {
    // When both bodies are done with, however they ended.
    fn drop(&mut self) {
        let decision = Decision::Allow(self.rule.clone());
        let mut record = self
            .caller
            .record(&self.request, &decision, self.begun.elapsed());
        record.addresses = std::mem::take(&mut self.addresses);
        let (up, down) = (
            self.up.load(Ordering::Relaxed),
            self.down.load(Ordering::Relaxed),
        );
        if let Some(http) = &mut record.http {
            http.bytes_out = Some(up);
            http.bytes_in = Some(down);
        }
        self.watch.carried(up, down);
        self.caller.access.audit.record(record);
    }
}

/// A connection in use, which goes back to its pool if both bodies came to their end.
pub(super) struct Lease {
    egress: Arc<PluginEgress>,
    exchange: Arc<Exchange>,
    key: Key,
    address: IpAddr,
    connection: Connection,
}

impl Lease {
    pub(super) fn give_back(self) {
        // A shared one is in the pool already.
        if !self.connection.is_http2() && self.exchange.sent_all.load(Ordering::Relaxed) {
            self.egress
                .pool
                .keep(self.key, self.address, self.connection);
        }
    }
}

/// One guest's request on its way through the steps.
pub(super) struct Outgoing {
    pub(super) watch: Arc<EgressWatch>,
    pub(super) egress: Arc<PluginEgress>,
    pub(super) caller: Arc<Caller>,
    pub(super) budget: Arc<Budget>,
    pub(super) options: RequestOptions,
}

impl Outgoing {
    /// Takes a request through the gate.
    ///
    /// # Errors
    /// What the guest may know of why not.
    pub(super) async fn send(
        self,
        request: http::Request<WasiBody>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let (ended, watch) = (self.budget.ended.clone(), Arc::clone(&self.watch));
        let sent = ended.run_until_cancelled(self.pass(request)).await;
        let sent = sent.unwrap_or(Err(Error::ConnectionTerminated));
        sent.inspect_err(|error| watch.failed(error))
    }

    async fn pass(
        self,
        request: http::Request<WasiBody>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let begun = std::time::Instant::now();
        let deadline = Instant::now() + self.budget.limits.request_time;
        let (mut parts, body) = request.into_parts();
        take_trace(&mut parts.headers);
        let body = if has_no_body(&parts) { empty() } else { body };
        let target = shape::read(&parts.method, &parts.uri)
            .map_err(|error| self.denied(self.caller.refuse_unreadable("http", error.into())))?;
        self.watch.asks(&self.caller, &target);
        let reserved = |name: &_| self.caller.access.vault.reserves(name);
        shape::fields(&parts.headers, &self.budget.limits, reserved)
            .map_err(|denial| self.refuse(&target, denial))?;
        let place = self.take_place(&target).await?;
        let passed = self.judge(target, parts.headers).await?;
        self.record_secrets(&passed);
        let exchange = Arc::new(Exchange {
            caller: Arc::clone(&self.caller),
            budget: Arc::clone(&self.budget),
            watch: Arc::clone(&self.watch),
            request: Request::Http(passed.target.clone()),
            rule: passed.rule.clone(),
            addresses: passed.addresses.clone(),
            begun,
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            sent_all: AtomicBool::new(body.is_end_stream()),
            refused: OnceLock::new(),
        });
        let upload = Upload::new(body, &exchange, self.scanner(&passed.target));
        let repeatable = upload.is_empty();
        let mut answer = self.exchange(&passed, &exchange, upload, deadline).await?;
        if repeatable && self.wants_again(&passed, &answer.0).await {
            drop(answer);
            let upload = Upload::new(empty(), &exchange, None);
            answer = self.exchange(&passed, &exchange, upload, deadline).await?;
        }
        let (response, lease) = answer;
        let (head, body) = response.into_parts();
        let head = self.clean_head(head, &exchange)?;
        self.watch.answered(head.status);
        let redactor = self.caller.access.vault.redactor();
        let idle_time = lower(
            self.options.between_bytes_timeout,
            self.budget.limits.idle_time,
        );
        let times = (idle_time, deadline);
        let body = Download::new(body, exchange, lease, redactor, times, place);
        Ok(http::Response::from_parts(head, body.boxed_unsync()))
    }

    /// Counts the request, and waits for a place among those in flight.
    async fn take_place(&self, target: &HttpRequest) -> Result<OwnedSemaphorePermit, Error> {
        let limits = &self.budget.limits;
        if !self.budget.take_request() {
            return Err(self.refuse(target, over("requests in one call", limits.requests.into())));
        }
        if !self.egress.may_start() {
            let denial = over(
                "requests within a minute",
                self.egress.requests_per_minute.into(),
            );
            return Err(self.refuse(target, denial));
        }
        let place = Arc::clone(&self.budget.places).acquire_owned();
        match timeout(limits.connect_time, place).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                let denial = over("requests at once", limits.concurrent_requests.into());
                Err(self.refuse(target, denial))
            }
        }
    }

    /// Steps 5 to 7: sends the request over a connection of its rule, and waits for the response's head.
    async fn exchange(
        &self,
        passed: &Passed,
        exchange: &Arc<Exchange>,
        mut upload: Upload,
        deadline: Instant,
    ) -> Result<(http::Response<Incoming>, Lease), Error> {
        let key = Key::new(&passed.rule, &passed.target);
        let mut kept = self.egress.pool.take(&key, &passed.addresses);
        loop {
            let is_new = kept.is_none();
            let (mut connection, address) = match kept.take() {
                Some(kept) => kept,
                None => self.connect(passed, &key).await?,
            };
            let own = !connection.is_http2();
            upload.mark(own.then(|| Arc::clone(&connection.uploading)));
            let mut message = self.message(passed, upload, own)?;
            let flooded = stop_at_flood(&mut message);
            let head = self.head(connection.send(message), exchange, deadline);
            let Some(head) = flooded.run_until_cancelled(head).await else {
                return Err(Error::HttpProtocolError);
            };
            let mut error = match head? {
                // The flood and the answer may have come together.
                Ok(_) if flooded.is_cancelled() => return Err(Error::HttpProtocolError),
                Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                    return Err(Error::HttpUpgradeFailed);
                }
                Ok(response) => {
                    let lease = Lease {
                        egress: Arc::clone(&self.egress),
                        exchange: Arc::clone(exchange),
                        key,
                        address,
                        connection,
                    };
                    return Ok((response, lease));
                }
                Err(error) => error,
            };
            // A kept connection may have been closed by the server meanwhile. What was not sent at all may be sent again.
            match error.take_message() {
                Some(unsent) if !is_new => upload = unsent.into_body(),
                _ => return Err(explain(exchange, error.into_error())),
            }
        }
    }

    async fn connect(&self, passed: &Passed, key: &Key) -> Result<(Connection, IpAddr), Error> {
        let (egress, limits) = (&self.egress, &self.budget.limits);
        let revoked = egress.pool.revoked.clone();
        let connecting = dial::connect(
            &passed.target,
            &passed.addresses,
            &egress.host.tls,
            limits,
            revoked,
        );
        let (connection, address) = timeout(self.connect_time(), connecting)
            .await
            .map_err(|_| Error::ConnectionTimeout)??;
        if let Some(shared) = connection.share() {
            egress.pool.keep(key.clone(), address, shared);
        }
        Ok((connection, address))
    }

    /// The request as it is sent, with its secrets. Host and authority are written from what was judged.
    fn message(
        &self,
        passed: &Passed,
        upload: Upload,
        http1: bool,
    ) -> Result<http::Request<Upload>, Error> {
        let target = &passed.target;
        let mut headers = passed.headers.clone();
        let mut query = target.query().map(str::to_owned);
        let vault = &self.caller.access.vault;
        if passed.takes_secrets() {
            vault.inject(target, &mut headers, &mut query);
        }
        self.watch.write_trace(&self.caller, &mut headers);
        if !vault.is_empty() {
            // What comes back has to be readable, and whole, to be searched for secrets.
            headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
            headers.remove(header::RANGE);
        }
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", target.path());
        let invalid = |_| Error::HttpRequestUriInvalid;
        let uri = if http1 {
            let host = HeaderValue::try_from(target.authority());
            headers.insert(
                header::HOST,
                host.map_err(|_| Error::HttpRequestUriInvalid)?,
            );
            Uri::try_from(path).map_err(invalid)?
        } else {
            Uri::try_from(format!("{}{path}", target.origin())).map_err(invalid)?
        };
        let mut message = http::Request::new(upload);
        *message.method_mut() = http::Method::from_bytes(target.method().as_str().as_bytes())
            .map_err(|_| Error::HttpRequestMethodInvalid)?;
        *message.uri_mut() = uri;
        *message.version_mut() = if http1 {
            Version::HTTP_11
        } else {
            Version::HTTP_2
        };
        *message.headers_mut() = headers;
        Ok(message)
    }

    /// Waits for a response's head: so long after the last piece of the request that went out, and no longer than the deadline.
    async fn head<T>(
        &self,
        response: impl Future<Output = T>,
        exchange: &Exchange,
        deadline: Instant,
    ) -> Result<T, Error> {
        let wait = lower(
            self.options.first_byte_timeout,
            self.budget.limits.first_byte_time,
        );
        let mut response = pin!(response);
        loop {
            let steps = exchange.steps.load(Ordering::Relaxed);
            let until = (Instant::now() + wait).min(deadline);
            if let Ok(head) = timeout_at(until, &mut response).await {
                return Ok(head);
            }
            let went_on = exchange.steps.load(Ordering::Relaxed) != steps;
            if !went_on || Instant::now() >= deadline {
                return Err(Error::ConnectionReadTimeout);
            }
        }
    }

    async fn wants_again(&self, passed: &Passed, response: &http::Response<Incoming>) -> bool {
        let Some(policy) = &self.egress.host.policy else {
            return false;
        };
        let seen = self.as_seen(&passed.target, &passed.headers, &passed.addresses);
        policy
            .response(&seen, response.status(), response.headers())
            .await
    }

    /// Step 8 for what is not the body.
    fn clean_head(
        &self,
        mut head: http::response::Parts,
        exchange: &Exchange,
    ) -> Result<http::response::Parts, Error> {
        if !shape::fits(&head.headers, &self.budget.limits) {
            return Err(Error::HttpResponseHeaderSectionSize(None));
        }
        let vault = &self.caller.access.vault;
        if !vault.is_empty() {
            if shape::is_encoded(&head.headers) {
                let reason = "the response is encoded, so that secrets in it could not be found";
                exchange.refuse(Denial::new(DenyCode::EncodedResponse, reason));
                return Err(Error::HttpResponseContentCoding(None));
            }
            // Redaction keeps the length of the body.
            vault.redact_headers(&mut head.headers);
        }
        shape::remove_forbidden(&mut head.headers);
        Ok(head)
    }

    pub(super) fn refuse(&self, target: &HttpRequest, denial: Denial) -> Error {
        let denial = self.caller.refuse(&Request::Http(target.clone()), denial);
        self.denied(denial.code)
    }

    /// What the guest is told of a refusal that is recorded already.
    pub(super) fn denied(&self, code: DenyCode) -> Error {
        self.watch.denied(code);
        guest_error(code)
    }

    pub(super) fn connect_time(&self) -> Duration {
        lower(
            self.options.connect_timeout,
            self.budget.limits.connect_time,
        )
    }
}

/// What the guest asked for, where that is less than what it may have.
fn lower(asked: Option<Duration>, allowed: Duration) -> Duration {
    asked.map_or(allowed, |asked| asked.min(allowed))
}

/// GET and HEAD are sent without a body, unless its length was said. WASI 0.3 does not know that of its bodies, and a body that
/// nobody asks for its end would hold the connection.
fn has_no_body(request: &http::request::Parts) -> bool {
    matches!(request.method, http::Method::GET | http::Method::HEAD)
        && !request.headers.contains_key(header::CONTENT_LENGTH)
}

fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A token that is cancelled when a server sends one response without meaning after the other.
fn stop_at_flood(message: &mut http::Request<Upload>) -> CancellationToken {
    let flooded = CancellationToken::new();
    let (seen, stop) = (AtomicU32::new(0), flooded.clone());
    hyper::ext::on_informational(message, move |_| {
        if seen.fetch_add(1, Ordering::Relaxed) >= INFORMATIONAL {
            stop.cancel();
        }
    });
    flooded
}

/// What a guest is told of a refusal, in the words of wasi:http.
pub(super) fn guest_error(code: DenyCode) -> Error {
    match (code, code.guest()) {
        (DenyCode::AddressRefused, _) => Error::DestinationNotFound,
        (_, GuestCode::Invalid) => Error::HttpRequestUriInvalid,
        (_, GuestCode::QuotaExceeded) => Error::ConnectionLimitReached,
        _ => Error::HttpRequestDenied,
    }
}

/// What a guest is told of a connection that failed: a refusal of ours comes first.
pub(super) fn explain(exchange: &Exchange, error: hyper::Error) -> Error {
    if let Some(code) = exchange.refused.get() {
        return guest_error(*code);
    }
    tracing::debug!(%error, "a request failed");
    if error.is_parse_too_large() {
        Error::HttpResponseHeaderSectionSize(None)
    } else if error.is_incomplete_message() || error.is_body_write_aborted() {
        Error::HttpResponseIncomplete
    } else if error.is_timeout() {
        Error::HttpResponseTimeout
    } else if error.is_closed() || error.is_canceled() {
        Error::ConnectionTerminated
    } else {
        Error::HttpProtocolError
    }
}
