//! wasi:http, 0.2 and 0.3, on the gate.

use std::sync::Arc;

use http::HeaderName;
use portcullis_host_policy::decision::{Denial, DenyCode};
use portcullis_host_policy::request::is_forbidden_header;
use tracing::Instrument as _;
use wasmtime::component::ResourceTable;
use wasmtime_wasi_http::{
    Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks,
};

use super::PluginEgress;
use super::budget::Budget;
use super::exchange::Outgoing;
use crate::CallLimits;
use crate::access::Caller;
use crate::telemetry::EgressWatch;

/// Bytes of a request's body that the host holds for a guest that writes faster than the network. Each of a call's handles may
/// be such a body: the engine's own default of a mebibyte would make hundreds of mebibytes of that, outside the guest's
/// memory.
const BODY_PIECE: usize = 64 * 1024;

/// What a store holds of the gate.
pub(crate) struct Http {
    ctx: WasiHttpCtx,
    hooks: Hooks,
}

struct Hooks {
    egress: Arc<PluginEgress>,
    caller: Arc<Caller>,
    limits: CallLimits,
    /// Made by the first request: most calls make none.
    budget: Option<Arc<Budget>>,
}

impl Http {
    pub(crate) fn new(
        egress: Arc<PluginEgress>,
        caller: &Arc<Caller>,
        limits: &CallLimits,
    ) -> Self {
        Self {
            ctx: WasiHttpCtx::new(),
            hooks: Hooks {
                egress,
                caller: Arc::clone(caller),
                limits: limits.clone(),
                budget: None,
            },
        }
    }

    /// Starts the next call of a warm instance.
    pub(crate) fn begin(&mut self, caller: &Arc<Caller>, limits: &CallLimits) {
        self.end();
        self.hooks.caller = Arc::clone(caller);
        self.hooks.limits = limits.clone();
    }

    /// Ends a call: what it still sends is reset.
    pub(crate) fn end(&mut self) {
        if let Some(budget) = self.hooks.budget.take() {
            budget.ended.cancel();
        }
    }

    pub(crate) fn view<'a>(&'a mut self, table: &'a mut ResourceTable) -> WasiHttpCtxView<'a> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table,
            ctx: &mut self.ctx,
        }
    }
}

/// A response, and what of the connection goes on beside it: nothing, connections have tasks of their own.
type Sent = (
    http::Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let caller = Arc::clone(&self.caller);
        Arc::new(move |name: &HeaderName| {
            let forbidden =
                is_forbidden_header(name.as_str()) || caller.access.vault.reserves(name);
            if forbidden {
                let reason = format!("the header `{name}` is not the plugin's to set");
                let denial = Denial::new(DenyCode::ForbiddenHeader, reason);
                caller.refuse_unreadable("http", denial);
            }
            forbidden
        })
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_PIECE
    }

    fn p3_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_PIECE
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let limits = &self.limits;
        let budget = self
            .budget
            .get_or_insert_with(|| Arc::new(Budget::new(limits.clone())));
        let watch = Arc::new(EgressWatch::begin(&self.caller));
        let span = watch.span().clone();
        let outgoing = Outgoing {
            watch,
            egress: Arc::clone(&self.egress),
            caller: Arc::clone(&self.caller),
            budget: Arc::clone(budget),
            options: options.unwrap_or_default(),
        };
        let sent = async move {
            let response = outgoing.send(request).await?;
            Ok((response, Box::new(async { Ok(()) }) as Box<_>))
        };
        Box::new(sent.instrument(span))
    }
}
