//! Loads real guests, built in the run, through the public API.

mod support;

mod cache_attacks;
mod calls;
mod clients;
mod contract;
mod definitions;
mod hostile;
mod instances;
mod load;
mod properties;
mod secrets;
mod signed;
mod state;
mod stop;
mod streams;
mod tampering;
mod trust;
mod typed;
