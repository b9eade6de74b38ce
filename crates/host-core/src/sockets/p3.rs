//! `wasi:sockets` 0.3.

use wasmtime::StoreContextMut;
use wasmtime::component::{Accessor, HasSelf, Linker, Resource};
use wasmtime_wasi::p3::bindings::sockets::ip_name_lookup::{self, ErrorCode as LookupCode};
use wasmtime_wasi::p3::bindings::sockets::types::{
    ErrorCode, HostTcpSocket, IpAddress, IpAddressFamily,
};
use wasmtime_wasi::sockets::{TcpSocket, UdpSocket, WasiSocketsView};

use super::LookupError;
use crate::state::State;

/// As `wasmtime-wasi` links it.
const TYPES: &str = "wasi:sockets/types@0.3.0";

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    ip_name_lookup::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    let mut types = linker.instance(TYPES)?;
    types.func_wrap("[static]tcp-socket.create", create_tcp_socket)?;
    types.func_wrap("[static]udp-socket.create", create_udp_socket)
}

type Created<T> = wasmtime::Result<(Result<Resource<T>, ErrorCode>,)>;

fn create_tcp_socket(
    mut store: StoreContextMut<'_, State>,
    (family,): (IpAddressFamily,),
) -> Created<TcpSocket> {
    let state = store.data_mut();
    if !state.sockets.may_create() {
        let limit = "too many sockets in one call".to_owned();
        return Ok((Err(ErrorCode::Other(Some(limit))),));
    }
    match HostTcpSocket::create(&mut WasiSocketsView::sockets(state), family) {
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

impl From<LookupError> for LookupCode {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Invalid => Self::InvalidArgument,
            LookupError::Denied => Self::AccessDenied,
            LookupError::OverLimit => Self::TemporaryResolverFailure,
            LookupError::NotFound => Self::NameUnresolvable,
        }
    }
}

impl ip_name_lookup::Host for State {}

impl ip_name_lookup::HostWithStore<State> for HasSelf<State> {
    async fn resolve_addresses(
        store: &Accessor<State, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Vec<IpAddress>, LookupCode>> {
        let sockets = store.with(|mut store| store.get().sockets.clone());
        let host = match sockets.may_look_up(&name) {
            Ok(host) => host,
            Err(error) => return Ok(Err(error.into())),
        };
        let found = sockets.look_up(host).await;
        let found = found.map(|found| found.into_iter().map(IpAddress::from).collect());
        Ok(found.map_err(LookupCode::from))
    }
}
