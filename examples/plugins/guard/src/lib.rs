//! Stops what should not happen: tool calls by the operator's rules, and messages with a private key in them.
//!
//! A gate fails closed. Rules that can't be read stop every tool call, and the reason says so.

mod path;
mod rule;

use portcullis_guest_sdk::hook::{BeforeToolCall, MessageSending};
use portcullis_guest_sdk::prelude::*;

use crate::rule::Rule;

/// What private keys begin with, in the formats that people paste.
const KEYS: [&str; 2] = ["PuTTY-User-Key-File-", "AGE-SECRET-KEY-1"];

/// Stops calls that a rule forbids.
#[plugin_hook("before-tool-call", mode = gate, phase = authorization, priority = 10)]
fn keep_to_rules(call: &BeforeToolCall) -> Result<Verdict, ToolError> {
    let rules: Option<Vec<Rule>> = config::get("rules")?;
    let rules = rules.unwrap_or_else(rule::built_in);
    let broken = rules
        .iter()
        .find_map(|rule| rule.broken_by(&call.tool, &call.arguments));
    Ok(broken.map_or(Verdict::Proceed, Verdict::Cancel))
}

/// Holds messages back that have a private key in them.
#[plugin_hook("message-sending", mode = gate, phase = authorization, priority = 10)]
fn keep_keys_in(message: &MessageSending) -> Verdict {
    match private_key(&message.text) {
        Some(line) => Verdict::cancel(format!(
            "line {line} looks like the beginning of a private key, which whoever reads it can use; leave the key out, or send \
             the public one"
        )),
        None => Verdict::Proceed,
    }
}

/// The line, from 1, where a private key begins.
fn private_key(text: &str) -> Option<usize> {
    let begins = |line: &str| {
        let armour = line.split_once("-----BEGIN ");
        armour.is_some_and(|(_, label)| label.contains("PRIVATE KEY"))
            || KEYS.iter().any(|start| line.contains(start))
    };
    text.lines().position(begins).map(|before| before + 1)
}

#[cfg(test)]
mod tests;
