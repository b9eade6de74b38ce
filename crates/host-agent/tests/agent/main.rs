//! An agent with real plugins, built in the run, through the public API.

mod support;

mod approvals;
mod cancellation;
mod disabled;
mod gates;
mod hooks;
mod order;
mod providers;
mod readable;
mod reload;
mod roles;
mod services;
mod tools;
