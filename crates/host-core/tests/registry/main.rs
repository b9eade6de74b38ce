//! Plugins from folders, through the public API: real components, signed by real keys, in folders of each test's own.

mod support;

mod discovery;
mod holds;
mod killed;
mod reload;
mod storm;
mod watching;
