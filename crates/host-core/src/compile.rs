//! Compiling, after the bytes were found to be of a size and shape that compile in bounded time and memory.

use wasmparser::{Encoding, Parser, Payload};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::definition::within;
use crate::{Error, LoadLimits};

/// Checks that the bytes begin as a component does.
///
/// # Errors
/// [`Error::NotAComponent`], with what they are instead where that can be told.
pub(crate) fn is_component(bytes: &[u8]) -> Result<(), Error> {
    let reason = if Parser::is_component(bytes) {
        return Ok(());
    } else if Parser::is_core_wasm(bytes) {
        "it is a core WebAssembly module; build it for the target wasm32-wasip2"
    } else if bytes.is_empty() {
        "it is empty"
    } else {
        "it does not begin as WebAssembly does"
    };
    Err(Error::NotAComponent {
        reason: reason.to_owned(),
    })
}

/// Compiles a component.
///
/// # Errors
/// [`Error::LoadLimit`] where it is too large in a way that compiles badly, [`Error::NotAComponent`] where it is not valid.
pub(crate) fn compile(
    engine: &Engine,
    bytes: &[u8],
    limits: &LoadLimits,
) -> Result<Component, Error> {
    check_size(bytes, limits)?;
    let invalid = |error: wasmtime::Error| Error::NotAComponent {
        reason: format!("{error:#}"),
    };
    Component::from_binary(engine, bytes).map_err(invalid)
}

/// What compiling takes grows with the number of functions and faster than the length of the longest.
fn check_size(bytes: &[u8], limits: &LoadLimits) -> Result<(), Error> {
    let mut functions = 0_u64;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| Error::NotAComponent {
            reason: error.to_string(),
        })? {
            Payload::Version {
                encoding: Encoding::Component | Encoding::Module,
                ..
            } => {}
            Payload::CodeSectionStart { count, .. } => {
                functions += u64::from(count);
                within("functions", limits.functions.into(), functions)?;
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                within(
                    "function-bytes",
                    limits.function_bytes,
                    (range.end - range.start) as u64,
                )?;
            }
            _ => {}
        }
    }
    Ok(())
}
