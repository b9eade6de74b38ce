//! What a store holds: the guest's view of WASI, its limits, and the call that it works on.

use std::sync::Arc;

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::GuestCode;
use serde_json::{Map, Value};
use tokio::time::Instant;
use wasmtime::StoreContextMut;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::access::{Access, Caller};
use crate::addresses::Addresses;
use crate::blocking::Blocking;
use crate::call::Aside;
use crate::cancel::Cancellation;
use crate::egress::{Http, PluginEgress};
use crate::environment::{Environment, equip, is_denied};
use crate::files::{Files, Folder, Quota};
use crate::limiter::Limiter;
use crate::log::{CallLog, LogSink, LogSource};
use crate::service::{Brought, Chain, Services};
use crate::sockets::Sockets;
use crate::state_store::{Permission, StateStore};
use crate::stdio::Console;
use crate::{CallLimits, PluginId, Progress, ToolError};

/// Takes the progress of a call.
pub(crate) type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;

/// What every instance of a plugin knows of it.
pub(crate) struct Owner {
    pub(crate) access: Arc<Access>,
    pub(crate) egress: Arc<PluginEgress>,
    pub(crate) folders: Arc<[Folder]>,
    pub(crate) quota: Arc<Quota>,
    pub(crate) blocking: Arc<Blocking>,
    pub(crate) id: PluginId,
    pub(crate) settings: Map<String, Value>,
    pub(crate) settings_json: String,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) state_store: Arc<dyn StateStore>,
    pub(crate) services: Arc<Services>,
    /// Bytes of state, where a grant names none.
    pub(crate) state_bytes: u64,
    /// For how many calls at once the host has instances.
    pub(crate) pool: u64,
}

impl Owner {
    /// The same plugin with nothing granted: for the probe.
    pub(crate) fn without_grants(&self) -> Self {
        Self {
            access: Arc::new(self.access.without_grants()),
            egress: Arc::clone(&self.egress),
            folders: Arc::default(),
            quota: Arc::clone(&self.quota),
            blocking: Arc::clone(&self.blocking),
            id: self.id.clone(),
            settings: self.settings.clone(),
            settings_json: self.settings_json.clone(),
            log: Arc::clone(&self.log),
            state_store: Arc::clone(&self.state_store),
            services: Arc::clone(&self.services),
            state_bytes: self.state_bytes,
            pool: self.pool,
        }
    }
}

/// A guest went over a limit. Travels as the cause of a trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {allowed} {limit}")]
pub(crate) struct LimitHit {
    pub(crate) limit: &'static str,
    pub(crate) allowed: u64,
}

/// A guest was caught carrying a secret away. Travels as the cause of a trap.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the call was ended by its host")]
pub(crate) struct Caught;

impl From<Caught> for ToolError {
    fn from(caught: Caught) -> Self {
        Self {
            code: GuestCode::Denied.as_str().to_owned(),
            message: caught.to_string(),
            details: None,
            retryable: false,
        }
    }
}

/// What one call may use, and what it has used.
pub(crate) struct Call {
    pub(crate) id: Arc<str>,
    pub(crate) limits: CallLimits,
    pub(crate) caller: Arc<Caller>,
    pub(crate) on_progress: Option<OnProgress>,
    pub(crate) cancel: Option<Cancellation>,
    /// On whose behalf it is made.
    pub(crate) principal: Option<Arc<str>>,
    /// What of the plugin is called.
    pub(crate) what: Arc<str>,
    pub(crate) deadline: Instant,
    /// The calls that led here and this one, where another plugin makes it.
    pub(crate) chain: Option<Chain>,
    /// Where the plugin's resources are, if it has some.
    pub(crate) addresses: Option<Arc<Addresses>>,
    /// Questions that were put to a person.
    pub(crate) questions: u32,
    /// What it was given in the place of what the host has.
    pub(crate) brought: Option<Arc<Brought>>,
    /// Where work for it goes that may call other plugins.
    pub(crate) aside: Aside,
    host_calls: u64,
    host_call_bytes: u64,
    log_lines: u64,
    log_bytes: u64,
    log_dropped: u64,
    progress_reports: u64,
    progress_done: f64,
    pub(crate) stream_bytes: u64,
    pub(crate) state_permission: Option<Permission>,
    /// A limit that was passed where the guest could not be stopped; it is at the next tick.
    over: Option<LimitHit>,
}

