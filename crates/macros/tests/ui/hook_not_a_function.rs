#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_hook("heartbeat")]
struct Watch;

fn main() {}
