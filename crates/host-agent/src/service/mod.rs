//! What plugins ask of their host, with defaults that work out of the box.

mod invoke;
mod llm;
mod planner;
mod retrieval;
#[cfg(test)]
mod testing;

pub use invoke::RegistryInvoke;
pub use llm::ProviderLlm;
pub use planner::{CommandPlanner, PlannerCommandError};
pub use retrieval::{Corpora, CorpusError};