impl Call {
    pub(crate) fn new(
        id: Arc<str>,
        limits: CallLimits,
        access: &Arc<Access>,
        deadline: Instant,
    ) -> Self {
        Self {
            caller: Caller::new(Arc::clone(access), Arc::clone(&id)),
            what: Arc::clone(&id),
            id,
            limits,
            on_progress: None,
            cancel: None,
            principal: None,
            deadline,
            chain: None,
            addresses: None,
            questions: 0,
            brought: None,
            aside: Aside::default(),
            host_calls: 0,
            host_call_bytes: 0,
            log_lines: 0,
            log_bytes: 0,
            log_dropped: 0,
            progress_reports: 0,
            progress_done: 0.0,
            stream_bytes: 0,
            state_permission: None,
            over: None,
        }
    }

    /// Counts one call of a host function and the bytes that it carries.
    pub(crate) fn spend(&mut self, bytes: usize) -> Result<(), LimitHit> {
        self.host_calls += 1;
        if self.host_calls > self.limits.host_calls {
            return Err(LimitHit {
                limit: "host calls",
                allowed: self.limits.host_calls,
            });
        }
        self.spend_bytes(bytes)
    }

    /// Counts bytes that the answer of a host function carries.
    pub(crate) fn spend_bytes(&mut self, bytes: usize) -> Result<(), LimitHit> {
        self.host_call_bytes = self.host_call_bytes.saturating_add(bytes as u64);
        if self.host_call_bytes > self.limits.host_call_bytes {
            return Err(LimitHit {
                limit: "bytes in host calls",
                allowed: self.limits.host_call_bytes,
            });
        }
        Ok(())
    }

    /// Whether one more line of this size is within the limits; if not, it is counted as dropped.
    pub(crate) fn may_log(&mut self, bytes: usize) -> bool {
        self.log_lines += 1;
        self.log_bytes = self.log_bytes.saturating_add(bytes as u64);
        let fits =
            self.log_lines <= self.limits.log_lines && self.log_bytes <= self.limits.log_bytes;
        self.log_dropped += u64::from(!fits);
        fits
    }

    /// Hands progress to the caller, unless it falls back, is no number, or is one of too many.
    pub(crate) fn report(&mut self, progress: Progress) {
        let forward = progress.done >= self.progress_done;
        self.progress_reports += 1;
        if let (true, Some(on_progress)) = (forward, &self.on_progress)
            && self.progress_reports <= self.limits.progress_reports
        {
            self.progress_done = progress.done;
            on_progress(progress);
        }
    }
}

/// The data of a store.
pub(crate) struct State {
    wasi: WasiCtx,
    http: Http,
    pub(crate) files: Files,
    pub(crate) sockets: Sockets,
    pub(crate) environment: Environment,
    /// The log is denied: what is written to it is dropped.
    pub(crate) silent: bool,
    table: ResourceTable,
    pub(crate) limiter: Limiter,
    pub(crate) console: Console,
    pub(crate) owner: Arc<Owner>,
    pub(crate) call: Call,
}

impl State {
    /// A state with what the plugin was granted, and nothing else.
    pub(crate) fn new(
        owner: Arc<Owner>,
        call: Call,
        adjust: impl FnOnce(&mut WasiCtxBuilder),
    ) -> Self {
        let console = Console::new(Arc::clone(&owner), &call);
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(console.stream(LogSource::Stdout))
            .stderr(console.stream(LogSource::Stderr));
        let sockets = Sockets::new(&owner.egress, &call.caller, &call.limits);
        sockets.guard(&mut wasi);
        equip(&mut wasi, &call.caller);
        wasi.max_random_size(call.limits.host_call_bytes);
        adjust(&mut wasi);
        let mut table = ResourceTable::new();
        table.set_max_capacity(call.limits.handles as usize);
        let limiter = Limiter::new(&call.limits);
        let egress = Arc::clone(&owner.egress);
        Self {
            wasi: wasi.build(),
            http: Http::new(egress, &call.caller, &call.limits),
            files: Files::new(&owner.folders, &call.limits),
            sockets,
            environment: Environment::default(),
            silent: is_denied(&call.caller, Capability::Log),
            table,
            limiter,
            console,
            owner,
            call,
        }
    }

    /// Starts the next call of a warm instance.
    pub(crate) fn begin(&mut self, call: Call) {
        self.limiter.set_memory_limit(call.limits.memory_bytes);
        self.console.begin(&call);
        self.http.begin(&call.caller, &call.limits);
        self.files.begin(&call.limits);
        self.sockets.begin(&call.caller, &call.limits);
        self.environment = Environment::default();
        self.call = call;
    }

