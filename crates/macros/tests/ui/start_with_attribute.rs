#![allow(unused)]

use portcullis_guest_sdk::prelude::*;

#[plugin_start(once)]
fn start() {}

fn main() {}
