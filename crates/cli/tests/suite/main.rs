//! The command as its users see it: the real binary, real plugins, real exit codes.

mod audit;
mod build;
mod call;
mod collector;
mod config;
mod dev;
mod ends;
mod examples;
mod keys;
mod languages;
mod mcp;
mod new;
mod plugins;
mod policy;
mod reach;
mod secret;
mod see;
mod serve;
mod server;
mod support;
mod telemetry;
mod trust;
mod usage;
mod walkthrough;
