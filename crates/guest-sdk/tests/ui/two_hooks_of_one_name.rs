#![allow(unused)]

use portcullis_guest_sdk::prelude::*;
use portcullis_guest_sdk::hook::{GatewayStop, Heartbeat};

#[plugin_hook("heartbeat")]
fn watch(event: Heartbeat) {}

#[plugin_hook("gateway-stop", name = "watch")]
fn say_goodbye(event: GatewayStop) {}

fn main() {}
