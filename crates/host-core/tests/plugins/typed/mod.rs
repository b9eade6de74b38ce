//! Components without our contract, as tools and as typed functions.

mod calls;
mod loads;
mod serde_types;
