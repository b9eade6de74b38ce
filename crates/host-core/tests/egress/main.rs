//! The egress gate, attacked: real sockets on loopback, an injected resolver, and every attack through wasi:http 0.2,
//! wasi:http 0.3 and the SDK's client.
//!
//! Each test looks at what the guest is told, at the audit record, and at what the server saw – mostly that it saw nothing.

mod server;
mod support;

mod bodies;
mod exhaustion;
mod headers;
mod names;
mod pools;
mod requests;
mod responses;
mod secrets;
mod telemetry;
mod tls;
