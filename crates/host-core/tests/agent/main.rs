//! What plugins bring to an agent, and what they ask of it: real guests, built in the run, through the public API.

mod double;
mod support;

mod asks;
mod chains;
mod extension;
mod hooks;
mod hostile_hooks;
mod hostile_providers;
mod providers;
mod readable;
mod services;
