//! Steps 2 to 4 of the gate, and what the embedder says to it: by which rule a request goes, and where to.

use std::net::IpAddr;

use http::HeaderMap;
use portcullis_host_policy::capability::{Capability, HttpRule};
use portcullis_host_policy::decision::{Decision, Denial, DenyCode, Remedy, decide_address, vet};
use portcullis_host_policy::request::{HttpRequest, Request};
use tokio::time::timeout;
use wasmtime_wasi_http::Error;

use super::exchange::Outgoing;
use super::policy::{EgressRequest, EgressVerdict};
use super::shape;
use super::upload::{leak, search};
use crate::secret::Scanner;

/// Addresses of one name that are looked at. Large services give eight; an answer can hold thousands, and all of them would
/// be judged, recorded and tried.
const ADDRESSES: usize = 16;

/// What the rules made of a request: by which rule it goes, and where to.
pub(super) struct Passed {
    pub(super) target: HttpRequest,
    pub(super) headers: HeaderMap,
    pub(super) rule: Capability,
    pub(super) addresses: Vec<IpAddr>,
}

impl Passed {
    /// Who was let to anywhere public takes no secret there.
    pub(super) fn takes_secrets(&self) -> bool {
        self.rule != Capability::Http(HttpRule::Public)
    }
}

impl Outgoing {
    /// Steps 2 to 4, and the embedder's word; what that rewrites is judged again.
    pub(super) async fn judge(
        &self,
        mut target: HttpRequest,
        mut headers: HeaderMap,
    ) -> Result<Passed, Error> {
        let mut rewritten = false;
        loop {
            let request = Request::Http(target.clone());
            self.caller
                .check(&request)
                .map_err(|denial| self.denied(denial.code))?;
            self.search_head(&target, &headers)?;
            let (rule, addresses) = self.resolve(&target, &request).await?;
            let verdict = match &self.egress.host.policy {
                Some(policy) => {
                    let seen = self.as_seen(&target, &headers, &addresses);
                    policy.request(&seen).await
                }
                None => EgressVerdict::Continue,
            };
            match verdict {
                EgressVerdict::Continue => {}
                EgressVerdict::AddHeaders(more) => {
                    headers.extend(more);
                    let reserved = |name: &_| self.caller.access.vault.reserves(name);
                    shape::fields(&headers, &self.budget.limits, reserved)
                        .map_err(|denial| self.refuse(&target, denial))?;
                }
                EgressVerdict::Rewrite(url) if !rewritten => {
                    rewritten = true;
                    target = HttpRequest::parse(target.method().as_str(), &url)
                        .map_err(|error| self.refuse(&target, error.into()))?;
                    continue;
                }
                EgressVerdict::Rewrite(_) => {
                    let reason = "the host's policy rewrites what it has rewritten".to_owned();
                    return Err(self.refuse(&target, by_host(reason)));
                }
                EgressVerdict::Deny(reason) => {
                    return Err(self.refuse(&target, by_host(reason)));
                }
            }
            return Ok(Passed {
                target,
                headers,
                rule,
                addresses,
            });
        }
    }

    /// Step 3 for what is not the body.
    fn search_head(&self, target: &HttpRequest, headers: &HeaderMap) -> Result<(), Error> {
        let Some(scanner) = self.scanner(target) else {
            return Ok(());
        };
        let found = scanner
            .text(&target.url())
            .and_then(|()| search(&scanner, headers));
        found.map_err(|_| self.refuse(target, leak("the URL or a header")))
    }

    /// Step 5 in the audit trail: which secrets the request carries. Without one that is bound to it and was not granted it
    /// goes out all the same, and the operator sees why the server won't have it.
    pub(super) fn record_secrets(&self, passed: &Passed) {
        for name in self.caller.access.vault.bound_to(&passed.target) {
            let request = Request::Use(Capability::Secret(name.clone()));
            if passed.takes_secrets() {
                let _ = self.caller.decide(&request);
            } else {
                let scoped = Request::Http(passed.target.clone()).capability();
                let denial = Denial {
                    code: DenyCode::NotGranted,
                    reason: format!("a request by the rule `{}` carries no secret", passed.rule),
                    remedies: scoped.map(Remedy::Allow).into_iter().collect(),
                };
                self.caller.refuse(&request, denial);
            }
        }
    }

    pub(super) fn scanner(&self, target: &HttpRequest) -> Option<Scanner> {
        self.caller.access.vault.scanner(target)
    }

    /// Step 4: one lookup, and what of its answer may be dialled, with the rule for it.
    async fn resolve(
        &self,
        target: &HttpRequest,
        request: &Request,
    ) -> Result<(Capability, Vec<IpAddr>), Error> {
        let host = &self.egress.host;
        let looked_up = timeout(self.connect_time(), self.egress.look_up(target.host()));
        let found = looked_up.await.map_err(|_| Error::DnsTimeout)?;
        let around = host.surroundings().await;
        let grants = self.caller.grants();
        let mut found = found.unwrap_or_default();
        found.truncate(ADDRESSES);
        let mut vetted = vet(&grants, request, found.iter().copied(), &around).into_iter();
        let Some((first, rule)) = vetted.next() else {
            // To the guest both are the same: a name that does not exist, and one whose addresses are not for it.
            if let Some(address) = found.first()
                && let Decision::Deny(denial) = decide_address(&grants, request, *address, &around)
            {
                let denial = self.caller.refuse(request, *denial);
                self.watch.denied(denial.code);
            }
            return Err(Error::DestinationNotFound);
        };
        let others = vetted.map(|(address, _)| address);
        Ok((rule, std::iter::once(first).chain(others).collect()))
    }

    pub(super) fn as_seen<'a>(
        &'a self,
        request: &'a HttpRequest,
        headers: &'a HeaderMap,
        addresses: &'a [IpAddr],
    ) -> EgressRequest<'a> {
        EgressRequest {
            plugin: &self.caller.access.plugin,
            identity: self.caller.access.identity,
            call: &self.caller.call,
            request,
            headers,
            addresses,
        }
    }
}

fn by_host(reason: String) -> Denial {
    Denial::new(DenyCode::DeniedByHost, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_for_anywhere_public_takes_no_secret() {
        let takes_secrets = |rule: &str| {
            let passed = Passed {
                target: HttpRequest::parse("GET", "https://api.example.com/").unwrap(),
                headers: HeaderMap::new(),
                rule: rule.parse().unwrap(),
                addresses: Vec::new(),
            };
            passed.takes_secrets()
        };
        assert!(!takes_secrets("http:*"));
        assert!(takes_secrets("http:https://api.example.com"));
    }
}