    /// Where the call's lines go.
    pub(crate) fn log(&self) -> CallLog<'_> {
        CallLog::new(&self.owner, &self.call.id, self.call.brought.as_deref())
    }

    /// Ends a call: what was printed or dropped is said.
    pub(crate) fn end(&mut self) {
        self.http.end();
        self.console.end();
        let dropped = std::mem::take(&mut self.call.log_dropped);
        if dropped > 0 {
            self.log()
                .note_dropped(&format!("{dropped} log lines beyond the limit"));
        }
        self.call.on_progress = None;
        self.call.cancel = None;
        self.call.brought = None;
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.end();
    }
}

impl WasiView for State {
    // Every function of WASI comes through here, so it is where they are counted.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        if let Err(hit) = self.call.spend(0) {
            self.call.over = Some(hit);
        }
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        if let Err(hit) = self.call.spend(0) {
            self.call.over = Some(hit);
        }
        self.http.view(&mut self.table)
    }
}

/// What the engine keeps for one task or host call, with its streams and futures: a request of wasi:http 0.3 has some twenty
/// entries, two bodies with their trailers and results and three for each of these.
const ENTRIES_PER_TASK: usize = 24;

/// What a running guest is asked at every tick: it is stopped when it went over a limit, else it yields.
pub(crate) fn on_tick(
    mut store: StoreContextMut<'_, State>,
) -> wasmtime::Result<wasmtime::UpdateDeadline> {
    if let Some(hit) = store.data().call.over {
        return Err(hit.into());
    }
    if store.data().call.caller.is_caught() {
        return Err(Caught.into());
    }
    let allowed = store.data().call.limits.tasks_in_flight;
    if store.concurrent_state_table_size() > allowed as usize * ENTRIES_PER_TASK {
        return Err(LimitHit {
            limit: "tasks in flight",
            allowed: allowed.into(),
        }
        .into());
    }
    Ok(wasmtime::UpdateDeadline::Yield(1))
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::log::LogLine;

    /// A sink that keeps what it gets.
    #[derive(Default)]
    pub(crate) struct Collected(Mutex<Vec<LogLine>>);

    impl Collected {
        pub(crate) fn messages(&self) -> Vec<String> {
            let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.iter().map(|line| line.message.clone()).collect()
        }
    }

    impl LogSink for Collected {
        fn log(&self, line: LogLine) {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }

    /// Nothing granted.
    pub(crate) fn access() -> Arc<Access> {
        Arc::new(Access::new(
            "test".parse().expect("a plugin id"),
            portcullis_host_policy::Identity::Digest([0; 32]),
            portcullis_host_policy::decision::Grants::none(),
            Arc::new(crate::audit::NoAudit),
        ))
    }

    pub(crate) fn owner(log: Arc<dyn LogSink>) -> Arc<Owner> {
        let id = "test".parse().expect("a plugin id");
        Arc::new(Owner {
            egress: Arc::new(PluginEgress::new(
                &Arc::new(crate::egress::Egress::closed()),
                &access(),
                &crate::PluginLimits::default(),
            )),
            access: access(),
            folders: Arc::default(),
            quota: Arc::new(Quota::new(&crate::PluginLimits::default())),
            blocking: Arc::new(Blocking::new(1).expect("a thread")),
            id,
            settings: Map::new(),
            settings_json: "{}".into(),
            log,
            state_store: Arc::new(crate::state_store::MemoryState::default()),
            services: Arc::default(),
            state_bytes: 0,
            pool: 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(limits: CallLimits) -> Call {
        Call::new("call".into(), limits, &testing::access(), Instant::now())
    }

    #[test]
    fn host_calls_and_their_bytes_are_limited() {
        let limits = CallLimits {
            host_calls: 2,
            host_call_bytes: 10,
            ..CallLimits::default()
        };
        let mut counted = call(limits.clone());
        assert_eq!((counted.spend(1), counted.spend(1)), (Ok(()), Ok(())));
        assert_eq!(counted.spend(1).unwrap_err().limit, "host calls");
        assert_eq!(
            call(limits).spend(11).unwrap_err().limit,
            "bytes in host calls"
        );
    }

    #[test]
    fn progress_never_falls_and_is_a_number() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let mut call = call(CallLimits::default());
        let sink = Arc::clone(&seen);
        call.on_progress = Some(Arc::new(move |progress: Progress| {
            sink.lock().unwrap().push(progress.done)
        }));
        for done in [1.0, 3.0, 2.0, f64::NAN, 4.0] {
            call.report(Progress {
                done,
                total: None,
                message: None,
            });
        }
        assert_eq!(*seen.lock().unwrap(), [1.0, 3.0, 4.0]);
    }
}
