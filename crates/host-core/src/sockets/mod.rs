//! TCP connections of a plugin, behind `wasi:sockets` 0.2 and 0.3 alike: outbound, to what a rule is about.
//!
//! `wasmtime-wasi` opens the connections and asks here first. It sees addresses alone, so the lookup is in our hands too
//! ([`p2`], [`p3`]): only names that a rule covers are looked up, every answer is judged, and what may be connected to is
//! what was looked up in the same call, or an address that a rule names. Nothing listens, and there is no UDP.

mod p2;
mod p3;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use portcullis_host_policy::address::Surroundings;
use portcullis_host_policy::capability::DomainName;
use portcullis_host_policy::decision::{Decision, Denial, DenyCode, decide_address, vet};
use portcullis_host_policy::request::{Host, Request};
use wasmtime::component::Linker;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::sockets::SocketAddrUse;

use crate::CallLimits;
use crate::access::Caller;
use crate::egress::PluginEgress;
use crate::state::State;

/// Puts these lookups and limits in the place of what `wasmtime-wasi` linked.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::link(linker)?;
    p3::link(linker)
}

/// What one store may connect to. Clones share it.
#[derive(Clone)]
pub(crate) struct Sockets {
    egress: Arc<PluginEgress>,
    call: Arc<Mutex<Call>>,
}

/// The call that the store works on.
struct Call {
    caller: Arc<Caller>,
    /// What was looked up: the names that led to an address.
    pins: HashMap<IpAddr, Vec<Pin>>,
    sockets: u32,
    lookups: u32,
}

/// A name, and the surroundings by which its address was judged.
#[derive(Clone)]
struct Pin {
    name: DomainName,
    around: Arc<Surroundings>,
}

impl Call {
    fn new(caller: &Arc<Caller>, limits: &CallLimits) -> Self {
        Self {
            caller: Arc::clone(caller),
            pins: HashMap::new(),
            sockets: limits.sockets,
            lookups: limits.lookups,
        }
    }
}

/// Why a name is not looked up, or leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LookupError {
    Invalid,
    Denied,
    OverLimit,
    /// There is no such name, or none of its addresses is for the plugin: it can't tell the two apart.
    NotFound,
}

impl Sockets {
    pub(crate) fn new(
        egress: &Arc<PluginEgress>,
        caller: &Arc<Caller>,
        limits: &CallLimits,
    ) -> Self {
        Self {
            egress: Arc::clone(egress),
            call: Arc::new(Mutex::new(Call::new(caller, limits))),
        }
    }

