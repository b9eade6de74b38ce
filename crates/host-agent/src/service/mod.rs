//! What plugins ask of their host, with defaults that work out of the box.

mod llm;
mod retrieval;
#[cfg(test)]
mod testing;

pub use llm::ProviderLlm;
pub use retrieval::{Corpora, CorpusError};
