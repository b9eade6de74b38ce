//! Why a guest stopped, told by kind.

use wasmtime::{PoolConcurrencyLimitError, Trap as Wasm, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::error::{BusyScope, Error, Panic, Trap};
use crate::state::{Caught, LimitHit, State};

/// What wasmtime says when one value that crosses to the host is too large. Its type is private in 48, so this is the one
/// error that is told by its text; a test holds it.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// Turns the error that ended a guest into one of ours.
pub(crate) fn explain(error: &wasmtime::Error, state: &State) -> Error {
    let limits = &state.call.limits;
    if let Some(LimitHit { limit, allowed }) = error.downcast_ref() {
        return Error::LimitExceeded {
            limit,
            allowed: *allowed,
        };
    }
    if let Some(caught) = error.downcast_ref::<Caught>() {
        return state.call.caller.denied((*caught).into());
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return Error::LimitExceeded {
            limit: "handles",
            allowed: limits.handles.into(),
        };
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Error::Busy {
            scope: BusyScope::Instances,
            limit: state.owner.pool,
        };
    }
    let trap = error.downcast_ref::<Wasm>();
    if trap == Some(&Wasm::OutOfFuel) {
        return Error::OutOfFuel {
            budget: limits.fuel.unwrap_or(0),
        };
    }
    if error
        .chain()
        .any(|cause| cause.to_string().contains(TOO_MUCH_DATA))
    {
        return Error::OutputTooLarge {
            limit: limits.output_bytes,
        };
    }
    // A guest that was refused memory mostly aborts: what it died of is the refusal.
    if state.limiter.refused() {
        return Error::MemoryExceeded {
            limit: state.limiter.memory_limit(),
        };
    }
    let stderr = state.owner.access.vault.blanked(state.console.tail());
    Error::Trapped(Box::new(Trap {
        reason: trap.map_or_else(|| error.root_cause().to_string(), reason),
        panic: panic(&stderr),
        exit: error.downcast_ref::<I32Exit>().map(|exit| exit.0),
        backtrace: error
            .downcast_ref::<WasmBacktrace>()
            .map(backtrace)
            .unwrap_or_default(),
        stderr,
        session_lost: false,
    }))
}

fn reason(trap: &Wasm) -> String {
    let text = trap.to_string();
    text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned()
}

fn backtrace(trace: &WasmBacktrace) -> Vec<String> {
    let frames = trace.frames().iter().map(|frame| match frame.func_name() {
        Some(name) => demangle(name),
        None => format!("function {}", frame.func_index()),
    });
    frames.collect()
}

/// Rust symbols as their author wrote them.
fn demangle(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// The last panic that a Rust guest printed: `thread '…' panicked at PLACE:` and the message in the lines below it.
fn panic(stderr: &str) -> Option<Panic> {
    let (_, rest) = stderr.rsplit_once("panicked at ")?;
    let (place, message) = rest.split_once(":\n")?;
    let message = message
        .split("\nnote: ")
        .next()
        .unwrap_or(message)
        .trim_end();
    Some(Panic {
        message: message.to_owned(),
        place: Some(place.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_found_behind_noise() {
        let stderr = "noise\n\nthread '<unnamed>' (1) panicked at src/lib.rs:3:5:\nfirst\nsecond\nnote: run with …\n";
        let panic = panic(stderr).unwrap();
        assert_eq!(panic.message, "first\nsecond");
        assert_eq!(panic.place.as_deref(), Some("src/lib.rs:3:5"));
    }

    #[test]
    fn no_panic_is_made_up() {
        assert_eq!(panic(""), None);
        assert_eq!(panic("it panicked at noon"), None);
    }
}
