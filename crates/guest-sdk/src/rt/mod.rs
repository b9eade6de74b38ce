//! What the macros' output and the exports stand on. No part of the public interface.

mod arguments;
mod entries;
mod executor;
mod features;
mod hooks;
mod kinds;
mod prompts;
mod providers;
mod pump;
mod registry;
mod resources;
mod results;
mod roles;
mod signature;
mod start;
#[cfg(feature = "streaming")]
mod streaming;
mod texts;
mod verdicts;

pub use inventory;
pub use portcullis_contract::hook::{self as payload, Mode, Phase};

pub use crate::provider::ChatProvider;

pub use arguments::{Fields, Inputs};
pub use executor::run_to_end;
pub use features::{
    needs_hooks, needs_lifecycle, needs_prompt, needs_providers, needs_resource, needs_roles,
};
pub use hooks::{Handling, Hook, Outcome, Told, on_event, subscriptions};
pub use kinds::Arg;
pub use prompts::{Prompt, Prompting, messages_of, prompt, prompts};
pub use providers::{Answer, Asked, Make, Provider, chat, models, no_finish, providers};
pub use pump::drive;
pub use registry::{Running, Tool, call, definitions};
pub use resources::{
    Address, Reading, Resource, Variable, contents_of, read, resources, templates,
};
pub use results::{Fault, Ret};
pub use roles::{RoleEntry, role_of, roles};
pub use signature::{DefaultValue, Signature};
pub use start::{Settings, Start, Starting, start, started};
#[cfg(feature = "streaming")]
pub(crate) use streaming::call_streaming;
pub use texts::{Text, Texts, beside};
pub use verdicts::{gate_outcome, modify_outcome, observe_outcome};

/// The traits whose methods the macros call.
pub mod dispatch {
    pub use super::hooks::{ToldAll, ToldMetadata, ToldWrong};
    pub use super::kinds::{IsHostGiven, IsInPieces, IsJson, IsWrong, IsWrongUnsized};
    pub use super::providers::{MakeByDefault, NotMade};
    pub use super::results::{
        FaultByDisplay, FaultByInto, IsContent, IsNoResult, IsStream, IsStructured, NoFault,
        SplitPlain, SplitResult,
    };
    pub use super::signature::{DefaultToJson, NoDefaultJson};
    pub use super::start::{DecodeSettings, NoSettings};
    pub use super::texts::{IsContext, IsNoText, IsNoTextUnsized, IsOptionalText, IsText};
}

/// Stands for a value in code that is typed and never run.
pub fn never<T>() -> T {
    unreachable!("only the type of this call is ever used")
}
