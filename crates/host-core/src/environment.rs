//! What a plugin gets of the host's process: variables, arguments and standard streams, each by its capability.

use std::time::Duration;

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{Decision, DenyCode, decide};
use portcullis_host_policy::request::Request;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings::cli as p2;
use wasmtime_wasi::p3::bindings::cli as p3;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::access::Caller;
use crate::state::State;

/// Gives a new instance the standard streams that its plugin was granted, and records each; and takes from it what it was denied of what every
/// plugin has.
pub(crate) fn equip(wasi: &mut WasiCtxBuilder, caller: &Caller) {
    if is_denied(caller, Capability::Clocks) {
        stop_clocks(wasi, 0);
    }
    if is_denied(caller, Capability::Random) {
        fix_random_numbers(wasi, 0);
    }
    for capability in caller.grants().effective() {
        let equip: &dyn Fn(&mut WasiCtxBuilder) = match capability {
            Capability::Stdin => &|wasi| {
                wasi.inherit_stdin();
            },
            Capability::Stdout => &|wasi| {
                wasi.inherit_stdout();
            },
            Capability::Stderr => &|wasi| {
                wasi.inherit_stderr();
            },
            _ => continue,
        };
        if caller.decide(&Request::Use(capability.clone())).is_ok() {
            equip(wasi);
        }
    }
}

/// Puts these variables and arguments in the place of those that `wasmtime-wasi` linked.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::environment::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    p3::environment::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

/// What of the host's process a guest asked for and got, in one call.
#[derive(Default)]
pub(crate) struct Environment {
    variables: Option<Vec<(String, String)>>,
    arguments: Option<Vec<String>>,
}

impl State {
    /// The variables that are granted, decided on when the guest asks for them.
    fn variables(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let caller = &self.call.caller;
        let variables = self.environment.variables.get_or_insert_with(|| {
            let grants = caller.grants();
            let granted = grants.effective().iter().filter_map(|capability| {
                let Capability::Env(name) = capability else {
                    return None;
                };
                caller.decide(&Request::Use(capability.clone())).ok()?;
                Some((name.to_string(), std::env::var(name.as_str()).ok()?))
            });
            granted.collect()
        });
        let bytes = variables
            .iter()
            .map(|(name, value)| name.len() + value.len());
        self.call.spend(bytes.sum())?;
        Ok(variables.clone())
    }

    /// The host's arguments, if they are granted. One that is no text is left out.
    fn arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        let caller = &self.call.caller;
        let arguments = self.environment.arguments.get_or_insert_with(|| {
            let grants = caller.grants();
            let granted = grants.effective().contains(&Capability::Args)
                && caller.decide(&Request::Use(Capability::Args)).is_ok();
            let all = std::env::args_os().filter(|_| granted);
            all.filter_map(|text| text.into_string().ok()).collect()
        });
        self.call.spend(arguments.iter().map(String::len).sum())?;
        Ok(arguments.clone())
    }
}

impl p2::environment::Host for State {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.variables()
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        self.arguments()
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}

impl p3::environment::Host for State {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.variables()
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        self.arguments()
    }

    fn get_initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}

/// Whether the operator denied what needs no grant – clocks, random numbers, the log –, and a record of it.
pub(crate) fn is_denied(caller: &Caller, capability: Capability) -> bool {
    let (grants, request) = (caller.grants(), Request::Use(capability));
    // Mostly nothing is denied, and an instance is made for every call.
    if grants.denied().is_empty() {
        return false;
    }
    match decide(&grants, &request) {
        Decision::Deny(denial) if denial.code == DenyCode::DeniedByOperator => {
            caller.refuse(&request, *denial);
            true
        }
        _ => false,
    }
}

/// Has all clocks stand at the given second.
pub(crate) fn stop_clocks(wasi: &mut WasiCtxBuilder, second: u8) {
    wasi.wall_clock(Stopped(second))
        .monotonic_clock(Stopped(second));
}

/// Gives the same numbers each time, of a sequence for each seed.
pub(crate) fn fix_random_numbers(wasi: &mut WasiCtxBuilder, seed: u8) {
    let bytes = || {
        Deterministic::new(
            (0..=u8::MAX)
                .map(|byte| byte.wrapping_mul(31).wrapping_add(seed))
                .collect(),
        )
    };
    wasi.secure_random(bytes())
        .insecure_random(bytes())
        .insecure_random_seed(seed.into());
}

/// A clock that stands at the given second.
struct Stopped(u8);

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(self.0.into())
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        self.0.into()
    }
}
