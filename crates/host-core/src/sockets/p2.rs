//! `wasi:sockets` 0.2.

use std::net::IpAddr;

use futures::FutureExt;
use wasmtime::StoreContextMut;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::WasiView;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{
    self, ErrorCode, IpAddress, IpAddressFamily, Network,
};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket;
use wasmtime_wasi::p2::{DynPollable, Pollable, SocketError, TcpSocket, UdpSocket, subscribe};
use wasmtime_wasi::runtime::AbortOnDropJoinHandle;
use wasmtime_wasi::sockets::WasiSocketsView;

use super::LookupError;
use crate::state::State;

/// As `wasmtime-wasi` links it, and as guests of any 0.2 find it.
const VERSION: &str = "0.2.12";

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    ip_name_lookup::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    linker
        .instance(&format!("wasi:sockets/tcp-create-socket@{VERSION}"))?
        .func_wrap("create-tcp-socket", create_tcp_socket)?;
    linker
        .instance(&format!("wasi:sockets/udp-create-socket@{VERSION}"))?
        .func_wrap("create-udp-socket", create_udp_socket)
}

type Created<T> = wasmtime::Result<(Result<Resource<T>, ErrorCode>,)>;

fn create_tcp_socket(
    mut store: StoreContextMut<'_, State>,
    (family,): (IpAddressFamily,),
) -> Created<TcpSocket> {
    let state = store.data_mut();
    if !state.sockets.may_create() {
        return Ok((Err(ErrorCode::NewSocketLimit),));
    }
    let mut sockets = WasiSocketsView::sockets(state);
    match tcp_create_socket::Host::create_tcp_socket(&mut sockets, family) {
        Ok(socket) => Ok((Ok(socket),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

fn create_udp_socket(
    store: StoreContextMut<'_, State>,
    _: (IpAddressFamily,),
) -> Created<UdpSocket> {
    store.data().sockets.forbid_udp();
    Ok((Err(ErrorCode::AccessDenied),))
}

impl From<LookupError> for ErrorCode {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Invalid => Self::InvalidArgument,
            LookupError::Denied => Self::AccessDenied,
            LookupError::OverLimit => Self::TemporaryResolverFailure,
            LookupError::NotFound => Self::NameUnresolvable,
        }
    }
}

/// A lookup that goes on, or its answers that are handed out.
enum Lookup {
    Waiting(AbortOnDropJoinHandle<Result<Vec<IpAddr>, LookupError>>),
    Done(Result<std::vec::IntoIter<IpAddr>, LookupError>),
}

#[wasmtime_wasi::async_trait]
impl Pollable for Lookup {
    async fn ready(&mut self) {
        if let Self::Waiting(lookup) = self {
            *self = Self::Done(lookup.await.map(Vec::into_iter));
        }
    }
}

impl ip_name_lookup::Host for State {
    fn resolve_addresses(
        &mut self,
        _: Resource<Network>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        let host = self.sockets.may_look_up(&name).map_err(ErrorCode::from)?;
        let lookup = wasmtime_wasi::runtime::spawn(self.sockets.clone().look_up(host));
        let lookup = self.ctx().table.push(Lookup::Waiting(lookup))?;
        // The generated type is one of wasmtime-wasi's, which nobody else can make; behind the number is ours.
        Ok(Resource::new_own(lookup.rep()))
    }
}

impl HostResolveAddressStream for State {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        let lookup = Resource::<Lookup>::new_borrow(stream.rep());
        let lookup = self.ctx().table.get_mut(&lookup)?;
        if let Lookup::Waiting(_) = lookup {
            let _ = lookup.ready().now_or_never();
        }
        match lookup {
            Lookup::Waiting(_) => Err(ErrorCode::WouldBlock.into()),
            Lookup::Done(Ok(addresses)) => Ok(addresses.next().map(IpAddress::from)),
            Lookup::Done(Err(error)) => Err(ErrorCode::from(*error).into()),
        }
    }

    fn subscribe(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        let lookup = Resource::<Lookup>::new_borrow(stream.rep());
        subscribe(self.ctx().table, lookup)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        let lookup = Resource::<Lookup>::new_own(stream.rep());
        self.ctx().table.delete(lookup)?;
        Ok(())
    }
}

impl network::Host for State {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        error.downcast()
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        network::Host::network_error_code(&mut WasiSocketsView::sockets(self), error)
    }
}

impl network::HostNetwork for State {
    fn drop(&mut self, network: Resource<Network>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut WasiSocketsView::sockets(self), network)
    }
}