    /// Starts the next call of a warm instance: what was looked up in the last one has to be looked up again.
    pub(crate) fn begin(&self, caller: &Arc<Caller>, limits: &CallLimits) {
        *self.call() = Call::new(caller, limits);
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn caller(&self) -> Arc<Caller> {
        Arc::clone(&self.call().caller)
    }

    /// Has every use of an address asked for here.
    pub(crate) fn guard(&self, wasi: &mut WasiCtxBuilder) {
        let sockets = self.clone();
        wasi.allow_tcp(true)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .socket_addr_check(move |address, used_for| {
                let allowed = sockets.may_use(address, used_for);
                Box::pin(std::future::ready(allowed))
            });
    }

    fn may_use(&self, address: SocketAddr, used_for: SocketAddrUse) -> bool {
        match used_for {
            SocketAddrUse::TcpConnect => self.may_connect(address),
            // What every connection does, before it is opened.
            SocketAddrUse::TcpBind if address.ip().is_unspecified() && address.port() == 0 => true,
            SocketAddrUse::TcpBind | SocketAddrUse::TcpListen | SocketAddrUse::TcpAccept => {
                self.forbid(
                    "tcp",
                    format!("plugins open connections and take none: {address}"),
                );
                false
            }
            SocketAddrUse::UdpBind | SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => {
                self.forbid_udp();
                false
            }
        }
    }

    fn forbid_udp(&self) {
        self.forbid("udp", "plugins have no UDP".to_owned());
    }

    fn forbid(&self, about: &str, reason: String) {
        self.refuse(about, Denial::new(DenyCode::Forbidden, reason));
    }

    fn refuse(&self, about: &str, denial: Denial) {
        self.caller().refuse_unreadable(about, denial);
    }

    /// Whether one more socket may be made, which takes a descriptor of the host's whatever comes of it.
    fn may_create(&self) -> bool {
        let mut call = self.call();
        let left = call.sockets.checked_sub(1);
        call.sockets = left.unwrap_or(0);
        drop(call);
        if left.is_none() {
            self.refuse("tcp", Denial::used_up("sockets"));
        }
        left.is_some()
    }

    /// Decides on a connection under each name that led to the address in this call, and then under the address itself.
    fn may_connect(&self, to: SocketAddr) -> bool {
        let (address, port) = (to.ip().to_canonical(), to.port());
        let begun = Instant::now();
        let pins = self.call().pins.get(&address).cloned();
        let named = pins.into_iter().flatten();
        let mut asked: Vec<_> = named
            .map(|pin| (Host::Name(pin.name), pin.around))
            .collect();
        // A rule that names the address holds wherever that is.
        asked.push((Host::Address(address), Arc::default()));
        let caller = self.caller();
        let grants = caller.grants();
        let mut decided = asked.into_iter().map(|(host, around)| {
            let request = Request::Connect { host, port };
            let decision = decide_address(&grants, &request, address, &around);
            (request, decision)
        });
        let Some(first) = decided.next() else {
            return false;
        };
        let allowed = |(_, decision): &(Request, Decision)| matches!(decision, Decision::Allow(_));
        let (request, decision) = if allowed(&first) {
            first
        } else {
            decided.find(allowed).unwrap_or(first)
        };
        caller.conclude(&request, &decision, vec![address], begun.elapsed());
        matches!(decision, Decision::Allow(_))
    }

    /// What a name says that is about to be looked up, if it may be.
    fn may_look_up(&self, name: &str) -> Result<Host, LookupError> {
        if let Ok(address) = name.parse::<IpAddr>() {
            return Ok(Host::Address(address));
        }
        let Ok(name) = name.parse::<DomainName>() else {
            let reason = "a name is looked up in lower case, in ASCII and without a dot at its end";
            self.refuse("lookup", Denial::new(DenyCode::InvalidRequest, reason));
            return Err(LookupError::Invalid);
        };
        let request = Request::Lookup(name.clone());
        self.caller()
            .check(&request)
            .map_err(|_| LookupError::Denied)?;
        let mut call = self.call();
        let left = call.lookups.checked_sub(1);
        call.lookups = left.unwrap_or(0);
        drop(call);
        if left.is_none() {
            self.refuse("lookup", Denial::used_up("lookups"));
            return Err(LookupError::OverLimit);
        }
        Ok(Host::Name(name))
    }

    /// Looks a name up that may be, and keeps those of its addresses that may be connected to.
    async fn look_up(self, host: Host) -> Result<Vec<IpAddr>, LookupError> {
        let Host::Name(name) = &host else {
            let found = self.egress.look_up(&host).await;
            return found.map_err(|_| LookupError::NotFound);
        };
        let (begun, caller) = (Instant::now(), self.caller());
        let found = self.egress.look_up(&host).await;
        let found = found.unwrap_or_default();
        let around = self.egress.host.surroundings().await;
        let grants = caller.grants();
        let request = Request::Lookup(name.clone());
        let vetted = vet(&grants, &request, found.iter().copied(), &around);
        let Some((_, rule)) = vetted.first() else {
            if let Some(address) = found.first() {
                let decision = decide_address(&grants, &request, *address, &around);
                caller.conclude(&request, &decision, found, begun.elapsed());
            }
            return Err(LookupError::NotFound);
        };
        let decision = Decision::Allow(rule.clone());
        let addresses: Vec<_> = vetted.iter().map(|(address, _)| *address).collect();
        caller.conclude(&request, &decision, addresses.clone(), begun.elapsed());
        let mut call = self.call();
        // The next call of a warm instance has nothing of this one.
        if Arc::ptr_eq(&call.caller, &caller) {
            for address in &addresses {
                let pins = call.pins.entry(address.to_canonical()).or_default();
                pins.retain(|pin| pin.name != *name);
                pins.push(Pin {
                    name: name.clone(),
                    around: Arc::clone(&around),
                });
            }
        }
        Ok(addresses)
    }
}
