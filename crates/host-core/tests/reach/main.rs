//! What plugins reach on the host's own machine – files, sockets, its environment – attacked through WASI 0.2 and 0.3.
//!
//! Each test looks at what the guest is told, at the audit record, and at what is on disk or on the wire afterwards.

mod support;

mod environment;
mod files;
mod folders;
mod limits;
mod sockets;
