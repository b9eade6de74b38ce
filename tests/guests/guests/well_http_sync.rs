//! `well_http` under the SDK's feature `sync`: the same tools over `wasi:http` 0.2, with calls that block.

#[path = "well_http.rs"]
mod well_http;
