//! What the macros' output and the exports stand on. No part of the public interface.

mod arguments;
mod executor;
mod kinds;
mod registry;
mod results;
mod signature;
mod start;
#[cfg(feature = "streaming")]
mod streaming;

pub use crate::__needs_lifecycle as needs_lifecycle;
pub use inventory;

pub use arguments::{Fields, Inputs};
pub use executor::run_to_end;
pub use kinds::Arg;
pub use registry::{Running, Tool, call, definitions};
pub use results::{Fault, Ret};
pub use signature::{DefaultValue, Signature};
pub use start::{Settings, Start, Starting, start, started};
#[cfg(feature = "streaming")]
pub(crate) use streaming::{call_streaming, drive};

/// The traits whose methods the macros call.
pub mod dispatch {
    pub use super::kinds::{IsHostGiven, IsInPieces, IsJson, IsWrong, IsWrongUnsized};
    pub use super::results::{
        FaultByDisplay, FaultByInto, IsContent, IsNoResult, IsStream, IsStructured, NoFault,
        SplitPlain, SplitResult,
    };
    pub use super::signature::{DefaultToJson, NoDefaultJson};
    pub use super::start::{DecodeSettings, NoSettings};
}

/// Stands for a value in code that is typed and never run.
pub fn never<T>() -> T {
    unreachable!("only the type of this call is ever used")
}
