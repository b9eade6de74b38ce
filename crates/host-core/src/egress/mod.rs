//! The egress gate: the one way in which a plugin's HTTP requests leave the host, behind wasi:http 0.2 and 0.3 alike.
//!
//! 1. The request's shape: one reading, no header that is the gate's own ([`shape`]).
//! 2. The rules, before any lookup ([`crate::access`]).
//! 3. No secret on its way to where it is not bound ([`crate::secret`]).
//! 4. The name is looked up once, and every address is judged ([`judge`], [`resolve`], [`surroundings`]).
//! 5. The embedder's own say ([`policy`]), then secrets, added where they are bound: no policy sees them.
//! 6. A connection to one of the judged addresses, new or kept from the same rule ([`dial`], [`pool`]).
//! 7. Limits on time and bytes ([`budget`], [`upload`], [`download`]).
//! 8. Secrets are taken out of what comes back ([`download`]).
//! 9. A redirect is the guest's to follow, with a new request.
//! 10. The record of it all ([`exchange`]).
//!
//! Steps 1 to 6 are [`exchange::Outgoing::send`], in this order. What may be reached is decided in `host-policy`; nothing here does.

mod budget;
mod codes;
mod dial;
mod download;
mod exchange;
mod hooks;
mod judge;
mod policy;
mod pool;
mod resolve;
mod shape;
mod surroundings;
#[cfg(test)]
mod tests;
mod tls;
mod upload;

use std::io;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use portcullis_host_policy::address::Surroundings;
use portcullis_host_policy::request::Host;
use tokio::sync::Semaphore;

use crate::PluginLimits;
use crate::access::Access;

pub(crate) use codes::link_error_codes;
pub(crate) use hooks::Http;
pub use policy::{EgressPolicy, EgressRequest, EgressVerdict};
pub use resolve::Resolve;
pub(crate) use resolve::SystemResolver;
use resolve::addresses;
use surroundings::Around;
pub(crate) use tls::Roots;

/// What all plugins of a host have in common on their way out.
pub(crate) struct Egress {
    pub(crate) resolver: Arc<dyn Resolve>,
    around: Around,
    tls: tls::Tls,
    policy: Option<Arc<dyn EgressPolicy>>,
}

impl Egress {
    pub(crate) fn new(
        resolver: Arc<dyn Resolve>,
        surroundings: Option<Surroundings>,
        roots: Roots,
        policy: Option<Arc<dyn EgressPolicy>>,
    ) -> Self {
        Self {
            around: Around::new(surroundings),
            tls: tls::Tls::new(roots),
            resolver,
            policy,
        }
    }

    /// Leads nowhere.
    #[cfg(test)]
    pub(crate) fn closed() -> Self {
        Self::new(Arc::new(SystemResolver), None, Roots::System, None)
    }

    /// Where the host stands in its network, by which addresses are judged.
    pub(crate) async fn surroundings(&self) -> Arc<Surroundings> {
        self.around.get(&*self.resolver).await
    }
}

/// One loaded plugin's way out: its own connections, kept apart from those of any other load.
pub(crate) struct PluginEgress {
    pub(crate) host: Arc<Egress>,
    pool: pool::Pool,
    per_minute: Option<DefaultDirectRateLimiter>,
    requests_per_minute: u32,
    /// Places for lookups, which may each hold a thread.
    lookups: Arc<Semaphore>,
}

impl PluginEgress {
    pub(crate) fn new(host: &Arc<Egress>, access: &Access, limits: &PluginLimits) -> Self {
        let quota = NonZeroU32::new(limits.requests_per_minute).map(Quota::per_minute);
        Self {
            host: Arc::clone(host),
            pool: pool::Pool::new(access.revoked()),
            per_minute: quota.map(RateLimiter::direct),
            requests_per_minute: limits.requests_per_minute,
            lookups: Arc::new(Semaphore::new(limits.blocking_threads.max(1) as usize)),
        }
    }

    /// Looks a host up. One that nobody waits for any more goes on to its end and keeps its place: what a plugin has stuck
    /// takes nothing from others.
    pub(crate) async fn look_up(&self, host: &Host) -> io::Result<Vec<IpAddr>> {
        if let Host::Address(address) = host {
            return Ok(vec![*address]);
        }
        let place = Arc::clone(&self.lookups).acquire_owned().await;
        let (resolver, host) = (Arc::clone(&self.host.resolver), host.clone());
        let lookup = tokio::spawn(async move {
            let found = addresses(&*resolver, &host).await;
            drop(place);
            found
        });
        lookup.await.map_err(io::Error::other)?
    }

    /// Whether one more request may start within this minute.
    fn may_start(&self) -> bool {
        self.per_minute
            .as_ref()
            .is_some_and(|rate| rate.check().is_ok())
    }
}
