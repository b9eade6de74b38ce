//! A small terminal agent on host-agent: a loop of messages, model requests and tool calls, with roles, compaction, streaming
//! and approvals. It is written to be read, and copied: every hook point has its call site here.
//!
//! | module | has |
//! | --- | --- |
//! | [`agent`] | what the agent is made of, and its life: `gateway-*`, `session-*`, `heartbeat` |
//! | [`run`] | its work on one message: `message-received`, `before-agent-start`, and what ends a run |
//! | [`turn`] | one turn: `before-model-resolve` to `llm-output`, and the tools |
//! | [`compaction`] | a conversation that gets too long |
//! | [`session`] | a conversation, and what is played in it |
//! | [`actions`] | what hooks ask the agent to do |
//! | [`tools`] | its own tools |
//! | [`ui`] | what a person sees, and is asked |
//! | [`setup`] | plugins, providers and services from the command line and portcullis.toml |
//! | [`demo`] | a conversation that shows all of it, without any model |

#![deny(missing_docs)]

pub mod actions;
pub mod agent;
pub mod compaction;
pub mod demo;
pub mod run;
pub mod session;
pub mod setup;
pub mod tools;
pub mod turn;
pub mod ui;
