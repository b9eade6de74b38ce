//! Looking names up.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use portcullis_host_policy::request::Host;

/// Looks up the addresses of names that plugins ask for. Only names that a rule covers come here.
#[async_trait::async_trait]
pub trait Resolve: Send + Sync {
    /// All addresses of `name`, which is absolute: no search domain is to be tried. What is not public is sorted out later.
    ///
    /// # Errors
    /// Where there is no such name, or nobody who would know. The guest can't tell the two apart.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's own resolver.
pub(crate) struct SystemResolver;

#[async_trait::async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        // The dot at the end keeps the system from trying its search domains.
        let absolute = format!("{name}.");
        let looked_up = tokio::task::spawn_blocking(move || {
            let addresses = (absolute.as_str(), 0).to_socket_addrs()?;
            Ok(addresses.map(|address| address.ip()).collect())
        });
        looked_up.await.map_err(io::Error::other)?
    }
}

/// The addresses of a host, looked up once; of an address, itself; of `localhost`, which is never looked up (RFC 6761), the
/// loopback addresses.
///
/// # Errors
/// As [`Resolve::resolve`].
pub(crate) async fn addresses(resolver: &dyn Resolve, host: &Host) -> io::Result<Vec<IpAddr>> {
    match host {
        Host::Address(address) => Ok(vec![*address]),
        Host::Name(name) => {
            let name = name.to_string();
            if name == "localhost" || name.ends_with(".localhost") {
                return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
            }
            resolver.resolve(&name).await
        }
    }
}
