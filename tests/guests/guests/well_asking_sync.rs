//! `well_asking` under the SDK's feature `sync`: the same tools by the sync-typed twins.

#[path = "well_asking.rs"]
mod well_asking;
