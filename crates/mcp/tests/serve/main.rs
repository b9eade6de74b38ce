//! Clients of a server of sandboxed guests: rmcp's own, and one that says what no client should.

mod asking;
mod calls;
mod lists;
mod offers;
mod reports;
mod session;
mod support;
mod wire;
