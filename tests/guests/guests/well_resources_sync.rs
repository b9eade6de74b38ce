//! `well_resources` under the SDK's feature `sync`: the same by the sync-typed twins.

#[path = "well_resources.rs"]
mod well_resources;
