//! What a plugin gets of the host's process: variables, arguments and standard streams, each by its capability.

use std::time::Duration;

use portcullis_host_policy::capability::Capability;
use portcullis_host_policy::decision::{Decision, DenyCode, decide};
use portcullis_host_policy::request::Request;
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtxBuilder};

use crate::access::Caller;

/// Gives a new instance what its plugin was granted, and records each; and takes from it what it was denied of what every
/// plugin has.
pub(crate) fn equip(wasi: &mut WasiCtxBuilder, caller: &Caller) {
    if is_denied(caller, Capability::Clocks) {
        stop_clocks(wasi, 0);
    }
    if is_denied(caller, Capability::Random) {
        fix_random_numbers(wasi, 0);
    }
    for capability in caller.access.grants().effective() {
        let equip: &dyn Fn(&mut WasiCtxBuilder) = match capability {
            Capability::Env(name) => &|wasi| {
                if let Ok(value) = std::env::var(name.as_str()) {
                    wasi.env(name.as_str(), value);
                }
            },
            // A line of the host's may be no text: what is, is given.
            Capability::Args => &|wasi| {
                let arguments = std::env::args_os().filter_map(|text| text.into_string().ok());
                wasi.args(&arguments.collect::<Vec<_>>());
            },
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

/// Whether the operator denied what needs no grant – clocks, random numbers, the log –, and a record of it.
pub(crate) fn is_denied(caller: &Caller, capability: Capability) -> bool {
    let (grants, request) = (caller.access.grants(), Request::Use(capability));
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
